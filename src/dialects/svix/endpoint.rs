//! Endpoints: the webhooks of an application, and those of the environment, which are told what happens to
//! the others. Paths that name no application are about the latter.
//!
//! Owns: their shapes, finding one by id or uid. Refuses: rules (`service::webhooks`).

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::application::{name as application_name, owner, whole_rate};
use super::listing::SvixPaging;
use crate::domain::id::{ConsumerId, WebhookKind};
use crate::domain::page::List;
use crate::domain::svix_id::{ENDPOINT, is_old_id, ours, theirs};
use crate::domain::webhook::{Transport, Webhook, WebhookState};
use crate::service::owned::WebhookRef;
use crate::service::webhooks::{Registered, WebhookInput};
use crate::service::{Caller, StoredAnswer};
use crate::web::extract::{Json, Keyed, Query, RequestBody, path_text};
use crate::web::wire::{Time, nullable};
use crate::web::{Answered, Problem, State, answer};

/// The wire profile of endpoints: `standard`, under both families of header names.
const PROFILE: &str = "standard";
/// The body of an application's endpoints: the message's payload alone.
const FORMAT: &str = "data";
/// The body of what the environment's are told: its type and data, in an envelope.
const OPERATIONAL_FORMAT: &str = "json";
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

impl SvixEndpointIn {
    /// The uid that the path says.
    pub(super) fn name(&mut self, uid: String) {
        self.uid = Some(Some(uid));
    }

    /// What is said, and nothing of what is not.
    fn part(self) -> Result<WebhookInput, Problem> {
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
        if self.uid.iter().flatten().any(|uid| is_taken_form(uid)) {
            return Err(Problem::field(
                "uid",
                "must not begin as ids of endpoints do",
            ));
        }
        let metadata = self.metadata;
        let metadata = metadata.map(|all| serde_json::to_string(&all).unwrap_or_default());
        Ok(WebhookInput {
            url: self.url,
            uid: self.uid,
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
    pub(super) fn whole(mut self) -> Result<WebhookInput, Problem> {
        if self.url.is_none() {
            return Err(Problem::field("url", "field required"));
        }
        self.description.get_or_insert_default();
        self.event_types.get_or_insert_default();
        self.channels.get_or_insert_default();
        self.throttle_rate.get_or_insert_default();
        self.metadata.get_or_insert_default();
        self.disabled.get_or_insert_default();
        self.part()
    }
}

pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let paging = SvixPaging::ordered(&mut query, List::Webhooks);
    query.finish_taken()?;
    let owner = owner(&state, &caller, &request).await?.to_string();
    let (cursor, limit) = (paging.cursor(), paging.limit);
    let page = state.service.webhooks(&caller, Some(owner), cursor, limit);
    let shape = |one: Webhook| Some(endpoint(&one));
    answer::ok(&paging.page(page.await?, |one| one.id.seq(), shape))
}

pub(super) async fn create(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixEndpointIn>,
) -> Answered {
    let home = home(&state, &caller, &request).await?;
    check_types(&state, &caller, &home, &body.value, None).await?;
    register(&state, &caller, home, body.value, body.keyed).await
}

/// Whose endpoints a path is about.
enum EndpointHome {
    Application(ConsumerId),
    Environment,
}

async fn home(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<EndpointHome, Problem> {
    match is_in_application(request) {
        true => Ok(EndpointHome::Application(
            owner(state, caller, request).await?,
        )),
        false => Ok(EndpointHome::Environment),
    }
}

fn is_in_application(request: &HttpRequest) -> bool {
    request.match_info().get("app_id").is_some()
}

/// An application's endpoint is told of types in the catalogue; the environment's of what it alone knows.
async fn check_types(
    state: &State,
    caller: &Caller,
    home: &EndpointHome,
    said: &SvixEndpointIn,
    known: Option<&Webhook>,
) -> Result<(), Problem> {
    match (home, &said.event_types) {
        (EndpointHome::Application(_), Some(Some(names))) => {
            Ok(state.service.check_names(caller, names, known).await?)
        }
        (EndpointHome::Application(_) | EndpointHome::Environment, _) => Ok(()),
    }
}

/// Registers an endpoint from all that was said of the endpoint.
async fn register(
    state: &State,
    caller: &Caller,
    home: EndpointHome,
    said: SvixEndpointIn,
    keyed: Keyed,
) -> Answered {
    let input = made_here(&home, said.whole()?);
    answer::idempotent(keyed, created, |key| {
        state.service.create_webhook(caller, input, key)
    })
    .await
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
    let mut said = body.value;
    let known = match named(&state, &caller, &request).await {
        Ok(known) => known,
        Err(problem) if problem.status() != StatusCode::NOT_FOUND => return Err(problem),
        Err(missing) => {
            let text = path_text(&request, "endpoint_id");
            let home = home(&state, &caller, &request).await?;
            if is_taken_form(&text) {
                return Err(missing);
            }
            said.name(text);
            check_types(&state, &caller, &home, &said, None).await?;
            return register(&state, &caller, home, said, body.keyed).await;
        }
    };
    let home = home(&state, &caller, &request).await?;
    check_types(&state, &caller, &home, &said, Some(&known)).await?;
    let changed = state
        .service
        .update_webhook(&caller, known.id, said.whole()?)
        .await?;
    answer::ok(&endpoint(&changed.webhook))
}

pub(super) async fn patch(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixEndpointIn>,
) -> Answered {
    let known = named(&state, &caller, &request).await?;
    let home = home(&state, &caller, &request).await?;
    check_types(&state, &caller, &home, &body.value, Some(&known)).await?;
    let input = body.value.part()?;
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

/// The endpoint that the path names, by id or uid: of its application, or of the environment.
pub(super) async fn named(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<Webhook, Problem> {
    named_as(state, caller, request, "endpoint_id").await
}

/// As [`named`], where the path's parameter is called `parameter`.
pub(super) async fn named_as(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
    parameter: &str,
) -> Result<Webhook, Problem> {
    let wanted = endpoint_ref(&path_text(request, parameter));
    let service = &state.service;
    Ok(match is_in_application(request) {
        true => {
            let owner = application_name(request);
            service.webhook_of(caller, &owner, wanted).await?
        }
        false => service.operational_webhook(caller, wanted).await?,
    })
}

/// Whether no uid may look so: as ids of endpoints do. Those of the system that was moved from may, so
/// that what they named goes on being found by them.
fn is_taken_form(text: &str) -> bool {
    let rest = text.strip_prefix(ENDPOINT);
    rest.is_some_and(|rest| !is_old_id(rest))
}

/// How a client names an endpoint: by its id or uid.
pub(super) fn endpoint_ref(text: &str) -> WebhookRef {
    match ours::<WebhookKind>(ENDPOINT, text) {
        Some(id) => WebhookRef::Id(id),
        None => WebhookRef::Uid(text.to_owned()),
    }
}

fn made_here(home: &EndpointHome, input: WebhookInput) -> WebhookInput {
    let input = WebhookInput {
        profile: Some(PROFILE.to_owned()),
        aliases: Some(Some(true)),
        ..input
    };
    match home {
        EndpointHome::Application(owner) => WebhookInput {
            consumer: Some(Some(owner.to_string())),
            format: Some(FORMAT.to_owned()),
            ..input
        },
        EndpointHome::Environment => WebhookInput {
            kind: Some(Transport::Operational.as_str().to_owned()),
            format: Some(OPERATIONAL_FORMAT.to_owned()),
            ..input
        },
    }
}

/// What the clients call metadata.
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
    let named = settings.subscription.texts();
    let event_types = (named != [EVERYTHING]).then_some(named);
    let rate = settings.rate_limit.map(whole_rate);
    SvixEndpointOut {
        id: theirs(ENDPOINT, webhook.id),
        uid: webhook.uid.as_deref().map(str::to_owned),
        url: settings.url.clone(),
        description: settings.label.clone(),
        version: 1,
        disabled: webhook.state != WebhookState::Active,
        filter_types: event_types.clone(),
        event_types,
        channels: settings.channels.clone(),
        rate_limit: rate,
        throttle_rate: rate,
        metadata: metadata(webhook),
        created_at: webhook.created_at.into(),
        updated_at: webhook.updated_at.into(),
    }
}
