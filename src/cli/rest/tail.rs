//! `hookpost deliveries tail`: deliveries as they are made and change, a line each.
//!
//! Owns: asking again and again, and telling what is new from what was said. Refuses: telling of what was
//! there before it began, beyond the first page, and of more than the newest thousands that change.
//!
//! # How far back it looks
//! A page has 250 deliveries, and a burst has more. So each look goes on from page to page until it has come
//! past the newest delivery that it knows, and past the oldest that may still change. Which of those a filter
//! of the last result lets in cannot be told beforehand: with one, it goes through all that it watches.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use serde_json::Value;

use super::filter::{Filter, FilterQuery};
use super::shown::member_words;
use super::{Api, ListPage, OutputForm, PAGES_MAX, parse};
use crate::cli::output::say_on;
use crate::domain::id::DeliveryId;

/// How often the server is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How many deliveries a page has.
const PAGE: &str = "250";
/// The most deliveries that are watched for changes, the newest.
const WATCHED_MAX: usize = 10_000;
/// What changes no more unless somebody asks for that.
const ENDED: [&str; 3] = ["delivered", "exhausted", "canceled"];

#[derive(Args)]
pub(super) struct Tail {
    #[command(flatten)]
    filter: Filter,
    /// How many of those that are there already are printed first
    #[arg(long, value_name = "N", default_value_t = 10)]
    lines: usize,
}

/// A delivery as it was said: its state, and whether that may change.
#[derive(Debug, PartialEq, Eq)]
struct SaidState {
    state: String,
    is_open: bool,
}

/// What was said, by the deliveries' numbers, which grow.
#[derive(Debug, Default)]
struct Watched {
    said: BTreeMap<i64, SaidState>,
    /// What is older is not told.
    oldest: i64,
}

impl Tail {
    /// Prints until it is stopped or nobody listens any more.
    pub(super) async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let mut watched = Watched::default();
        let mut lines = self.lines;
        let mut down_to = i64::MAX;
        loop {
            let begun = Instant::now();
            let found = self.look(api, down_to).await?;
            if down_to == i64::MAX {
                watched.oldest = found.last().map_or(0, |(number, _)| *number);
            }
            let mut fresh = watched.fresh(&found);
            fresh.truncate(lines);
            for delivery in fresh.into_iter().rev() {
                match say_on(line(api.form, delivery)) {
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                    said => said?,
                }
            }
            watched.said(&found);
            down_to = match self.filter.is_of_outcome() {
                true => watched.oldest,
                false => watched.unsettled(),
            };
            lines = usize::MAX;
            // Looking far back takes the server's time, of which a tail takes a small part.
            tokio::time::sleep(ASK_EVERY.max(begun.elapsed() * 4)).await;
        }
    }

    /// The newest deliveries with their numbers, newest first: whole pages, until one that reaches `down_to`.
    async fn look(&self, api: &Api, down_to: i64) -> anyhow::Result<Vec<(i64, Value)>> {
        let (mut found, mut cursor) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let mut query = FilterQuery::default();
            self.filter.push_to(&mut query);
            query.push("limit", Some(PAGE));
            query.push("cursor", cursor.as_deref());
            let body = api.fetch(&query.on("/deliveries")).await?;
            let page: ListPage<Value> = parse(&body)?;
            for delivery in page.data {
                found.push((number(&delivery)?, delivery));
            }
            let is_reached = found.last().is_none_or(|(number, _)| *number <= down_to);
            cursor = page.next_cursor;
            if is_reached || cursor.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

impl Watched {
    /// What was not said yet or has changed, newest first.
    fn fresh<'a>(&self, found: &'a [(i64, Value)]) -> Vec<&'a Value> {
        let is_fresh = |(number, delivery): &&(i64, Value)| {
            let said = self.said.get(number).map(|said| &said.state);
            *number >= self.oldest && said != Some(&state_of(delivery))
        };
        found.iter().filter(is_fresh).map(|(_, one)| one).collect()
    }

    /// Remembers what was said.
    fn said(&mut self, found: &[(i64, Value)]) {
        for (number, delivery) in found {
            if *number >= self.oldest {
                let state = state_of(delivery);
                let status = delivery["status"].as_str().unwrap_or_default();
                let is_open = !ENDED.contains(&status);
                self.said.insert(*number, SaidState { state, is_open });
            }
        }
        while self.said.len() > WATCHED_MAX {
            self.said.pop_first();
            self.oldest = self.said.keys().next().copied().unwrap_or_default();
        }
    }

    /// How far down the next look must go: to the newest that is known, and the oldest that may change.
    fn unsettled(&self) -> i64 {
        let newest = self.said.keys().next_back().copied();
        let mut open = self.said.iter().filter(|(_, said)| said.is_open);
        let open = open.next().map(|(number, _)| *number);
        newest.map_or(self.oldest, |newest| open.unwrap_or(newest).min(newest))
    }
}

/// A delivery's number, which its id carries.
fn number(delivery: &Value) -> anyhow::Result<i64> {
    let id = delivery["id"].as_str().and_then(DeliveryId::parse);
    Ok(id
        .context("the server's answer is not what hookpost answers")?
        .seq())
}

fn state_of(delivery: &Value) -> String {
    format!("{} {}", delivery["status"], delivery["attempt_count"])
}

fn line(form: OutputForm, delivery: &Value) -> String {
    if form == OutputForm::Json {
        return delivery.to_string();
    }
    let last = match &delivery["last_error_kind"] {
        Value::Null => member_words(delivery, "last_status_code"),
        _ => match &delivery["last_status_code"] {
            Value::Null => member_words(delivery, "last_error_kind"),
            code => code.to_string(),
        },
    };
    format!(
        "{}  {}  {:<9}  {:>3}  {last:<8}  {}",
        member_words(delivery, "created_at"),
        member_words(delivery, "id"),
        member_words(delivery, "status"),
        member_words(delivery, "attempt_count"),
        member_words(delivery, "event_type"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delivery(number: i64, status: &str) -> (i64, Value) {
        (number, json!({"status": status, "attempt_count": 1}))
    }

    #[test]
    fn what_is_new_or_changed_is_said_once() {
        let mut watched = Watched {
            oldest: 2,
            ..Watched::default()
        };
        let found = [
            delivery(4, "pending"),
            delivery(3, "retrying"),
            delivery(2, "delivered"),
        ];
        assert_eq!(watched.fresh(&found).len(), 3);
        watched.said(&found);
        assert!(watched.fresh(&found).is_empty());
        let found = [
            delivery(5, "delivered"),
            delivery(4, "pending"),
            delivery(3, "delivered"),
            delivery(2, "delivered"),
            // It was there before, beyond the first page.
            delivery(1, "exhausted"),
        ];
        assert_eq!(watched.fresh(&found), [&found[0].1, &found[2].1]);
    }

    #[test]
    fn a_look_goes_down_to_what_is_known_and_to_what_may_change() {
        let mut watched = Watched::default();
        assert_eq!(watched.unsettled(), 0);
        watched.said(&[delivery(9, "delivered"), delivery(8, "exhausted")]);
        assert_eq!(watched.unsettled(), 9);
        watched.said(&[delivery(12, "delivered"), delivery(11, "retrying")]);
        assert_eq!(watched.unsettled(), 11);
        let many: Vec<_> = (0..WATCHED_MAX as i64)
            .map(|n| delivery(n + 20, "pending"))
            .collect();
        watched.said(&many);
        assert_eq!((watched.unsettled(), watched.oldest), (20, 20));
    }
}
