//! The way in: set-up on the first run, signing in, the second factor, signing out.
//!
//! Owns: the pages in front of the house and the session's cookie. Refuses: judging passwords and
//! codes (`service::people`).
//!
//! # Why the first forms carry no token
//! Nobody is signed in yet, so there is no session to bind one to. Browsers say where a form comes
//! from; one from another site is refused, and the cookie is never sent along from there. From the
//! password on there is a session, and its forms carry its token like all others.

use std::future::Future;
use std::pin::Pin;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::to;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;

use super::access::{PUBLIC, SECOND_FACTOR, VIEWER};
use super::page::{dress, go};
use super::visitor::{Csrf, check_origin, cookie_name};
use super::{Shown, Visitor};
use crate::domain::secret::Secret;
use crate::domain::session::Channel;
use crate::domain::token::SessionToken;
use crate::service::people::{Person, SetupOwner, SignIn};
use crate::service::{FieldError, Refusal};
use crate::ui::assets::{Addresses, addresses};
use crate::ui::form::{CSRF_FIELD, Form};
use crate::ui::parts::field::Field;
use crate::ui::preferences::Theme;
use crate::web::endpoint::Endpoint;
use crate::web::extract::read_body;
use crate::web::limits::STRANGERS_BODY_BYTES_MAX;
use crate::web::problem::whole_seconds;
use crate::web::state::proxy;
use crate::web::{Problem, State};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/setup", PUBLIC, || to(setup)),
    Endpoint::post("/setup", PUBLIC, || to(set_up)),
    Endpoint::get("/sign-in", PUBLIC, || to(sign_in)),
    Endpoint::post("/sign-in", PUBLIC, || to(check_in)),
    Endpoint::get("/sign-in/code", SECOND_FACTOR, || to(code)),
    Endpoint::post("/sign-in/code", SECOND_FACTOR, || to(check_code)),
    Endpoint::get("/confirm", VIEWER, || to(confirm)),
    Endpoint::post("/confirm", VIEWER, || to(confirmed)),
    Endpoint::post("/sign-out", VIEWER, || to(sign_out)),
];

/// A page with one form, in front of the house.
#[derive(Template)]
#[template(path = "entrance.html")]
struct EntranceView {
    assets: &'static Addresses,
    theme: Theme,
    title: &'static str,
    lead: &'static str,
    action: &'static str,
    button: &'static str,
    fields: Vec<Field>,
    hidden: Vec<(&'static str, String)>,
    faults: Vec<String>,
    unclaimed: bool,
}

impl EntranceView {
    fn new(request: &HttpRequest, title: &'static str, lead: &'static str) -> Self {
        Self {
            assets: addresses(),
            theme: Theme::of(request),
            title,
            lead,
            action: "",
            button: "Continue",
            fields: Vec::new(),
            hidden: Vec::new(),
            faults: Vec::new(),
            unclaimed: false,
        }
    }

    fn show(&self, mut response: actix_web::HttpResponseBuilder) -> Shown {
        let body = self.render()?;
        dress(&mut response);
        Ok(response.body(body))
    }

    /// The page again, with what was wrong, in the status that fits.
    fn again(mut self, refusal: Refusal) -> Shown {
        let response = match &refusal {
            Refusal::Invalid(errors) => {
                let said = |error: &FieldError| format!("{} {}", error.field, error.message);
                self.faults = errors.iter().map(said).collect();
                HttpResponse::UnprocessableEntity()
            }
            Refusal::Unauthorized(_) => HttpResponse::Unauthorized(),
            Refusal::RateLimited { retry_after } => {
                let mut response = HttpResponse::TooManyRequests();
                response.insert_header((header::RETRY_AFTER, whole_seconds(*retry_after)));
                response
            }
            Refusal::Conflict(_) | Refusal::MfaRequired(_) | Refusal::Forbidden(_) => {
                HttpResponse::UnprocessableEntity()
            }
            Refusal::NotFound(_)
            | Refusal::Revoked
            | Refusal::PlanRequired
            | Refusal::TooLarge(_)
            | Refusal::Overloaded
            | Refusal::StorageLow
            | Refusal::Unavailable(_)
            | Refusal::Internal(_) => return Err(refusal.into()),
        };
        if self.faults.is_empty() {
            self.faults.push(match &refusal {
                Refusal::RateLimited { retry_after } => {
                    format!(
                        "Too many tries: wait {} s, then try again.",
                        retry_after.as_secs() + 1
                    )
                }
                other => other.to_string(),
            });
        }
        self.show(response)
    }
}

/// A form that nobody has to be signed in for.
pub struct OpenForm(pub(super) Form);

impl FromRequest for OpenForm {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            check_origin(&request)?;
            proxy(&request).check_sign_in(&request)?;
            let state = request.app_data::<State>();
            let state = state.expect("every app is built with the state");
            let body =
                read_body(request.headers(), payload, state, STRANGERS_BODY_BYTES_MAX).await?;
            Ok(Self(Form::parse(&body)))
        })
    }
}

fn query(request: &HttpRequest, wanted: &str) -> String {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == wanted)
        .map_or(String::new(), |(_, value)| value.into_owned())
}

fn setup_view(request: &HttpRequest, token: &str, email: &str) -> EntranceView {
    EntranceView {
        action: "/setup",
        button: "Create the account",
        fields: vec![
            Field::of_kind("email", "email", "E-mail address", email)
                .autocomplete("username")
                .required(),
            Field::of_kind("password", "password", "Password", "")
                .autocomplete("new-password")
                .hint("At least 12 characters.")
                .required(),
        ],
        hidden: vec![("token", token.to_owned())],
        ..EntranceView::new(
            request,
            "Set hookpost up",
            "This is the first run: the account you make now owns this instance.",
        )
    }
}

/// `GET /setup`: the first owner's form.
///
/// # Errors
/// 404 once a user exists.
pub async fn setup(state: State, request: HttpRequest) -> Shown {
    proxy(&request).check_sign_in(&request)?;
    let token = query(&request, "token");
    match state.service.check_setup(Secret::new(token.clone())).await {
        Ok(()) => setup_view(&request, &token, "").show(HttpResponse::Ok()),
        Err(refusal) => setup_view(&request, &token, "").again(refusal),
    }
}

/// `POST /setup`: makes the first owner, who is then signed in.
///
/// # Errors
/// As [`setup`].
pub async fn set_up(state: State, request: HttpRequest, form: OpenForm) -> Shown {
    let OpenForm(form) = form;
    let owner = SetupOwner {
        token: Secret::new(form.typed("token").to_owned()),
        email: form.typed("email").to_owned(),
        password: Secret::new(form.typed("password").to_owned()),
        user_agent: user_agent(&request),
    };
    match state.service.set_up(owner).await {
        Ok(signed_in) => Ok(enter(&request, &signed_in.token, "/")),
        Err(refusal) => {
            setup_view(&request, form.typed("token"), form.typed("email")).again(refusal)
        }
    }
}

fn sign_in_view(request: &HttpRequest, back: String, email: &str) -> EntranceView {
    EntranceView {
        action: "/sign-in",
        button: "Sign in",
        fields: vec![
            Field::of_kind("email", "email", "E-mail address", email)
                .autocomplete("username")
                .required(),
            Field::of_kind("password", "password", "Password", "")
                .autocomplete("current-password")
                .required(),
        ],
        hidden: vec![("back", back)],
        ..EntranceView::new(request, "Sign in", "")
    }
}

/// `GET /sign-in`.
///
/// # Errors
/// A 500 where the database cannot be read.
pub async fn sign_in(state: State, request: HttpRequest) -> Shown {
    proxy(&request).check_sign_in(&request)?;
    let unclaimed = state.service.is_unclaimed().await?;
    let view = sign_in_view(&request, query(&request, "back"), "");
    EntranceView { unclaimed, ..view }.show(HttpResponse::Ok())
}

/// `POST /sign-in`.
///
/// # Errors
/// As [`sign_in`].
pub async fn check_in(state: State, request: HttpRequest, form: OpenForm) -> Shown {
    let OpenForm(form) = form;
    let asked = SignIn {
        email: form.typed("email").to_owned(),
        password: Secret::new(form.typed("password").to_owned()),
        code: None,
        channel: Channel::Browser,
        user_agent: user_agent(&request),
        address: proxy(&request).client(&request),
    };
    match state.service.sign_in(asked).await {
        Ok(signed_in) => Ok(enter(&request, &signed_in.token, &form.back("/"))),
        Err(refusal) => {
            let back = form.typed("back").to_owned();
            sign_in_view(&request, back, form.typed("email")).again(refusal)
        }
    }
}

fn code_view(request: &HttpRequest, action: &'static str, back: String) -> EntranceView {
    EntranceView {
        action,
        button: "Confirm",
        fields: vec![
            Field::line("code", "Code", "")
                .autocomplete("one-time-code")
                .hint("Six digits from your app, or one of your recovery codes.")
                .required(),
        ],
        hidden: vec![("back", back)],
        ..EntranceView::new(request, "Second factor", "Show that it is you.")
    }
}

/// `GET /sign-in/code`.
///
/// # Errors
/// Where the template fails.
pub async fn code(request: HttpRequest, csrf: Csrf) -> Shown {
    ask(&request, "/sign-in/code", csrf)
}

/// `POST /sign-in/code`.
///
/// # Errors
/// Where the database takes no writes.
pub async fn check_code(state: State, request: HttpRequest, person: Person, form: Form) -> Shown {
    show_code(&state, &request, &form, &person, "/sign-in/code").await
}

/// `GET /confirm`: asks for a fresh code before an action that needs one.
///
/// # Errors
/// Where the template fails.
pub async fn confirm(request: HttpRequest, csrf: Csrf) -> Shown {
    ask(&request, "/confirm", csrf)
}

fn ask(request: &HttpRequest, action: &'static str, Csrf(csrf): Csrf) -> Shown {
    let mut view = code_view(request, action, query(request, "back"));
    view.hidden.push((CSRF_FIELD, csrf));
    view.show(HttpResponse::Ok())
}

/// `POST /confirm`.
///
/// # Errors
/// Where the database takes no writes.
pub async fn confirmed(state: State, request: HttpRequest, visitor: Visitor, form: Form) -> Shown {
    show_code(&state, &request, &form, &visitor.person, "/confirm").await
}

async fn show_code(
    state: &State,
    request: &HttpRequest,
    form: &Form,
    person: &Person,
    action: &'static str,
) -> Shown {
    let code = Secret::new(form.typed("code").trim().to_owned());
    match state.service.show_second_factor(person, code).await {
        Ok(Some(signed_in)) => Ok(enter(request, &signed_in.token, &form.back("/"))),
        Ok(None) => Ok(go(&form.back("/"))),
        Err(refusal) => {
            let mut view = code_view(request, action, form.typed("back").to_owned());
            view.hidden
                .push((CSRF_FIELD, form.typed(CSRF_FIELD).to_owned()));
            view.again(refusal)
        }
    }
}

/// `POST /sign-out`.
///
/// # Errors
/// Where the database takes no writes.
pub async fn sign_out(state: State, request: HttpRequest, visitor: Visitor, _form: Form) -> Shown {
    state.service.sign_out(&visitor.person).await?;
    let mut response = go("/sign-in");
    let mut gone = cookie(&request, "");
    gone.make_removal();
    response
        .add_cookie(&gone)
        .map_err(|error| Refusal::Internal(error.to_string()))?;
    Ok(response)
}

/// Gives the browser its session and leads on.
fn enter(request: &HttpRequest, token: &SessionToken, path: &str) -> HttpResponse {
    let mut response = go(path);
    response
        .add_cookie(&cookie(request, token.expose()))
        .expect("a token is plain ASCII");
    response
}

/// The session's cookie, under the name that fits how the browser reaches us.
pub(super) fn cookie<'a>(request: &HttpRequest, value: &'a str) -> Cookie<'a> {
    let secure = proxy(request).is_encrypted(request);
    Cookie::build(cookie_name(request), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .finish()
}

fn user_agent(request: &HttpRequest) -> String {
    let header = request.headers().get("user-agent");
    header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}
