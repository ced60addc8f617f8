//! What a consumer's page does with portal links.
//!
//! Owns: making one, which the page then shows once, and ending all. Refuses: rules (`service::portal`).

use actix_web::HttpRequest;
use actix_web::web::to;

use super::access::OPERATOR;
use super::ask::{Question, ask, is_confirmed};
use super::consumers::called;
use super::page::{back_to, go_and_say};
use super::state;
use super::{Form, Shown, Visitor};
use crate::service::portal::PortalLinkInput;
use crate::service::{Done, Idempotency};
use crate::ui::flash::Flash;
use crate::web::State;
use crate::web::answer::go;
use crate::web::endpoint::Endpoint;
use crate::web::extract::path_text;
use crate::web::state::proxy;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/consumers/{consumer}/portal-links", OPERATOR, || {
        to(create)
    })
    .fresh()
    .back("/consumers/{consumer}"),
    Endpoint::post("/consumers/{consumer}/portal-links/end", OPERATOR, || {
        to(end)
    })
    .back("/consumers/{consumer}"),
];

async fn create(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    let named = path_text(&request, "consumer");
    let consumer = state.service.consumer(&visitor.caller, &named).await?;
    let id = consumer.id.to_string();
    let page = format!("/consumers/{id}");
    let base = proxy(&request).portal_base(&request);
    let (input, once) = (PortalLinkInput::default(), Idempotency::unkeyed());
    let made = state
        .service
        .create_portal_link(&visitor.caller, &id, input, &base, once)
        .await;
    match made {
        Ok(Done::Fresh(made)) => {
            let now = state.service.clock().now();
            let secrets = &state::of(&request).one_time_secrets;
            secrets.put(visitor.person.user, id, made.url, now);
            let text = "The link is shown only now. It lasts an hour.";
            Ok(go_and_say(&page, &Flash::good(text)))
        }
        Ok(Done::Replayed(_)) => Ok(go(&page)),
        Err(refusal) => back_to(&page, Err::<(), _>(refusal), |()| String::new()),
    }
}

async fn end(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let named = path_text(&request, "consumer");
    let consumer = state.service.consumer(&visitor.caller, &named).await?;
    let id = consumer.id.to_string();
    if !is_confirmed(&form) {
        let question = Question {
            title: format!("End all portal links of {}?", called(&consumer)),
            consequence:
                "Whoever looks after its webhooks there is put out at once, and its own API \
                          calls with a link's token are refused. New links can be made."
                    .to_owned(),
            yes: "End them",
            back: format!("/consumers/{id}"),
        };
        return ask(&state, &request, visitor, &form, question).await;
    }
    let ended = state.service.end_portal_links(&visitor.caller, &id).await;
    back_to(&format!("/consumers/{id}"), ended, |()| {
        "All portal links have ended, and whatever was opened with one.".to_owned()
    })
}
