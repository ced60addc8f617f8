//! Endpoints: the webhooks of an application.
//!
//! Owns: their shapes, finding one by id or uid. Refuses: rules (`service::webhooks`).
//!
//! # Where an endpoint's uid and metadata are
//! In the webhook's own metadata: a flat object of texts, with the uid under a name of its own.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::application::{named as application, whole_rate};
use super::ids::{ENDPOINT, ours, theirs};
use super::listing::{SvixPage, paging, period};
use crate::domain::id::{ConsumerId, WebhookKind};
use crate::domain::page::{Limit, List};
use crate::domain::webhook::{Webhook, WebhookState};
use crate::service::stats::PeriodInput;
use crate::service::webhooks::{Registered, WebhookInput};
use crate::service::{Caller, Once, Refusal, StoredAnswer};
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::wire::{Time, nullable};
use crate::web::{Answered, Problem, State, answer};

/// The wire profile of endpoints: `standard`, under both families of header names.
const PROFILE: &str = "standard";
/// The body of endpoints: the message's payload alone.
const FORMAT: &str = "data";
/// Where a webhook's metadata holds the endpoint's uid.
const UID: &str = "svix.uid";
/// What a webhook subscribes to whose endpoint names no event types.
const EVERYTHING: &str = "*";

/// What a client says of an endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixEndpointIn {
    url: Option<String>,
    description: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    uid: Option<Option<String>>,
    disabled: Option<bool>,
    #[serde(default, alias = "filterTypes", deserialize_with = "nullable")]
    event_types: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "nullable")]
    channels: Option<Option<Vec<String>>>,
    #[serde(default, alias = "rateLimit", deserialize_with = "nullable")]
    throttle_rate: Option<Option<f64>>,
    secret: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    headers: Option<BTreeMap<String, String>>,
}

impl RequestBody for SvixEndpointIn {}

/// An endpoint.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixEndpointOut {
    id: String,
    uid: Option<String>,
    url: String,
    description: String,
    version: u16,
    disabled: bool,
    event_types: Option<Vec<String>>,
    filter_types: Option<Vec<String>>,
    channels: Option<Vec<String>>,
    rate_limit: Option<u64>,
    throttle_rate: Option<u64>,
    metadata: BTreeMap<String, String>,
    created_at: Time,
    updated_at: Time,
}

/// How many messages stand where at an endpoint.
#[derive(Debug, Serialize)]
pub struct SvixEndpointStats {
    success: u64,
    pending: u64,
    sending: u64,
    fail: u64,
    canceled: u64,
}

impl SvixEndpointIn {
    /// What is said, and nothing of what is not. `before` is the metadata that is there.
    fn part(self, before: &BTreeMap<String, String>) -> Result<WebhookInput, Problem> {
        let event_types = match self.event_types {
            Some(Some(named)) if named.is_empty() => {
                return Err(Problem::field(
                    "event_types",
                    "can't be empty; null means all",
                ));
            }
            Some(Some(named)) => Some(named),
            Some(None) => Some(vec![EVERYTHING.to_owned()]),
            None => None,
        };
        let metadata = (self.metadata.is_some() || self.uid.is_some()).then(|| {
            let uid = self.uid.unwrap_or_else(|| before.get(UID).cloned());
            let mut all = self.metadata.unwrap_or_else(|| before.clone());
            all.remove(UID);
            all.extend(uid.map(|uid| (UID.to_owned(), uid)));
            serde_json::to_string(&all).unwrap_or_default()
        });
        Ok(WebhookInput {
            url: self.url,
            label: self.description,
            event_types,
            channels: self.channels,
            rate_limit: self.throttle_rate,
            secret: self.secret,
            active: self.disabled.map(|disabled| !disabled),
            headers: self.headers.map(|headers| headers.into_iter().collect()),
            metadata,
            ..WebhookInput::default()
        })
    }

    /// All of it, where what is not said is what an endpoint begins with.
    fn whole(mut self) -> Result<WebhookInput, Problem> {
        if self.url.is_none() {
            return Err(Problem::field("url", "field required"));
        }
        self.description.get_or_insert_default();
        self.event_types.get_or_insert_default();
        self.channels.get_or_insert_default();
        self.throttle_rate.get_or_insert_default();
        self.metadata.get_or_insert_default();
        self.disabled.get_or_insert_default();
        self.part(&BTreeMap::new())
    }
}

pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = paging(&mut query, List::Webhooks);
    query.finish_taken()?;
    let owner = application(&state, &caller, &request).await?.id.to_string();
    let page = state.service.webhooks(&caller, Some(owner), cursor, limit);
    answer::ok(&SvixPage::of(page.await?, |one| endpoint(&one)))
}

pub(super) async fn create(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixEndpointIn>,
) -> Answered {
    let key = body.keyed.once(created);
    let owner = application(&state, &caller, &request).await?;
    if let Some(Some(uid)) = &body.value.uid
        && called(&state, &caller, owner.id, uid).await?.is_some()
    {
        return Err(Refusal::Conflict(format!("there is an endpoint {uid} already")).into());
    }
    register(&state, &caller, owner.id, body.value, key).await
}

/// Registers a webhook of `owner` from all that was said of the endpoint.
async fn register(
    state: &State,
    caller: &Caller,
    owner: ConsumerId,
    said: SvixEndpointIn,
    key: Once<Registered>,
) -> Answered {
    let input = made_here(owner, said.whole()?);
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
    let owner = application(&state, &caller, &request).await?;
    let text = path_text(&request, "endpoint_id");
    let mut said = body.value;
    match found(&state, &caller, owner.id, &text).await? {
        Some(known) => {
            said.uid = said.uid.or_else(|| Some(metadata(&known).remove(UID)));
            let input = said.whole()?;
            let changed = state
                .service
                .update_webhook(&caller, known.id, input)
                .await?;
            answer::ok(&endpoint(&changed.webhook))
        }
        None if text.starts_with(ENDPOINT) => Err(Refusal::NotFound("endpoint").into()),
        None => {
            said.uid = Some(Some(text));
            register(&state, &caller, owner.id, said, key).await
        }
    }
}

pub(super) async fn patch(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixEndpointIn>,
) -> Answered {
    let known = named(&state, &caller, &request).await?;
    let input = body.value.part(&metadata(&known))?;
    let changed = state
        .service
        .update_webhook(&caller, known.id, input)
        .await?;
    answer::ok(&endpoint(&changed.webhook))
}

pub(super) async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let known = named(&state, &caller, &request).await?;
    state.service.delete_webhook(&caller, known.id).await?;
    answer::no_content()
}

pub(super) async fn stats(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let _ = period(&mut query);
    let period = PeriodInput {
        since: query.time("since"),
        until: query.time("until"),
    };
    query.finish_taken()?;
    let known = named(&state, &caller, &request).await?;
    let stats = state.service.webhook_stats(&caller, known.id, period);
    let counts = stats.await?.counts;
    answer::ok(&SvixEndpointStats {
        success: counts.delivered,
        pending: counts.pending + counts.retrying,
        sending: 0,
        fail: counts.exhausted,
        canceled: counts.canceled,
    })
}

/// The endpoint of the path's application that the path names, by id or uid.
pub(super) async fn named(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<Webhook, Problem> {
    let owner = application(state, caller, request).await?.id;
    let text = path_text(request, "endpoint_id");
    let found = found(state, caller, owner, &text).await?;
    found.ok_or_else(|| Refusal::NotFound("endpoint").into())
}

async fn found(
    state: &State,
    caller: &Caller,
    owner: ConsumerId,
    text: &str,
) -> Result<Option<Webhook>, Problem> {
    let Some(id) = ours::<WebhookKind>(ENDPOINT, text) else {
        return called(state, caller, owner, text).await;
    };
    match state.service.webhook(caller, id).await {
        Ok(webhook) => Ok(Some(webhook).filter(|own| own.consumer == Some(owner))),
        Err(Refusal::NotFound(_)) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

/// The endpoint of an application with this uid.
async fn called(
    state: &State,
    caller: &Caller,
    owner: ConsumerId,
    uid: &str,
) -> Result<Option<Webhook>, Problem> {
    let mut cursor = None;
    loop {
        let (named, most) = (Some(owner.to_string()), Limit::clamped(u32::MAX));
        let page = state.service.webhooks(caller, named, cursor, most).await?;
        let mut items = page.items.into_iter();
        let known = items.find(|own| metadata(own).get(UID).is_some_and(|own| own == uid));
        cursor = page.next;
        if known.is_some() || cursor.is_none() {
            return Ok(known);
        }
    }
}

fn made_here(owner: ConsumerId, input: WebhookInput) -> WebhookInput {
    WebhookInput {
        consumer: Some(Some(owner.to_string())),
        profile: Some(PROFILE.to_owned()),
        format: Some(FORMAT.to_owned()),
        aliases: Some(Some(true)),
        ..input
    }
}

/// What the clients call metadata, with the uid among it.
fn metadata(webhook: &Webhook) -> BTreeMap<String, String> {
    // The owner may have put more into it than texts; the clients know texts only.
    let whole: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&webhook.settings.metadata).unwrap_or_default();
    let texts = whole.into_iter();
    let texts = texts.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
    texts.collect()
}

fn created(registered: &Registered) -> StoredAnswer {
    answer::recorded(StatusCode::CREATED, &endpoint(&registered.webhook))
}

/// An endpoint as the clients read it.
pub(super) fn endpoint(webhook: &Webhook) -> SvixEndpointOut {
    let settings = &webhook.settings;
    let mut metadata = metadata(webhook);
    let uid = metadata.remove(UID);
    let named = settings.subscription.texts();
    let event_types = (named != [EVERYTHING]).then_some(named);
    let rate = settings.rate_limit.map(whole_rate);
    SvixEndpointOut {
        id: theirs(ENDPOINT, webhook.id),
        uid,
        url: settings.url.clone(),
        description: settings.label.clone(),
        version: 1,
        disabled: webhook.state != WebhookState::Active,
        filter_types: event_types.clone(),
        event_types,
        channels: settings.channels.clone(),
        rate_limit: rate,
        throttle_rate: rate,
        metadata,
        created_at: webhook.created_at.into(),
        updated_at: webhook.updated_at.into(),
    }
}
