//! `/webhooks/{id}/check`: whether a request that somebody captured is genuine, and if not, why.
//!
//! Owns: the page and its words. Refuses: judging (`service::webhooks`).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::form::show_form;
use super::page::{PageContext, Section};
use super::{Form, Shown, Visitor};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::service::webhooks::{CapturedRequest, CheckedRequest};
use crate::ui::delivery_row::webhook_called;
use crate::ui::form::{FormDraft, FormView, mend};
use crate::ui::forms::captured_request::CAPTURED;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/webhooks/{id}/check", VIEWER, || to(blank)),
    Endpoint::post("/webhooks/{id}/check", VIEWER, || to(check)),
];

/// The page.
#[derive(Template)]
#[template(path = "webhook_check.html")]
pub struct CheckView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The webhook's id.
    pub id: WebhookId,
    /// What it is called.
    pub called: String,
    /// What came of it.
    pub verdict: Option<CheckVerdict>,
    /// The form.
    pub form: FormView,
}

/// What came of a check, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckVerdict {
    /// Whether it is genuine.
    pub good: bool,
    /// That in a sentence.
    pub said: String,
    /// What to do, or to know besides.
    pub remedy: &'static str,
}

impl CheckVerdict {
    fn of(checked: &CheckedRequest) -> Self {
        match checked {
            CheckedRequest::Genuine {
                signed_at,
                expires_at,
            } => {
                let signed = signed_at.map(|at| format!(", signed at {at}"));
                let by = match expires_at {
                    None => "the current secret".to_owned(),
                    Some(at) => format!("an old secret that is valid until {at}"),
                };
                Self {
                    good: true,
                    said: format!("Genuine: it fits {by}{}.", signed.unwrap_or_default()),
                    remedy: "A receiver that refuses it uses another secret, or other bytes than \
                             these. Age is not judged here: receivers refuse what was signed more \
                             than five minutes ago.",
                }
            }
            CheckedRequest::LineBreakAtEnd => Self {
                good: false,
                said: "Not genuine: there is a line break at the end of the body.".to_owned(),
                remedy: "Without it the signature fits. Something on the way to your check adds \
                         it, or it came with pasting.",
            },
            CheckedRequest::Failed(failure) => Self {
                good: false,
                said: format!("Not genuine: {failure}."),
                remedy: "Check the bytes as they arrived, before anything parses them, and the \
                         secret that this webhook shows now.",
            },
        }
    }
}

/// `GET /webhooks/{id}/check`; with `?delivery=` the form holds what that one sent.
pub async fn blank(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let delivery = query.parsed("delivery", |text| {
        DeliveryId::parse(text).ok_or("must be a delivery's id")
    });
    query.finish()?;
    let mut draft = CAPTURED.blank();
    if let Some(id) = delivery {
        let sent = state.service.delivery(&visitor.caller, id).await?;
        let body = String::from_utf8_lossy(&sent.request_body).into_owned();
        draft = draft
            .with("headers", &sent.request_headers)
            .with("body", &body);
    }
    draw(&state, &request, visitor, draft, None).await
}

async fn check(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let captured = match CAPTURED.read(&form, CapturedRequest::default()) {
        Ok(captured) => captured,
        Err(refusal) => {
            let draft = mend(refusal, form)?;
            return draw(&state, &request, visitor, draft, None).await;
        }
    };
    let checked = state
        .service
        .check_request(&visitor.caller, id, captured)
        .await?;
    let verdict = Some(CheckVerdict::of(&checked));
    draw(&state, &request, visitor, form.into(), verdict).await
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    draft: FormDraft,
    verdict: Option<CheckVerdict>,
) -> Shown {
    let id: WebhookId = path_id(request, "webhook")?;
    let webhook = state.service.webhook(&visitor.caller, id).await?;
    let called = webhook_called(&webhook);
    let title = format!("Check a delivery to {called}");
    let page = PageContext::of(state, request, visitor, Section::Webhooks, title).await?;
    let view = CheckView {
        page: &page,
        id,
        called,
        verdict,
        form: CAPTURED.draw(&draft),
    };
    show_form(&page, &view.form, &view)
}
