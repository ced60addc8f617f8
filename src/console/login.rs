//! Signing in, showing the second factor, signing out.
//!
//! Owns: the forms, and the cookie that a session begins and ends with. Refuses: judging passwords
//! and codes (`service::people`).
//!
//! # Why the first form carries no token
//! Nobody is signed in yet, so there is no session to bind one to. Browsers say where a form comes
//! from; one from another site is refused, and the cookie is never sent along from there. From the
//! password on there is a session, and its forms carry its token like all others.

use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};

use super::access::{PUBLIC, SECOND_FACTOR, VIEWER};
use super::bare_form::{BareFormView, BareWords, again, asked};
use super::form::OpenForm;
use super::page::go;
use super::session::{enter, leave, user_agent};
use super::visitor::Csrf;
use super::{Form, Shown, Visitor};
use crate::domain::secret::Secret;
use crate::domain::session::Channel;
use crate::service::people::{Person, SignIn};
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormSpec, Frame};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::state::proxy;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/sign-in", PUBLIC, || to(sign_in)),
    Endpoint::post("/sign-in", PUBLIC, || to(check_in)),
    Endpoint::get("/sign-in/code", SECOND_FACTOR, || to(code)),
    Endpoint::post("/sign-in/code", SECOND_FACTOR, || to(check_code)),
    Endpoint::get("/confirm", VIEWER, || to(confirm)),
    Endpoint::post("/confirm", VIEWER, || to(confirmed)),
    Endpoint::post("/sign-out", VIEWER, || to(sign_out)),
];

const SIGN_IN_WORDS: BareWords = BareWords {
    title: "Sign in",
    lead: "",
    action: "/sign-in",
    button: "Sign in",
};
const CODE_WORDS: BareWords = BareWords {
    title: "Second factor",
    lead: "Show that it is you.",
    action: "/sign-in/code",
    button: "Confirm",
};
const CONFIRM_WORDS: BareWords = BareWords {
    action: "/confirm",
    ..CODE_WORDS
};

type SignInField = FieldSpec<(), SignIn>;

/// The form of an address and its password.
static SIGN_IN: FormSpec<(), SignIn> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Stack(&[
        SignInField::email("email", "E-mail address")
            .autocomplete("username")
            .required()
            .sets(|asked, typed| asked.email = typed.typed().to_owned()),
        SignInField::password("password", "Password")
            .autocomplete("current-password")
            .required()
            .sets(|asked, typed| asked.password = typed.secret()),
        SignInField::hidden("back"),
    ])],
}]);

/// The form of a code of the second factor.
static CODE: FormSpec<(), Secret> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Stack(&[
        FieldSpec::code("code", "Code")
            .hint("Six digits from your app, or one of your recovery codes.")
            .required()
            .sets(|code, typed| *code = Secret::new(typed.trimmed())),
        FieldSpec::hidden("back"),
    ])],
}]);

/// `GET /sign-in`.
///
/// # Errors
/// A 500 where the database cannot be read.
pub async fn sign_in(state: State, request: HttpRequest) -> Shown {
    proxy(&request).check_sign_in(&request)?;
    let draft = SIGN_IN.blank().with("back", asked(&request, "back"));
    let view = BareFormView::new(&request, &SIGN_IN_WORDS, SIGN_IN.draw(&draft));
    let view = match state.service.is_unclaimed().await? {
        true => view.unclaimed(),
        false => view,
    };
    view.show(HttpResponse::Ok())
}

async fn check_in(state: State, request: HttpRequest, form: OpenForm) -> Shown {
    let OpenForm(form) = form;
    let unsaid = SignIn {
        email: String::new(),
        password: Secret::new(String::new()),
        code: None,
        channel: Channel::Browser,
        user_agent: user_agent(&request),
        address: proxy(&request).client(&request),
    };
    match state.service.sign_in(SIGN_IN.read(&form, unsaid)?).await {
        Ok(signed_in) => Ok(enter(&request, &signed_in.token, &form.back("/"))),
        Err(refusal) => again(&request, &SIGN_IN_WORDS, &SIGN_IN, form, refusal),
    }
}

/// `GET /sign-in/code`.
///
/// # Errors
/// Where the template fails.
pub async fn code(request: HttpRequest, csrf: Csrf) -> Shown {
    ask(&request, &CODE_WORDS, csrf)
}

async fn check_code(state: State, request: HttpRequest, person: Person, form: Form) -> Shown {
    show_code(&state, &request, form, &person, &CODE_WORDS).await
}

/// `GET /confirm`: asks for a fresh code before an action that needs one.
///
/// # Errors
/// Where the template fails.
pub async fn confirm(request: HttpRequest, csrf: Csrf) -> Shown {
    ask(&request, &CONFIRM_WORDS, csrf)
}

fn ask(request: &HttpRequest, words: &'static BareWords, Csrf(csrf): Csrf) -> Shown {
    let draft = CODE.blank().with("back", asked(request, "back"));
    let view = BareFormView::new(request, words, CODE.draw(&draft));
    view.token(csrf).show(HttpResponse::Ok())
}

async fn confirmed(state: State, request: HttpRequest, visitor: Visitor, form: Form) -> Shown {
    show_code(&state, &request, form, &visitor.person, &CONFIRM_WORDS).await
}

async fn show_code(
    state: &State,
    request: &HttpRequest,
    form: Form,
    person: &Person,
    words: &'static BareWords,
) -> Shown {
    let code = CODE.read(&form, Secret::new(String::new()))?;
    match state.service.show_second_factor(person, code).await {
        Ok(Some(signed_in)) => Ok(enter(request, &signed_in.token, &form.back("/"))),
        Ok(None) => Ok(go(&form.back("/"))),
        Err(refusal) => again(request, words, &CODE, form, refusal),
    }
}

async fn sign_out(state: State, request: HttpRequest, visitor: Visitor, _form: Form) -> Shown {
    state.service.sign_out(&visitor.person).await?;
    Ok(leave(&request, "/sign-in"))
}
