//! `/audit-log`: who changed what, and when.
//!
//! Owns: the list in words. Refuses: changing entries.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;
use serde_json::{Map, Value};

use super::access::OWNER;
use super::page::{PageContext, Section, show};
use super::{Shown, Visitor};
use crate::domain::audit::{ActorKind, AuditEntry};
use crate::domain::id::SessionId;
use crate::domain::page::{Limit, List};
use crate::service::audit_log::EntriesAsked;
use crate::service::views::AuditLog;
use crate::ui::job_progress::heading;
use crate::ui::names::called;
use crate::ui::parts::Choice;
use crate::ui::parts::Stamp;
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
        entries.map(|entry| row(entry, log)).collect()
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
    /// Where the log goes on.
    pub older: Option<String>,
    /// Where it begins, if this is not there.
    pub newest: Option<String>,
}

/// `GET /audit-log`.
///
/// # Errors
/// 422 for a cursor that makes no sense.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let of = query.parsed("of", |text| match text {
        "all" | "workspace" => Ok(text.to_owned()),
        _ => Err("must be all or workspace"),
    });
    let consumer = query.text("consumer");
    let cursor = query.cursor("cursor", List::AuditLog);
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
    let found = views.audit_log(asked, cursor, Limit::clamped(ROWS)).await?;
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
    };
    show(&page, &view)
}

fn row(entry: &AuditEntry, log: &AuditLog) -> EntryRow {
    let actor = match entry.actor_kind {
        ActorKind::User => match log.emails.get(&entry.actor) {
            Some(email) => email.clone(),
            None => format!("removed user {}", entry.actor),
        },
        ActorKind::Key => match log.keys.get(&entry.actor) {
            Some(name) => format!("key {name}"),
            None => format!("removed key {}", entry.actor),
        },
        ActorKind::Consumer => match log.owners.get(&entry.actor) {
            Some(name) => format!("consumer {name}"),
            None => format!("removed consumer {}", entry.actor),
        },
        ActorKind::Cli => "command line".to_owned(),
        ActorKind::System => "hookpost".to_owned(),
    };
    EntryRow {
        at: Stamp(entry.at),
        actor,
        action: entry.action.clone(),
        link: link(&entry.target),
        target: entry.target.clone(),
        called: target_called(entry, log),
        detail: told(&entry.detail).chars().take(DETAIL_CHARS).collect(),
    }
}

/// What people call the thing that an entry is about; its id where it has no name or is gone.
fn target_called(entry: &AuditEntry, log: &AuditLog) -> String {
    let target = entry.target.as_str();
    if SessionId::parse(target).is_some() {
        // People end no sessions but their own.
        let whose = log.emails.get(&entry.actor);
        return whose.map_or_else(|| target.to_owned(), |email| format!("session of {email}"));
    }
    let mut webhooks = log.webhooks.iter();
    let webhook = webhooks.find(|one| one.id.to_string() == target);
    let names = [&log.emails, &log.keys, &log.owners];
    let known = names.into_iter().find_map(|names| names.get(target));
    let job = || log.jobs.get(target).map(|kind| heading(*kind).to_owned());
    known
        .cloned()
        .or_else(|| webhook.map(called))
        .or_else(job)
        .unwrap_or_else(|| target.to_owned())
}

/// A detail without the marks of JSON: `role: viewer, matched: 7`.
fn told(detail: &str) -> String {
    let Ok(members) = serde_json::from_str::<Map<String, Value>>(detail) else {
        return detail.to_owned();
    };
    let said = members.into_iter().map(|(name, value)| {
        let name = name.replace('_', " ");
        match value {
            Value::String(text) => format!("{name}: {text}"),
            Value::Null => format!("{name}: none"),
            value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                format!("{name}: {value}")
            }
        }
    });
    said.collect::<Vec<_>>().join(", ")
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
