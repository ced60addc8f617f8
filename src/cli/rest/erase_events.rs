//! `hookpost events erase`.
//!
//! Owns: which events are meant. Refuses: erasing; a job of the server's does.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Api, job};
use crate::cli::output::{WrongUsage, counted, say};

const PATH: &str = "/events/erase";

/// Some events, or all that match.
#[derive(Args)]
pub(super) struct EraseEvents {
    /// The events' ids
    ids: Vec<String>,
    #[command(flatten)]
    filter: EraseFilter,
    /// All events of the workspace
    #[arg(long)]
    all: bool,
    /// Only say how many that would be
    #[arg(long)]
    dry_run: bool,
}

/// Which events are meant; without any of these, all.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize)]
struct EraseFilter {
    /// Only events for this consumer, by id or uid
    #[arg(long, value_name = "CONSUMER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<String>,
    /// Only events of this type, or below a prefix: agent.*
    #[arg(long = "type", value_name = "TYPE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<String>,
    /// Only events said in this channel
    #[arg(long, value_name = "CHANNEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// Only events with this tag
    #[arg(long, value_name = "TAG")]
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    /// Only events accepted since this time, such as 2026-03-16T10:05:00Z
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Only events accepted before this time
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

#[derive(Serialize)]
struct EventsToErase<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ids: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a EraseFilter>,
    dry_run: bool,
}

#[derive(Deserialize)]
struct CountedEvents {
    matched: u64,
}

impl EraseEvents {
    pub(super) async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let is_filtered = self.filter != EraseFilter::default();
        match (self.ids.is_empty(), is_filtered || self.all) {
            (true, false) => {
                let message = "name events, a filter such as --consumer, or --all";
                return Err(WrongUsage::of(message));
            }
            (false, true) => return Err(WrongUsage::of("name either events or a filter")),
            (true, true) | (false, false) => {}
        }
        let chosen = EventsToErase {
            ids: &self.ids,
            filter: self.ids.is_empty().then_some(&self.filter),
            dry_run: self.dry_run,
        };
        if !self.dry_run {
            return job::run(api, PATH, &chosen).await;
        }
        let body = api.post(PATH, &chosen).await?;
        api.answer(&body, |found: &CountedEvents| {
            let events = counted(found.matched, "event", "events");
            Ok(say(format_args!("{events} would be erased"))?)
        })
    }
}
