//! Headers that an endpoint adds.
//!
//! Owns: their shapes. Refuses: showing values that are credentials; only their names are told.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use serde::{Deserialize, Serialize};

use super::endpoint::named;
use crate::domain::webhook::Webhook;
use crate::service::Caller;
use crate::service::webhooks::{MASK, WebhookInput, shown_header};
use crate::web::extract::{Json, RequestBody};
use crate::web::{Answered, State, answer};

/// All headers.
#[derive(Debug, Deserialize)]
pub struct SvixHeadersIn {
    headers: BTreeMap<String, String>,
}

impl RequestBody for SvixHeadersIn {}

/// Headers to be set, and such as are to go: null, or named.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixHeadersPatch {
    headers: BTreeMap<String, Option<String>>,
    #[serde(default)]
    delete_headers: Option<Vec<String>>,
}

impl RequestBody for SvixHeadersPatch {}

/// What an endpoint adds.
#[derive(Debug, Serialize)]
pub struct SvixHeadersOut {
    headers: BTreeMap<String, String>,
    sensitive: Vec<String>,
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let known = named(&state, &caller, &request).await?;
    let all = &known.settings.headers;
    let (hidden, shown): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.is_credential());
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    answer::ok(&SvixHeadersOut {
        headers: shown
            .into_iter()
            .map(|one| text(shown_header(one)))
            .collect(),
        sensitive: hidden
            .into_iter()
            .map(|one| one.name().to_owned())
            .collect(),
    })
}

pub(super) async fn put(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixHeadersIn>,
) -> Answered {
    let known = named(&state, &caller, &request).await?;
    let headers = body.value.headers.into_iter().collect();
    set(&state, &caller, &known, headers).await
}

pub(super) async fn patch(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixHeadersPatch>,
) -> Answered {
    let known = named(&state, &caller, &request).await?;
    let said = body.value;
    // A mask stands for the credential that is there.
    let kept = |one| {
        let (name, value) = shown_header(one);
        let value = if one.is_credential() { MASK } else { value };
        (name.to_owned(), value.to_owned())
    };
    let mut all: BTreeMap<String, String> = known.settings.headers.iter().map(kept).collect();
    let gone = said
        .delete_headers
        .into_iter()
        .flatten()
        .map(|name| (name, None));
    for (name, value) in said.headers.into_iter().chain(gone) {
        all.retain(|own, _| !own.eq_ignore_ascii_case(&name));
        all.extend(value.map(|value| (name, value)));
    }
    set(&state, &caller, &known, all.into_iter().collect()).await
}

/// Gives a webhook other headers.
async fn set(
    state: &State,
    caller: &Caller,
    known: &Webhook,
    headers: Vec<(String, String)>,
) -> Answered {
    let input = WebhookInput {
        headers: Some(headers),
        ..WebhookInput::default()
    };
    state
        .service
        .update_webhook(caller, known.id, input)
        .await?;
    answer::no_content()
}
