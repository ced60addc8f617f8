//! Applications: the platform's customers, who are consumers here.
//!
//! Owns: their shapes. Refuses: rules (`service::consumers`).

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::listing::{SvixPaging, switch};
use crate::domain::consumer::{Consumer, ConsumerUid, Erasure};
use crate::domain::id::{ConsumerId, ConsumerKind};
use crate::domain::page::List;
use crate::domain::svix_id::{APPLICATION, ours, theirs};
use crate::service::consumers::ConsumerInput;
use crate::service::event_types::Placed;
use crate::service::{Caller, Done, Idempotency, Refusal, StoredAnswer};
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::wire::{Time, nullable};
use crate::web::{Answered, Problem, State, answer};

/// What a client says of an application.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixApplicationIn {
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) uid: Option<String>,
    #[serde(default, alias = "rateLimit", deserialize_with = "nullable")]
    pub(super) throttle_rate: Option<Option<f64>>,
    #[serde(default)]
    pub(super) metadata: Option<BTreeMap<String, String>>,
}

impl RequestBody for SvixApplicationIn {}

/// An application.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixApplicationOut {
    id: String,
    uid: Option<String>,
    name: String,
    rate_limit: Option<u64>,
    throttle_rate: Option<u64>,
    metadata: BTreeMap<String, String>,
    created_at: Time,
    updated_at: Time,
}

impl SvixApplicationIn {
    /// All of it, where what is not said is nothing.
    pub(super) fn whole(self) -> Result<ConsumerInput, Problem> {
        if self.name.is_none() {
            return Err(Problem::field("name", "field required"));
        }
        Ok(ConsumerInput {
            metadata: Some(self.metadata.unwrap_or_default()),
            rate_limit: Some(self.throttle_rate.flatten()),
            name: self.name,
            uid: self.uid,
            alert_url: None,
            alert_email: None,
        })
    }
}

pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let paging = SvixPaging::ordered(&mut query, List::Consumers);
    let without_empty = switch(&mut query, "exclude_apps_with_no_endpoints", "false");
    let without_off = switch(&mut query, "exclude_apps_with_disabled_endpoints", "false");
    query.finish_taken()?;
    let (cursor, limit) = (paging.cursor(), paging.limit);
    let page = state
        .service
        .consumers(&caller, None, cursor, limit)
        .await?;
    // Those of which nothing is listening, though there are endpoints.
    let off = match without_off {
        false => BTreeSet::new(),
        true => {
            let listed = page.items.iter().filter(|own| own.webhooks > 0);
            let mut off: BTreeSet<i64> = listed.map(|own| own.id.seq()).collect();
            for seq in state
                .service
                .consumers_listening(off.iter().copied())
                .await?
            {
                off.remove(&seq);
            }
            off
        }
    };
    let shape = |one: Consumer| {
        let is_excluded = (without_empty && one.webhooks == 0) || off.contains(&one.id.seq());
        (!is_excluded).then(|| application(&one))
    };
    answer::ok(&paging.page(page, |one| one.id.seq(), shape))
}

pub(super) async fn create(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixApplicationIn>,
) -> Answered {
    let mut query = Query::of(&request);
    let may_exist = switch(&mut query, "get_if_exists", "false");
    query.finish_taken()?;
    let input = body.value.whole()?;
    let uid = input.uid.clone().filter(|_| may_exist);
    if let Some(uid) = &uid
        && let Ok(known) = state.service.consumer(&caller, uid).await
    {
        return answer::ok(&application(&known));
    }
    let create = |key| state.service.create_consumer(&caller, input, key);
    match (answer::idempotent(body.keyed, created, create).await, uid) {
        // Another call was faster.
        (Err(problem), Some(uid)) if problem.status() == StatusCode::CONFLICT => {
            answer::ok(&application(&state.service.consumer(&caller, &uid).await?))
        }
        (answered, _) => answered,
    }
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    answer::ok(&application(&named(&state, &caller, &request).await?))
}

pub(super) async fn put(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixApplicationIn>,
) -> Answered {
    let input = body.value.whole()?;
    let name = name(&request);
    let (stored, placed) = state.service.put_consumer(&caller, &name, input).await?;
    let status = match placed {
        Placed::Added => StatusCode::CREATED,
        Placed::Replaced => StatusCode::OK,
    };
    answer::json(status, &application(&stored))
}

pub(super) async fn patch(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixApplicationIn>,
) -> Answered {
    let said = body.value;
    let input = ConsumerInput {
        uid: said.uid,
        name: said.name,
        metadata: said.metadata,
        rate_limit: said.throttle_rate,
        alert_url: None,
        alert_email: None,
    };
    let name = name(&request);
    let changed = state.service.update_consumer(&caller, &name, input).await?;
    answer::ok(&application(&changed))
}

pub(super) async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let name = name(&request);
    let ended = state.service.delete_consumer(&caller, &name, Erasure::None);
    ended.await?;
    answer::no_content()
}

/// The id of the application that the path names, by id or uid.
pub(super) async fn owner(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<ConsumerId, Problem> {
    let found = state.service.consumer_id(caller, &name(request)).await?;
    Ok(found)
}

/// The application that the path names, by id or uid.
async fn named(state: &State, caller: &Caller, request: &HttpRequest) -> Result<Consumer, Problem> {
    Ok(state.service.consumer(caller, &name(request)).await?)
}

/// The application that the path names; it is made if the request says what it is made of.
pub(super) async fn owner_or_made(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
    given: Option<SvixApplicationIn>,
) -> Result<ConsumerId, Problem> {
    let known = owner(state, caller, request).await;
    let (Err(missing), Some(given)) = (&known, given) else {
        return known;
    };
    if missing.status() != StatusCode::NOT_FOUND {
        return known;
    }
    let named = name(request);
    if given.uid.as_deref() != Some(&*named) {
        return Err(match given.uid {
            Some(_) => Problem::field("application.uid", "must be the one in the path"),
            None => missing.clone(),
        });
    }
    let input: ConsumerInput = given.whole()?;
    let made = state
        .service
        .create_consumer(caller, input, Idempotency::unkeyed());
    match made.await {
        Ok(Done::Fresh(made)) => Ok(made.id),
        // Another call was faster; what is there keeps what it has.
        Ok(Done::Replayed(_)) | Err(Refusal::Conflict(_)) => {
            Ok(state.service.consumer_id(caller, &named).await?)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// What the path says, as the native API would say it.
pub(super) fn name(request: &HttpRequest) -> String {
    let text = path_text(request, "app_id");
    match ours::<ConsumerKind>(APPLICATION, &text) {
        Some(id) => id.to_string(),
        None => text,
    }
}

fn created(made: &Consumer) -> StoredAnswer {
    answer::recorded(StatusCode::CREATED, &application(made))
}

fn application(consumer: &Consumer) -> SvixApplicationOut {
    let rate = consumer.settings.rate_limit.map(whole_rate);
    SvixApplicationOut {
        id: theirs(APPLICATION, consumer.id),
        uid: consumer
            .uid
            .as_ref()
            .map(ConsumerUid::as_str)
            .map(str::to_owned),
        name: consumer.settings.name.clone(),
        rate_limit: rate,
        throttle_rate: rate,
        metadata: consumer.settings.metadata.clone(),
        created_at: consumer.created_at.into(),
        updated_at: consumer.updated_at.into(),
    }
}

/// A rate in whole messages a second, as the clients read it; less than one reads as one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive and at most ten thousand"
)]
pub(super) fn whole_rate(rate: f64) -> u64 {
    rate.max(1.0) as u64
}
