//! `/portal/dead-letters`: what gave up and waits for somebody.
//!
//! Owns: the list, and retrying or discarding what is ticked, or all of it. Refuses: working that off: a
//! job does.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, RETRY, VIEW};
use super::ask::{GuestQuestion, ask, is_confirmed};
use super::deliveries::ROWS;
use super::form::GuestForm;
use super::guest::Guest;
use super::job::to_job;
use super::page::{PortalPage, Room, Shown, go_and_say, show};
use crate::domain::delivery::DeliveryScope;
use crate::domain::id::DeliveryId;
use crate::domain::page::{Limit, List};
use crate::service::filter::FilterInput;
use crate::service::jobs::Selection;
use crate::service::views::WantedDeliveries;
use crate::service::{Idempotency, Refusal};
use crate::ui::delivery_row::Row;
use crate::ui::flash::Flash;
use crate::ui::job_progress::matching_words;
use crate::ui::names::Names;
use crate::ui::parts::counted;
use crate::ui::parts::url_query::with_query;
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/portal/dead-letters", GUEST, || to(list)).needs(VIEW),
    Endpoint::post("/portal/dead-letters", GUEST, || to(bulk)).needs(RETRY),
];

const PATH: &str = "/portal/dead-letters";

/// The page.
#[derive(Template)]
#[template(path = "portal/dead_letters.html")]
pub struct PortalDeadLetters<'a> {
    page: &'a PortalPage,
    rows: Vec<Row>,
    matching: String,
    further: Option<String>,
    is_later: bool,
}

async fn list(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let cursor = query.cursor("cursor", List::DeadLetters);
    query.finish()?;
    let (views, wanted) = (state.service.views(), WantedDeliveries::default());
    let found = views
        .dead_letters(&guest.caller, wanted, cursor, Limit::clamped(ROWS))
        .await?;
    let names = Names(found.names);
    let page = PortalPage::of(&request, guest, Room::DeadLetters, "Dead letters");
    let address = |cursor: &str| with_query(PATH, &[("cursor", cursor)]);
    let view = PortalDeadLetters {
        rows: Row::all(&found.page.items, &names),
        matching: matching_words(found.matching),
        further: found.page.next.map(|next| address(&next.to_string())),
        is_later: cursor.is_some(),
        page: &page,
    };
    show(&request, &page, &view)
}

/// `POST /portal/dead-letters`.
///
/// # Errors
/// 422 for an action that there is not.
pub async fn bulk(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let GuestForm(form) = form;
    let (service, caller) = (&state.service, &guest.caller);
    let chosen = match form.typed("choose") {
        "all" => {
            let (scope, input) = (DeliveryScope::DeadLetters, FilterInput::default());
            Selection::Filter(service.delivery_filter(caller, scope, input, "").await?)
        }
        _ => Selection::Ids(form.all("id").filter_map(DeliveryId::parse).collect()),
    };
    if matches!(&chosen, Selection::Ids(ids) if ids.is_empty()) {
        let flash = Flash::bad("Nothing was ticked: choose dead letters first.");
        return Ok(go_and_say(&request, PATH, &flash));
    }
    let is_discarded = match form.typed("action") {
        "retry" => false,
        "discard" => true,
        _ => return Err(Refusal::field("action", "must be retry or discard").into()),
    };
    let asks = is_discarded || form.typed("choose") == "all";
    if asks && !is_confirmed(&form) {
        let count = service.count_chosen(&chosen).await?;
        let what = counted(count, "dead letter", "dead letters");
        let question = match is_discarded {
            true => discarding(&what),
            false => retrying(&what),
        };
        return ask(&request, guest, Room::DeadLetters, &form, question);
    }
    let once = Idempotency::unkeyed();
    let begun = match is_discarded {
        true => service.discard_dead_letters(caller, chosen, once).await,
        false => service.retry_dead_letters(caller, chosen, once).await,
    };
    to_job(&request, begun, PATH)
}

fn retrying(what: &str) -> GuestQuestion {
    GuestQuestion {
        title: format!("Retry {what}?"),
        consequence:
            "Each is sent as soon as your receiver's limits allow; those that fail again go on by \
                      their schedule."
                .to_owned(),
        yes: "Retry them",
        back: PATH.to_owned(),
    }
}

fn discarding(what: &str) -> GuestQuestion {
    GuestQuestion {
        title: format!("Discard {what}?"),
        consequence:
            "They are not sent and leave this list. That can be taken back on the page that \
                      follows, until they are removed for good."
                .to_owned(),
        yes: "Discard them",
        back: PATH.to_owned(),
    }
}
