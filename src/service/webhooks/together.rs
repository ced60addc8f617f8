//! Settings that must fit each other.
//!
//! Owns: reading `ordered` and `ordered_by`, of which one may be given, and that a request has one proof.
//! Refuses: what each of them means.

use super::input::{Faults, WebhookInput};
use crate::domain::authorization::WebhookAuth;
use crate::domain::order::{DeliveryOrder, OrderedBy};
use crate::domain::webhook::WebhookSettings;

impl Faults {
    /// A request has one `authorization`: the webhook's `auth`, or a header of that name.
    pub(super) fn one_authorization(&mut self, settings: &WebhookSettings) {
        let mut headers = settings.headers.iter();
        let is_header = match settings.auth {
            Some(WebhookAuth::Mtls(_)) | None => false,
            Some(
                WebhookAuth::Basic { .. } | WebhookAuth::Bearer { .. } | WebhookAuth::OAuth2(_),
            ) => true,
        };
        if is_header && headers.any(|own| own.name() == "authorization") {
            let message = "stands beside a header authorization; give one of the two";
            self.add("auth", message);
        }
    }

    /// In which order deliveries go out.
    pub(super) fn order(&mut self, input: &WebhookInput, base: DeliveryOrder) -> DeliveryOrder {
        let is_whole = input.ordered.unwrap_or(base == DeliveryOrder::Whole);
        let by = match (&input.ordered_by, base) {
            (None, DeliveryOrder::By(pointer)) => Some(pointer),
            (None, DeliveryOrder::Any | DeliveryOrder::Whole) | (Some(None), _) => None,
            (Some(Some(text)), _) => match OrderedBy::parse(text) {
                Ok(pointer) => Some(pointer),
                Err(message) => {
                    self.add("ordered_by", message);
                    None
                }
            },
        };
        match (is_whole, by) {
            (true, Some(_)) => {
                let message = "stands beside ordered: true, which keeps one order for all; give one of \
                               both, and false or null for the other";
                self.add("ordered_by", message);
                DeliveryOrder::Whole
            }
            (true, None) => DeliveryOrder::Whole,
            (false, Some(pointer)) => DeliveryOrder::By(pointer),
            (false, None) => DeliveryOrder::Any,
        }
    }
}
