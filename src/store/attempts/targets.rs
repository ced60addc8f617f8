//! Where attempts went and whom they reached, held once for each webhook.
//!
//! Owns: the rows, and how many a webhook may have. Refuses: when they go; they go with the webhook
//! (`retention::history`), and its attempts went before.

use rusqlite::named_params;

use crate::store::target_cache::KnownTarget;
use crate::store::{Read, StoreError, WriteTx};

/// Targets that one webhook may have; attempts that went elsewhere say so themselves.
const TARGETS_MAX: usize = 32;
/// The number of a webhook's target; `None` where it may have no more of them.
pub(super) fn number(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    url: &str,
    remote_addr: &str,
) -> Result<Option<i64>, StoreError> {
    let known = tx.memory.targets.number(webhook_seq, url, remote_addr);
    if known.is_some() {
        return Ok(known);
    }
    let number = stored(tx, webhook_seq, url, remote_addr)?;
    if let Some(number) = number {
        let target = KnownTarget {
            url: url.to_owned(),
            remote_addr: remote_addr.to_owned(),
            number,
        };
        tx.memory.targets.remember(webhook_seq, target);
    }
    Ok(number)
}

fn stored(
    conn: &Read<'_>,
    webhook_seq: i64,
    url: &str,
    remote_addr: &str,
) -> Result<Option<i64>, StoreError> {
    let known: Option<i64> = conn.optional(
        "SELECT number FROM attempt_targets
         WHERE webhook_seq = :webhook AND url = :url AND remote_addr = :addr",
        named_params! { ":webhook": webhook_seq, ":url": url, ":addr": remote_addr },
    )?;
    if known.is_some() {
        return Ok(known);
    }
    conn.optional(
        "INSERT INTO attempt_targets (webhook_seq, url, remote_addr)
         SELECT :webhook, :url, :addr
         WHERE (SELECT count(*) FROM attempt_targets WHERE webhook_seq = :webhook) < :limit
         RETURNING number",
        named_params! { ":webhook": webhook_seq, ":url": url, ":addr": remote_addr, ":limit": TARGETS_MAX },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::{Attempt, AttemptTrigger};
    use crate::domain::delivery::{DeliveryPlace, Trigger};
    use crate::domain::webhook::WebhookKind;
    use crate::store::attempts;
    use crate::store::tests::samples::{Office, delivery, event, office, webhook};

    fn tried(office: &Office, place: DeliveryPlace, number: u32, url: String, addr: Option<&str>) {
        let addr = addr.map(ToOwned::to_owned);
        office.write(move |tx| {
            let attempt = Attempt {
                number,
                trigger: AttemptTrigger::Schedule,
                started_at: tx.now(),
                duration_ms: 1,
                status_code: None,
                error_kind: None,
                error: None,
                remote_addr: addr,
                url,
                request_headers: String::new(),
                response_headers: String::new(),
                response_body: None,
                response_truncated: false,
            };
            attempts::insert(tx, place, number, &attempt)
        });
    }

    #[test]
    fn a_target_is_held_once_and_each_attempt_says_its_own() {
        let office = office();
        let place = office.write(|tx| {
            let hook = webhook(tx, WebhookKind::Registered)?;
            let event = event(tx, "a")?;
            delivery(tx, &event, hook, Trigger::Event)
        });
        let of = |number: u32| {
            let url = format!("https://example.com/{}", number / 2);
            let addr = (!number.is_multiple_of(5)).then_some("203.0.113.7");
            (url, addr)
        };
        let most = u32::try_from(TARGETS_MAX * 3).unwrap();
        for number in 1..=most {
            let (url, addr) = of(number);
            tried(&office, place, number, url, addr);
        }
        let held = office.number("SELECT count(*) FROM attempt_targets");
        assert_eq!(usize::try_from(held), Ok(TARGETS_MAX));
        let found = office.read(|conn| attempts::latest_of(conn, place.seq, None));
        assert_eq!(found.items.len(), TARGETS_MAX * 3);
        for own in found.items {
            let (url, addr) = of(own.number);
            assert_eq!(
                (own.url, own.remote_addr.as_deref()),
                (url, addr),
                "{}",
                own.number
            );
        }
    }

    #[test]
    fn a_target_that_was_undone_is_not_remembered() {
        let office = office();
        let place = office.write(|tx| {
            let hook = webhook(tx, WebhookKind::Registered)?;
            let event = event(tx, "a")?;
            delivery(tx, &event, hook, Trigger::Event)
        });
        let url = "https://example.com/";
        let undone: Result<(), StoreError> = office.store.write_blocking(move |tx| {
            number(tx, place.webhook_seq, url, "203.0.113.7")?;
            Err(StoreError::Overloaded)
        });
        assert!(undone.is_err());
        tried(&office, place, 1, url.to_owned(), Some("203.0.113.7"));
        let found = office.read(|conn| attempts::latest_of(conn, place.seq, None));
        assert_eq!(found.items[0].url, url);
    }
}
