//! `/portal/webhooks/new` and `/portal/webhooks/{id}/edit`: a webhook's settings as a form.
//!
//! Owns: the page around the form, the event types that it offers, and where it leads. Refuses: fields
//! (`ui::forms::webhook`) and rules (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, MANAGE};
use super::form::GuestForm;
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, go_and_say, show_form};
use crate::domain::catalogue::EventType;
use crate::domain::id::WebhookId;
use crate::domain::webhook::Webhook;
use crate::service::webhooks::{Updated, WebhookInput};
use crate::service::{Done, Idempotency, Refusal};
use crate::ui::flash::Flash;
use crate::ui::form::{FormDraft, FormSpec, FormView, Offer, mend};
use crate::ui::forms::customer_webhook::{CUSTOMER_EDIT, CUSTOMER_EDIT_SECRET_HINT, CUSTOMER_NEW};
use crate::ui::forms::webhook::as_new;
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::answer::go;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/portal/webhooks", GUEST, || to(create)).needs(MANAGE),
    Endpoint::get("/portal/webhooks/new", GUEST, || to(new)).needs(MANAGE),
    Endpoint::get("/portal/webhooks/{id}/edit", GUEST, || to(edit)).needs(MANAGE),
    Endpoint::post("/portal/webhooks/{id}/edit", GUEST, || to(update)).needs(MANAGE),
];

/// What event types of the catalogue may take of the form, in bytes of HTML; others are typed.
const OFFERS_HTML_BYTES: usize = 24 * 1024;
/// What each takes besides its texts.
const OFFER_HTML_BYTES: usize = 160;
/// The most characters of a description beside its type.
const DESCRIPTION_CHARS: usize = 80;

/// The page.
#[derive(Template)]
#[template(path = "portal/webhook_form.html")]
pub struct PortalWebhookForm<'a> {
    page: &'a PortalPage,
    form: FormView,
    action: String,
    cancel: String,
    button: &'static str,
}

/// `GET /portal/webhooks/new`.
///
/// # Errors
/// 403 where the link does not permit it.
pub async fn new(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let chosen = query.text("event_type");
    query.finish()?;
    if !guest.caller.plan.has_webhooks() {
        return Err(Refusal::Conflict("webhooks are not available here".to_owned()).into());
    }
    let mut draft = CUSTOMER_NEW.blank();
    if let Some(chosen) = chosen {
        draft = draft.with("event_types", chosen);
    }
    draw(&state, &request, guest, None, draft).await
}

async fn edit(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    Query::of(&request).finish()?;
    let webhook = state.service.webhook(&guest.caller, id).await?;
    let mut draft = CUSTOMER_EDIT.of(&webhook);
    for pattern in webhook.settings.subscription.texts() {
        draft = draft.with("event_types", pattern);
    }
    draw(&state, &request, guest, Some(id), draft).await
}

async fn create(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let GuestForm(form) = form;
    let made = match CUSTOMER_NEW
        .read(&form, WebhookInput::default())
        .map(as_new)
    {
        Ok(input) => {
            let (service, caller) = (&state.service, &guest.caller);
            service
                .create_webhook(caller, input, Idempotency::unkeyed())
                .await
        }
        Err(refusal) => Err(refusal),
    };
    match made {
        Ok(Done::Fresh(made)) => {
            let id = made.webhook.id;
            let page = match guest.can(super::access::SECRETS) {
                true => format!("/portal/webhooks/{id}/secret"),
                false => format!("/portal/webhooks/{id}"),
            };
            let flash = Flash::good("The webhook is registered.");
            Ok(go_and_say(&request, &page, &flash))
        }
        Ok(Done::Replayed(_)) => Ok(go("/portal/webhooks")),
        Err(refusal) => draw(&state, &request, guest, None, mend(refusal, form)?).await,
    }
}

async fn update(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let GuestForm(form) = form;
    let changed = match CUSTOMER_EDIT.read(&form, WebhookInput::default()) {
        Ok(input) => state.service.update_webhook(&guest.caller, id, input).await,
        Err(refusal) => Err(refusal),
    };
    match changed {
        Ok(Updated { secret, .. }) => {
            let said = match secret {
                Some(_) => "Saved. The URL leads elsewhere, so the webhook has a new secret.",
                None => "Saved; the next attempt follows the new settings.",
            };
            let page = format!("/portal/webhooks/{id}");
            Ok(go_and_say(&request, &page, &Flash::good(said)))
        }
        Err(refusal) => draw(&state, &request, guest, Some(id), mend(refusal, form)?).await,
    }
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    guest: Guest,
    id: Option<WebhookId>,
    mut draft: FormDraft,
) -> Shown {
    let views = state.service.views();
    let types = views.event_types_in_use(&guest.caller).await?;
    let (offers, without_room) = offers(&types, draft.typed.all("event_types"));
    let is_offered = |one: &&EventType| offers.iter().any(|own| own.value == one.name.as_str());
    let left_out = types.len() - types.iter().filter(is_offered).count();
    draft.typed = draft.typed.clone().extended("more_types", &without_room);
    let title = if id.is_some() {
        "Edit webhook"
    } else {
        "New webhook"
    };
    let page = PortalPage::of(request, guest, Room::Webhooks, title);
    let list = "/portal/webhooks".to_owned();
    let own = id.map(|id| format!("{list}/{id}"));
    let view = PortalWebhookForm {
        form: drawn(id, &draft)
            .offer("event_types", &offers)
            .not_offered("event_types", left_out),
        action: own
            .as_ref()
            .map_or(list.clone(), |own| format!("{own}/edit")),
        cancel: own.unwrap_or(list),
        button: if id.is_some() {
            "Save"
        } else {
            "Register webhook"
        },
        page: &page,
    };
    show_form(request, &page, &view.form, &view)
}

fn drawn(id: Option<WebhookId>, draft: &FormDraft) -> FormView {
    let spec: &FormSpec<Webhook, WebhookInput> = match id {
        None => return CUSTOMER_NEW.draw(draft),
        Some(_) => &CUSTOMER_EDIT,
    };
    spec.draw(draft).hint("secret", CUSTOMER_EDIT_SECRET_HINT)
}

/// Event types with what each means, as many as the page has room for; what is chosen comes first. And
/// the patterns that are chosen and have no room.
fn offers<'a>(
    types: &[EventType],
    chosen: impl Iterator<Item = &'a str>,
) -> (Vec<Offer>, Vec<&'a str>) {
    let chosen: Vec<&str> = chosen.collect();
    let known = |pattern: &str| types.iter().find(|one| one.name.as_str() == pattern);
    let mut room = OFFERS_HTML_BYTES;
    let mut offers = vec![Offer::new("*", "Every event")];
    let mut without_room = Vec::new();
    for pattern in chosen.iter().filter(|pattern| **pattern != "*") {
        let one = known(pattern).map_or_else(|| Offer::named(pattern), offer);
        match room.checked_sub(cost(&one)) {
            Some(left) => {
                room = left;
                offers.push(one);
            }
            None => without_room.push(*pattern),
        }
    }
    let others = types
        .iter()
        .filter(|one| !chosen.contains(&one.name.as_str()));
    for one in others.map(offer) {
        let Some(left) = room.checked_sub(cost(&one)) else {
            break;
        };
        room = left;
        offers.push(one);
    }
    (offers, without_room)
}

/// What an offer takes of the page, in bytes of HTML at most.
fn cost(offer: &Offer) -> usize {
    OFFER_HTML_BYTES + 4 * offer.value.len() + 6 * offer.hint.len()
}

fn offer(one: &EventType) -> Offer {
    let about = one.settings.description.as_deref().unwrap_or_default();
    let about: String = about.chars().take(DESCRIPTION_CHARS).collect();
    Offer::named(one.name.as_str()).hint(about)
}
