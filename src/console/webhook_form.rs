//! `/webhooks/new` and `/webhooks/{id}/edit`: a webhook's settings as a form.
//!
//! Owns: the page around the form and where it leads. Refuses: fields (`ui::forms::webhook`) and
//! rules (`service`).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::OPERATOR;
use super::form::show_form;
use super::page::{PageContext, Section, go, go_and_say};
use super::state;
use super::webhook_frame::WebhookSection;
use super::{Form, Shown, Visitor};
use crate::domain::id::WebhookId;
use crate::domain::secret::Secret;
use crate::service::webhooks::Updated;
use crate::service::{Done, Idempotency, Refusal};
use crate::ui::flash::Flash;
use crate::ui::form::mend;
use crate::ui::form::{FormDraft, FormView, Offer};
use crate::ui::forms::event_type_groups::event_type_groups;
use crate::ui::forms::webhook::{EDIT, EDIT_SECRET_HINT, NEW, as_new};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/webhooks", OPERATOR, || to(create))
        .fresh()
        .back("/webhooks/new"),
    Endpoint::get("/webhooks/new", OPERATOR, || to(new)),
    Endpoint::get("/webhooks/{id}/edit", OPERATOR, || to(edit)),
    Endpoint::post("/webhooks/{id}/edit", OPERATOR, || to(update)).back("/webhooks/{id}/edit"),
];

/// Whether the form makes a webhook or changes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormPurpose {
    /// A new one.
    Create,
    /// This one.
    Edit(WebhookId),
}

impl FormPurpose {
    fn title(self) -> &'static str {
        match self {
            Self::Create => "New webhook",
            Self::Edit(_) => "Edit webhook",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::Create => "Register webhook",
            Self::Edit(_) => "Save",
        }
    }

    fn action(self) -> String {
        match self {
            Self::Create => "/webhooks".to_owned(),
            Self::Edit(id) => format!("/webhooks/{id}/edit"),
        }
    }

    fn cancel(self) -> String {
        match self {
            Self::Create => "/webhooks".to_owned(),
            Self::Edit(id) => WebhookSection::Settings.path(id),
        }
    }

    fn draw(self, draft: &FormDraft) -> FormView {
        match self {
            Self::Create => NEW.draw(draft),
            Self::Edit(_) => EDIT.draw(draft).hint("secret", EDIT_SECRET_HINT),
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "webhook_form.html")]
pub struct WebhookFormView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What it is for.
    pub purpose: FormPurpose,
    /// The fields.
    pub form: FormView,
}

/// `GET /webhooks/new`.
///
/// # Errors
/// 403 where the workspace's plan has no webhooks.
pub async fn new(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    if !visitor.caller.plan.has_webhooks() {
        return Err(Refusal::PlanRequired.into());
    }
    let workspace = state
        .service
        .workspace(&visitor.caller.workspace.to_string())
        .await?;
    let draft = NEW.blank().with("profile", workspace.profile);
    draw(&state, &request, visitor, FormPurpose::Create, draft).await
}

async fn edit(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    Query::of(&request).finish()?;
    let webhook = state.service.webhook(&visitor.caller, id).await?;
    let draft = EDIT.of(&webhook);
    draw(&state, &request, visitor, FormPurpose::Edit(id), draft).await
}

/// `POST /webhooks`.
///
/// # Errors
/// 403 where the workspace's plan has no webhooks.
pub async fn create(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let made = match NEW.read(&form, Default::default()).map(as_new) {
        Ok(input) => {
            state
                .service
                .create_webhook(&visitor.caller, input, Idempotency::unkeyed())
                .await
        }
        Err(refusal) => Err(refusal),
    };
    match made {
        Ok(Done::Fresh(made)) => {
            let id = made.webhook.id;
            keep_secret(&state, &request, &visitor, id, made.secret);
            let flash =
                Flash::good("The webhook is registered. Keep its secret: it is shown only now.");
            Ok(go_and_say(&format!("/webhooks/{id}"), &flash))
        }
        Ok(Done::Replayed(_)) => Ok(go("/webhooks")),
        Err(refusal) => {
            draw(
                &state,
                &request,
                visitor,
                FormPurpose::Create,
                mend(refusal, form)?,
            )
            .await
        }
    }
}

async fn update(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let changed = match EDIT.read(&form, Default::default()) {
        Ok(input) => {
            state
                .service
                .update_webhook(&visitor.caller, id, input)
                .await
        }
        Err(refusal) => Err(refusal),
    };
    match changed {
        Ok(Updated { secret, .. }) => {
            let said = match secret {
                Some(secret) => {
                    keep_secret(&state, &request, &visitor, id, secret);
                    "Saved. The URL leads elsewhere, so the webhook has a new secret: it is shown \
                     only now."
                }
                None => "Saved; the next attempt follows the new settings.",
            };
            let place = WebhookSection::Settings.path(id);
            Ok(go_and_say(&place, &Flash::good(said)))
        }
        Err(refusal) => {
            draw(
                &state,
                &request,
                visitor,
                FormPurpose::Edit(id),
                mend(refusal, form)?,
            )
            .await
        }
    }
}

/// For the page that shows it once.
fn keep_secret(
    state: &State,
    request: &HttpRequest,
    visitor: &Visitor,
    id: WebhookId,
    secret: Secret,
) {
    let now = state.service.clock().now();
    let user = visitor.person.user;
    let secrets = &state::of(request).one_time_secrets;
    secrets.put(user, id.to_string(), secret, now);
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    purpose: FormPurpose,
    draft: FormDraft,
) -> Shown {
    let views = state.service.views();
    let known = views.event_types_in_use(&visitor.caller).await?;
    let (groups, left_out) = event_type_groups(&known);
    let profiles = state.service.profiles().await?;
    let profiles: Vec<Offer> = profiles.iter().map(|one| Offer::named(&one.name)).collect();
    let page = PageContext::of(state, request, visitor, Section::Webhooks, purpose.title()).await?;
    let view = WebhookFormView {
        page: &page,
        purpose,
        form: purpose
            .draw(&draft)
            .offer("profile", &profiles)
            .pick("event_types", &groups)
            .not_offered("event_types", left_out),
    };
    show_form(&page, &view.form, &view)
}
