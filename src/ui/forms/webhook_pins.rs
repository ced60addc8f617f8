//! The versions of event types that a webhook pins, as a field of its forms.
//!
//! Owns: how pins are typed. Refuses: whether there are such versions (`service`).

use super::setting::WebhookSetting;

/// One pin a line: an event type and the version that is wanted of it.
pub(super) const PINS: WebhookSetting = WebhookSetting::lines(
    "pinned_versions",
    "Pinned versions",
    2,
)
.hint(
    "One a line: an event type and the version of it that is wanted. Events of its other versions \
         are left out; types that are not named come in every version.",
)
.example("order.paid 1")
.shows(|webhook| {
    let pins = webhook.settings.subscription.pins();
    let lines = pins
        .iter()
        .map(|(name, version)| format!("{name} {version}"));
    Some(lines.collect::<Vec<_>>().join("\n"))
})
.sets(|input, typed| {
    let text = typed.typed();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pair = |line: &str| {
        let (name, version) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        (name.to_owned(), version.trim().to_owned())
    };
    input.pinned_versions = Some(lines.map(pair).collect());
});
