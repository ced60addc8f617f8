//! Which events a webhook wants, as a caller says it: patterns, and versions of event types.
//!
//! Owns: reading both, and whether a version that is to be pinned exists. Refuses: what a pin does
//! (`domain::event_type`).

use super::input::{Faults, WebhookInput};
use crate::domain::event_type::{Subscription, VersionPins};
use crate::domain::webhook::Webhook;
use crate::service::catalogue::no_such_version;
use crate::service::{Caller, FieldError, Refusal, Service};
use crate::store::WriteTx;
use crate::store::event_types::{self, versions};

impl Faults {
    /// What was said of patterns and pins, each else what it was before.
    pub(super) fn subscription(
        &mut self,
        input: &WebhookInput,
        before: Subscription,
    ) -> Subscription {
        let pins = self.pins(input.pinned_versions.as_deref(), before.pins());
        self.patterns(input.event_types.as_deref(), before)
            .pinning(pins)
    }

    fn patterns(&mut self, said: Option<&[String]>, before: Subscription) -> Subscription {
        let Some(texts) = said else {
            return before;
        };
        Subscription::parse(texts).unwrap_or_else(|error| {
            let field = match error.index {
                Some(index) => format!("event_types[{index}]"),
                None => "event_types".to_owned(),
            };
            self.add(field, error.message);
            before
        })
    }

    fn pins(&mut self, said: Option<&[(String, String)]>, before: &VersionPins) -> VersionPins {
        let Some(said) = said else {
            return before.clone();
        };
        let pairs = said
            .iter()
            .map(|(name, version)| (name.as_str(), version.as_str()));
        VersionPins::parse(pairs).unwrap_or_else(|(name, message)| {
            let field = match name {
                Some(name) => format!("pinned_versions.{name}"),
                None => "pinned_versions".to_owned(),
            };
            self.add(field, message);
            before.clone()
        })
    }
}

impl Service {
    /// Refuses names that are no event types in use, also where the workspace is not strict: for callers
    /// whose system knows no event type outside its catalogue. Patterns are none of its names, and what the
    /// webhook is `subscribed` to already may stay.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] tells all of them.
    pub async fn check_names(
        &self,
        caller: &Caller,
        names: &[String],
        subscribed: Option<&Webhook>,
    ) -> Result<(), Refusal> {
        let before = subscribed.map(|own| own.settings.subscription.texts());
        let before = before.unwrap_or_default();
        let new = names.iter().filter(|name| !before.contains(name));
        let new = new.map(String::as_str).filter(|name| !name.contains('*'));
        let catalogue = self.catalogue(caller.workspace.seq()).await?;
        match catalogue.missing(new).as_slice() {
            [] => Ok(()),
            missing => {
                let missing = missing.join(", ");
                let message = format!("The following event types don't exist: {missing}");
                Err(Refusal::field("event_types", message))
            }
        }
    }
}

/// Refuses to pin what nothing is published as: unknown versions, and archived ones but for those that
/// were pinned `before`.
///
/// # Errors
/// [`Refusal::Invalid`] names each.
pub(super) fn check_pins(
    tx: &WriteTx<'_>,
    caller: &Caller,
    [before, pins]: [&VersionPins; 2],
) -> Result<(), Refusal> {
    let workspace_seq = caller.workspace.seq();
    let mut faults = Vec::new();
    for (name, version) in pins.iter() {
        if before.of(name.as_str()) == Some(version) {
            continue;
        }
        let of = event_types::find(tx, workspace_seq, name)?;
        let known = of.map(|of| versions::all(tx, of.seq)).transpose()?;
        let known = known.unwrap_or_default();
        let in_use = known.iter().rev().filter(|one| !one.settings.archived);
        let mut in_use = in_use.map(|one| &one.name);
        if !in_use.clone().any(|one| one == version) {
            faults.push(FieldError {
                field: format!("pinned_versions.{name}"),
                message: no_such_version(name, version, &mut in_use),
            });
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Refusal::Invalid(faults)),
    }
}
