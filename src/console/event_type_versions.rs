//! `/event-types/{name}/versions`: the versions of an event type.
//!
//! Owns: the form of one, ending it, removing it. Refuses: rules of names and schemas (`service`), and the
//! list, which stands on the event type's own page (`event_types`).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::ask::{Question, ask, is_confirmed};
use super::form::show_form;
use super::page::{PageContext, Section, back_to, go_and_say};
use super::{Form, Shown, Visitor};
use crate::domain::catalogue::VersionSettings;
use crate::domain::page::Limit;
use crate::service::Idempotency;
use crate::service::event_types::VersionInput;
use crate::service::views::NamedWebhooks;
use crate::ui::flash::Flash;
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormDraft, FormSpec, FormView, Frame, mend};
use crate::ui::names::called;
use crate::ui::parts::code::indented;
use crate::ui::parts::further;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_text};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/event-types/{name}/versions", OPERATOR, || to(create)),
    Endpoint::get("/event-types/{name}/new-version", OPERATOR, || to(new)),
    Endpoint::get("/event-types/{name}/versions/{version}", VIEWER, || {
        to(edit)
    }),
    Endpoint::post("/event-types/{name}/versions/{version}", OPERATOR, || {
        to(update)
    }),
    Endpoint::post(
        "/event-types/{name}/versions/{version}/delete",
        OPERATOR,
        || to(delete),
    ),
];

/// Webhooks that pin a version that its page names.
const PINNING_SHOWN: u32 = 30;

/// The page of the form.
#[derive(Template)]
#[template(path = "event_type_version.html")]
pub struct EventTypeVersionView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The event type.
    pub event_type: String,
    /// The version that is changed; `None` for a new one.
    pub version: Option<String>,
    /// The fields.
    pub form: FormView,
    /// Webhooks that pin it: id, name.
    pub pinning: Vec<(String, String)>,
    /// How many more do, in words.
    pub further: Option<String>,
    /// Whether the reader may change it.
    pub may_operate: bool,
}

impl EventTypeVersionView<'_> {
    fn action(&self) -> String {
        match &self.version {
            Some(version) => address(&self.event_type, version),
            None => format!("/event-types/{}/versions", self.event_type),
        }
    }
}

type VersionField = FieldSpec<VersionSettings, VersionInput>;

/// The form of a new version.
static NEW: FormSpec<VersionSettings, VersionInput> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[
        Fields::Grid(&[
            VersionField::text("version", "Version")
                .hint("A number or a name. Empty: the next number.")
                .example("2026-03-16")
                .sets(|input, typed| input.name = typed.text()),
            VersionField::text("description", "Description")
                .hint("What is new in it.")
                .shows(|settings| settings.description.clone())
                .sets(|input, typed| input.description = typed.text()),
        ]),
        Fields::Halves([
            &[VersionField::lines("schema", "Schema", 10)
                .hint("JSON Schema 2020-12. Data of events of this version must fit it.")
                .shows(|settings| settings.schema.as_deref().map(indented))
                .sets(|input, typed| input.schema = typed.text())],
            &[VersionField::lines("example", "Example", 10)
                .hint("JSON data.")
                .shows(|settings| settings.example.as_deref().map(indented))
                .sets(|input, typed| input.example = typed.text())],
        ]),
        Fields::Stack(&[VersionField::check("archived", "Archived")
            .hint("It has ended: nothing more is published as it, and no webhook can begin to pin it.")
            .shows(|settings| settings.archived.then(|| "on".to_owned()))
            .sets(|input, typed| input.archived = typed.is_ticked())]),
    ],
}]);

/// The form of a version that exists: its name stays.
static EDIT: FormSpec<VersionSettings, VersionInput> = NEW.without(&["version"]);

fn address(event_type: &str, version: &str) -> String {
    format!("/event-types/{event_type}/versions/{version}")
}

fn path(request: &HttpRequest) -> [String; 2] {
    ["name", "version"].map(|part| path_text(request, part))
}

async fn new(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let of = path_text(&request, "name");
    state.service.event_type(&visitor.caller, &of).await?;
    draw(&state, &request, visitor, (of, None), NEW.blank()).await
}

/// `GET /event-types/{name}/versions/{version}`.
///
/// # Errors
/// 404 where there is no such version.
pub async fn edit(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let [of, name] = path(&request);
    let found = state.service.version(&visitor.caller, &of, &name).await?;
    let draft = EDIT.of(&found.settings);
    draw(&state, &request, visitor, (of, Some(name)), draft).await
}

async fn create(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let of = path_text(&request, "name");
    let made = match NEW.read(&form, VersionInput::default()) {
        Ok(input) => {
            let (service, caller) = (&state.service, &visitor.caller);
            service
                .create_version(caller, &of, input, Idempotency::unkeyed())
                .await
        }
        Err(refusal) => Err(refusal),
    };
    match made {
        Ok(_) => Ok(go_and_say(
            &format!("/event-types/{of}"),
            &Flash::good("The version is added; events that name none are of it now."),
        )),
        Err(refusal) => draw(&state, &request, visitor, (of, None), mend(refusal, form)?).await,
    }
}

async fn update(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let [of, name] = path(&request);
    state.service.version(&visitor.caller, &of, &name).await?;
    let input = VersionInput {
        name: Some(name.clone()),
        ..VersionInput::default()
    };
    let changed = match EDIT.read(&form, input) {
        Ok(input) => state.service.put_version(&visitor.caller, &of, input).await,
        Err(refusal) => Err(refusal),
    };
    match changed {
        Ok(_) => Ok(go_and_say(
            &format!("/event-types/{of}"),
            &Flash::good(format!("Version {name} was saved.")),
        )),
        Err(refusal) => {
            let which = (of, Some(name));
            draw(&state, &request, visitor, which, mend(refusal, form)?).await
        }
    }
}

/// `POST /event-types/{name}/versions/{version}/delete`.
///
/// # Errors
/// 404 where there is no such version; 409 where a webhook pins it.
pub async fn delete(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let [of, name] = path(&request);
    if !is_confirmed(&form) {
        state.service.version(&visitor.caller, &of, &name).await?;
        let question = Question {
            title: format!("Remove version {name} of {of}?"),
            consequence:
                "Its description, schema and example are gone for good; events of it stay. \
                          While a webhook pins it, it can only be archived."
                    .to_owned(),
            yes: "Remove it",
            back: address(&of, &name),
        };
        return ask(&state, &request, visitor, &form, question).await;
    }
    let done = state
        .service
        .delete_version(&visitor.caller, &of, &name)
        .await;
    back_to(&format!("/event-types/{of}"), done, |()| {
        format!("Version {name} was removed.")
    })
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    (event_type, version): (String, Option<String>),
    draft: FormDraft,
) -> Shown {
    let title = match &version {
        Some(version) => format!("Version {version}"),
        None => "New version".to_owned(),
    };
    let may_operate = visitor.may_operate();
    let pinning = match &version {
        Some(version) => {
            let (views, which) = (state.service.views(), (&*event_type, &**version));
            let shown = Limit::clamped(PINNING_SHOWN);
            views
                .webhooks_pinning(&visitor.caller, which, shown)
                .await?
        }
        None => NamedWebhooks::default(),
    };
    let left_out = pinning.total.saturating_sub(pinning.first.len());
    let page = PageContext::of(state, request, visitor, Section::EventTypes, title).await?;
    let spec = if version.is_some() { &EDIT } else { &NEW };
    let view = EventTypeVersionView {
        page: &page,
        event_type,
        version,
        form: spec.draw(&draft),
        pinning: pinning
            .first
            .iter()
            .map(|one| (one.id.to_string(), called(one)))
            .collect(),
        further: (left_out > 0).then(|| further(left_out as u64)),
        may_operate,
    };
    show_form(&page, &view.form, &view)
}
