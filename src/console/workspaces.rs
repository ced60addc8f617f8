//! `/workspaces`: the tenants, making one, and switching between them.
//!
//! Owns: the list, switching, the form of a new one, and the fields that it shares with
//! [`super::settings`]. Refuses: rules (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OWNER, VIEWER};
use super::form::show_form;
use super::page::{PageContext, Section, go, go_and_say};
use super::{Form, Shown, Visitor};
use crate::domain::page::{Cursor, Limit, List};
use crate::domain::profile::DEFAULT_PROFILE;
use crate::domain::workspace::{Plan, Workspace};
use crate::service::workspaces::WorkspaceInput;
use crate::service::{Idempotency, Refusal};
use crate::ui::flash::Flash;
use crate::ui::form::mend;
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormDraft, FormSpec, FormView, Frame, Offer};
use crate::ui::parts::Stamp;
use crate::ui::parts::url_query::with_query;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/workspaces", VIEWER, || to(list)),
    Endpoint::post("/workspaces", OWNER, || to(create)).back("/workspaces"),
    Endpoint::post("/workspace", VIEWER, || to(switch)),
];

/// Workspaces of a page.
const ROWS: u32 = 30;

/// A line of the list.
#[derive(Clone, Debug)]
pub struct ShownWorkspace {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its plan.
    pub plan: &'static str,
    /// The wire profile of its new webhooks.
    pub profile: String,
    /// When it was made.
    pub made: Stamp,
    /// Whether the reader looks at it now.
    pub is_present: bool,
}

/// The page of the list.
#[derive(Template)]
#[template(path = "workspaces.html")]
pub struct WorkspacesView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<ShownWorkspace>,
    /// Where the list goes on.
    pub older: Option<String>,
    /// The fields of a new workspace.
    pub form: FormView,
    /// Whether the reader may make one.
    pub may_own: bool,
}

pub(super) type WorkspaceSetting = FieldSpec<Workspace, WorkspaceInput>;

pub(super) const NAME: WorkspaceSetting = WorkspaceSetting::text("name", "Name")
    .required()
    .shows(|workspace| Some(workspace.name.clone()))
    .sets(|input, typed| input.name = Some(typed.trimmed()));

pub(super) const PLAN: WorkspaceSetting = WorkspaceSetting::choice("plan", "Plan")
    .offers(plans)
    .shows(|workspace| Some(workspace.plan.as_str().to_owned()))
    .sets(|input, typed| input.plan = typed.text());

pub(super) const PROFILE: WorkspaceSetting = WorkspaceSetting::choice("profile", "Wire profile")
    .initial(&[DEFAULT_PROFILE])
    .shows(|workspace| Some(workspace.profile.clone()))
    .sets(|input, typed| input.profile = typed.text());

/// The form of a new workspace.
static NEW: FormSpec<Workspace, WorkspaceInput> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Grid(&[
        NAME,
        PLAN,
        PROFILE
            .hint("Of its new webhooks. One of another system brings that system's event types."),
    ])],
}]);

fn plans() -> Vec<Offer> {
    let words = |plan: Plan| match plan {
        Plan::Pro => "pro",
        Plan::Enterprise => "enterprise",
        Plan::Free => "free: publishing and polling, no webhooks",
    };
    [Plan::Pro, Plan::Enterprise, Plan::Free]
        .map(|plan| Offer::new(plan.as_str(), words(plan)))
        .to_vec()
}

/// The wire profiles that there are now.
pub(super) async fn profiles(state: &State) -> Result<Vec<Offer>, Refusal> {
    let profiles = state.service.profiles().await?;
    Ok(profiles.iter().map(|one| Offer::named(&one.name)).collect())
}

async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let cursor = query.cursor("cursor", List::Workspaces);
    query.finish()?;
    draw(&state, &request, visitor, cursor, NEW.blank()).await
}

/// `POST /workspace`: looks at another workspace from now on.
pub async fn switch(state: State, visitor: Visitor, form: Form) -> Shown {
    let name = form.typed("workspace");
    state.service.look_at(&visitor.person, name).await?;
    Ok(go("/"))
}

async fn create(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let made = match NEW.read(&form, WorkspaceInput::default()) {
        Ok(input) => {
            state
                .service
                .create_workspace(&visitor.caller, input, Idempotency::unkeyed())
                .await
        }
        Err(refusal) => Err(refusal),
    };
    match made {
        Ok(_) => {
            let name = form.typed("name").trim().to_owned();
            state.service.look_at(&visitor.person, &name).await?;
            let text = format!("The workspace {name} was created and is now the current one.");
            Ok(go_and_say("/", &Flash::good(text)))
        }
        Err(refusal) => draw(&state, &request, visitor, None, mend(refusal, form)?).await,
    }
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    cursor: Option<Cursor>,
    draft: FormDraft,
) -> Shown {
    let found = state
        .service
        .workspaces(cursor, Limit::clamped(ROWS))
        .await?;
    let profiles = profiles(state).await?;
    let may_own = visitor.may_own();
    let present = visitor.caller.workspace;
    let page = PageContext::of(state, request, visitor, Section::Workspaces, "Workspaces").await?;
    let row = |workspace: &Workspace| ShownWorkspace {
        name: workspace.name.clone(),
        id: workspace.id.to_string(),
        plan: workspace.plan.as_str(),
        profile: workspace.profile.clone(),
        made: Stamp(workspace.created_at),
        is_present: workspace.id == present,
    };
    let older = found.next.map(|next| next.to_string());
    let view = WorkspacesView {
        page: &page,
        rows: found.items.iter().map(row).collect(),
        older: older.map(|next| with_query("/workspaces", &[("cursor", &next)])),
        form: NEW.draw(&draft).offer("profile", &profiles),
        may_own,
    };
    show_form(&page, &view.form, &view)
}
