//! When several events go out in one request, as callers say it and as it reads.
//!
//! Owns: the JSON of both. Refuses: judging values (`service`).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::batch::BatchPolicy;
use crate::service::webhooks::BatchInput;
use crate::web::wire::DurationText;

/// When several events go out in one request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// Events of one request at most: 1 to 1000.
    #[schema(minimum = 1, maximum = 1000, example = 100)]
    pub max: i64,
    /// How long the first of them waits for others at most: `100ms` to `1h`.
    #[schema(example = "5s")]
    pub wait: String,
}

impl From<BatchRequest> for BatchInput {
    fn from(request: BatchRequest) -> Self {
        Self {
            max: request.max,
            wait: request.wait,
        }
    }
}

/// When several events go out in one request.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookBatchBody {
    /// Events of one request, at most.
    pub max: u32,
    /// How long the first of them waits for others, at most.
    pub wait: DurationText,
}

impl From<BatchPolicy> for WebhookBatchBody {
    fn from(policy: BatchPolicy) -> Self {
        Self {
            max: policy.max,
            wait: policy.wait.into(),
        }
    }
}
