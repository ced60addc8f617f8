//! Answers that show a secret once.
//!
//! Owns: their shapes, and for whom they leave the secret out. Refuses: showing it a second time.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::shape::{WebhookBody, webhook};
use crate::domain::portal::Capability;
use crate::domain::webhook::Transport;
use crate::service::webhooks::{Registered, Rotated};
use crate::service::{Caller, StoredAnswer};
use crate::web::answer;
use crate::web::wire::Time;

/// A webhook just registered, with the secret that is shown only here.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegisteredBody {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookBody,
    /// Its secret; with `ed25519` the public key. Absent for portal links that do not show secrets, and
    /// where it is fetched from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub secret: Option<String>,
}

/// A webhook's new secret, shown only here.
#[derive(Debug, Serialize, ToSchema)]
pub struct RotatedBody {
    /// The webhook.
    pub webhook_id: String,
    /// The new secret; with `ed25519` the public key. Absent for portal links that do not show secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub secret: Option<String>,
    /// Until when old secrets are valid.
    pub previous_secret_expires_at: Option<Time>,
}

/// How a new webhook is told to `caller`.
pub(super) fn registered_to(caller: &Caller) -> fn(&Registered) -> StoredAnswer {
    match caller.can(Capability::Secrets) {
        true => |made| registered(made, Some(made.secret.expose().to_owned())),
        false => |made| registered(made, None),
    }
}

/// How a rotation is told to `caller`.
pub(super) fn rotated_to(caller: &Caller) -> fn(&Rotated) -> StoredAnswer {
    match caller.can(Capability::Secrets) {
        true => |made| rotated(made, Some(made.secret.expose().to_owned())),
        false => |made| rotated(made, None),
    }
}

fn registered(made: &Registered, secret: Option<String>) -> StoredAnswer {
    // What is fetched is not signed.
    let secret = secret.filter(|_| made.webhook.settings.transport != Transport::Poll);
    let webhook = webhook(&made.webhook);
    answer::recorded(StatusCode::CREATED, &RegisteredBody { webhook, secret })
}

fn rotated(made: &Rotated, secret: Option<String>) -> StoredAnswer {
    let body = RotatedBody {
        webhook_id: made.webhook.to_string(),
        secret,
        previous_secret_expires_at: made.previous_secret_expires_at.map(Time::from),
    };
    answer::recorded(StatusCode::OK, &body)
}
