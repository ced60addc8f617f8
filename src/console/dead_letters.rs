//! `/dead-letters`: what gave up and waits for a person.
//!
//! Owns: the groups by webhook and cause, the list, single and bulk actions. Refuses: working bulk
//! off: a job does, and its page shows how far it is.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::deliveries::ROWS;
use super::filters::{FilterForm, Filters, Resolved};
use super::page::{PageContext, Section, back_to, go_and_say};
use super::{Form, Shown, Visitor};
use crate::domain::delivery::{Cause, DeliveryFilter, DeliveryScope, LetterGroup};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::job::Job;
use crate::domain::outcome::FailureKind;
use crate::domain::page::{Limit, List};
use crate::service::jobs::{Begun, Selection};
use crate::service::{Caller, Done, Once, Refusal};
use crate::ui::delivery_row::{Row, short};
use crate::ui::explain::explain;
use crate::ui::flash::Flash;
use crate::ui::job_progress::{heading, matching_words};
use crate::ui::names::Names;
use crate::ui::parts::{Stamp, counted, grouped};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/dead-letters", VIEWER, || to(list)),
    Endpoint::post("/dead-letters", OPERATOR, || to(bulk))
        .fresh()
        .back("/dead-letters"),
    Endpoint::post("/dead-letters/{id}/retry", OPERATOR, || to(retry))
        .fresh()
        .back("/dead-letters"),
    Endpoint::post("/dead-letters/{id}/discard", OPERATOR, || to(discard))
        .fresh()
        .back("/dead-letters"),
];

/// Dead letters of one webhook with one cause.
#[derive(Clone, Debug)]
pub struct GroupRow {
    /// What the webhook is called.
    pub webhook: String,
    /// Its id; empty for a receiver that a publish call named.
    pub webhook_id: String,
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

/// `GET /dead-letters`.
///
/// # Errors
/// 422 for filters that make no sense.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
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
            views
                .dead_letters(&visitor.caller, wanted, cursor, Limit::clamped(ROWS))
                .await
        })
        .await?;
    let names = Names(found.names);
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
        rows: found
            .page
            .items
            .iter()
            .map(|one| Row::of(one, &names))
            .collect(),
        further: found.page.next.map(|next| address(&next.to_string())),
        start: cursor.map(|_| address("")),
        matching: matching_words(found.matching),
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

async fn filter(
    state: &State,
    caller: &Caller,
    filters: &Filters,
) -> Result<DeliveryFilter, Refusal> {
    let input = filters.input(state.service.clock().now());
    state
        .service
        .delivery_filter(caller, DeliveryScope::DeadLetters, input, "")
        .await
}

fn group_row(group: &LetterGroup, names: &Names) -> GroupRow {
    let explained = explain(group.cause.kind, group.cause.status_code);
    GroupRow {
        webhook: short(&names.called(group.webhook_seq)),
        webhook_id: names
            .id(group.webhook_seq)
            .map(|id| id.to_string())
            .unwrap_or_default(),
        cause: cause_text(group.cause),
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

/// A cause as a form carries it: `status:500`, `timeout:`.
fn cause_text(cause: Cause) -> String {
    let kind = cause.kind.map_or("", FailureKind::as_str);
    let code = cause
        .status_code
        .map(|code| code.to_string())
        .unwrap_or_default();
    format!("{kind}:{code}")
}

fn parse_cause(text: &str) -> Option<Cause> {
    let (kind, code) = text.split_once(':')?;
    Some(Cause {
        kind: FailureKind::parse(kind),
        status_code: code.parse().ok(),
    })
}

/// What to do with dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GroupAction {
    Retry,
    Discard,
}

impl GroupAction {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "retry" => Some(Self::Retry),
            "discard" => Some(Self::Discard),
            _ => None,
        }
    }
}

/// `POST /dead-letters`: retries or discards those that are ticked, those of a group, or all that
/// match the filter.
///
/// # Errors
/// 422 for filters that make no sense.
pub async fn bulk(state: State, visitor: Visitor, form: Form) -> Shown {
    let back = form.back("/dead-letters");
    let action = GroupAction::parse(form.typed("action"));
    let action = action.ok_or_else(|| Refusal::field("action", "must be retry or discard"))?;
    let chosen = chosen(&state, &visitor.caller, &form).await?;
    if matches!(&chosen, Selection::Ids(ids) if ids.is_empty()) {
        let flash = Flash::bad("Nothing was ticked: choose dead letters first.");
        return Ok(go_and_say(&back, &flash));
    }
    let caller = &visitor.caller;
    let begun = match action {
        GroupAction::Retry => {
            state
                .service
                .retry_dead_letters(caller, chosen, Once::unkeyed())
                .await
        }
        GroupAction::Discard => {
            state
                .service
                .discard_dead_letters(caller, chosen, Once::unkeyed())
                .await
        }
    };
    match begun {
        Ok(begun) => Ok(to_job(&begun)),
        Err(refusal) => back_to(&back, Err::<(), _>(refusal), |()| String::new()),
    }
}

/// On to the page of a job that was just begun.
pub(super) fn to_job(begun: &Done<Begun>) -> actix_web::HttpResponse {
    match begun {
        Done::Fresh(begun) => {
            let text = format!(
                "{} found; the work goes on in the background, whether or not this page is open.",
                counted(begun.matched, "item", "items")
            );
            go_and_say(&format!("/jobs/{}", begun.job), &Flash::good(text))
        }
        Done::Replayed(_) => super::page::go("/dead-letters"),
    }
}

async fn chosen(state: &State, caller: &Caller, form: &Form) -> Result<Selection, Refusal> {
    let filters = Filters::read(|name| form.typed(name).to_owned());
    match form.typed("choose") {
        "all" => Ok(Selection::Filter(filter(state, caller, &filters).await?)),
        "group" => group_letters(state, caller, form).await,
        _ => {
            let ids = form.all("id").filter_map(DeliveryId::parse);
            Ok(Selection::Ids(ids.collect()))
        }
    }
}

async fn group_letters(state: &State, caller: &Caller, form: &Form) -> Result<Selection, Refusal> {
    let webhook = WebhookId::parse(form.typed("webhook_id"));
    let cause = parse_cause(form.typed("cause"));
    let (Some(webhook), Some(cause)) = (webhook, cause) else {
        return Err(Refusal::field("cause", "names no group"));
    };
    let letters = state.service.dead_letters_with(caller, webhook, cause);
    Ok(Selection::Ids(letters.await?))
}

/// `POST /dead-letters/{id}/retry`.
///
/// # Errors
/// 404 where there is no such dead letter.
pub async fn retry(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: DeliveryId = path_id(&request, "dead letter")?;
    let back = form.back(&format!("/deliveries/{id}"));
    let done = state.service.retry_dead_letter(&visitor.caller, id).await;
    back_to(&back, done, |_| {
        "One attempt is being made now; if it fails, the schedule starts anew.".to_owned()
    })
}

/// `POST /dead-letters/{id}/discard`.
///
/// # Errors
/// 404 where there is no such dead letter.
pub async fn discard(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: DeliveryId = path_id(&request, "dead letter")?;
    let back = form.back("/dead-letters");
    let done = state.service.discard_dead_letter(&visitor.caller, id).await;
    back_to(&back, done, |()| {
        "The dead letter was discarded; its delivery stays in the history.".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_survives_its_form() {
        for cause in [
            Cause {
                kind: Some(FailureKind::Status),
                status_code: Some(500),
            },
            Cause {
                kind: Some(FailureKind::Timeout),
                status_code: None,
            },
            Cause {
                kind: None,
                status_code: None,
            },
        ] {
            assert_eq!(parse_cause(&cause_text(cause)), Some(cause));
        }
        assert_eq!(parse_cause("nonsense"), None);
    }
}
