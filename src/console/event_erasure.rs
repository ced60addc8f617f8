//! Erasing what many events carried, from above their list.
//!
//! Owns: asking back with how many that would be, and leading to the job. Refuses: rules (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;

use super::access::OPERATOR;
use super::ask::{Question, ask, is_confirmed};
use super::dead_letter_actions::to_job;
use super::page::back_to;
use super::{Form, Shown, Visitor};
use crate::service::Idempotency;
use crate::service::jobs::{EventFilterInput, EventSelection};
use crate::ui::parts::counted;
use crate::web::State;
use crate::web::endpoint::Endpoint;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::post("/events/erase", OPERATOR, || to(erase))
    .fresh()
    .back("/events")];

/// `POST /events/erase`: of all that match what the list is narrowed to.
pub async fn erase(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let back = form.back("/events");
    let chosen = EventSelection::Filter(EventFilterInput {
        consumer: form.text("consumer"),
        event_type: form.text("type"),
        since: form.text("since"),
        until: form.text("until"),
        ..EventFilterInput::default()
    });
    let (service, caller) = (&state.service, &visitor.caller);
    if !is_confirmed(&form) {
        let count = service.count_erasable(caller, chosen).await?;
        let question = Question {
            title: format!("Erase the data of {}?", counted(count, "event", "events")),
            consequence: "What they carried, the bodies made of it and the answers kept for it are gone \
                          for good; what still waits to be delivered is canceled. The events stay in \
                          the list, empty."
                .to_owned(),
            yes: "Erase it",
            back,
        };
        return ask(&state, &request, visitor, &form, question).await;
    }
    match service
        .erase_events(caller, chosen, Idempotency::unkeyed())
        .await
    {
        Ok(begun) => Ok(to_job(&begun)),
        Err(refusal) => back_to(&back, Err::<(), _>(refusal), |()| String::new()),
    }
}
