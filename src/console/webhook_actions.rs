//! What is done to a webhook on its page: testing it, rotating its secret, turning it on and off,
//! recovering what it did not get, ending it.
//!
//! Owns: these actions. Refuses: the page around them ([`super::webhook`]), their forms
//! (`ui::forms::webhook_actions`) and rules (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;

use super::access::OPERATOR;
use super::ask::{Question, ask, is_confirmed};
use super::dead_letter_actions::to_job;
use super::page::{back_to, go, go_and_say};
use super::state;
use super::webhook_frame::WebhookSection;
use super::webhook_sections::draw_test;
use super::{Form, Shown, Visitor};
use crate::domain::id::WebhookId;
use crate::service::stats::PeriodInput;
use crate::service::webhooks::RotationInput;
use crate::service::{Done, Idempotency, Refusal};
use crate::ui::delivery_row::{short, webhook_called};
use crate::ui::flash::Flash;
use crate::ui::form::FormDraft;
use crate::ui::forms::webhook_actions::{
    CONFIRMATION, RECOVERY, ROTATION, RecoverForm, RotateForm, TEST, TestForm,
};
use crate::ui::parts::counted;
use crate::ui::parts::url_query::with_query;
use crate::ui::webhook_words::{DISABLED, ENABLED, rotated_words, unconfirmed_words};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::path_id;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/webhooks/{id}/test", OPERATOR, || to(test))
        .fresh()
        .back("/webhooks/{id}/test"),
    Endpoint::post("/webhooks/{id}/rotate-secret", OPERATOR, || to(rotate))
        .fresh()
        .back("/webhooks/{id}/secret"),
    Endpoint::post("/webhooks/{id}/enable", OPERATOR, || to(enable)).back("/webhooks/{id}"),
    Endpoint::post("/webhooks/{id}/disable", OPERATOR, || to(disable))
        .fresh()
        .back("/webhooks/{id}"),
    Endpoint::post("/webhooks/{id}/recover", OPERATOR, || to(recover))
        .fresh()
        .back("/webhooks/{id}/recover"),
    Endpoint::post("/webhooks/{id}/revoke", OPERATOR, || to(revoke))
        .fresh()
        .back("/webhooks/{id}/settings"),
    Endpoint::post("/webhooks/{id}/delete", OPERATOR, || to(delete))
        .fresh()
        .back("/webhooks/{id}/settings"),
];

fn path(id: WebhookId) -> String {
    WebhookSection::Activity.path(id)
}

async fn test(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let tested = match TEST.read(&form, TestForm::default()) {
        Ok(event) => {
            state
                .service
                .test_webhook(&visitor.caller, id, event.event_type, event.data)
                .await
        }
        Err(refusal) => Err(refusal),
    };
    match tested {
        Ok(tested) => {
            let delivery = tested.delivery.to_string();
            let place = WebhookSection::Test.path(id);
            let place = with_query(&place, &[("tested", &delivery)]);
            let place = format!("{place}#test");
            if tested.may_enable {
                let flash = Flash::good("The receiver answers again: this webhook can be enabled.");
                return Ok(go_and_say(&place, &flash));
            }
            Ok(go(&place))
        }
        Err(Refusal::Invalid(errors)) => {
            let draft = FormDraft::wrong(form, errors);
            draw_test(&state, visitor, &request, draft, None).await
        }
        Err(refusal) => {
            let place = WebhookSection::Test.path(id);
            back_to(&place, Err::<(), _>(refusal), |()| String::new())
        }
    }
}

async fn rotate(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let RotateForm { secret, overlap } = ROTATION.read(&form, RotateForm::default())?;
    let input = RotationInput {
        secret,
        overlap,
        signature: None,
    };
    let rotated = state
        .service
        .rotate_secret(&visitor.caller, id, input, Idempotency::unkeyed())
        .await;
    if let Ok(Done::Fresh(rotated)) = &rotated {
        let now = state.service.clock().now();
        let secret = rotated.secret.clone();
        state::of(&request)
            .one_time_secrets
            .put(visitor.person.user, id.to_string(), secret, now);
    }
    back_to(&WebhookSection::Secret.path(id), rotated, |rotated| {
        let until = match rotated {
            Done::Fresh(rotated) => rotated.previous_secret_expires_at,
            Done::Replayed(_) => None,
        };
        rotated_words(until)
    })
}

async fn enable(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let done = state.service.enable_webhook(&visitor.caller, id).await;
    back_to(&path(id), done, |_| ENABLED.to_owned())
}

async fn disable(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    if !is_confirmed(&form) {
        let question = disable_question(&state, &visitor, id).await?;
        return ask(&state, &request, visitor, &form, question).await;
    }
    let done = state.service.disable_webhook(&visitor.caller, id).await;
    back_to(&path(id), done, |_| DISABLED.to_owned())
}

async fn disable_question(
    state: &State,
    visitor: &Visitor,
    id: WebhookId,
) -> Result<Question, Refusal> {
    let webhook = state.service.webhook(&visitor.caller, id).await?;
    let period = PeriodInput::default();
    let stats = state.service.webhook_stats(&visitor.caller, id, period);
    let counts = stats.await?.counts;
    let waiting = counted(counts.pending + counts.retrying, "delivery", "deliveries");
    Ok(Question {
        title: format!("Disable {}?", short(&webhook_called(&webhook))),
        consequence: format!(
            "{waiting} that {} waiting will be held, and it gets nothing new, until somebody enables \
             it. What it misses meanwhile can be recovered.",
            if counts.pending + counts.retrying == 1 {
                "is"
            } else {
                "are"
            }
        ),
        yes: "Disable it",
        back: path(id),
    })
}

async fn recover(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let now = state.service.clock().now();
    let input = RECOVERY.read(&form, RecoverForm::default())?.input(now);
    let begun = state
        .service
        .recover_webhook(&visitor.caller, id, input, Idempotency::unkeyed())
        .await;
    match begun {
        Ok(begun) => Ok(to_job(&begun)),
        Err(refusal) => {
            let place = WebhookSection::Recover.path(id);
            back_to(&place, Err::<(), _>(refusal), |()| String::new())
        }
    }
}

async fn revoke(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    if let Some(answer) = unconfirmed(&state, &visitor, id, &form).await? {
        return Ok(answer);
    }
    let done = state.service.revoke_webhook(&visitor.caller, id).await;
    back_to(&path(id), done, |_| {
        "Revoked for good: nothing is sent to it any more, and what waited was canceled.".to_owned()
    })
}

async fn delete(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    if let Some(answer) = unconfirmed(&state, &visitor, id, &form).await? {
        return Ok(answer);
    }
    match state.service.delete_webhook(&visitor.caller, id).await {
        Ok(()) => {
            let flash = Flash::good("Deleted; its history stays until retention removes it.");
            Ok(go_and_say("/webhooks", &flash))
        }
        Err(refusal) => back_to(&path(id), Err::<(), _>(refusal), |()| String::new()),
    }
}

/// What ends a webhook for good asks for its name, so that no slip of a finger does it.
async fn unconfirmed(
    state: &State,
    visitor: &Visitor,
    id: WebhookId,
    form: &Form,
) -> Result<Option<actix_web::HttpResponse>, Refusal> {
    let webhook = state.service.webhook(&visitor.caller, id).await?;
    let called = webhook_called(&webhook);
    if CONFIRMATION.read(form, String::new())? == called.trim() {
        return Ok(None);
    }
    let text = unconfirmed_words(&called);
    let place = WebhookSection::Settings.path(id);
    Ok(Some(go_and_say(&place, &Flash::bad(text))))
}
