//! `hookpost relay`: events from a platform's own transactions.
//!
//! Owns: publishing the rows of an outbox in order, each exactly once by its id, and patience with both
//! sides. Refuses: the table (`store::outbox`), rules of events (the API's).
//!
//! # Why it can be ended at any moment
//! It has no state. A row is published, then marked; whoever ends it in between has the row published
//! once more by the next one, and the event's id says that it is the same.
//!
//! # What is refused for good
//! A row that the API will never take (no JSON object where one is asked for, an unknown type, an id that
//! was used for something else) gets the reason into its column `error` and is passed over; nothing is
//! lost, and the rows behind it do not wait. Emptied, the column lets it be tried again.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use self::batch::{RowsAnswered, publish};
use super::output::{self, say};
use super::rest::{Api, Connection};
use crate::domain::time::parse_duration;
use crate::entropy;
use crate::store::outbox::{
    AfterPublishing, BATCH_ROWS_MAX, Outbox, OutboxError, OutboxOptions, OutboxTable,
};

mod batch;

/// The first pause after something did not work; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Publish the events of a transactional outbox, in order, each exactly once
#[derive(Args)]
#[command(
    after_help = "The table is shown by --schema. Write a row in the transaction that causes the \
                  event; its id becomes the event's. published_at says when it was published, error why \
                  it can't be."
)]
pub(super) struct RelayCommand {
    /// The platform's database: sqlite:PATH, postgres://USER:PASSWORD@HOST/NAME, mysql://… or mariadb://…; with
    /// ?sslmode=require over TLS, and its certificate is checked
    #[arg(
        long,
        env = "HOOKPOST_RELAY_DATABASE",
        hide_env_values = true,
        value_name = "URL"
    )]
    database: String,
    /// Authorities (PEM) that vouch for the database, besides the public ones
    #[arg(long, value_name = "FILE")]
    database_ca: Option<PathBuf>,
    /// The outbox's table, with a schema before it if need be
    #[arg(long, value_name = "TABLE", default_value = "hookpost_outbox")]
    table: OutboxTable,
    /// How many rows are published with one call
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=i64::from(BATCH_ROWS_MAX)))]
    batch: u32,
    /// How long it waits at most before it looks again; PostgreSQL wakes it at once
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_duration)]
    poll: Duration,
    /// Delete rows that were published, instead of marking them
    #[arg(long)]
    delete: bool,
    /// Publish what waits, and end
    #[arg(long)]
    once: bool,
    /// Print the statements that make the table, and do nothing else
    #[arg(long)]
    schema: bool,
    // Last, because its heading is that of what follows.
    #[command(flatten)]
    connection: Connection,
}

/// When it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// Once nothing waits.
    Empty,
    /// Never by itself.
    Ended,
}

impl RelayCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        if self.schema {
            let schema = Outbox::schema(&self.database, &self.table)?;
            return Ok(say(schema.trim_end())?);
        }
        let after = match self.delete {
            true => AfterPublishing::Delete,
            false => AfterPublishing::Mark,
        };
        let options = OutboxOptions {
            table: self.table,
            after,
            roots_file: self.database_ca,
        };
        let until = match self.once {
            true => Until::Empty,
            false => Until::Ended,
        };
        // The databases' own clients wait in their own way, so calls of the API are waited for one by one.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Relay {
            api: self.connection.open()?,
            runtime,
            open: Box::new(move || Outbox::open(&self.database, &options)),
            batch: self.batch,
            poll: self.poll.max(Duration::from_millis(10)),
            pause: PAUSE_MIN,
        }
        .serve(until)
    }
}

struct Relay {
    api: Api,
    runtime: tokio::runtime::Runtime,
    open: Box<dyn Fn() -> Result<Outbox, OutboxError>>,
    batch: u32,
    poll: Duration,
    pause: Duration,
}

impl Relay {
    fn serve(mut self, until: Until) -> anyhow::Result<()> {
        // What is wrong at the start is a mistake of whoever starts it; later on it is weather.
        let mut outbox = (self.open)()?;
        let mut published = 0;
        loop {
            match self.step(&mut outbox) {
                Ok(RelayStep::Published(rows)) => {
                    published += rows;
                    self.pause = PAUSE_MIN;
                }
                Ok(RelayStep::Empty) if until == Until::Empty => {
                    say(output::counted(published, "event", "events"))?;
                    return Ok(());
                }
                Ok(RelayStep::Empty) => {
                    if let Err(error) = outbox.wait(self.poll) {
                        outbox = self.reopen(&error.into(), until)?;
                    }
                }
                Err(error) => outbox = self.reopen(&error, until)?,
            }
        }
    }

    /// Publishes and marks the next rows.
    fn step(&mut self, outbox: &mut Outbox) -> anyhow::Result<RelayStep> {
        let rows = outbox.waiting(self.batch)?;
        if rows.is_empty() {
            return Ok(RelayStep::Empty);
        }
        let RowsAnswered { settled, later } = self.runtime.block_on(publish(&self.api, &rows))?;
        for (position, reason) in &settled.refused {
            output::complain(&anyhow::anyhow!("row {position} is refused: {reason}"));
        }
        let published = settled.published.len() as u64;
        outbox.settle(&settled)?;
        match later {
            Some(reason) => bail!("hookpost takes no more for now: {reason}"),
            None => Ok(RelayStep::Published(published)),
        }
    }

    /// Waits, and opens the outbox anew.
    fn reopen(&mut self, reason: &anyhow::Error, until: Until) -> anyhow::Result<Outbox> {
        let mut reason = format!("{reason:#}");
        loop {
            if until == Until::Empty {
                bail!(reason);
            }
            output::complain(&anyhow::anyhow!(
                "{reason}; trying again in {} s",
                self.pause.as_secs_f64()
            ));
            // Several relays must not come back in step.
            std::thread::sleep(self.pause.mul_f64(0.75 + entropy::fraction() / 4.0));
            self.pause = (self.pause * 2).min(PAUSE_MAX);
            match (self.open)() {
                Ok(outbox) => return Ok(outbox),
                Err(error) => reason = error.to_string(),
            }
        }
    }
}

/// What one step came to.
enum RelayStep {
    /// So many rows are published.
    Published(u64),
    /// Nothing waits.
    Empty,
}
