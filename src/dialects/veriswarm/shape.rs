//! What VeriSwarm's documentation shows.
//!
//! Owns: the JSON of requests and answers. Refuses: filling it in.

use serde::{Deserialize, Serialize};

use crate::web::extract::RequestBody;
use crate::web::wire::Time;

/// What registers a webhook.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VeriswarmNewWebhook {
    pub(super) label: Option<String>,
    pub(super) callback_url: String,
    pub(super) event_types: Vec<String>,
}

impl RequestBody for VeriswarmNewWebhook {}

/// A webhook as its registration answers it.
#[derive(Debug, Serialize)]
pub struct CreatedBody {
    #[serde(flatten)]
    pub(super) webhook: VeriswarmWebhookBody,
    pub(super) signing_secret: String,
}

/// What every answer says of a webhook.
#[derive(Debug, Serialize)]
pub struct VeriswarmWebhookBody {
    pub(super) id: i64,
    pub(super) label: String,
    pub(super) callback_url: String,
    pub(super) event_types: Vec<String>,
    pub(super) is_active: bool,
    pub(super) created_at: Time,
}

/// A webhook in the list, with how it has been answering.
#[derive(Debug, Serialize)]
pub struct ListedBody {
    #[serde(flatten)]
    pub(super) webhook: VeriswarmWebhookBody,
    pub(super) last_attempted_at: Option<Time>,
    pub(super) last_success_at: Option<Time>,
    pub(super) last_status_code: Option<u16>,
}

/// A delivery.
#[derive(Debug, Serialize)]
pub struct VeriswarmDeliveryBody {
    pub(super) id: i64,
    pub(super) webhook_id: i64,
    pub(super) event_type: String,
    pub(super) status: &'static str,
    pub(super) status_code: Option<u16>,
    pub(super) duration_ms: Option<u32>,
    pub(super) error_message: Option<String>,
    pub(super) attempt_number: u32,
    pub(super) max_attempts: u32,
    pub(super) retried_from_delivery_id: Option<i64>,
    pub(super) next_retry_at: Option<Time>,
    pub(super) alert_sent_at: Option<Time>,
    pub(super) alert_error: Option<String>,
    pub(super) created_at: Time,
}

/// What running the retries came to.
#[derive(Debug, Serialize)]
pub struct VeriswarmRanBody {
    pub(super) processed: u64,
    pub(super) delivered: u64,
    pub(super) failed: u64,
}

/// What waits in the workspace, for webhooks of this dialect and all others.
#[derive(Debug, Serialize)]
pub struct VeriswarmSummaryBody {
    #[serde(flatten)]
    pub(super) all: WaitingBody,
    pub(super) by_webhook: Vec<OfWebhookBody>,
}

/// What waits for one webhook.
#[derive(Debug, Serialize)]
pub struct OfWebhookBody {
    pub(super) webhook_id: i64,
    #[serde(flatten)]
    pub(super) waiting: WaitingBody,
}

/// How much waits, and until when.
#[derive(Debug, Serialize)]
pub struct WaitingBody {
    pub(super) pending: u64,
    pub(super) retrying: u64,
    pub(super) due_now: u64,
    pub(super) next_retry_at: Option<Time>,
    pub(super) exhausted: u64,
}

/// What a rotation answers.
#[derive(Debug, Serialize)]
pub struct VeriswarmRotatedBody {
    pub(super) status: &'static str,
    pub(super) webhook_id: i64,
    pub(super) signing_secret: String,
}

/// What a test came to.
#[derive(Debug, Serialize)]
pub struct VeriswarmTestBody {
    pub(super) status: &'static str,
    pub(super) webhook_id: i64,
    pub(super) delivery_id: i64,
    pub(super) status_code: Option<u16>,
    pub(super) duration_ms: u32,
    pub(super) error_message: Option<String>,
}

/// What a revocation answers.
#[derive(Debug, Serialize)]
pub struct RevokedBody {
    pub(super) status: &'static str,
    pub(super) webhook_id: i64,
}
