//! `hookpost deliveries tail`: deliveries as they are made and change, a line each.
//!
//! Owns: asking again and again, and telling what is new from what was said. Refuses: watching more
//! than the newest page: an older delivery that changes is not told.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::filter::{Filter, FilterQuery};
use super::shown::member_words;
use super::{Api, ListPage, OutputForm, parse};
use crate::cli::output::say_on;

/// How often the server is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How many of the newest deliveries are watched.
const WATCHED: &str = "250";

#[derive(Args)]
pub(super) struct Tail {
    #[command(flatten)]
    filter: Filter,
    /// How many of those that are there already are printed first
    #[arg(long, value_name = "N", default_value_t = 10)]
    lines: usize,
}

impl Tail {
    /// Prints until it is stopped or nobody listens any more.
    pub(super) async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let mut query = FilterQuery::default();
        self.filter.push_to(&mut query);
        query.push("limit", Some(WATCHED));
        let path = query.on("/deliveries");
        let mut said: Option<HashMap<String, String>> = None;
        loop {
            let page: ListPage<Value> = parse(&api.fetch(&path).await?)?;
            let fresh = fresh(&page.data, said.as_ref(), self.lines);
            for delivery in fresh {
                match say_on(line(api.form, delivery)) {
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                    said => said?,
                }
            }
            let state = |one: &Value| (member_words(one, "id"), state_of(one));
            said = Some(page.data.iter().map(state).collect());
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}

/// What was not said yet, oldest first; of the first page the newest `lines`.
fn fresh<'a>(
    page: &'a [Value],
    said: Option<&HashMap<String, String>>,
    lines: usize,
) -> Vec<&'a Value> {
    let is_fresh = |one: &&Value| match said {
        None => true,
        Some(said) => said.get(&member_words(one, "id")) != Some(&state_of(one)),
    };
    let taken = if said.is_none() { lines } else { page.len() };
    let mut fresh: Vec<&Value> = page.iter().filter(is_fresh).take(taken).collect();
    fresh.reverse();
    fresh
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

    fn delivery(id: &str, attempts: u32) -> Value {
        json!({"id": id, "status": "retrying", "attempt_count": attempts})
    }

    #[test]
    fn what_is_new_or_changed_is_said_once_oldest_first() {
        let page = [delivery("c", 0), delivery("b", 1), delivery("a", 1)];
        assert_eq!(fresh(&page, None, 2), [&page[1], &page[0]]);
        let said = page[1..]
            .iter()
            .map(|one| (member_words(one, "id"), state_of(one)));
        let said: HashMap<_, _> = said.collect();
        assert_eq!(fresh(&page, Some(&said), 2), [&page[0]]);
        let changed = [delivery("b", 2), delivery("a", 1)];
        assert_eq!(fresh(&changed, Some(&said), 2), [&changed[0]]);
    }
}
