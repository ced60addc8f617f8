//! `/workspaces`, `/settings`: the tenants, switching between them, and what the present one says.
//!
//! Owns: the list, switching, making one, the settings form. Refuses: rules (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OWNER, VIEWER};
use super::form::mendable;
use super::page::{Page, Section, back_to, go, go_and_say, show, show_faults};
use super::{Form, Shown, Visitor};
use crate::domain::page::{Cursor, Limit, List};
use crate::domain::profile::DEFAULT_PROFILE;
use crate::domain::time::format_duration;
use crate::domain::workspace::{Plan, Workspace};
use crate::service::workspaces::{RetentionInput, WorkspaceInput};
use crate::service::{FieldError, Once, Refusal};
use crate::ui::flash::Flash;
use crate::ui::parts::field::left_over;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Copyable, Field, Stamp};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/workspaces", VIEWER, || to(list)),
    Endpoint::post("/workspaces", OWNER, || to(create)).back("/workspaces"),
    Endpoint::post("/workspace", VIEWER, || to(switch)),
    Endpoint::get("/settings", VIEWER, || to(settings)),
    Endpoint::post("/settings", OWNER, || to(save)).back("/settings"),
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
    pub page: &'a Page,
    /// The lines.
    pub rows: Vec<ShownWorkspace>,
    /// Where the list goes on.
    pub older: Option<String>,
    /// What was typed.
    pub typed: Form,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
    /// The wire profiles to choose from.
    pub profiles: Vec<(String, String)>,
    /// Whether the reader may make one.
    pub may_own: bool,
}

impl WorkspacesView<'_> {
    fn name(&self) -> Field {
        Field::line("name", "Name", self.typed.typed("name"))
            .required()
            .faults(&self.errors, "name")
    }

    fn plan(&self) -> Field {
        Field::choice("plan", "Plan", self.typed.typed("plan"), plans())
            .faults(&self.errors, "plan")
    }

    fn profile(&self) -> Field {
        let chosen = self.typed.typed("profile");
        Field::choice("profile", "Wire profile", chosen, self.profiles.clone())
            .hint("Of its new webhooks. One of another system brings that system's event types.")
            .faults(&self.errors, "profile")
    }

    fn left_over(&self) -> Vec<String> {
        left_over(&self.errors, &["name", "plan", "profile"])
    }
}

fn plans() -> Vec<(String, String)> {
    let words = |plan: Plan| match plan {
        Plan::Pro => "pro",
        Plan::Enterprise => "enterprise",
        Plan::Free => "free: publishing and polling, no webhooks",
    };
    [Plan::Pro, Plan::Enterprise, Plan::Free]
        .map(|plan| (plan.as_str().to_owned(), words(plan).to_owned()))
        .to_vec()
}

/// The page of the settings.
#[derive(Template)]
#[template(path = "settings.html")]
pub struct SettingsView<'a> {
    /// The layout's context.
    pub page: &'a Page,
    /// The workspace's id, to be copied.
    pub id: Copyable,
    /// What was typed.
    pub typed: Form,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
    /// The wire profiles to choose from.
    pub profiles: Vec<(String, String)>,
    /// How long history is kept where the workspace says nothing.
    pub defaults: (String, String),
    /// Whether the reader may change it.
    pub may_own: bool,
}

impl SettingsView<'_> {
    fn line(&self, name: &'static str, label: &'static str, path: &str) -> Field {
        Field::line(name, label, self.typed.typed(name)).faults(&self.errors, path)
    }

    fn name(&self) -> Field {
        self.line("name", "Name", "name").required()
    }

    fn plan(&self) -> Field {
        Field::choice("plan", "Plan", self.typed.typed("plan"), plans())
            .faults(&self.errors, "plan")
    }

    fn profile(&self) -> Field {
        let chosen = self.typed.typed("profile");
        Field::choice("profile", "Wire profile", chosen, self.profiles.clone())
            .hint("Of new webhooks; those that exist keep theirs.")
            .faults(&self.errors, "profile")
    }

    fn alert_url(&self) -> Field {
        Field::of_kind("url", "alert_url", "Alerts go to", self.typed.typed("alert_url"))
            .hint("A URL that is told when a delivery gives up or a webhook gets disabled, signed like any webhook. Empty: nobody.")
            .example("https://example.com/alerts")
            .faults(&self.errors, "alert_url")
    }

    fn delivered(&self) -> Field {
        self.line(
            "delivered",
            "Keep delivered history for",
            "retention.delivered",
        )
        .hint(format!("Such as 720h. Empty: {}.", self.defaults.0))
    }

    fn exhausted(&self) -> Field {
        self.line("exhausted", "Keep dead letters for", "retention.exhausted")
            .hint(format!("Empty: {}.", self.defaults.1))
    }

    fn keep_latest(&self) -> Field {
        let typed = self.typed.typed("keep_latest");
        Field::of_kind("number", "keep_latest", "Always keep the latest", typed)
            .hint("Deliveries of each webhook that stay whatever their age.")
            .faults(&self.errors, "retention.keep_latest")
    }

    fn left_over(&self) -> Vec<String> {
        left_over(
            &self.errors,
            &["name", "plan", "profile", "alert_url", "retention"],
        )
    }
}

/// `GET /workspaces`.
///
/// # Errors
/// 422 for a cursor that makes no sense.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let cursor = query.cursor("cursor", List::Workspaces);
    query.finish()?;
    draw_list(
        &state,
        &request,
        visitor,
        cursor,
        Form::new(vec![("profile".to_owned(), DEFAULT_PROFILE.to_owned())]),
        Vec::new(),
    )
    .await
}

/// `POST /workspace`: looks at another workspace from now on.
///
/// # Errors
/// 404 where there is none of that name.
pub async fn switch(state: State, visitor: Visitor, form: Form) -> Shown {
    let name = form.typed("workspace");
    state.service.look_at(&visitor.person, name).await?;
    Ok(go("/"))
}

/// `POST /workspaces`.
///
/// # Errors
/// What nobody at the form can mend.
pub async fn create(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let input = WorkspaceInput {
        name: form.text("name"),
        plan: form.text("plan"),
        profile: form.text("profile"),
        ..WorkspaceInput::default()
    };
    let made = state
        .service
        .create_workspace(&visitor.caller, input, Once::unkeyed())
        .await;
    match made {
        Ok(_) => {
            let name = form.typed("name").trim().to_owned();
            state.service.look_at(&visitor.person, &name).await?;
            let text = format!("The workspace {name} is made, and this is it.");
            Ok(go_and_say("/", &Flash::good(text)))
        }
        Err(refusal) => {
            let errors = mendable(refusal)?;
            draw_list(&state, &request, visitor, None, form, errors).await
        }
    }
}

async fn draw_list(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    cursor: Option<Cursor>,
    typed: Form,
    errors: Vec<FieldError>,
) -> Shown {
    let found = state
        .service
        .workspaces(cursor, Limit::clamped(ROWS))
        .await?;
    let profiles = profiles(state).await?;
    let may_own = visitor.may_own();
    let present = visitor.caller.workspace;
    let page = Page::of(state, request, visitor, Section::Workspaces, "Workspaces").await?;
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
        typed,
        errors,
        profiles,
        may_own,
    };
    if view.errors.is_empty() {
        show(&page, &view)
    } else {
        show_faults(&page, &view)
    }
}

async fn profiles(state: &State) -> Result<Vec<(String, String)>, Refusal> {
    let profiles = state.service.profiles().await?;
    Ok(profiles
        .into_iter()
        .map(|one| (one.name.clone(), one.name))
        .collect())
}

/// `GET /settings`.
///
/// # Errors
/// None of its own.
pub async fn settings(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let workspace = state
        .service
        .workspace(&visitor.caller.workspace.to_string())
        .await?;
    let typed = typed(&workspace);
    draw_settings(&state, &request, visitor, typed, Vec::new()).await
}

/// `POST /settings`.
///
/// # Errors
/// What nobody at the form can mend.
pub async fn save(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let changed = match input(&form) {
        Ok(input) => {
            let id = visitor.caller.workspace;
            state
                .service
                .update_workspace(&visitor.caller, id, input)
                .await
        }
        Err(error) => Err(Refusal::Invalid(vec![error])),
    };
    match changed {
        Ok(_) => back_to("/settings", Ok(()), |()| "Saved.".to_owned()),
        Err(refusal) => {
            let errors = mendable(refusal)?;
            draw_settings(&state, &request, visitor, form, errors).await
        }
    }
}

fn typed(workspace: &Workspace) -> Form {
    let retention = workspace.retention;
    let own = |text: Option<String>| text.unwrap_or_default();
    let mut fields = vec![
        ("name", workspace.name.clone()),
        ("plan", workspace.plan.as_str().to_owned()),
        ("profile", workspace.profile.clone()),
        ("alert_url", own(workspace.alert_url.clone())),
        ("delivered", own(retention.delivered.map(format_duration))),
        ("exhausted", own(retention.exhausted.map(format_duration))),
        (
            "keep_latest",
            own(retention.keep_latest.map(|n| n.to_string())),
        ),
    ];
    if workspace.strict_event_types {
        fields.push(("strict", "on".to_owned()));
    }
    Form::new(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn input(form: &Form) -> Result<WorkspaceInput, FieldError> {
    let keep_latest = form.text("keep_latest").map(|text| text.parse::<i64>());
    let keep_latest = keep_latest.transpose().map_err(|_| FieldError {
        field: "retention.keep_latest".to_owned(),
        message: "must be a whole number".to_owned(),
    })?;
    Ok(WorkspaceInput {
        name: Some(form.typed("name").trim().to_owned()),
        plan: form.text("plan"),
        profile: form.text("profile"),
        strict_event_types: Some(form.ticked("strict")),
        alert_url: Some(form.text("alert_url")),
        retention: Some(Some(RetentionInput {
            delivered: Some(form.text("delivered")),
            exhausted: Some(form.text("exhausted")),
            keep_latest: Some(keep_latest),
        })),
    })
}

async fn draw_settings(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    typed: Form,
    errors: Vec<FieldError>,
) -> Shown {
    let profiles = profiles(state).await?;
    let options = state.service.options();
    let defaults = (
        format_duration(options.retain_delivered),
        format_duration(options.retain_exhausted),
    );
    let may_own = visitor.may_own();
    let id = visitor.caller.workspace.to_string();
    let page = Page::of(state, request, visitor, Section::Settings, "Settings").await?;
    let view = SettingsView {
        page: &page,
        id: Copyable::new(id, "the workspace's id"),
        typed,
        errors,
        profiles,
        defaults,
        may_own,
    };
    if view.errors.is_empty() {
        show(&page, &view)
    } else {
        show_faults(&page, &view)
    }
}
