//! `/event-types`: the workspace's catalogue.
//!
//! Owns: the list, the form, removing. Refuses: rules of names and schemas (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::page::{Page, Section, back_to, go_and_say, show, show_faults};
use super::webhook_form::mendable;
use super::{Form, Shown, Visitor};
use crate::domain::catalogue::EventType;
use crate::domain::page::{Limit, List};
use crate::service::event_types::EventTypeInput;
use crate::service::{FieldError, Once, Refusal};
use crate::ui::flash::Flash;
use crate::ui::parts::field::left_over;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Badge, Field, Tone};
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
    pub page: &'a Page,
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
    pub page: &'a Page,
    /// The type that is changed; `None` for a new one.
    pub name: Option<String>,
    /// What was typed.
    pub typed: Form,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
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

    fn name_field(&self) -> Field {
        Field::line("name", "Name", self.typed.typed("name"))
            .hint("Letters, digits, _ and -, in segments joined by dots.")
            .example("order.paid")
            .required()
            .faults(&self.errors, "name")
    }

    fn description(&self) -> Field {
        Field::line(
            "description",
            "Description",
            self.typed.typed("description"),
        )
        .hint("When it happens.")
        .faults(&self.errors, "description")
    }

    fn group(&self) -> Field {
        Field::line("group", "Group", self.typed.typed("group"))
            .hint("The heading under which lists show it.")
            .faults(&self.errors, "group")
    }

    fn schema(&self) -> Field {
        Field::lines("schema", "Schema", self.typed.typed("schema"), 10)
            .hint("JSON Schema 2020-12. Data that does not fit is refused when it is published.")
            .faults(&self.errors, "schema")
    }

    fn example(&self) -> Field {
        Field::lines("example", "Example", self.typed.typed("example"), 10)
            .hint("JSON data, offered by the publish form.")
            .faults(&self.errors, "example")
    }

    fn left_over(&self) -> Vec<String> {
        let own = ["name", "description", "group", "schema", "example"];
        left_over(&self.errors, &own)
    }
}

/// `GET /event-types`.
///
/// # Errors
/// 422 for a cursor that makes no sense.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
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
    let page = Page::of(
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

fn row(entry: &EventType) -> TypeRow {
    let settings = &entry.settings;
    let archived = Badge::new(Tone::Calm, "slash", "archived");
    let description = settings.description.clone().unwrap_or_default();
    TypeRow {
        name: entry.name.as_str().to_owned(),
        group: settings.group.clone().unwrap_or_default(),
        description: description.chars().take(DESCRIPTION_CHARS).collect(),
        schema: settings.schema.is_some(),
        archived: settings.archived.then_some(archived),
    }
}

/// `GET /event-types/new`.
///
/// # Errors
/// None of its own.
pub async fn new(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    draw(&state, &request, visitor, None, Form::default(), Vec::new()).await
}

/// `GET /event-types/{name}`.
///
/// # Errors
/// 404 where the workspace has no such type.
pub async fn edit(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let name = path_text(&request, "name");
    let found = state.service.event_type(&visitor.caller, &name).await?;
    let settings = found.settings;
    let own = |text: Option<String>| text.unwrap_or_default();
    let indented = |text: Option<String>| {
        let text = own(text);
        crate::ui::parts::code::pretty(&text).unwrap_or(text)
    };
    let mut fields = vec![
        ("name".to_owned(), name.clone()),
        ("description".to_owned(), own(settings.description)),
        ("group".to_owned(), own(settings.group)),
        ("schema".to_owned(), indented(settings.schema)),
        ("example".to_owned(), indented(settings.example)),
    ];
    if settings.archived {
        fields.push(("archived".to_owned(), "on".to_owned()));
    }
    let typed = Form::new(fields);
    draw(&state, &request, visitor, Some(name), typed, Vec::new()).await
}

/// `POST /event-types`.
///
/// # Errors
/// What nobody at the form can mend.
pub async fn create(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let input = input(&form, form.typed("name").trim());
    let made = state
        .service
        .create_event_type(&visitor.caller, input, Once::unkeyed())
        .await;
    match made {
        Ok(_) => Ok(go_and_say(
            "/event-types",
            &Flash::good("Added to the catalogue."),
        )),
        Err(refusal) => {
            let errors = mendable(refusal)?;
            draw(&state, &request, visitor, None, form, errors).await
        }
    }
}

/// `POST /event-types/{name}`.
///
/// # Errors
/// What nobody at the form can mend.
pub async fn update(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let name = path_text(&request, "name");
    state.service.event_type(&visitor.caller, &name).await?;
    let input = input(&form, &name);
    match state.service.put_event_type(&visitor.caller, input).await {
        Ok(_) => Ok(go_and_say(
            "/event-types",
            &Flash::good(format!("{name} was saved.")),
        )),
        Err(refusal) => {
            let errors = mendable(refusal)?;
            draw(&state, &request, visitor, Some(name), form, errors).await
        }
    }
}

/// `POST /event-types/{name}/delete`.
///
/// # Errors
/// 404 where the workspace has no such type.
pub async fn delete(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    let name = path_text(&request, "name");
    let done = state
        .service
        .delete_event_type(&visitor.caller, &name)
        .await;
    back_to("/event-types", done, |()| {
        format!("{name} was removed; events of that type stay.")
    })
}

fn input(form: &Form, name: &str) -> EventTypeInput {
    EventTypeInput {
        name: name.to_owned(),
        description: form.text("description"),
        group: form.text("group"),
        schema: form.text("schema"),
        example: form.text("example"),
        archived: form.ticked("archived"),
    }
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    name: Option<String>,
    typed: Form,
    errors: Vec<FieldError>,
) -> Result<actix_web::HttpResponse, crate::web::Problem> {
    let title = name.clone().unwrap_or_else(|| "New event type".to_owned());
    let may_operate = visitor.may_operate();
    let page: Result<Page, Refusal> =
        Page::of(state, request, visitor, Section::EventTypes, title).await;
    let page = page?;
    let view = EventTypeFormView {
        page: &page,
        name,
        typed,
        errors,
        may_operate,
    };
    if view.errors.is_empty() {
        show(&page, &view)
    } else {
        show_faults(&page, &view)
    }
}
