//! `/audit-log`: who changed what, and when.
//!
//! Owns: the list in words. Refuses: changing entries.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;
use serde_json::{Map, Value};

use super::access::OWNER;
use super::page::{PageContext, Section, show_asked};
use super::{Shown, Visitor};
use crate::domain::audit::{ActorKind, AuditEntry};
use crate::domain::id::SessionId;
use crate::domain::page::{Limit, List};
use crate::service::audit_log::EntriesAsked;
use crate::service::views::{AuditLog, AuditNames};
use crate::service::{FieldError, Refusal};
use crate::ui::job_progress::heading;
use crate::ui::names::called;
use crate::ui::parts::Choice;
use crate::ui::parts::Stamp;
use crate::ui::parts::stamp::lasting;
use crate::ui::parts::url_query::with_query;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/audit-log", OWNER, || to(list))];

/// Entries of a page.
const ROWS: u32 = 40;
/// The most characters of an entry's detail.
const DETAIL_CHARS: usize = 120;

/// A line of the log.
#[derive(Clone, Debug)]
pub struct EntryRow {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Stamp,
    /// Who.
    pub actor: String,
    /// What, such as `webhook.revoke`.
    pub action: String,
    /// To what, by its id.
    pub target: String,
    /// What that is called; its id where it has no name.
    pub called: String,
    /// Where that is looked at; empty where nowhere.
    pub link: String,
    /// More about it.
    pub detail: String,
}

impl EntryRow {
    /// The lines of a page of the log.
    #[must_use]
    pub fn all(log: &AuditLog) -> Vec<Self> {
        let entries = log.entries.items.iter();
        entries.map(|entry| row(entry, &log.names)).collect()
    }
}

/// The page.
#[derive(Template)]
#[template(path = "audit_log.html")]
pub struct AuditLogView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<EntryRow>,
    /// Whose entries.
    pub scopes: Vec<Choice>,
    /// The consumer whose visitors and keys the entries are of, by the name it was asked for.
    pub consumer: Option<String>,
    /// What is amiss with what was asked for; then nothing was listed.
    pub faults: Vec<FieldError>,
    /// Where the log goes on.
    pub older: Option<String>,
    /// Where it begins, if this is not there.
    pub newest: Option<String>,
}

async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let of = query.parsed("of", |text| match text {
        "all" | "workspace" => Ok(text.to_owned()),
        _ => Err("must be all or workspace"),
    });
    let consumer = query.text("consumer");
    let cursor = query.cursor("cursor", List::AuditLog);
    let mut faults = query.faults();
    query.finish()?;
    let of = of.unwrap_or_else(|| "all".to_owned());
    let caller = &visitor.caller;
    let asked = match (&consumer, of.as_str()) {
        (Some(named), _) => EntriesAsked::Consumer {
            purview: caller.purview(),
            named: named.clone(),
        },
        (None, "workspace") => EntriesAsked::Workspace(caller.workspace.to_string()),
        (None, _) => EntriesAsked::Everybody,
    };
    let views = state.service.views();
    let found = match views.audit_log(asked, cursor, Limit::clamped(ROWS)).await {
        Err(Refusal::NotFound(_)) if consumer.is_some() => {
            faults.push(FieldError {
                field: "consumer".to_owned(),
                message: "must be a consumer's id or uid of this workspace".to_owned(),
            });
            AuditLog::default()
        }
        _ if !faults.is_empty() => AuditLog::default(),
        found => found?,
    };
    let page = PageContext::of(&state, &request, visitor, Section::AuditLog, "Audit log").await?;
    let whose = match &consumer {
        Some(named) => ("consumer", named.as_str()),
        None => ("of", of.as_str()),
    };
    let address = |cursor: &str| with_query("/audit-log", &[whose, ("cursor", cursor)]);
    let chosen = consumer.as_ref().map_or(of.as_str(), |_| "");
    let view = AuditLogView {
        page: &page,
        rows: EntryRow::all(&found),
        scopes: vec![
            Choice::new("all", "the whole instance", chosen),
            Choice::new("workspace", "this workspace", chosen),
        ],
        older: found.entries.next.map(|next| address(&next.to_string())),
        newest: cursor.map(|_| address("")),
        consumer: consumer.clone(),
        faults,
    };
    show_asked(&page, &view.faults, &view)
}

fn row(entry: &AuditEntry, names: &AuditNames) -> EntryRow {
    let name = names.actor(entry);
    let called = |sort: &str| match &name {
        Some(name) => format!("{sort} {name}"),
        None => format!("removed {sort} {}", entry.actor),
    };
    let actor = match (entry.actor_kind, &name) {
        (ActorKind::User, Some(email)) => email.clone(),
        (ActorKind::User, None) => called("user"),
        (ActorKind::Key, _) => called("key"),
        (ActorKind::Consumer, _) => called("consumer"),
        (ActorKind::Cli, _) => "command line".to_owned(),
        (ActorKind::System, _) => "hookpost".to_owned(),
    };
    EntryRow {
        id: entry.id.to_string(),
        at: Stamp(entry.at),
        actor,
        action: entry.action.clone(),
        link: link(&entry.target),
        target: entry.target.clone(),
        called: target_called(entry, names),
        detail: told(&entry.detail, names)
            .chars()
            .take(DETAIL_CHARS)
            .collect(),
    }
}

/// What people call the thing that an entry is about; its id where it has no name or is gone.
fn target_called(entry: &AuditEntry, names: &AuditNames) -> String {
    let target = entry.target.as_str();
    if SessionId::parse(target).is_some() {
        // People end no sessions but their own.
        let whose = names.emails.get(&entry.actor);
        return whose.map_or_else(|| target.to_owned(), |email| format!("session of {email}"));
    }
    name_of(target, names).unwrap_or_else(|| target.to_owned())
}

/// What people call the thing with this id, where it has a name and is not gone.
fn name_of(id: &str, names: &AuditNames) -> Option<String> {
    let mut webhooks = names.webhooks.iter();
    let webhook = webhooks.find(|one| one.id.to_string() == id);
    let known = [&names.emails, &names.keys, &names.owners];
    let known = known.into_iter().find_map(|names| names.get(id));
    let job = || names.jobs.get(id).map(|kind| heading(*kind).to_owned());
    known.cloned().or_else(|| webhook.map(called)).or_else(job)
}

/// A detail in words: `role: viewer, workspace: default`. Ids are told by the names that they have; what
/// is nothing, and ids of what has no name, are left out.
fn told(detail: &str, names: &AuditNames) -> String {
    let Ok(members) = serde_json::from_str::<Map<String, Value>>(detail) else {
        return detail.to_owned();
    };
    let said = members.into_iter().filter_map(|(name, value)| {
        let words = value_told(&name, &value, names)?;
        let label = name.trim_end_matches("_id").trim_end_matches("_ms");
        Some(format!("{}: {words}", label.replace('_', " ")))
    });
    said.collect::<Vec<_>>().join(", ")
}

fn value_told(name: &str, value: &Value, names: &AuditNames) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Number(number) => Some(match number.as_u64().filter(|_| name.ends_with("_ms")) {
            Some(ms) => lasting(Duration::from_millis(ms)),
            None => number.to_string(),
        }),
        Value::String(text) if is_id(text) => name_of(text, names),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let said = items
                .iter()
                .filter_map(|item| value_told(name, item, names));
            let said: Vec<String> = said.collect();
            (!said.is_empty()).then(|| said.join(", "))
        }
        Value::Object(_) => Some(told(&value.to_string(), names)).filter(|words| !words.is_empty()),
    }
}

/// Whether a text is an id of hookpost's own, whatever it names.
fn is_id(text: &str) -> bool {
    const LETTERS: usize = 26;
    let Some((prefix, rest)) = text.split_once('_') else {
        return false;
    };
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_prefix =
        (2..=3).contains(&prefix.len()) && prefix.chars().all(|c| c.is_ascii_lowercase());
    is_prefix && rest.len() == LETTERS && rest.chars().all(is_letter)
}

/// Where a thing is looked at, by the prefix of its id.
fn link(target: &str) -> String {
    let place = match target.split_once('_').map(|(prefix, _)| prefix) {
        Some("wh") => "webhooks",
        Some("dlv") => "deliveries",
        Some("evt") => "events",
        Some("job") => "jobs",
        Some("con") => "consumers",
        Some(_) | None => return String::new(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if target.chars().all(plain) {
        format!("/{place}/{target}")
    } else {
        String::new()
    }
}
