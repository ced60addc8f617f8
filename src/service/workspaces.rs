//! Workspaces: making, changing and ending tenants.
//!
//! Owns: the rules of names, plans, profiles, retention and alert targets. Refuses: deciding who
//! may do it; all of it is the instance's business.
//!
//! # Why `default` stays
//! A key of the instance that names no workspace means `default`. Were it renamed or deleted,
//! scripts would begin to fail, or worse, to act somewhere else.

use serde_json::json;

use super::alerts::set_alert_target;
use super::idempotency::idempotent;
use super::portal::PortalSettingsInput;
use super::portal::settings::{self as portal_settings, CheckedPortal};
use super::{Caller, Done, FieldError, Idempotency, Refusal, Service, audit_instance, text};
use crate::domain::alert::AlertForm;
use crate::domain::email::{ALERT_EMAILS_MAX, parse_address};
use crate::domain::id::WorkspaceId;
use crate::domain::keep_data::KeepData;
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::profile::{DEFAULT_PROFILE, Origin, Profile};
use crate::domain::workspace::{NAME_CHARS_MAX, NewWorkspace, Plan, Retention, Workspace};
use crate::entropy;
use crate::store::workspaces::DEFAULT_NAME;
use crate::store::{WriteTx, event_types, profiles, webhooks, workspaces};

mod retention;
mod told;

use retention::apply_retention;
pub use retention::{KEEP_LATEST_MAX, RETENTION_MIN, RetentionInput};
use told::told;
pub use told::{ToldWorkspace, digest as logo_digest};

/// A workspace's properties as a caller gives them; absent ones keep their value or take the
/// default, `Some(None)` is an explicit null.
#[derive(Clone, Debug, Default)]
pub struct WorkspaceInput {
    /// Its name.
    pub name: Option<String>,
    /// What it has paid for; `pro` unless said otherwise.
    pub plan: Option<String>,
    /// The wire profile of new webhooks.
    pub profile: Option<String>,
    /// Whether unknown event types are refused.
    pub strict_event_types: Option<bool>,
    /// Whether webhooks that say nothing send headers under their second names as well.
    pub aliases: Option<bool>,
    /// Where alerts go.
    pub alert_url: Option<Option<String>>,
    /// How they look there; null means what the URL takes.
    pub alert_format: Option<Option<String>>,
    /// Who is told by mail; null means nobody.
    pub alert_emails: Option<Option<Vec<String>>>,
    /// How long history is kept; null takes the instance's defaults.
    pub retention: Option<Option<RetentionInput>>,
    /// How long the data of events is kept; null means as long as events.
    pub keep_data: Option<Option<String>>,
    /// What its customers' pages look like, and who may frame them.
    pub portal: PortalSettingsInput,
}

/// What a caller said, as far as it can be judged without the database.
struct CheckedSettings {
    name: Option<String>,
    plan: Option<Plan>,
    profile: Option<String>,
    strict_event_types: Option<bool>,
    aliases: Option<bool>,
    alert_url: Option<Option<String>>,
    alert_form: Option<Option<AlertForm>>,
    alert_emails: Option<Vec<String>>,
    retention: Option<Option<RetentionInput>>,
    keep_data: Option<KeepData>,
    portal: CheckedPortal,
}

impl Service {
    /// Makes a workspace. Its profile's catalogue becomes its own; with a built-in profile of
    /// another system it accepts those event types only, unless told otherwise.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names the fields at fault, [`Refusal::Conflict`] where the name is
    /// taken.
    pub async fn create_workspace(
        &self,
        caller: &Caller,
        input: WorkspaceInput,
        key: Idempotency<ToldWorkspace>,
    ) -> Result<Done<ToldWorkspace>, Refusal> {
        if input.name.is_none() {
            return Err(Refusal::field("name", "is needed"));
        }
        let checked = self.check_workspace(caller, input).await?;
        let caller = caller.clone();
        self.store()
            .write(move |tx| idempotent(tx, &caller, &key, |tx| create(tx, &caller, checked)))
            .await
    }

    /// A page of workspaces, newest first.
    pub async fn workspaces(
        &self,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<Workspace>, Refusal> {
        Ok(self
            .store()
            .read(move |conn| workspaces::list(conn, cursor, limit))
            .await?)
    }

    /// The workspace that `text` names, by id or name.
    pub async fn workspace(&self, text: &str) -> Result<Workspace, Refusal> {
        let text = text.to_owned();
        self.store()
            .read(move |conn| workspaces::find_text(conn, &text).map_err(Refusal::from))
            .await?
            .ok_or(Refusal::NotFound("workspace"))
    }

    /// Changes what the caller names and leaves the rest. Where alerts go and how long history is
    /// kept is changed by who has shown a second factor lately only.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Conflict`], [`Refusal::MfaRequired`], or the fields at fault.
    pub async fn update_workspace(
        &self,
        caller: &Caller,
        id: WorkspaceId,
        input: WorkspaceInput,
    ) -> Result<ToldWorkspace, Refusal> {
        let checked = self.check_workspace(caller, input).await?;
        let caller = caller.clone();
        self.store()
            .write(move |tx| update(tx, &caller, id, checked))
            .await
    }

    /// Ends a workspace: its keys stop working, its webhooks are revoked, what waits is called off.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] for `default`, which there always is.
    pub async fn delete_workspace(&self, caller: &Caller, id: WorkspaceId) -> Result<(), Refusal> {
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let workspace = existing(tx, id)?;
            keep_default(&workspace, "deleted")?;
            workspaces::delete(tx, id.seq())?;
            let revoked = webhooks::revoke_all(tx, id.seq())?;
            let detail = json!({ "name": workspace.name, "webhooks": revoked });
            audit_instance(
                tx,
                &caller.actor,
                "workspace.delete",
                &id.to_string(),
                &detail,
            )
        };
        self.store().write(work).await?;
        Ok(self.begin_calling_off().await?)
    }

    async fn check_workspace(
        &self,
        caller: &Caller,
        input: WorkspaceInput,
    ) -> Result<CheckedSettings, Refusal> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, message: String| {
            faults.push(FieldError {
                field: field.to_owned(),
                message,
            });
        };
        if let Some(name) = &input.name
            && let Err(message) = check_name(name)
        {
            fault("name", message);
        }
        let plan = input.plan.as_deref().and_then(|word| {
            let plan = Plan::parse(word);
            if plan.is_none() {
                fault("plan", "must be free, pro or enterprise".to_owned());
            }
            plan
        });
        let alert_url = match input.alert_url {
            Some(Some(url)) => match self.check_url(caller, "alert_url", &url).await {
                Ok(url) => Some(Some(url)),
                Err(refusal) => {
                    fault("alert_url", refusal.sentence()?);
                    None
                }
            },
            Some(None) => Some(None),
            None => None,
        };
        let alert_form = input.alert_format.map(|said| {
            let form = said.as_deref().map(AlertForm::parse);
            if form == Some(None) {
                fault("alert_format", "must be json, slack or null".to_owned());
            }
            form.flatten()
        });
        let alert_emails = input.alert_emails.map(Option::unwrap_or_default);
        if let Some(Err((field, message))) = alert_emails.as_deref().map(check_emails) {
            fault(&field, message);
        }
        let keep_data = input.keep_data.map(|said| {
            let read = said.as_deref().map(KeepData::parse).transpose();
            read.map_err(|message| fault("keep_data", message))
                .unwrap_or_default()
                .unwrap_or_default()
        });
        let portal = portal_settings::check(input.portal, &mut faults);
        if !faults.is_empty() {
            return Err(Refusal::Invalid(faults));
        }
        Ok(CheckedSettings {
            portal,
            name: input.name,
            plan,
            profile: input.profile,
            strict_event_types: input.strict_event_types,
            aliases: input.aliases,
            alert_url,
            alert_form,
            alert_emails,
            retention: input.retention,
            keep_data,
        })
    }
}

fn check_name(name: &str) -> Result<(), String> {
    text::check_name(name, NAME_CHARS_MAX)?;
    // Wherever a workspace is named, an id would be taken for another workspace's.
    match WorkspaceId::parse(name) {
        Some(_) => Err("must not look like a workspace's id".to_owned()),
        None => Ok(()),
    }
}

fn create(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    input: CheckedSettings,
) -> Result<ToldWorkspace, Refusal> {
    let name = input.name.unwrap_or_default();
    refuse_taken(tx, &name)?;
    let profile_name = input.profile.as_deref().unwrap_or(DEFAULT_PROFILE);
    let (profile, origin) = find_profile(tx, profile_name)?;
    let foreign = origin == Origin::BuiltIn && profile_name != DEFAULT_PROFILE;
    let plan = input.plan.unwrap_or(Plan::Pro);
    let secret = Profile::standard().generate_secret(entropy::bytes());
    let new = NewWorkspace {
        name: &name,
        plan,
        profile: profile_name,
        strict_event_types: input.strict_event_types.unwrap_or(foreign),
    };
    let mut workspace = workspaces::insert(tx, &new, &secret)?;
    event_types::seed(tx, workspace.id.seq(), profile.catalogue())?;
    workspace.aliases = input.aliases.unwrap_or(workspace.aliases);
    let retention = input.retention.flatten().unwrap_or_default();
    workspace.retention = apply_retention(workspace.retention, &retention)?;
    workspace.retention.keep_data = input.keep_data.unwrap_or_default();
    retarget(tx, &mut workspace, input.alert_url, input.alert_form)?;
    workspace.alert_emails = input.alert_emails.unwrap_or(workspace.alert_emails);
    workspaces::update(tx, &workspace)?;
    let portal = portal_settings::applied(&workspace.portal, &input.portal);
    portal_settings::store(tx, workspace.id.seq(), &portal, input.portal)?;
    let id = workspace.id.to_string();
    let detail = json!({ "name": name, "plan": plan.as_str(), "profile": profile_name });
    audit_instance(tx, &caller.actor, "workspace.create", &id, &detail)?;
    Ok(told(tx, existing(tx, workspace.id)?)?)
}

fn update(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: WorkspaceId,
    input: CheckedSettings,
) -> Result<ToldWorkspace, Refusal> {
    let mut workspace = existing(tx, id)?;
    let delicate = |of: &Workspace| (of.alert_url.clone(), of.alert_emails.clone(), of.retention);
    let before = delicate(&workspace);
    if let Some(name) = input.name.filter(|name| *name != workspace.name) {
        keep_default(&workspace, "renamed")?;
        refuse_taken(tx, &name)?;
        workspace.name = name;
    }
    if let Some(name) = input.profile {
        find_profile(tx, &name)?;
        workspace.profile = name;
    }
    workspace.plan = input.plan.unwrap_or(workspace.plan);
    workspace.strict_event_types = input
        .strict_event_types
        .unwrap_or(workspace.strict_event_types);
    if let Some(aliases) = input.aliases.filter(|said| *said != workspace.aliases) {
        workspace.aliases = aliases;
        webhooks::changed_aliases(tx, id.seq())?;
    }
    let keep_data = input.keep_data.unwrap_or(workspace.retention.keep_data);
    workspace.retention = match input.retention {
        None => workspace.retention,
        Some(None) => Retention::default(),
        Some(Some(input)) => apply_retention(workspace.retention, &input)?,
    };
    workspace.retention.keep_data = keep_data;
    retarget(tx, &mut workspace, input.alert_url, input.alert_form)?;
    workspace.alert_emails = input.alert_emails.unwrap_or(workspace.alert_emails);
    let portal = portal_settings::applied(&workspace.portal, &input.portal);
    let is_opened = portal.origins != workspace.portal.origins;
    if is_opened || before != delicate(&workspace) {
        caller.actor.check_proof()?;
    }
    workspaces::update(tx, &workspace)?;
    portal_settings::store(tx, id.seq(), &portal, input.portal)?;
    let detail = json!({ "name": workspace.name, "plan": workspace.plan.as_str() });
    audit_instance(
        tx,
        &caller.actor,
        "workspace.update",
        &id.to_string(),
        &detail,
    )?;
    Ok(told(tx, existing(tx, id)?)?)
}

/// Checks who is to be told by mail; says which address is at fault.
fn check_emails(emails: &[String]) -> Result<(), (String, String)> {
    if emails.len() > ALERT_EMAILS_MAX {
        let message = format!("must hold at most {ALERT_EMAILS_MAX} addresses");
        return Err(("alert_emails".to_owned(), message));
    }
    for (index, email) in emails.iter().enumerate() {
        let field = || format!("alert_emails[{index}]");
        parse_address(email).map_err(|message| (field(), message))?;
        if emails[..index].contains(email) {
            return Err((field(), "is given twice".to_owned()));
        }
    }
    Ok(())
}

/// Points alerts where the caller says, in the form that they say; what is not said stays.
fn retarget(
    tx: &mut WriteTx<'_>,
    workspace: &mut Workspace,
    url: Option<Option<String>>,
    form: Option<Option<AlertForm>>,
) -> Result<(), Refusal> {
    if url.is_none() && form.is_none() {
        return Ok(());
    }
    let url = url.unwrap_or_else(|| workspace.alert_url.clone());
    let form = form.unwrap_or(workspace.alert_form);
    set_alert_target(tx, workspace, url, form)
}

pub(super) fn existing(tx: &WriteTx<'_>, id: WorkspaceId) -> Result<Workspace, Refusal> {
    workspaces::find(tx, id.seq())?
        .filter(|workspace| workspace.id == id)
        .ok_or(Refusal::NotFound("workspace"))
}

fn keep_default(workspace: &Workspace, what: &str) -> Result<(), Refusal> {
    if workspace.name == DEFAULT_NAME {
        return Err(Refusal::Conflict(format!(
            "the workspace {DEFAULT_NAME} can't be {what}: requests that name none mean it"
        )));
    }
    Ok(())
}

fn refuse_taken(tx: &WriteTx<'_>, name: &str) -> Result<(), Refusal> {
    match workspaces::find_named(tx, name)? {
        Some(_) => Err(Refusal::Conflict(format!(
            "there is a workspace called {name} already"
        ))),
        None => Ok(()),
    }
}

fn find_profile(
    tx: &WriteTx<'_>,
    name: &str,
) -> Result<(std::sync::Arc<Profile>, Origin), Refusal> {
    let stored = profiles::find(tx, name)?
        .ok_or_else(|| Refusal::field("profile", format!("there is no wire profile {name}")))?;
    Ok((tx.profile(stored.seq)?, stored.origin))
}
