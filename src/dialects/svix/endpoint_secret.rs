//! An endpoint's secret: reading and rotating it.
//!
//! Owns: the shapes. Refuses: showing a private key; of those the public half is told.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::endpoint::named;
use crate::domain::portal::Capability;
use crate::service::webhooks::{MASK, Rotated, RotationInput};
use crate::service::{Caller, StoredAnswer};
use crate::web::extract::{OptionalJson, RequestBody};
use crate::web::wire::Time;
use crate::web::{Answered, State, answer};

/// How to rotate.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixRotateIn {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    grace_period_seconds: Option<u64>,
}

impl RequestBody for SvixRotateIn {}

/// What verifies an endpoint's messages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixSecretOut {
    key: String,
    /// Beyond what the clients know: those before it that are still valid, for whoever moves elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    previous_keys: Vec<SvixOldSecret>,
}

/// A secret that was rotated away and is still valid.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixOldSecret {
    key: String,
    expires_at: Time,
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let known = named(&state, &caller, &request).await?;
    let secret = state.service.read_secret(&caller, known.id).await?;
    let old = state.service.read_old_secrets(&caller, known.id).await?;
    let old = old.iter().map(|(secret, until)| SvixOldSecret {
        key: secret.expose().to_owned(),
        expires_at: (*until).into(),
    });
    answer::ok(&SvixSecretOut {
        key: secret.expose().to_owned(),
        previous_keys: old.collect(),
    })
}

pub(super) async fn rotate(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<SvixRotateIn>,
) -> Answered {
    let known = named(&state, &caller, &request).await?;
    let said = body.0.value;
    let input = RotationInput {
        secret: said.key,
        overlap: said
            .grace_period_seconds
            .map(|seconds| format!("{seconds}s")),
        signature: None,
    };
    answer::idempotent(body.0.keyed, rotated_to(&caller), |key| {
        state.service.rotate_secret(&caller, known.id, input, key)
    })
    .await
}

/// How a rotation is told to `caller`. Older clients expect nothing and read nothing; later ones read
/// the new key, which a portal link that shows no secrets does not get.
fn rotated_to(caller: &Caller) -> fn(&Rotated) -> StoredAnswer {
    match caller.can(Capability::Secrets) {
        true => |made| rotated(made.secret.expose()),
        false => |_| rotated(MASK),
    }
}

fn rotated(key: &str) -> StoredAnswer {
    let key = key.to_owned();
    let previous_keys = Vec::new();
    answer::recorded(StatusCode::OK, &SvixSecretOut { key, previous_keys })
}
