//! Finding webhooks among thousands: by a part of what they are called, by how they stand.
//!
//! Owns: one pass over a workspace's registered webhooks, newest first and bounded; counts, order and
//! page come from it. Refuses: the rules of tabs and order (`domain::webhook::search`).
//!
//! # Why a pass, and not an index
//! People look for a part of a name or host, and want to know how many stand how. A workspace's
//! webhooks are few beside its deliveries: a pass over the most that are looked at takes some
//! milliseconds, and costs nothing while nobody looks.

use rusqlite::{Row, named_params};

use super::SELECT;
use super::row::{state, webhook};
use crate::domain::consumer::Purview;
use crate::domain::id::WebhookId;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{SEARCHED_MAX, Webhook, WebhookGlance, WebhookSearch, WebhookTab};
use crate::store::found::readable;
use crate::store::vault::Vault;
use crate::store::{Read, StoreError, row_list};

/// What a search found.
#[derive(Clone, Debug)]
pub struct WebhookHits {
    /// The rows of those that are shown, in order.
    pub seqs: Vec<i64>,
    /// How many match under each of [`WebhookTab::ALL`].
    pub counts: [usize; WebhookTab::ALL.len()],
    /// Whether older webhooks were not looked at.
    pub is_cut: bool,
}

impl WebhookHits {
    /// How many match under `tab`.
    #[must_use]
    pub fn count(&self, tab: WebhookTab) -> usize {
        let at = WebhookTab::ALL.into_iter().position(|one| one == tab);
        at.map_or(0, |at| self.counts[at])
    }
}

/// The registered webhooks within `purview` that `wanted` describes, up to `rows` of them.
pub fn search(
    conn: &Read<'_>,
    purview: Purview,
    wanted: &WebhookSearch,
    rows: usize,
) -> Result<WebhookHits, StoreError> {
    let text = wanted.text.trim().to_lowercase();
    let id = WebhookId::parse(wanted.text.trim()).map(|id| id.seq());
    let (owner, owner_seq) = match purview.consumer_seq {
        Some(seq) => ("consumer_seq", seq),
        None => ("workspace_seq", purview.workspace_seq),
    };
    let sql = format!(
        "SELECT seq, label, url, status, disabled_reason, disabled_at, consecutive_failures, failing_since,
             last_success_at,
             EXISTS (
                 SELECT 1 FROM deliveries INDEXED BY dead_letters_of
                 WHERE webhook_seq = w.seq AND status = 3 AND discarded_at IS NULL
             ) AS has_dead_letters
         FROM webhooks AS w
         WHERE {owner} = :owner AND kind = 'registered' AND deleted_at IS NULL
         ORDER BY seq DESC
         LIMIT :most"
    );
    let params = named_params! { ":owner": owner_seq, ":most": SEARCHED_MAX + 1 };
    let looked_at = conn.rows(&sql, params, |row| {
        let wanted = match text.is_empty() {
            true => Ok(true),
            false => is_called(row, &text, id),
        };
        let glanced = wanted.and_then(|wanted| wanted.then(|| glance(row)).transpose());
        readable(glanced).map(Option::flatten)
    })?;
    let is_cut = looked_at.len() > SEARCHED_MAX as usize;
    let mut found: Vec<WebhookGlance> = looked_at
        .into_iter()
        .take(SEARCHED_MAX as usize)
        .flatten()
        .collect();
    let counts = WebhookTab::ALL.map(|tab| found.iter().filter(|one| one.is_under(tab)).count());
    found.retain(|one| one.is_under(wanted.tab));
    found.sort_by(|a, b| a.compare(b, wanted.sort));
    Ok(WebhookHits {
        seqs: found
            .iter()
            .skip(wanted.skip)
            .take(rows)
            .map(|one| one.seq)
            .collect(),
        counts,
        is_cut,
    })
}

/// The webhooks in the rows `seqs`, in that order; what cannot be read is left out.
pub fn in_rows(
    conn: &Read<'_>,
    vault: &Vault,
    seqs: &[i64],
    now: Timestamp,
) -> Result<Vec<Webhook>, StoreError> {
    let sql = format!(
        "{SELECT} WHERE w.seq IN (SELECT value FROM json_each(:seqs)) ORDER BY w.seq LIMIT -1"
    );
    let params = named_params! { ":seqs": row_list(seqs), ":now": now };
    let read = conn.rows(&sql, params, |row| readable(webhook(row, vault)))?;
    let mut found: Vec<Webhook> = read.into_iter().flatten().collect();
    found.sort_by_cached_key(|one| seqs.iter().position(|seq| *seq == one.id.seq()));
    Ok(found)
}

/// The rows of registered webhooks that are told of where not all can be, over all workspaces: those
/// that have failed longest, then those registered first; `rows` of them at most.
pub fn foremost(conn: &Read<'_>, rows: u32) -> Result<Vec<i64>, StoreError> {
    conn.rows(
        "SELECT seq
         FROM webhooks
         WHERE kind = 'registered' AND deleted_at IS NULL
         ORDER BY failing_since IS NULL, failing_since, seq
         LIMIT :rows",
        named_params! { ":rows": rows },
        |row| Ok(row.get(0)?),
    )
}

/// Which of the webhooks in the rows `seqs` have dead letters that nobody has discarded.
pub fn with_dead_letters(conn: &Read<'_>, seqs: &[i64]) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT value
         FROM json_each(:seqs)
         WHERE EXISTS (
             SELECT 1 FROM deliveries INDEXED BY dead_letters_of
             WHERE webhook_seq = value AND status = 3 AND discarded_at IS NULL
         )
         LIMIT -1";
    let params = named_params! { ":seqs": row_list(seqs) };
    conn.rows(sql, params, |row| Ok(row.get("value")?))
}

fn is_called(row: &Row<'_>, text: &str, id: Option<i64>) -> Result<bool, StoreError> {
    if id.is_some() {
        return Ok(id == row.get("seq")?);
    }
    let holds = |column| {
        let value: String = row.get(column)?;
        Ok::<_, StoreError>(value.to_lowercase().contains(text))
    };
    Ok(holds("label")? || holds("url")?)
}

fn glance(row: &Row<'_>) -> Result<WebhookGlance, StoreError> {
    let label: String = row.get("label")?;
    let name = if label.is_empty() {
        row.get("url")?
    } else {
        label
    };
    let failures: i64 = row.get("consecutive_failures")?;
    Ok(WebhookGlance {
        seq: row.get("seq")?,
        name: name.to_lowercase(),
        state: state(row)?,
        is_failing: failures > 0,
        failing_since: row.get("failing_since")?,
        last_success_at: row.get("last_success_at")?,
        has_dead_letters: row.get("has_dead_letters")?,
    })
}
