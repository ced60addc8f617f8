//! `/dead-letters`: what gave up and waits for a person.
//!
//! Owns: the groups by webhook and cause, and the list. Refuses: what is done with them
//! ([`super::dead_letter_actions`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::dead_letter_actions::cause_text;
use super::deliveries::ROWS;
use super::export;
use super::filters::{FilterForm, Filters, Resolved};
use super::page::{PageContext, Section};
use super::saved_views::{ViewsStrip, whose};
use super::{Shown, Visitor};
use crate::domain::delivery::{Cause, LastResult, LetterGroup};
use crate::domain::job::Job;
use crate::domain::page::{Limit, List};
use crate::service::views::WantedDeliveries;
use crate::ui::delivery_row::{Row, short};
use crate::ui::explain::explain;
use crate::ui::job_progress::{heading, matching_words};
use crate::ui::names::Names;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Stamp, counted, grouped};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/dead-letters", VIEWER, || to(list))];

/// Dead letters of one webhook with one cause.
#[derive(Clone, Debug)]
pub struct GroupRow {
    /// What the webhook is called.
    pub webhook: String,
    /// Its id; empty for a receiver that a publish call named.
    pub webhook_id: String,
    /// The list of exactly these.
    pub address: String,
    /// What the form sends to name the cause.
    pub cause: String,
    /// The cause in a word.
    pub word: String,
    /// The cause for people.
    pub explained: &'static str,
    /// How many.
    pub letters: String,
    /// When the first of them was made.
    pub oldest: Stamp,
    /// When the last of them was made.
    pub newest: Stamp,
}

/// The page.
#[derive(Template)]
#[template(path = "dead_letters.html")]
pub struct DeadLettersView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The groups.
    pub groups: Vec<GroupRow>,
    /// Whether the groups leave older letters out.
    pub groups_cut: Option<u32>,
    /// The list.
    pub rows: Vec<Row>,
    /// The form that narrows it.
    pub form: FilterForm,
    /// Where the list goes on.
    pub further: Option<String>,
    /// Where it begins, if this is not there.
    pub start: Option<String>,
    /// How many match, in words.
    pub matching: String,
    /// Work on dead letters and deliveries that goes on.
    pub jobs: Vec<JobRow>,
    /// The views of it that the reader keeps.
    pub views: ViewsStrip,
    /// The list as files: address, word.
    pub files: [(String, &'static str); 2],
    /// Whether the reader may act.
    pub may_operate: bool,
}

/// Work that goes on in the background.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// Its id.
    pub id: String,
    /// What it does.
    pub heading: &'static str,
    /// How much it has done.
    pub done: u64,
    /// How much there is.
    pub total: u64,
    /// The same in words.
    pub words: String,
}

async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let filters = Filters::of(&mut query);
    let cursor = query.cursor("cursor", List::DeadLetters);
    query.finish()?;
    let asked = match filters
        .resolve(&state, &visitor.caller, "/dead-letters")
        .await?
    {
        Resolved::Elsewhere(response) => return Ok(response),
        Resolved::Here(asked) => asked,
    };
    let (found, asked) = asked
        .read(async |wanted| {
            let views = state.service.views();
            let wanted = WantedDeliveries {
                views_of: Some(whose(&visitor, "/dead-letters")),
                ..wanted
            };
            views
                .dead_letters(&visitor.caller, wanted, cursor, Limit::clamped(ROWS))
                .await
        })
        .await?;
    let names = Names(found.names);
    let views = ViewsStrip::of(&visitor, "/dead-letters", asked.filters(), found.views);
    let may_operate = visitor.may_operate();
    let page = PageContext::of(
        &state,
        &request,
        visitor,
        Section::DeadLetters,
        "Dead letters",
    )
    .await?;
    let form = asked.form(found.webhook.as_ref());
    let address = |cursor: &str| form.filters.address("/dead-letters", "", cursor);
    let view = DeadLettersView {
        page: &page,
        groups: found
            .groups
            .iter()
            .map(|group| group_row(group, &names))
            .collect(),
        groups_cut: found.groups_cut,
        rows: Row::all(&found.page.items, &names),
        further: found.page.next.map(|next| address(&next.to_string())),
        start: cursor.map(|_| address("")),
        matching: matching_words(found.matching),
        views,
        files: export::addresses("/dead-letters/export", &form.filters),
        jobs: found.running.iter().map(job_row).collect(),
        may_operate,
        form,
    };
    view.form.show(&page, &view)
}

fn job_row(job: &Job) -> JobRow {
    let total = job.total.max(job.done).max(1);
    JobRow {
        id: job.id.to_string(),
        heading: heading(job.kind),
        done: job.done,
        total,
        words: format!("{} of {}", grouped(job.done), grouped(total)),
    }
}

fn group_row(group: &LetterGroup, names: &Names) -> GroupRow {
    let Cause { kind, status_code } = group.cause;
    let explained = explain(kind, status_code);
    let webhook_id = names.id(group.webhook_seq).map(|id| id.to_string());
    let webhook_id = webhook_id.unwrap_or_default();
    let result = status_code.map(LastResult::Code);
    let result = result.or(kind.map(LastResult::Failure));
    let result = result.map(|result| result.to_string()).unwrap_or_default();
    GroupRow {
        webhook: short(&names.called(group.webhook_seq)),
        address: with_query(
            "/dead-letters",
            &[("webhook_id", &webhook_id), ("result", &result)],
        ),
        cause: cause_text(group.cause),
        webhook_id,
        word: match (group.cause.status_code, group.cause.kind) {
            (Some(code), _) => format!("HTTP {code}"),
            (None, Some(kind)) => kind.as_str().to_owned(),
            (None, None) => "unknown".to_owned(),
        },
        explained: explained.map_or("", |explained| explained.cause),
        letters: counted(group.letters, "dead letter", "dead letters"),
        oldest: Stamp(group.oldest),
        newest: Stamp(group.newest),
    }
}
