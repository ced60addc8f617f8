//! One setting of a webhook as a field of a form.
//!
//! Owns: its type. Refuses: the settings themselves.

use crate::domain::webhook::Webhook;
use crate::service::webhooks::WebhookInput;
use crate::ui::form::FieldSpec;

/// A field that shows a setting of a webhook and sets what a caller says of it.
pub(super) type WebhookSetting = FieldSpec<Webhook, WebhookInput>;
