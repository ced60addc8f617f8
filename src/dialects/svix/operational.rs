//! Operational webhooks: endpoints of the environment that are told what happens to those of applications.
//!
//! Owns: the paths of these endpoints, found by id or uid. Refuses: saying what is told
//! (`domain::operational`), and endpoints of applications, which are shaped alike (`endpoint`).

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

use super::endpoint::{PROFILE, SvixEndpointIn, created, endpoint, endpoint_ref, is_taken_form};
use super::endpoint_headers::{self, SvixHeadersIn};
use super::endpoint_secret::{self, SvixRotateIn};
use super::listing::{SvixPage, paging};
use crate::domain::page::{Cursor, List};
use crate::domain::webhook::{Transport, Webhook};
use crate::service::webhooks::{Registered, WebhookInput};
use crate::service::{Caller, Once};
use crate::web::extract::{Json, OptionalJson, Query, path_text};
use crate::web::{Answered, Problem, State, answer};

/// The body of what is told: its type and data, in an envelope.
const FORMAT: &str = "json";

pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = paging(&mut query, List::Webhooks);
    query.finish_taken()?;
    let mut all = state.service.operational_webhooks(&caller).await?;
    all.retain(|own| cursor.is_none_or(|cursor| own.id.seq() < cursor.seq()));
    let has_more = all.len() > limit.rows();
    all.truncate(limit.rows());
    let last = all.last().filter(|_| has_more);
    let next = last.map(|own| Cursor::behind(List::Webhooks, own.id.seq()));
    answer::ok(&SvixPage::new(all.iter().map(endpoint).collect(), next))
}

pub(super) async fn create(state: State, caller: Caller, body: Json<SvixEndpointIn>) -> Answered {
    let key = body.keyed.once(created);
    register(&state, &caller, body.value, key).await
}

async fn register(
    state: &State,
    caller: &Caller,
    said: SvixEndpointIn,
    key: Once<Registered>,
) -> Answered {
    let input = WebhookInput {
        kind: Some(Transport::Operational.as_str().to_owned()),
        profile: Some(PROFILE.to_owned()),
        format: Some(FORMAT.to_owned()),
        aliases: Some(Some(true)),
        ..said.whole()?
    };
    let done = state.service.create_webhook(caller, input, key).await?;
    answer::done(&done, created)
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    answer::ok(&endpoint(&named(&state, &caller, &request).await?))
}

pub(super) async fn put(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixEndpointIn>,
) -> Answered {
    let key = body.keyed.once(created);
    let mut said = body.value;
    let known = match named(&state, &caller, &request).await {
        Ok(known) => known,
        Err(problem) if problem.status() != StatusCode::NOT_FOUND => return Err(problem),
        Err(missing) => {
            let text = path_text(&request, "endpoint_id");
            if is_taken_form(&text) {
                return Err(missing);
            }
            said.name(text);
            return register(&state, &caller, said, key).await;
        }
    };
    let service = &state.service;
    let changed = service.update_webhook(&caller, known.id, said.whole()?);
    answer::ok(&endpoint(&changed.await?.webhook))
}

pub(super) async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let known = named(&state, &caller, &request).await?;
    state.service.delete_webhook(&caller, known.id).await?;
    answer::no_content()
}

pub(super) async fn secret(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let known = named(&state, &caller, &request).await?;
    endpoint_secret::shown(&state, &caller, &known).await
}

pub(super) async fn rotate(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<SvixRotateIn>,
) -> Answered {
    let known = named(&state, &caller, &request).await?;
    endpoint_secret::rotated_of(&state, &caller, &known, body).await
}

pub(super) async fn headers(state: State, caller: Caller, request: HttpRequest) -> Answered {
    endpoint_headers::shown(&named(&state, &caller, &request).await?)
}

pub(super) async fn put_headers(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixHeadersIn>,
) -> Answered {
    let known = named(&state, &caller, &request).await?;
    endpoint_headers::set(&state, &caller, &known, body.value.all()).await
}

/// The operational endpoint that the path names, by id or uid.
async fn named(state: &State, caller: &Caller, request: &HttpRequest) -> Result<Webhook, Problem> {
    let wanted = endpoint_ref(&path_text(request, "endpoint_id"));
    Ok(state.service.operational_webhook(caller, wanted).await?)
}
