//! `/portal/alerts`: where a customer is told that one of its webhooks needs it.
//!
//! Owns: the form. Refuses: what is told, and when (`engine::alert`).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, MANAGE};
use super::form::GuestForm;
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, go_and_say, show_form};
use crate::service::consumers::OwnAlerts;
use crate::ui::flash::Flash;
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormDraft, FormSpec, FormView, Frame, mend};
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/portal/alerts", GUEST, || to(show)).needs(MANAGE),
    Endpoint::post("/portal/alerts", GUEST, || to(save)).needs(MANAGE),
];

const PATH: &str = "/portal/alerts";

static FORM: FormSpec<OwnAlerts, OwnAlerts> = FormSpec::new(&[FieldSet {
    frame: Frame::Card {
        id: "where",
        title: "Where you are told",
    },
    fields: &[Fields::Stack(&[
        FieldSpec::email("email", "E-mail address")
            .path("alert_email")
            .hint("Empty: no mail.")
            .shows(|alerts: &OwnAlerts| Some(alerts.email.clone().unwrap_or_default()))
            .sets(|alerts: &mut OwnAlerts, typed| alerts.email = typed.text()),
        FieldSpec::url("url", "URL")
            .path("alert_url")
            .hint("Gets each alert as a signed POST. Empty: none.")
            .example("https://example.com/alerts")
            .shows(|alerts: &OwnAlerts| Some(alerts.url.clone().unwrap_or_default()))
            .sets(|alerts: &mut OwnAlerts, typed| alerts.url = typed.text()),
    ])],
}]);

/// The page.
#[derive(Template)]
#[template(path = "portal/alerts.html")]
pub struct PortalAlerts<'a> {
    page: &'a PortalPage,
    form: FormView,
}

/// `GET /portal/alerts`.
///
/// # Errors
/// 403 where the link does not permit it.
pub async fn show(state: State, guest: Guest, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let alerts = state.service.own_alerts(&guest.caller).await?;
    draw(&request, guest, &FORM.of(&alerts))
}

async fn save(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let GuestForm(form) = form;
    let saved = match FORM.read(&form, OwnAlerts::default()) {
        Ok(alerts) => state.service.set_own_alerts(&guest.caller, alerts).await,
        Err(refusal) => Err(refusal),
    };
    match saved {
        Ok(_) => Ok(go_and_say(&request, PATH, &Flash::good("Saved."))),
        Err(refusal) => draw(&request, guest, &mend(refusal, form)?),
    }
}

fn draw(request: &HttpRequest, guest: Guest, draft: &FormDraft) -> Shown {
    let page = PortalPage::of(request, guest, Room::Webhooks, "Alerts");
    let view = PortalAlerts {
        form: FORM.draw(draft),
        page: &page,
    };
    show_form(request, &page, &view.form, &view)
}
