//! `/event-types`: the workspace's catalogue.
//!
//! Owns: the list, the form, removing. Refuses: rules of names and schemas (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::ask::{Question, ask, is_confirmed};
use super::form::show_form;
use super::page::{PageContext, Section, back_to, go_and_say, show};
use super::{Form, Shown, Visitor};
use crate::domain::catalogue::{EventType, EventTypeSettings, EventTypeVersion};
use crate::domain::page::{Limit, List};
use crate::service::event_types::EventTypeInput;
use crate::service::{Idempotency, Refusal};
use crate::ui::flash::Flash;
use crate::ui::form::mend;
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormDraft, FormSpec, FormView, Frame};
use crate::ui::parts::code::indented;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Badge, Tone, counted};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_text};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/event-types", VIEWER, || to(list)),
    Endpoint::post("/event-types", OPERATOR, || to(create)),
    Endpoint::get("/event-types/new", OPERATOR, || to(new)),
    Endpoint::get("/event-types/{name}", VIEWER, || to(edit)),
    Endpoint::post("/event-types/{name}", OPERATOR, || to(update)),
    Endpoint::post("/event-types/{name}/delete", OPERATOR, || to(delete)),
];

/// Event types of a page.
const ROWS: u32 = 40;
/// The most characters of a description in a row.
const DESCRIPTION_CHARS: usize = 160;

/// A line of the list of versions.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// Its name.
    pub name: String,
    /// What is new in it.
    pub description: String,
    /// Whether it has a schema.
    pub schema: bool,
    /// How many webhooks pin it.
    pub pinned_by: u32,
    /// Whether it has ended.
    pub archived: Option<Badge>,
}

/// A line of the list.
#[derive(Clone, Debug)]
pub struct TypeRow {
    /// Its name.
    pub name: String,
    /// Its heading.
    pub group: String,
    /// When it happens.
    pub description: String,
    /// Whether it has a schema.
    pub schema: bool,
    /// Whether it is out of use.
    pub archived: Option<Badge>,
}

/// The page of the list.
#[derive(Template)]
#[template(path = "event_types.html")]
pub struct EventTypesView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<TypeRow>,
    /// Whether unknown types are refused.
    pub strict: bool,
    /// Where the list goes on.
    pub older: Option<String>,
    /// Whether this is not its beginning.
    pub is_later: bool,
    /// Whether the reader may change it.
    pub may_operate: bool,
}

/// The page of the form.
#[derive(Template)]
#[template(path = "event_type_form.html")]
pub struct EventTypeFormView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The type that is changed; `None` for a new one.
    pub name: Option<String>,
    /// Its versions, newest first.
    pub versions: Vec<VersionRow>,
    /// The fields.
    pub form: FormView,
    /// Whether the reader may change it.
    pub may_operate: bool,
}

impl EventTypeFormView<'_> {
    fn action(&self) -> String {
        match &self.name {
            Some(name) => format!("/event-types/{name}"),
            None => "/event-types".to_owned(),
        }
    }
}

type EventTypeField = FieldSpec<EventTypeSettings, EventTypeInput>;

/// The form of a new type.
static NEW: FormSpec<EventTypeSettings, EventTypeInput> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[
        Fields::Stack(&[EventTypeField::text("name", "Name")
            .hint("Letters, digits, _ and -, in segments joined by dots.")
            .example("order.paid")
            .required()
            .sets(|input, typed| input.name = typed.trimmed())]),
        Fields::Grid(&[
            EventTypeField::text("description", "Description")
                .hint("When it happens.")
                .shows(|settings| settings.description.clone())
                .sets(|input, typed| input.description = typed.text()),
            EventTypeField::text("group", "Group")
                .hint("The heading under which lists show it.")
                .shows(|settings| settings.group.clone())
                .sets(|input, typed| input.group = typed.text()),
        ]),
        Fields::Halves([
            &[EventTypeField::lines("schema", "Schema", 10)
                .hint(
                    "JSON Schema 2020-12. Data that does not fit is refused when it is published.",
                )
                .shows(|settings| settings.schema.as_deref().map(indented))
                .sets(|input, typed| input.schema = typed.text())],
            &[EventTypeField::lines("example", "Example", 10)
                .hint("JSON data, offered by the publish form.")
                .shows(|settings| settings.example.as_deref().map(indented))
                .sets(|input, typed| input.example = typed.text())],
        ]),
        Fields::Stack(&[EventTypeField::check("archived", "Archived")
            .hint(
                "Kept for its history, but no longer offered; where only known types are accepted, \
                 nothing more is published under it.",
            )
            .shows(|settings| settings.archived.then(|| "on".to_owned()))
            .sets(|input, typed| input.archived = typed.is_ticked()),
            EventTypeField::check("deprecated", "Deprecated")
                .hint("Its receivers should move to another; it is still sent.")
                .shows(|settings| settings.deprecated.then(|| "on".to_owned()))
                .sets(|input, typed| input.deprecated = typed.is_ticked()),
            EventTypeField::text("feature_flags", "Feature flags")
                .hint("Only customers whose portal link has one of them see it in the catalogue; none: all do.")
                .example("beta")
                .shows(|settings| {
                    Some(settings.feature_flags.to_string()).filter(|text| !text.is_empty())
                })
                .sets(|input, typed| {
                    let text = typed.text().unwrap_or_default();
                    let names = text.split([' ', ',']).filter(|name| !name.is_empty());
                    input.feature_flags = names.map(str::to_owned).collect();
                }),
        ]),
    ],
}]);

/// The form of a type that exists: its name stays.
static EDIT: FormSpec<EventTypeSettings, EventTypeInput> = NEW.without(&["name"]);

async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let cursor = query.cursor("cursor", List::EventTypes);
    query.finish()?;
    let caller = &visitor.caller;
    let found = state
        .service
        .event_types(caller, cursor, Limit::clamped(ROWS))
        .await?;
    let workspace = state
        .service
        .workspace(&caller.workspace.to_string())
        .await?;
    let may_operate = visitor.may_operate();
    let page = PageContext::of(
        &state,
        &request,
        visitor,
        Section::EventTypes,
        "Event types",
    )
    .await?;
    let older = found.next.map(|next| next.to_string());
    let view = EventTypesView {
        page: &page,
        rows: found.items.iter().map(row).collect(),
        strict: workspace.strict_event_types,
        older: older.map(|next| with_query("/event-types", &[("cursor", &next)])),
        is_later: cursor.is_some(),
        may_operate,
    };
    show(&page, &view)
}

/// All versions of an event type: there are few.
async fn versions(state: &State, visitor: &Visitor, of: &str) -> Result<Vec<VersionRow>, Refusal> {
    let (service, caller) = (&state.service, &visitor.caller);
    let found = service.newest_versions(caller, of);
    let row = |one: EventTypeVersion| {
        let archived = Badge::new(Tone::Calm, "slash", "archived");
        let settings = one.settings;
        let description = settings.description.unwrap_or_default();
        VersionRow {
            name: one.name.to_string(),
            description: description.chars().take(DESCRIPTION_CHARS).collect(),
            schema: settings.schema.is_some(),
            pinned_by: one.pinned_by,
            archived: settings.archived.then_some(archived),
        }
    };
    Ok(found.await?.into_iter().map(row).collect())
}

fn row(entry: &EventType) -> TypeRow {
    let settings = &entry.settings;
    let state = match (settings.archived, settings.deprecated) {
        (true, _) => Some("archived"),
        (false, true) => Some("deprecated"),
        (false, false) => None,
    };
    let description = settings.description.clone().unwrap_or_default();
    TypeRow {
        name: entry.name.as_str().to_owned(),
        group: settings.group.clone().unwrap_or_default(),
        description: description.chars().take(DESCRIPTION_CHARS).collect(),
        schema: settings.schema.is_some(),
        archived: state.map(|word| Badge::new(Tone::Calm, "slash", word)),
    }
}

async fn new(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    draw(&state, &request, visitor, None, NEW.blank()).await
}

async fn edit(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let name = path_text(&request, "name");
    let found = state.service.event_type(&visitor.caller, &name).await?;
    let draft = EDIT.of(&found.settings);
    draw(&state, &request, visitor, Some(name), draft).await
}

async fn create(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let made = match NEW.read(&form, EventTypeInput::default()) {
        Ok(input) => {
            state
                .service
                .create_event_type(&visitor.caller, input, Idempotency::unkeyed())
                .await
        }
        Err(refusal) => Err(refusal),
    };
    match made {
        Ok(_) => Ok(go_and_say(
            "/event-types",
            &Flash::good("Added to the catalogue."),
        )),
        Err(refusal) => draw(&state, &request, visitor, None, mend(refusal, form)?).await,
    }
}

async fn update(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let name = path_text(&request, "name");
    state.service.event_type(&visitor.caller, &name).await?;
    let input = EventTypeInput {
        name: name.clone(),
        ..EventTypeInput::default()
    };
    let changed = match EDIT.read(&form, input) {
        Ok(input) => state.service.put_event_type(&visitor.caller, input).await,
        Err(refusal) => Err(refusal),
    };
    match changed {
        Ok(_) => Ok(go_and_say(
            "/event-types",
            &Flash::good(format!("{name} was saved.")),
        )),
        Err(refusal) => draw(&state, &request, visitor, Some(name), mend(refusal, form)?).await,
    }
}

async fn delete(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let name = path_text(&request, "name");
    if !is_confirmed(&form) {
        state.service.event_type(&visitor.caller, &name).await?;
        let views = state.service.views();
        let naming = views.webhooks_naming(&visitor.caller, &name).await?;
        let question = Question {
            title: format!("Remove {name}?"),
            consequence: format!(
                "Its description, schema and example are gone for good; events of that type stay. {} \
                 of this workspace subscribe to it by name and keep doing so.",
                counted(naming, "webhook", "webhooks")
            ),
            yes: "Remove it",
            back: format!("/event-types/{name}"),
        };
        return ask(&state, &request, visitor, &form, question).await;
    }
    let done = state
        .service
        .delete_event_type(&visitor.caller, &name)
        .await;
    back_to("/event-types", done, |()| {
        format!("{name} was removed; events of that type stay.")
    })
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    name: Option<String>,
    draft: FormDraft,
) -> Shown {
    let title = name.clone().unwrap_or_else(|| "New event type".to_owned());
    let may_operate = visitor.may_operate();
    let versions = match &name {
        Some(name) => versions(state, &visitor, name).await?,
        None => Vec::new(),
    };
    let page = PageContext::of(state, request, visitor, Section::EventTypes, title).await?;
    let spec = if name.is_some() { &EDIT } else { &NEW };
    let view = EventTypeFormView {
        page: &page,
        versions,
        name,
        form: spec.draw(&draft),
        may_operate,
    };
    show_form(&page, &view.form, &view)
}
