//! `/settings`: what the present workspace says.
//!
//! Owns: the form. Refuses: rules (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OWNER, VIEWER};
use super::form::show_form;
use super::page::{PageContext, Section, back_to, go_and_say};
use super::portal_settings::PORTAL;
use super::workspaces::{NAME, PLAN, PROFILE, WorkspaceSetting, profiles};
use super::{Form, Shown, Visitor};
use crate::domain::alert::AlertForm;
use crate::domain::time::format_duration;
use crate::domain::workspace::Workspace;
use crate::service::workspaces::{RetentionInput, WorkspaceInput};
use crate::ui::flash::Flash;
use crate::ui::form::mend;
use crate::ui::form::{FieldSet, Fields, FormDraft, FormSpec, FormView, Frame, Offer};
use crate::ui::forms::webhook::listed;
use crate::ui::parts::Copyable;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/settings", VIEWER, || to(settings)),
    Endpoint::post("/settings", OWNER, || to(save)).back("/settings"),
    Endpoint::post("/settings/test-alert", OWNER, || to(test_alert))
        .fresh()
        .back("/settings"),
];

/// The page.
#[derive(Template)]
#[template(path = "settings.html")]
pub struct SettingsView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The workspace's id, to be copied.
    pub id: Copyable,
    /// The fields.
    pub form: FormView,
    /// Whether the reader may change them.
    pub may_own: bool,
    /// Whether there is somebody to send a test to.
    pub may_test: bool,
}

/// The form of a workspace that exists.
static SETTINGS: FormSpec<Workspace, WorkspaceInput> = FormSpec::new(&[
    FieldSet {
        frame: Frame::Card {
            id: "general",
            title: "General",
        },
        fields: &[
            Fields::Grid(&[
                NAME,
                PLAN,
                PROFILE.hint("Of new webhooks; those that exist keep theirs."),
            ]),
            Fields::Stack(&[WorkspaceSetting::check("strict", "Only known event types")
                .path("strict_event_types")
                .hint(
                    "Publishing and subscribing to a type that is not in the catalogue is refused, \
                     with near matches named.",
                )
                .shows(|workspace| workspace.strict_event_types.then(|| "on".to_owned()))
                .sets(|input, typed| input.strict_event_types = Some(typed.is_ticked())),
                WorkspaceSetting::check("aliases", "Send headers under their second names as well")
                    .hint("svix-id beside webhook-id: for webhooks that say nothing else.")
                    .shows(|workspace| workspace.aliases.then(|| "on".to_owned()))
                    .sets(|input, typed| input.aliases = Some(typed.is_ticked()))]),
        ],
    },
    FieldSet {
        frame: Frame::Card {
            id: "alerts",
            title: "Alerts",
        },
        fields: &[Fields::Stack(&[
            WorkspaceSetting::url("alert_url", "Alerts go to")
                .hint(
                    "A URL that is told when a webhook fails, is disabled or recovers, when \
                     deliveries give up, a certificate ends or the disk fills up, signed like any \
                     webhook. Empty: nobody.",
                )
                .example("https://example.com/alerts")
                .shows(|workspace| workspace.alert_url.clone())
                .sets(|input, typed| input.alert_url = Some(typed.text())),
            WorkspaceSetting::text("alert_emails", "Mails go to")
                .hint("Addresses with spaces between, where hookpost runs with a mail server.")
                .example("ops@example.com")
                .shows(|workspace| Some(workspace.alert_emails.join(" ")))
                .sets(|input, typed| {
                    input.alert_emails = Some(Some(listed(typed.typed())));
                }),
            WorkspaceSetting::choice("alert_format", "Alerts look like")
                .initial(&["url"])
                .offers(|| {
                    vec![
                        Offer::new("url", "what the URL takes"),
                        Offer::new("json", "any webhook's delivery"),
                        Offer::new("slack", "a message for Slack and its kin"),
                    ]
                })
                .shows(|workspace| {
                    let form = workspace.alert_form.map_or("url", AlertForm::as_str);
                    Some(form.to_owned())
                })
                .sets(|input, typed| {
                    input.alert_format = Some(typed.text().filter(|word| word != "url"));
                }),
        ])],
    },
    FieldSet {
        frame: Frame::Card {
            id: "retention",
            title: "Retention",
        },
        fields: &[Fields::Grid(&[
            WorkspaceSetting::text("delivered", "Keep delivered history for")
                .path("retention.delivered")
                .shows(|workspace| workspace.retention.delivered.map(format_duration))
                .sets(|input, typed| retention(input).delivered = Some(typed.text())),
            WorkspaceSetting::text("exhausted", "Keep dead letters for")
                .path("retention.exhausted")
                .shows(|workspace| workspace.retention.exhausted.map(format_duration))
                .sets(|input, typed| retention(input).exhausted = Some(typed.text())),
            WorkspaceSetting::number("keep_latest", "Always keep the latest")
                .path("retention.keep_latest")
                .hint("Deliveries of each webhook that stay whatever their age.")
                .shows(|workspace| Some(workspace.retention.keep_latest?.to_string()))
                .sets(|input, typed| retention(input).keep_latest = Some(typed.whole_number())),
            WorkspaceSetting::text("keep_data", "Keep what events carry")
                .hint("retention: as long as the events; until_delivered: until everybody has it; or a duration.")
                .example("24h")
                .shows(|workspace| Some(workspace.retention.keep_data.text()))
                .sets(|input, typed| input.keep_data = Some(typed.text())),
        ])],
    },
    PORTAL,
]);

/// What is said of retention so far.
fn retention(input: &mut WorkspaceInput) -> &mut RetentionInput {
    let said = input.retention.get_or_insert_default();
    said.get_or_insert_default()
}

async fn settings(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let workspace = state
        .service
        .workspace(&visitor.caller.workspace.to_string())
        .await?;
    draw(&state, &request, visitor, SETTINGS.of(&workspace)).await
}

async fn save(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let changed = match SETTINGS.read(&form, WorkspaceInput::default()) {
        Ok(input) => {
            let id = visitor.caller.workspace;
            state
                .service
                .update_workspace(&visitor.caller, id, input)
                .await
        }
        Err(refusal) => Err(refusal),
    };
    match changed {
        Ok(_) => back_to("/settings", Ok(()), |()| "Saved.".to_owned()),
        Err(refusal) => draw(&state, &request, visitor, mend(refusal, form)?).await,
    }
}

/// `POST /settings/test-alert`.
///
/// # Errors
/// None of its own: what is wrong is said on the page.
pub async fn test_alert(state: State, visitor: Visitor, _form: Form) -> Shown {
    let id = visitor.caller.workspace;
    let tested = state.service.test_alert(&visitor.caller, id).await?;
    let flash = match tested.failure() {
        Some(error) => Flash::bad(format!("The test did not arrive: {error}.")),
        None => Flash::good("The test arrived where alerts go."),
    };
    Ok(go_and_say("/settings", &flash))
}

async fn draw(state: &State, request: &HttpRequest, visitor: Visitor, draft: FormDraft) -> Shown {
    let profiles = profiles(state).await?;
    let options = state.service.options();
    let delivered = format_duration(options.retain_delivered);
    let exhausted = format_duration(options.retain_exhausted);
    let may_own = visitor.may_own();
    let id = visitor.caller.workspace.to_string();
    let workspace = state.service.workspace(&id).await?;
    let has_target = workspace.alert_url.is_some() || !workspace.alert_emails.is_empty();
    let page = PageContext::of(state, request, visitor, Section::Settings, "Settings").await?;
    let view = SettingsView {
        page: &page,
        id: Copyable::new(id, "the workspace's id"),
        form: SETTINGS
            .draw(&draft)
            .offer("profile", &profiles)
            .hint("delivered", &format!("Such as 720h. Empty: {delivered}."))
            .hint("exhausted", &format!("Empty: {exhausted}.")),
        may_own,
        may_test: may_own && has_target,
    };
    show_form(&page, &view.form, &view)
}
