//! What is done with dead letters: retrying, discarding, taking that back.
//!
//! Owns: these actions, one by one and in bulk, and what they ask back. Refuses: the page around them
//! ([`super::dead_letters`]) and rules (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;

use super::access::OPERATOR;
use super::ask::{Question, ask, is_confirmed};
use super::filters::Filters;
use super::page::{back_to, go_and_say};
use super::{Form, Shown, Visitor};
use crate::domain::delivery::{Cause, DeliveryFilter, DeliveryScope};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::outcome::FailureKind;
use crate::service::jobs::{Begun, Selection};
use crate::service::{Caller, Done, Idempotency, Refusal};
use crate::ui::flash::Flash;
use crate::ui::parts::counted;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::path_id;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/dead-letters", OPERATOR, || to(bulk))
        .fresh()
        .back("/dead-letters"),
    Endpoint::post("/dead-letters/{id}/retry", OPERATOR, || to(retry))
        .fresh()
        .back("/dead-letters"),
    Endpoint::post("/dead-letters/{id}/discard", OPERATOR, || to(discard))
        .fresh()
        .back("/dead-letters"),
    Endpoint::post("/dead-letters/{id}/restore", OPERATOR, || to(restore)).back("/deliveries/{id}"),
];

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

/// A cause as a form carries it: `status:500`, `timeout:`.
pub(super) fn cause_text(cause: Cause) -> String {
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
pub async fn bulk(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let back = form.back("/dead-letters");
    let action = GroupAction::parse(form.typed("action"));
    let action = action.ok_or_else(|| Refusal::field("action", "must be retry or discard"))?;
    let chosen = chosen(&state, &visitor.caller, &form).await?;
    if matches!(&chosen, Selection::Ids(ids) if ids.is_empty()) {
        let flash = Flash::bad("Nothing was ticked: choose dead letters first.");
        return Ok(go_and_say(&back, &flash));
    }
    // Only what was ticked one by one is retried at once: its number is before the reader's eyes.
    let is_ticked = form.typed("choose") != "all" && !form.ticked("cause");
    let asks = action == GroupAction::Discard || !is_ticked;
    if asks && !is_confirmed(&form) {
        let count = state.service.count_chosen(&chosen).await?;
        let question = bulk_question(action, count, back);
        return ask(&state, &request, visitor, &form, question).await;
    }
    let caller = &visitor.caller;
    let begun = match action {
        GroupAction::Retry => {
            state
                .service
                .retry_dead_letters(caller, chosen, Idempotency::unkeyed())
                .await
        }
        GroupAction::Discard => {
            state
                .service
                .discard_dead_letters(caller, chosen, Idempotency::unkeyed())
                .await
        }
    };
    match begun {
        Ok(begun) => Ok(to_job(&begun)),
        Err(refusal) => back_to(&back, Err::<(), _>(refusal), |()| String::new()),
    }
}

fn bulk_question(action: GroupAction, count: u64, back: String) -> Question {
    let what = counted(count, "dead letter", "dead letters");
    match action {
        GroupAction::Retry => Question {
            title: format!("Retry {what}?"),
            consequence:
                "Each is attempted as soon as its receiver's limits allow; those that fail \
                          again go on by their schedule."
                    .to_owned(),
            yes: "Retry them",
            back,
        },
        GroupAction::Discard => Question {
            title: format!("Discard {what}?"),
            consequence: format!("They are not sent and leave this list. {TAKEN_BACK}"),
            yes: "Discard them",
            back,
        },
    }
}

/// What holds after every discarding.
const TAKEN_BACK: &str = "It can be taken back on the job's page until retention removes them.";

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
        // What a group's own form sends, and only that.
        _ if form.ticked("cause") => group_letters(state, caller, form).await,
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
    if !is_confirmed(&form) {
        state.service.delivery(&visitor.caller, id).await?;
        let question = Question {
            title: "Discard 1 dead letter?".to_owned(),
            consequence:
                "It is not sent and leaves the list of dead letters. Its own page can take \
                          that back until retention removes it."
                    .to_owned(),
            yes: "Discard it",
            back,
        };
        return ask(&state, &request, visitor, &form, question).await;
    }
    let done = state.service.discard_dead_letter(&visitor.caller, id).await;
    back_to(&back, done, |()| {
        "The dead letter was discarded; its own page can take that back.".to_owned()
    })
}

/// `POST /dead-letters/{id}/restore`.
///
/// # Errors
/// 404 where there is no such delivery.
pub async fn restore(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    let id: DeliveryId = path_id(&request, "delivery")?;
    let done = state.service.restore_dead_letter(&visitor.caller, id).await;
    back_to(&format!("/deliveries/{id}"), done, |_| {
        "It is a dead letter again.".to_owned()
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
