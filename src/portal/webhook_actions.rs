//! What is done to a webhook on its page: testing it, rotating its secret, turning it on and off,
//! recovering what it did not get, deleting it.
//!
//! Owns: these actions. Refuses: their forms (`ui::forms::webhook_actions`) and rules (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;

use super::access::{GUEST, MANAGE, RETRY, TEST};
use super::ask::{GuestQuestion, ask, is_confirmed};
use super::form::GuestForm;
use super::guest::Guest;
use super::job::to_job;
use super::page::{Room, Shown, back_to, go_and_say};
use crate::domain::id::WebhookId;
use crate::service::stats::PeriodInput;
use crate::service::webhooks::RotationInput;
use crate::service::{Done, Idempotency, Refusal};
use crate::ui::delivery_row::{short, webhook_called};
use crate::ui::flash::Flash;
use crate::ui::forms::webhook_actions::{
    CONFIRMATION, RECOVERY, ROTATION, RecoverForm, RotateForm, TEST as TEST_FORM, TestForm,
};
use crate::ui::parts::counted;
use crate::ui::parts::url_query::with_query;
use crate::ui::webhook_words::{DISABLED, ENABLED, rotated_words, unconfirmed_words};
use crate::web::State;
use crate::web::answer::go;
use crate::web::endpoint::Endpoint;
use crate::web::extract::path_id;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/portal/webhooks/{id}/test", GUEST, || to(test)).needs(TEST),
    Endpoint::post("/portal/webhooks/{id}/rotate-secret", GUEST, || to(rotate)).needs(MANAGE),
    Endpoint::post("/portal/webhooks/{id}/enable", GUEST, || to(enable)).needs(MANAGE),
    Endpoint::post("/portal/webhooks/{id}/disable", GUEST, || to(disable)).needs(MANAGE),
    Endpoint::post("/portal/webhooks/{id}/recover", GUEST, || to(recover)).needs(RETRY),
    Endpoint::post("/portal/webhooks/{id}/delete", GUEST, || to(delete)).needs(MANAGE),
];

fn path(id: WebhookId) -> String {
    format!("/portal/webhooks/{id}")
}

async fn test(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let tested = match TEST_FORM.read(&form.0, TestForm::default()) {
        Ok(event) => {
            let TestForm { event_type, data } = event;
            let (service, caller) = (&state.service, &guest.caller);
            service.test_webhook(caller, id, event_type, data).await
        }
        Err(refusal) => Err(refusal),
    };
    match tested {
        Ok(tested) => {
            let delivery = tested.delivery.to_string();
            let place = with_query(&path(id), &[("tested", &delivery)]);
            Ok(go(&format!("{place}#test")))
        }
        Err(refusal) => back_to(&request, &path(id), Err::<(), _>(refusal), |()| {
            String::new()
        }),
    }
}

async fn rotate(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let RotateForm { secret, overlap } = ROTATION.read(&form.0, RotateForm::default())?;
    let input = RotationInput {
        secret,
        overlap,
        signature: None,
    };
    let (service, caller) = (&state.service, &guest.caller);
    let rotated = service.rotate_secret(caller, id, input, Idempotency::unkeyed());
    let rotated = rotated.await;
    let page = match guest.can(super::access::SECRETS) && rotated.is_ok() {
        true => format!("{}/secret", path(id)),
        false => path(id),
    };
    back_to(&request, &page, rotated, |rotated| {
        let until = match rotated {
            Done::Fresh(rotated) => rotated.previous_secret_expires_at,
            Done::Replayed(_) => None,
        };
        rotated_words(until)
    })
}

async fn enable(state: State, guest: Guest, request: HttpRequest, _: GuestForm) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let done = state.service.enable_webhook(&guest.caller, id).await;
    back_to(&request, &path(id), done, |_| ENABLED.to_owned())
}

async fn disable(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    if !is_confirmed(&form.0) {
        let question = disabling(&state, &guest, id).await?;
        return ask(&request, guest, Room::Webhooks, &form.0, question);
    }
    let done = state.service.disable_webhook(&guest.caller, id).await;
    back_to(&request, &path(id), done, |_| DISABLED.to_owned())
}

async fn disabling(state: &State, guest: &Guest, id: WebhookId) -> Result<GuestQuestion, Refusal> {
    let (service, caller) = (&state.service, &guest.caller);
    let webhook = service.webhook(caller, id).await?;
    let stats = service.webhook_stats(caller, id, PeriodInput::default());
    let counts = stats.await?.counts;
    let waiting = counted(counts.pending + counts.retrying, "delivery", "deliveries");
    Ok(GuestQuestion {
        title: format!("Disable {}?", short(&webhook_called(&webhook))),
        consequence: format!(
            "Held until it is enabled again: {waiting}. It gets nothing new meanwhile; what it misses can be \
             recovered."
        ),
        yes: "Disable it",
        back: path(id),
    })
}

async fn recover(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let now = state.service.clock().now();
    let input = RECOVERY.read(&form.0, RecoverForm::default())?.input(now);
    let (service, caller) = (&state.service, &guest.caller);
    let begun = service.recover_webhook(caller, id, input, Idempotency::unkeyed());
    to_job(&request, begun.await, &path(id))
}

async fn delete(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let webhook = state.service.webhook(&guest.caller, id).await?;
    let called = webhook_called(&webhook);
    if CONFIRMATION.read(&form.0, String::new())? != called.trim() {
        let text = unconfirmed_words(&called);
        return Ok(go_and_say(&request, &path(id), &Flash::bad(text)));
    }
    match state.service.delete_webhook(&guest.caller, id).await {
        Ok(()) => {
            let flash = Flash::good("Deleted; nothing is sent to it any more.");
            Ok(go_and_say(&request, "/portal/webhooks", &flash))
        }
        Err(refusal) => back_to(&request, &path(id), Err::<(), _>(refusal), |()| {
            String::new()
        }),
    }
}
