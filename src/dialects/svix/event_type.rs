//! Event types: the workspace's catalogue.
//!
//! Owns: their shapes. Refuses: rules (`service::event_types`).
//!
//! # What becomes of several schemas
//! The clients keep schemas under the names of versions. One alone under `1` is the event type's own here, as
//! long as it has no versions; all others are versions, and a message is of the newest.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::listing::{SvixPaging, switch};
use crate::domain::catalogue::{EventType, EventTypeVersion};
use crate::domain::page::List;
use crate::service::event_types::{EventTypeInput, Placed, VersionInput, VersionedType};
use crate::service::{Caller, Refusal};
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::wire::{Time, nullable};
use crate::web::{Answered, State, answer};

/// The version under which the one schema of ours is shown.
pub(super) const VERSION: &str = "1";

/// What a client says of an event type.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixEventTypeIn {
    name: Option<String>,
    description: Option<String>,
    archived: Option<bool>,
    deprecated: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    schemas: Option<Option<Schemas>>,
    #[serde(default, deserialize_with = "nullable")]
    group_name: Option<Option<String>>,
    /// As the first generation of clients says it.
    #[serde(default, deserialize_with = "nullable")]
    feature_flag: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    feature_flags: Option<Option<Vec<String>>>,
}

/// Schemas by the names of their versions.
type Schemas = BTreeMap<String, Box<RawValue>>;

impl RequestBody for SvixEventTypeIn {}

/// An event type.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixEventTypeOut {
    name: String,
    description: String,
    archived: bool,
    deprecated: bool,
    schemas: Option<Schemas>,
    group_name: Option<String>,
    feature_flag: Option<String>,
    feature_flags: Option<Vec<String>>,
    created_at: Time,
    updated_at: Time,
}

impl SvixEventTypeIn {
    /// What is said, over what is there.
    fn over(self, base: EventTypeInput, known: &[EventTypeVersion]) -> EventTypeInput {
        let flags = match (self.feature_flags, self.feature_flag) {
            (Some(said), _) => said.unwrap_or_default(),
            (None, Some(said)) => said.into_iter().collect(),
            (None, None) => base.feature_flags,
        };
        let (schema, versions) = match self.schemas {
            None => (base.schema, base.versions),
            Some(said) => read(said.unwrap_or_default(), known),
        };
        EventTypeInput {
            description: self.description.or(base.description),
            group: self.group_name.unwrap_or(base.group),
            archived: self.archived.unwrap_or(base.archived),
            deprecated: self.deprecated.unwrap_or(base.deprecated),
            feature_flags: flags,
            schema,
            versions,
            ..base
        }
    }
}

/// The schema of the event type itself, and its versions, oldest first.
fn read(said: Schemas, known: &[EventTypeVersion]) -> (Option<String>, Option<Vec<VersionInput>>) {
    if known.is_empty() && said.keys().all(|name| name == VERSION) {
        let schema = said.into_values().next();
        return (schema.map(|schema| schema.get().to_owned()), None);
    }
    let mut said: Vec<(String, Box<RawValue>)> = said.into_iter().collect();
    // By number; what has none comes first, by name.
    said.sort_by_key(|(name, _)| name.parse::<u64>().ok());
    let version = |(name, schema): (String, Box<RawValue>)| {
        let before = known.iter().find(|own| own.name.as_str() == name);
        let before = before.map(|own| own.settings.clone()).unwrap_or_default();
        VersionInput {
            name: Some(name),
            description: before.description,
            schema: Some(schema.get().to_owned()),
            example: before.example,
            archived: before.archived,
        }
    };
    (None, Some(said.into_iter().map(version).collect()))
}

pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let paging = SvixPaging::ordered(&mut query, List::EventTypes);
    let with_archived = switch(&mut query, "include_archived", "false");
    let with_content = switch(&mut query, "with_content", "false");
    query.finish_taken()?;
    let (cursor, limit, service) = (paging.cursor(), paging.limit, &state.service);
    let page = match with_content {
        true => {
            service
                .versioned_event_types(&caller, cursor, limit)
                .await?
        }
        false => {
            let page = service.event_types(&caller, cursor, limit).await?;
            page.map(|own| (own, Vec::new()))
        }
    };
    let shape = |(own, versions): VersionedType| {
        let is_shown = with_archived || !own.settings.archived;
        is_shown.then(|| SvixEventTypeOut {
            schemas: schemas(&own, &versions).filter(|_| with_content),
            ..event_type(&own, &versions)
        })
    };
    answer::ok(&paging.page(page, |(own, _)| own.seq, shape))
}

pub(super) async fn create(state: State, caller: Caller, body: Json<SvixEventTypeIn>) -> Answered {
    let key = body
        .keyed
        .answered(|_| answer::recorded(StatusCode::CREATED, &()));
    let mut said = body.value;
    let Some(name) = said.name.take() else {
        return Err(Refusal::field("name", "field required").into());
    };
    if said.description.is_none() {
        return Err(Refusal::field("description", "field required").into());
    }
    let input = said.clone().over(new(&name), &[]);
    match state.service.create_event_type(&caller, input, key).await {
        // One that was taken out of use comes back.
        Err(Refusal::Conflict(message)) => {
            let (known, versions) = state.service.versioned_event_type(&caller, &name).await?;
            if !known.settings.archived {
                return Err(Refusal::Conflict(message).into());
            }
            said.schemas.get_or_insert_default();
            let input = said.over(new(&name), &versions);
            state.service.put_event_type(&caller, input).await?;
        }
        done => drop(done?),
    }
    shown(&state, &caller, &name, StatusCode::CREATED).await
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let name = path_text(&request, "name");
    shown(&state, &caller, &name, StatusCode::OK).await
}

/// The event type as it is now.
async fn shown(state: &State, caller: &Caller, name: &str, status: StatusCode) -> Answered {
    let found = state.service.versioned_event_type(caller, name);
    let (own, versions) = found.await?;
    answer::json(status, &event_type(&own, &versions))
}

pub(super) async fn put(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixEventTypeIn>,
) -> Answered {
    let name = path_text(&request, "name");
    let known = match state.service.versioned_event_type(&caller, &name).await {
        Ok((_, versions)) => versions,
        Err(Refusal::NotFound(_)) => Vec::new(),
        Err(refusal) => return Err(refusal.into()),
    };
    let mut said = body.value;
    if said.description.is_none() {
        return Err(Refusal::field("description", "field required").into());
    }
    said.schemas.get_or_insert_default();
    let input = said.over(new(&name), &known);
    let status = match state.service.put_event_type(&caller, input).await?.1 {
        Placed::Added => StatusCode::CREATED,
        Placed::Replaced => StatusCode::OK,
    };
    shown(&state, &caller, &name, status).await
}

pub(super) async fn patch(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixEventTypeIn>,
) -> Answered {
    let name = path_text(&request, "name");
    let (known, versions) = state.service.versioned_event_type(&caller, &name).await?;
    let input = body.value.over(input_of(known), &versions);
    state.service.put_event_type(&caller, input).await?;
    shown(&state, &caller, &name, StatusCode::OK).await
}

/// Takes it out of use, or away for good.
pub(super) async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let for_good = switch(&mut query, "expunge", "false");
    query.finish_taken()?;
    let name = path_text(&request, "name");
    if for_good {
        state.service.delete_event_type(&caller, &name).await?;
        return answer::no_content();
    }
    let known = state.service.event_type(&caller, &name).await?;
    let input = EventTypeInput {
        archived: true,
        ..input_of(known)
    };
    state.service.put_event_type(&caller, input).await?;
    answer::no_content()
}

/// An event type of which nothing is said yet.
fn new(name: &str) -> EventTypeInput {
    EventTypeInput {
        name: name.to_owned(),
        ..EventTypeInput::default()
    }
}

fn input_of(known: EventType) -> EventTypeInput {
    let settings = known.settings;
    EventTypeInput {
        name: known.name.as_str().to_owned(),
        description: settings.description,
        group: settings.group,
        schema: settings.schema,
        example: settings.example,
        archived: settings.archived,
        deprecated: settings.deprecated,
        feature_flags: settings.feature_flags.names().to_vec(),
        versions: None,
    }
}

/// Schemas as the clients keep them: the event type's own under [`VERSION`], or those of its versions.
fn schemas(own: &EventType, versions: &[EventTypeVersion]) -> Option<Schemas> {
    let raw = |text: &String| RawValue::from_string(text.clone()).ok();
    let named = |one: &EventTypeVersion| {
        let schema = one.settings.schema.as_ref().and_then(raw)?;
        Some((one.name.to_string(), schema))
    };
    let all: Schemas = match versions.is_empty() {
        false => versions.iter().filter_map(named).collect(),
        true => {
            let schema = own.settings.schema.as_ref().and_then(raw);
            let own = schema.map(|schema| (VERSION.to_owned(), schema));
            own.into_iter().collect()
        }
    };
    (!all.is_empty()).then_some(all)
}

/// An example of an event type's data: that of the newest version in use, or its own. Schemas may list several.
pub(super) fn example((own, versions): &VersionedType, place: usize) -> Option<String> {
    let newest = versions.iter().rfind(|one| !one.settings.archived);
    let (schema, example) = match newest {
        Some(newest) => (&newest.settings.schema, &newest.settings.example),
        None => (&own.settings.schema, &own.settings.example),
    };
    let schema: Option<Value> = schema
        .as_ref()
        .and_then(|text| serde_json::from_str(text).ok());
    let listed = schema
        .as_ref()
        .and_then(|schema| schema["examples"].as_array());
    let listed = listed.and_then(|all| all.get(place)).map(Value::to_string);
    let kept = example.clone().filter(|_| place == 0);
    listed.or(kept)
}

fn event_type(own: &EventType, versions: &[EventTypeVersion]) -> SvixEventTypeOut {
    let flags = own.settings.feature_flags.names();
    SvixEventTypeOut {
        name: own.name.as_str().to_owned(),
        description: own.settings.description.clone().unwrap_or_default(),
        archived: own.settings.archived,
        deprecated: own.settings.deprecated,
        schemas: schemas(own, versions),
        group_name: own.settings.group.clone(),
        feature_flag: flags.first().cloned(),
        feature_flags: (!flags.is_empty()).then(|| flags.to_vec()),
        created_at: own.created_at.into(),
        updated_at: own.updated_at.into(),
    }
}
