//! Settings that must fit each other.
//!
//! Owns: reading `ordered` and `ordered_by`, of which one may be given, that a request has one proof, and
//! what can go out in batches.
//! Refuses: what each of them means.

use super::batching::BatchInput;
use super::input::{Faults, WebhookInput};
use crate::domain::authorization::WebhookAuth;
use crate::domain::batch::BatchPolicy;
use crate::domain::format::Format;
use crate::domain::order::{DeliveryOrder, OrderedBy};
use crate::domain::shape::ContentType;
use crate::domain::template::TextTemplate;
use crate::domain::webhook::WebhookSettings;

impl Faults {
    /// When several deliveries go out in one request.
    pub(super) fn batch(
        &mut self,
        said: Option<&Option<BatchInput>>,
        before: Option<BatchPolicy>,
    ) -> Option<BatchPolicy> {
        let own = match said {
            None => return before,
            Some(None) => return None,
            Some(Some(own)) => own,
        };
        match BatchPolicy::parse(own.max, &own.wait) {
            Ok(policy) => Some(policy),
            Err((member, message)) => {
                self.add(format!("batch.{member}"), message);
                before
            }
        }
    }

    /// A batch is one JSON array, with headers that are the same whatever it holds.
    pub(super) fn batchable(&mut self, settings: &WebhookSettings) {
        if settings.batch.is_none() {
            return;
        }
        if settings.shape.content_type == ContentType::Form {
            let message = "stands beside a content_type of forms, and a batch is a JSON array; give \
                           one of the two";
            self.add("batch", message);
        }
        if settings.format == Format::Slack && settings.shape.template.is_none() {
            let message = "stands beside format: slack, whose receivers take one message at a time; \
                           give one of the two";
            self.add("batch", message);
        }
        for header in &settings.headers {
            if let Ok(Some(_)) = TextTemplate::parse(header.value().expose()) {
                let message = "holds a template, which can be filled in for one event only; take it \
                               out, or batch";
                self.add(format!("headers.{}", header.name()), message);
            }
        }
    }

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
