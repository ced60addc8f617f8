//! A webhook's settings as a form.
//!
//! Owns: how each setting is shown and typed. Refuses: rules: whether a value will do is said by the
//! service, in its words.

use super::setting::WebhookSetting;
use super::webhook_limits::{CIRCUIT_BREAKER, LIMITS};
use super::webhook_pins::PINS;
use super::webhook_proof::{PROOF, without_masks};
use crate::domain::format::Format;
use crate::domain::ready_templates::READY_TEMPLATES;
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::shape::{ContentType, SendMethod};
use crate::domain::signing::SignatureKind;
use crate::domain::time::format_duration;
use crate::domain::webhook::Webhook;
use crate::service::webhooks::{CustomRetry, RetryInput, WebhookInput, shown_header};
use crate::ui::form::{FieldSet, Fields, FormSpec, Frame, Offer, Typed};

/// Every setting.
static SETTINGS: FormSpec<Webhook, WebhookInput> = FormSpec::new(&[
    FieldSet {
        frame: Frame::Card {
            id: "what",
            title: "Receiver",
        },
        fields: RECEIVER,
    },
    FieldSet {
        frame: Frame::Folded {
            title: "More: headers, body, proof, retries, limits, batches, circuit breaker, metadata",
        },
        fields: &[
            Fields::Stack(&[PINS, CHANNELS, HEADERS, ALIASES]),
            Fields::Titled("Request", SHAPE),
            Fields::Titled("Proof and trust", PROOF),
            Fields::Titled("Retries", RETRIES),
            Fields::Titled("Limits", LIMITS),
            Fields::Titled("Circuit breaker", CIRCUIT_BREAKER),
            Fields::Stack(&[METADATA]),
        ],
    },
]);

/// The form of a new webhook.
pub static NEW: FormSpec<Webhook, WebhookInput> = SETTINGS.without(&[]);
/// The form of one that exists. Its state is turned by actions of their own; its secret counts where
/// the URL moves.
pub static EDIT: FormSpec<Webhook, WebhookInput> = SETTINGS.without(&["active"]).unfolded();

/// What the secret is asked for where a webhook exists.
pub const EDIT_SECRET_HINT: &str = "Only where the URL moves to another host, port or scheme: the \
                                    current secret to keep it; empty for a new one, which is shown \
                                    once after saving.";

/// What a new webhook is asked for: where no event type is named, it takes what its profile
/// subscribes to.
#[must_use]
pub fn as_new(mut input: WebhookInput) -> WebhookInput {
    input.event_types = input.event_types.filter(|named| !named.is_empty());
    without_masks(&mut input);
    input
}

const RECEIVER: &[Fields<Webhook, WebhookInput>] = &[
    Fields::Stack(&[URL]),
    Fields::Halves([
        &[
            LABEL,
            WebhookSetting::lines("event_types", "Event types", 2)
                .hint("One a line: a name, a prefix such as order.*, or * for all; or pick them.")
                .example("order.*")
                .shows(|webhook| Some(webhook.settings.subscription.texts().join("\n")))
                .sets(|input, typed| input.event_types = Some(event_types(typed))),
            FILTER,
        ],
        &[
            WebhookSetting::choice("profile", "Wire profile")
                .hint("How deliveries look and are signed.")
                .shows(|webhook| Some(webhook.profile.name.to_string()))
                .sets(|input, typed| input.profile = typed.text()),
            WebhookSetting::choice("format", "Body")
                .initial(&["json"])
                .offers(formats)
                .shows(|webhook| Some(webhook.settings.format.as_str().to_owned()))
                .sets(|input, typed| input.format = typed.text()),
            SIGNATURE,
            SECRET,
        ],
    ]),
    Fields::Stack(&[WebhookSetting::check("active", "Active")
        .hint("Off: it is registered, but gets nothing until it is enabled.")
        .initial(&["on"])
        .sets(|input, typed| input.active = Some(typed.is_ticked()))]),
];

pub(super) const URL: WebhookSetting = WebhookSetting::url("url", "URL")
    .hint("Where deliveries are posted to. It must be a public https address.")
    .example("https://example.com/hooks")
    .required()
    .shows(|webhook| Some(webhook.settings.url.clone()))
    .sets(|input, typed| input.url = Some(typed.trimmed()));

pub(super) const LABEL: WebhookSetting = WebhookSetting::text("label", "Label")
    .hint("What people call it here.")
    .example("Production")
    .shows(|webhook| Some(webhook.settings.label.clone()))
    .sets(|input, typed| input.label = Some(typed.trimmed()));

pub(super) const SIGNATURE: WebhookSetting = WebhookSetting::choice("signature", "Signature")
    .hint("With Ed25519 the receiver holds a public key only.")
    .initial(&["hmac"])
    .offers(signatures)
    .shows(|webhook| Some(webhook.signature().as_str().to_owned()))
    .sets(|input, typed| input.signature = typed.text());

pub(super) const SECRET: WebhookSetting = WebhookSetting::text("secret", "Secret")
    .hint("Leave empty for a new one, which is shown once after saving.")
    .sets(|input, typed| input.secret = typed.text());

pub(super) const FILTER: WebhookSetting = WebhookSetting::lines("filter", "Filter", 3)
    .hint("Conditions on an event's content, as JSON. Empty: every event of these types.")
    .example("{\"data.amount\": {\"$gte\": 100}}")
    .shows(|webhook| {
        let filter = webhook.settings.filter.as_ref()?;
        Some(filter.text().to_owned())
    })
    .sets(|input, typed| input.filter = Some(typed.text()));

const SHAPE: &[Fields<Webhook, WebhookInput>] = &[
    Fields::Grid(&[
        WebhookSetting::choice("method", "Method")
            .initial(&["POST"])
            .offers(|| {
                SendMethod::ALL
                    .map(|one| Offer::named(one.as_str()))
                    .to_vec()
            })
            .shows(|webhook| Some(webhook.settings.method.as_str().to_owned()))
            .sets(|input, typed| input.method = Some(typed.text())),
        WebhookSetting::choice("content_type", "Content type")
            .initial(&["application/json"])
            .offers(|| {
                ContentType::ALL
                    .map(|one| Offer::named(one.as_str()))
                    .to_vec()
            })
            .shows(|webhook| Some(webhook.settings.shape.content_type.as_str().to_owned()))
            .sets(|input, typed| input.content_type = Some(typed.text())),
        WebhookSetting::choice("via", "Way out")
            .hint("Where hookpost runs with an egress proxy, requests go by it.")
            .initial(&["usual"])
            .offers(|| {
                vec![
                    Offer::new("usual", "as the instance says"),
                    Offer::new("direct", "around the egress proxy"),
                ]
            })
            .shows(|webhook| Some(webhook.settings.via.word().unwrap_or("usual").to_owned()))
            .sets(|input, typed| {
                input.via = Some(typed.text().filter(|word| word != "usual"));
            }),
    ]),
    Fields::Stack(&[WebhookSetting::lines("template", "Template", 6)
        .hint("What the body looks like, as JSON with {{ /data/… }} in it. Empty: the envelope.")
        .example("{\"text\": \"{{ /type }}: {{ /data/id }}\"}")
        .shows(|webhook| {
            let template = webhook.settings.shape.template.as_ref()?;
            Some(template.text().to_owned())
        })
        .sets(|input, typed| input.template = Some(typed.text()))]),
    Fields::Stack(&[WebhookSetting::choice("ready", "Ready template")
        .hint("Takes the place of what is written above when it is saved; change it then.")
        .offers(|| {
            let ready = READY_TEMPLATES.iter();
            let ready = ready.map(|own| Offer::new(own.name, own.title));
            [Offer::new("", "as written above")]
                .into_iter()
                .chain(ready)
                .collect()
        })
        .sets(|input, typed| {
            let chosen = READY_TEMPLATES.iter().find(|own| own.name == typed.typed());
            if let Some(ready) = chosen {
                input.template = Some(Some(ready.text.trim().to_owned()));
            }
        })]),
];

pub(super) const HEADERS: WebhookSetting = WebhookSetting::lines("headers", "Headers", 3)
    .hint(
        "Added to every delivery: one “name: value” a line. Values of credentials read back as ***.",
    )
    .example("x-env: production")
    .shows(|webhook| {
        let lines = webhook.settings.headers.iter().map(|header| {
            let (name, value) = shown_header(header);
            format!("{name}: {value}")
        });
        Some(lines.collect::<Vec<_>>().join("\n"))
    })
    .sets(|input, typed| input.headers = Some(headers(typed)));

const CHANNELS: WebhookSetting = WebhookSetting::text("channels", "Channels")
    .hint("Only events said in one of these, up to 10, separated by commas. Empty: all events.")
    .example("project_123")
    .shows(|webhook| Some(webhook.settings.channels.as_ref()?.join(", ")))
    .sets(|input, typed| {
        let named = listed(typed.typed());
        input.channels = Some((!named.is_empty()).then_some(named));
    });

const ALIASES: WebhookSetting = WebhookSetting::choice("aliases", "Headers under second names")
    .hint("Where the wire profile names some: svix-id beside webhook-id, for receivers of either.")
    .initial(&["workspace"])
    .offers(|| {
        vec![
            Offer::new("workspace", "as the workspace says"),
            Offer::new("on", "send both"),
            Offer::new("off", "send the first only"),
        ]
    })
    .shows(|webhook| {
        let word = match webhook.settings.aliases {
            None => "workspace",
            Some(true) => "on",
            Some(false) => "off",
        };
        Some(word.to_owned())
    })
    .sets(|input, typed| {
        input.aliases = Some(match typed.typed() {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        });
    });

const RETRIES: &[Fields<Webhook, WebhookInput>] = &[
    Fields::Grid(&[
        WebhookSetting::choice("retry", "Retries")
            .path("retry_policy")
            .initial(&["profile"])
            .offers(|| {
                vec![
                    Offer::new("profile", "as the wire profile says"),
                    Offer::new("custom", "as written here"),
                ]
            })
            .shows(|_| Some("custom".to_owned()))
            .sets(|input, typed| {
                let own = || RetryInput::Custom(CustomRetry::default());
                input.retry_policy = Some((typed.typed() == "custom").then(own));
            }),
        WebhookSetting::text("delays", "Delays")
            .hint("Before each retry, such as: 1s, 5s, 30s, 2m, 10m, 1h")
            .path("retry_policy.delays")
            .shows(|webhook| Some(delays(&webhook.settings.retry)))
            .sets(|input, typed| retry(input, |own| own.delays = Some(listed(typed.typed())))),
        WebhookSetting::text("then_every", "Then every")
            .hint("Empty: no more after the delays.")
            .example("1h")
            .path("retry_policy.then_every")
            .shows(|webhook| {
                let repeat = webhook.settings.retry.repeat()?;
                Some(format_duration(repeat.every))
            })
            .sets(|input, typed| retry(input, |own| own.then_every = typed.text())),
        WebhookSetting::text("give_up_after", "Give up after")
            .hint("Counted from the first attempt.")
            .example("24h")
            .path("retry_policy.give_up_after")
            .shows(|webhook| {
                let repeat = webhook.settings.retry.repeat()?;
                Some(format_duration(repeat.give_up_after))
            })
            .sets(|input, typed| retry(input, |own| own.give_up_after = typed.text())),
        WebhookSetting::text("give_up_on", "Give up at once on")
            .hint("Statuses or classes that no other attempt will change.")
            .example("400, 404, 422")
            .path("retry_policy.give_up_on")
            .shows(|webhook| Some(webhook.settings.retry.rules().give_up_on().join(", ")))
            .sets(|input, typed| retry(input, |own| own.give_up_on = listed(typed.typed()))),
        WebhookSetting::text("retry_on", "Retry only on")
            .hint("Empty: on every failure. 408, 425 and 429 are always retried.")
            .example("5xx")
            .path("retry_policy.retry_on")
            .shows(|webhook| Some(webhook.settings.retry.rules().retry_on().join(", ")))
            .sets(|input, typed| retry(input, |own| own.retry_on = listed(typed.typed()))),
    ]),
    Fields::Stack(&[
        WebhookSetting::check("jitter", "Spread delays by up to a tenth")
            .hint("So that what failed together is not retried together.")
            .path("retry_policy.jitter")
            .initial(&["on"])
            .shows(|webhook| {
                let is_spread = webhook.settings.retry.jitter() == Jitter::Tenth;
                is_spread.then(|| "on".to_owned())
            })
            .sets(|input, typed| retry(input, |own| own.jitter = Some(typed.is_ticked()))),
    ]),
];

const METADATA: WebhookSetting = WebhookSetting::lines("metadata", "Metadata", 3)
    .hint("A JSON object of your own, kept with the webhook.")
    .shows(|webhook| Some(webhook.settings.metadata.to_string()))
    .sets(|input, typed| input.metadata = Some(metadata(typed)));

/// What is separated by spaces, commas and line ends.
#[must_use]
pub fn listed(text: &str) -> Vec<String> {
    text.split(['\n', ',', ' '])
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Those that are typed and those that are picked, each once.
fn event_types(typed: &Typed<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for one in typed.all().iter().flat_map(|text| listed(text)) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

fn signatures() -> Vec<Offer> {
    let words = |kind: SignatureKind| match kind {
        SignatureKind::Hmac => "HMAC, with a shared secret",
        SignatureKind::Ed25519 => "Ed25519, with a public key",
    };
    SignatureKind::ALL
        .map(|one| Offer::new(one.as_str(), words(one)))
        .to_vec()
}

fn formats() -> Vec<Offer> {
    let words = |format: Format| match format {
        Format::Json => "the profile's envelope",
        Format::Data => "what was published, alone",
        Format::CloudEvents => "CloudEvents 1.0",
        Format::Slack => "one line for a chat",
    };
    Format::ALL
        .map(|one| Offer::new(one.as_str(), words(one)))
        .to_vec()
}

fn headers(typed: &mut Typed<'_>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let lines = typed.typed().lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty()) {
        match line.split_once(':') {
            Some((name, value)) => pairs.push((name.trim().to_owned(), value.trim().to_owned())),
            None => typed.fault(format!("“{line}” has no colon; write “name: value”")),
        }
    }
    pairs
}

fn delays(policy: &RetryPolicy) -> String {
    let delays = policy.delays().iter().copied().map(format_duration);
    delays.collect::<Vec<_>>().join(", ")
}

/// What is said of delays counts only where they are not to be the profile's.
fn retry(input: &mut WebhookInput, say: impl FnOnce(&mut CustomRetry)) {
    match &mut input.retry_policy {
        Some(Some(RetryInput::Custom(own))) => say(own),
        Some(Some(RetryInput::Named(_)) | None) | None => {}
    }
}

fn metadata(typed: &mut Typed<'_>) -> String {
    let text = typed.text().unwrap_or_else(|| "{}".to_owned());
    if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
        typed.fault(format!("must be a JSON object: {error}"));
    }
    text
}

#[cfg(test)]
mod tests;
