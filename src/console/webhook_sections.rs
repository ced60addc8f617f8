//! `/webhooks/{id}/test`, `verify`, `secret` and `recover`: the sections of a webhook's page from which
//! something is done to it.
//!
//! Owns: these sections. Refuses: what is around them ([`super::webhook_frame`]) and doing it
//! ([`super::webhook_actions`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::form::show_form;
use super::page::{PageContext, go, show};
use super::webhook_frame::{WebhookFrame, WebhookSection};
use super::{Shown, Visitor};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::service::Refusal;
use crate::ui::form::{FormDraft, FormView};
use crate::ui::forms::webhook_actions::{ROTATION, TEST, recovery};
use crate::ui::parts::Stamp;
use crate::ui::snippets::{Snippet, published, snippets};
use crate::ui::speech::Language;
use crate::ui::test_result::TestResult;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};
use crate::web::{Problem, State};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/webhooks/{id}/test", OPERATOR, || to(test)),
    Endpoint::get("/webhooks/{id}/verify", VIEWER, || to(verify)),
    Endpoint::get("/webhooks/{id}/secret", OPERATOR, || to(secret)),
    Endpoint::get("/webhooks/{id}/recover", OPERATOR, || to(recover)),
];

/// Where it is tried out.
#[derive(Template)]
#[template(path = "webhook_test.html")]
pub struct WebhookTestView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What is around it.
    pub frame: &'a WebhookFrame,
    /// What the test before came to.
    pub tested: Option<TestResult>,
    /// What is sent.
    pub form: FormView,
}

/// How its receiver checks signatures.
#[derive(Template)]
#[template(path = "webhook_verify.html")]
pub struct WebhookVerifyView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What is around it.
    pub frame: &'a WebhookFrame,
    /// With a language alone.
    pub snippets: Vec<Snippet>,
    /// With what others have published, where that understands the profile.
    pub published: Vec<Snippet>,
}

/// Its secret.
#[derive(Template)]
#[template(path = "webhook_secret.html")]
pub struct WebhookSecretView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What is around it.
    pub frame: &'a WebhookFrame,
    /// How it is rotated.
    pub form: FormView,
}

impl WebhookSecretView<'_> {
    fn rotated(&self) -> Option<Stamp> {
        self.frame.webhook.secret_rotated_at.map(Stamp)
    }

    fn previous_until(&self) -> Option<Stamp> {
        self.frame.webhook.previous_secret_expires_at.map(Stamp)
    }
}

/// Where it is given what it did not get.
#[derive(Template)]
#[template(path = "webhook_recover.html")]
pub struct WebhookRecoverView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What is around it.
    pub frame: &'a WebhookFrame,
    /// What, and since when.
    pub form: FormView,
}

/// The frame of `section`; `None` where the webhook does not have it.
async fn framed(
    state: &State,
    visitor: Visitor,
    request: &HttpRequest,
    section: WebhookSection,
) -> Result<Option<WebhookFrame>, Problem> {
    let id: WebhookId = path_id(request, "webhook")?;
    let webhook = state.service.webhook(&visitor.caller, id).await?;
    let frame = WebhookFrame::of(state, request, visitor, section, webhook).await?;
    Ok(Some(frame).filter(|frame| frame.offers(section)))
}

/// To the webhook's page, from a section that it does not have.
fn to_activity(request: &HttpRequest) -> Shown {
    Ok(go(
        &WebhookSection::Activity.path(path_id(request, "webhook")?)
    ))
}

async fn test(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let tested = query.text("tested");
    query.finish()?;
    let tested = match tested.and_then(|text| DeliveryId::parse(&text)) {
        None => None,
        Some(delivery) => match state.service.delivery(&visitor.caller, delivery).await {
            Ok(found) => Some(TestResult::of(&found.delivery)),
            Err(Refusal::NotFound(_)) => None,
            Err(other) => return Err(other.into()),
        },
    };
    draw_test(&state, visitor, &request, TEST.blank(), tested).await
}

/// The section with this in its form.
pub(super) async fn draw_test(
    state: &State,
    visitor: Visitor,
    request: &HttpRequest,
    draft: FormDraft,
    tested: Option<TestResult>,
) -> Shown {
    let Some(frame) = framed(state, visitor, request, WebhookSection::Test).await? else {
        return to_activity(request);
    };
    let view = WebhookTestView {
        page: &frame.page,
        frame: &frame,
        tested,
        form: TEST.draw(&draft),
    };
    show_form(&frame.page, &view.form, &view)
}

async fn verify(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let Some(frame) = framed(&state, visitor, &request, WebhookSection::Verify).await? else {
        return to_activity(&request);
    };
    let profile = state
        .service
        .views()
        .webhook_profile(&frame.webhook)
        .await?;
    let view = WebhookVerifyView {
        page: &frame.page,
        frame: &frame,
        snippets: snippets(&profile),
        published: published(&profile),
    };
    show(&frame.page, &view)
}

async fn secret(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let Some(frame) = framed(&state, visitor, &request, WebhookSection::Secret).await? else {
        return to_activity(&request);
    };
    let view = WebhookSecretView {
        page: &frame.page,
        frame: &frame,
        form: ROTATION.draw(&ROTATION.blank()),
    };
    show(&frame.page, &view)
}

async fn recover(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let last = query.text("last");
    query.finish()?;
    let Some(frame) = framed(&state, visitor, &request, WebhookSection::Recover).await? else {
        return to_activity(&request);
    };
    let view = WebhookRecoverView {
        page: &frame.page,
        frame: &frame,
        form: recovery(last.as_deref(), frame.trouble_began(), Language::English),
    };
    show(&frame.page, &view)
}
