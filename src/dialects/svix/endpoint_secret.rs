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
pub struct SvixSecretOut {
    key: String,
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let known = named(&state, &caller, &request).await?;
    let secret = state.service.read_secret(&caller, known.id).await?;
    answer::ok(&SvixSecretOut {
        key: secret.expose().to_owned(),
    })
}

pub(super) async fn rotate(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<SvixRotateIn>,
) -> Answered {
    let known = named(&state, &caller, &request).await?;
    let shape = rotated_to(&caller);
    let key = body.0.keyed.once(shape);
    let said = body.0.value;
    let input = RotationInput {
        secret: said.key,
        overlap: said
            .grace_period_seconds
            .map(|seconds| format!("{seconds}s")),
        signature: None,
    };
    let done = state.service.rotate_secret(&caller, known.id, input, key);
    answer::done(&done.await?, shape)
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
    answer::recorded(StatusCode::OK, &SvixSecretOut { key })
}
