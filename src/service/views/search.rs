//! Finding anything by what somebody has of it: an id, a name, a word of what was published or
//! answered.
//!
//! Owns: what is looked at, and how far. Refuses: an index of contents: words are looked for in the
//! newest events and answers only, and what is answered says how many those were.

use super::{Views, WebhookNames};
use crate::domain::attempt::delivery_row;
use crate::domain::audit::EntriesOf;
use crate::domain::batch::BATCH_PREFIX;
use crate::domain::consumer::{ConsumerRef, Purview};
use crate::domain::delivery::{Delivery, DeliveryFilter};
use crate::domain::event::{EventFilter, StoredEvent};
use crate::domain::event_type::EventTypeName;
use crate::domain::id::{
    AttemptId, AuditId, ConsumerId, DeliveryId, JobId, KeyId, PortalLinkId, PortalSessionId,
    SessionId, UserId, WebhookId, WorkspaceId,
};
use crate::domain::page::{Cursor, Limit, List, Order};
use crate::domain::webhook::{WebhookName, WebhookSearch, WebhookSort, WebhookTab};
use crate::service::{Caller, Refusal};
use crate::store::{Read, StoreError};
use crate::store::{
    attempts, audit, consumers, deliveries, event_types, events, jobs, keys, portal_links,
    sessions, users, webhooks, workspaces,
};

/// The newest events whose data is looked through.
const EVENTS_LOOKED_AT_MAX: usize = 2_000;
/// The newest deliveries whose last answers are looked through.
const ANSWERS_LOOKED_AT_MAX: usize = 1_000;
/// Hits of one sort that are shown; with so many of them, looking through contents ends.
pub const SEARCH_HITS_MAX: usize = 10;

/// What an id leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchPlace {
    /// A delivery, also by the id of an attempt.
    Delivery(DeliveryId),
    /// A webhook.
    Webhook(WebhookId),
    /// An event, by its public id.
    Event(String),
    /// A job.
    Job(JobId),
    /// A consumer, by id or uid.
    Consumer(ConsumerId),
    /// An API key.
    Key(KeyId),
    /// A workspace.
    Workspace(WorkspaceId),
    /// A person, also by the id of a session.
    User(UserId),
    /// An entry of the audit log.
    AuditEntry(AuditId),
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct SearchHits {
    /// The one thing of that id; then nothing else was looked for.
    pub place: Option<SearchPlace>,
    /// Webhooks whose label or URL holds the text.
    pub webhooks: Vec<WebhookName>,
    /// How many more of them there are.
    pub webhooks_left_out: usize,
    /// Event types whose name holds it.
    pub event_types: Vec<EventTypeName>,
    /// How many more of them there are.
    pub event_types_left_out: usize,
    /// Events whose data holds it, newest first.
    pub events: Vec<StoredEvent>,
    /// Deliveries whose last answer holds it, newest first.
    pub answers: Vec<Delivery>,
    /// What their webhooks are called.
    pub names: WebhookNames,
    /// How many of the newest events were looked through.
    pub events_looked_at: usize,
    /// How many of the newest deliveries were.
    pub answers_looked_at: usize,
}

impl Views<'_> {
    /// What `text` leads to, or what holds it.
    pub async fn search(&self, caller: &Caller, text: String) -> Result<SearchHits, Refusal> {
        let purview = caller.purview();
        self.service
            .read(move |_, conn| Ok(search_in(conn, purview, &text)?))
            .await
    }
}

fn search_in(conn: &Read<'_>, purview: Purview, text: &str) -> Result<SearchHits, StoreError> {
    let mut hits = SearchHits {
        place: place(conn, purview, text)?,
        ..SearchHits::default()
    };
    if hits.place.is_some() {
        return Ok(hits);
    }
    let wanted = WebhookSearch {
        text: text.to_owned(),
        tab: WebhookTab::All,
        sort: WebhookSort::Name,
        skip: 0,
    };
    let found = webhooks::search(conn, purview, &wanted, SEARCH_HITS_MAX)?;
    hits.webhooks = webhooks::names_of(conn, &found.seqs)?;
    let fitting = found.count(WebhookTab::All);
    hits.webhooks_left_out = fitting.saturating_sub(hits.webhooks.len());
    let lower = text.to_lowercase();
    let mut types = event_types::names(conn, purview.workspace_seq)?;
    types.retain(|name| name.as_str().to_lowercase().contains(&lower));
    hits.event_types_left_out = types.len().saturating_sub(SEARCH_HITS_MAX);
    types.truncate(SEARCH_HITS_MAX);
    hits.event_types = types;
    look_through_events(conn, purview, text, &mut hits)?;
    look_through_answers(conn, purview, text, &mut hits)?;
    let seqs = hits.answers.iter().map(|one| one.webhook.seq());
    hits.names = WebhookNames::read(conn, seqs)?;
    Ok(hits)
}

/// What has exactly this id.
fn place(conn: &Read<'_>, purview: Purview, text: &str) -> Result<Option<SearchPlace>, StoreError> {
    let delivery = match (DeliveryId::parse(text), AttemptId::parse(text)) {
        (Some(id), _) => deliveries::find_in(conn, purview, id)?,
        (None, Some(id)) => match deliveries::find(conn, delivery_row(id.seq()))? {
            Some(found) => deliveries::find_in(conn, purview, found.id)?,
            None => None,
        },
        (None, None) => None,
    };
    if let Some(delivery) = delivery {
        return Ok(Some(SearchPlace::Delivery(delivery.id)));
    }
    if let Some(id) = JobId::parse(text)
        && let Some(job) = jobs::find_in(conn, purview, id)?
    {
        return Ok(Some(SearchPlace::Job(job.id)));
    }
    if let Some(id) = WebhookId::parse(text)
        && let Some(found) = webhooks::name_in(conn, purview.workspace_seq, id.seq())?
        && found.id == id
    {
        return Ok(Some(SearchPlace::Webhook(id)));
    }
    if let Some(found) = beside_the_workspace(conn, text)? {
        return Ok(Some(found));
    }
    if let Some(found) = guest(conn, purview, text)? {
        return Ok(Some(found));
    }
    if text.starts_with(BATCH_PREFIX)
        && let Some(row) = deliveries::first_of_batch(conn, purview.workspace_seq, text)?
        && let Some(first) = deliveries::find(conn, row)?
    {
        return Ok(Some(SearchPlace::Delivery(first.id)));
    }
    if events::find_public(conn, purview, text)?.is_some() {
        return Ok(Some(SearchPlace::Event(text.to_owned())));
    }
    let Some(named) = ConsumerRef::parse(text) else {
        return Ok(None);
    };
    let found = consumers::find_id(conn, purview.workspace_seq, &named)?;
    Ok(found.map(SearchPlace::Consumer))
}

/// What has this id and is of the instance: who may see it, its page says.
fn beside_the_workspace(conn: &Read<'_>, text: &str) -> Result<Option<SearchPlace>, StoreError> {
    if let Some(id) = KeyId::parse(text) {
        let found = keys::find(conn, id)?.filter(|key| key.revoked_at.is_none());
        return Ok(found.map(|key| SearchPlace::Key(key.id)));
    }
    if let Some(id) = WorkspaceId::parse(text) {
        let found = workspaces::find(conn, id.seq())?.filter(|own| own.id == id);
        return Ok(found.map(|own| SearchPlace::Workspace(own.id)));
    }
    if let Some(id) = UserId::parse(text) {
        let found = users::find(conn, id.seq())?.filter(|user| user.id == id);
        return Ok(found.map(|user| SearchPlace::User(user.id)));
    }
    if let Some(id) = SessionId::parse(text) {
        let found = sessions::find(conn, id)?;
        return Ok(found.map(|session| SearchPlace::User(session.user)));
    }
    if let Some(id) = AuditId::parse(text) {
        let from_it = Some(Cursor::behind(List::AuditLog, id.seq() + 1));
        let newest = audit::list(conn, EntriesOf::Everybody, from_it, Limit::clamped(1))?;
        let found = newest.items.first().filter(|entry| entry.id == id);
        return Ok(found.map(|entry| SearchPlace::AuditEntry(entry.id)));
    }
    Ok(None)
}

/// The consumer whom a portal link, or a visit by it, lets in.
fn guest(conn: &Read<'_>, purview: Purview, text: &str) -> Result<Option<SearchPlace>, StoreError> {
    let visit = PortalSessionId::parse(text).map(|id| PortalLinkId::new(id.at(), id.seq()));
    let Some(link) = PortalLinkId::parse(text).or(visit) else {
        return Ok(None);
    };
    let found = portal_links::find(conn, link)?;
    let own = found.filter(|link| link.workspace.seq() == purview.workspace_seq);
    Ok(own.map(|link| SearchPlace::Consumer(link.consumer)))
}

fn look_through_events(
    conn: &Read<'_>,
    purview: Purview,
    text: &str,
    hits: &mut SearchHits,
) -> Result<(), StoreError> {
    let mut filter = EventFilter {
        workspace_seq: purview.workspace_seq,
        consumer_seq: purview.consumer_seq,
        order: Order::Descending,
        ..EventFilter::default()
    };
    while hits.events_looked_at < EVENTS_LOOKED_AT_MAX && hits.events.len() < SEARCH_HITS_MAX {
        let page = events::list(conn, &filter, Limit::clamped(u32::MAX))?;
        hits.events_looked_at += page.items.len();
        let holding = page
            .items
            .into_iter()
            .filter(|one| holds(one.event.data.as_bytes(), text));
        hits.events.extend(holding);
        filter.cursor = page.next;
        if page.next.is_none() {
            break;
        }
    }
    hits.events.truncate(SEARCH_HITS_MAX);
    Ok(())
}

fn look_through_answers(
    conn: &Read<'_>,
    purview: Purview,
    text: &str,
    hits: &mut SearchHits,
) -> Result<(), StoreError> {
    let filter = DeliveryFilter {
        workspace_seq: purview.workspace_seq,
        consumer_seq: purview.consumer_seq,
        ..DeliveryFilter::default()
    };
    let mut cursor = None;
    while hits.answers_looked_at < ANSWERS_LOOKED_AT_MAX && hits.answers.len() < SEARCH_HITS_MAX {
        let page = deliveries::list(conn, &filter, cursor, Limit::clamped(u32::MAX))?;
        hits.answers_looked_at += page.items.len();
        let answers = attempts::last_answers(conn, &page.items)?;
        let fitting = answers.iter().filter(|(_, body)| holds(body, text));
        let rows: Vec<i64> = fitting.map(|(row, _)| *row).collect();
        let holding = page
            .items
            .into_iter()
            .filter(|one| rows.contains(&one.id.seq()));
        hits.answers.extend(holding);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    hits.answers.truncate(SEARCH_HITS_MAX);
    Ok(())
}

/// Whether bytes hold a text, as it stands.
fn holds(bytes: &[u8], text: &str) -> bool {
    let wanted = text.as_bytes();
    bytes
        .windows(wanted.len().max(1))
        .any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_as_it_stands() {
        assert!(holds(br#"{"id": 7}"#, r#""id": 7"#));
        assert!(!holds(b"abc", "B"));
        assert!(!holds(b"ab", "abc"));
        assert!(!holds(b"", ""));
    }
}
