//! Event types: the workspace's catalogue.
//!
//! Owns: their shapes. Refuses: rules (`service::event_types`).

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::listing::{SvixPage, paging, switch};
use crate::domain::catalogue::EventType;
use crate::domain::page::List;
use crate::service::event_types::{EventTypeInput, Placed};
use crate::service::{Caller, Refusal, StoredAnswer};
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::wire::{Time, nullable};
use crate::web::{Answered, State, answer};

/// The version under which the one schema of ours is shown.
pub(super) const VERSION: &str = "1";

/// What a client says of an event type.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixEventTypeIn {
    name: Option<String>,
    description: Option<String>,
    archived: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    schemas: Option<Option<BTreeMap<String, Box<RawValue>>>>,
    #[serde(default, deserialize_with = "nullable")]
    group_name: Option<Option<String>>,
}

impl RequestBody for SvixEventTypeIn {}

/// An event type.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixEventTypeOut {
    name: String,
    description: String,
    archived: bool,
    deprecated: bool,
    schemas: Option<BTreeMap<&'static str, Box<RawValue>>>,
    group_name: Option<String>,
    feature_flag: Option<String>,
    feature_flags: Option<Vec<String>>,
    created_at: Time,
    updated_at: Time,
}

impl SvixEventTypeIn {
    /// What is said, over what is there.
    fn over(self, name: String, base: EventTypeInput) -> EventTypeInput {
        let newest = |schemas: BTreeMap<String, Box<RawValue>>| {
            let number = |version: &String| version.parse::<u32>().unwrap_or_default();
            let newest = schemas
                .into_iter()
                .max_by_key(|(version, _)| number(version));
            newest.map(|(_, schema)| schema.get().to_owned())
        };
        EventTypeInput {
            name,
            description: self.description.or(base.description),
            group: self.group_name.unwrap_or(base.group),
            schema: match self.schemas {
                None => base.schema,
                Some(said) => said.and_then(newest),
            },
            archived: self.archived.unwrap_or(base.archived),
            example: base.example,
        }
    }
}

pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = paging(&mut query, List::EventTypes);
    let with_archived = switch(&mut query, "include_archived", "false");
    let with_content = switch(&mut query, "with_content", "false");
    query.finish_taken()?;
    let page = state.service.event_types(&caller, cursor, limit).await?;
    let shown = page
        .items
        .iter()
        .filter(|own| with_archived || !own.settings.archived);
    let shown = shown.map(|own| SvixEventTypeOut {
        schemas: schemas(own).filter(|_| with_content),
        ..event_type(own)
    });
    answer::ok(&SvixPage::new(shown.collect(), page.next))
}

pub(super) async fn create(state: State, caller: Caller, body: Json<SvixEventTypeIn>) -> Answered {
    let key = body.keyed.once(created);
    let mut said = body.value;
    let Some(name) = said.name.take() else {
        return Err(Refusal::field("name", "field required").into());
    };
    let input = said.over(name.clone(), EventTypeInput::default());
    match state
        .service
        .create_event_type(&caller, input.clone(), key)
        .await
    {
        // One that was taken out of use comes back.
        Err(Refusal::Conflict(message)) => {
            let known = state.service.event_type(&caller, &name).await?;
            if !known.settings.archived {
                return Err(Refusal::Conflict(message).into());
            }
            let (stored, _) = state.service.put_event_type(&caller, input).await?;
            answer::json(StatusCode::CREATED, &event_type(&stored))
        }
        done => answer::done(&done?, created),
    }
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let name = path_text(&request, "name");
    answer::ok(&event_type(
        &state.service.event_type(&caller, &name).await?,
    ))
}

pub(super) async fn put(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixEventTypeIn>,
) -> Answered {
    let input = body
        .value
        .over(path_text(&request, "name"), EventTypeInput::default());
    let (stored, placed) = state.service.put_event_type(&caller, input).await?;
    let status = match placed {
        Placed::Added => StatusCode::CREATED,
        Placed::Replaced => StatusCode::OK,
    };
    answer::json(status, &event_type(&stored))
}

pub(super) async fn patch(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixEventTypeIn>,
) -> Answered {
    let name = path_text(&request, "name");
    let known = state.service.event_type(&caller, &name).await?;
    let input = body.value.over(name, input_of(known));
    let (stored, _) = state.service.put_event_type(&caller, input).await?;
    answer::ok(&event_type(&stored))
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

fn input_of(known: EventType) -> EventTypeInput {
    let settings = known.settings;
    EventTypeInput {
        name: known.name.as_str().to_owned(),
        description: settings.description,
        group: settings.group,
        schema: settings.schema,
        example: settings.example,
        archived: settings.archived,
    }
}

fn created(made: &EventType) -> StoredAnswer {
    answer::recorded(StatusCode::CREATED, &event_type(made))
}

fn schemas(own: &EventType) -> Option<BTreeMap<&'static str, Box<RawValue>>> {
    let schema = RawValue::from_string(own.settings.schema.clone()?).ok()?;
    Some(BTreeMap::from([(VERSION, schema)]))
}

fn event_type(own: &EventType) -> SvixEventTypeOut {
    SvixEventTypeOut {
        name: own.name.as_str().to_owned(),
        description: own.settings.description.clone().unwrap_or_default(),
        archived: own.settings.archived,
        deprecated: false,
        schemas: schemas(own),
        group_name: own.settings.group.clone(),
        feature_flag: None,
        feature_flags: None,
        created_at: own.created_at.into(),
        updated_at: own.updated_at.into(),
    }
}
