//! `/setup`: the first run, when whoever has the link makes the account that owns this instance.
//!
//! Owns: the form. Refuses: judging the link and the password (`service::people`).

use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};

use super::Shown;
use super::access::PUBLIC;
use super::bare_form::{BareFormView, BareWords, again, asked};
use super::form::OpenForm;
use super::session::{enter, user_agent};
use crate::domain::secret::Secret;
use crate::service::people::SetupOwner;
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormSpec, Frame};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::state::proxy;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/setup", PUBLIC, || to(setup)),
    Endpoint::post("/setup", PUBLIC, || to(set_up)),
];

const WORDS: BareWords = BareWords {
    title: "Set hookpost up",
    lead: "This is the first run: the account you make now owns this instance.",
    action: "/setup",
    button: "Create the account",
};

type OwnerField = FieldSpec<(), SetupOwner>;

/// The form of the first account.
static OWNER: FormSpec<(), SetupOwner> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Stack(&[
        OwnerField::email("email", "E-mail address")
            .autocomplete("username")
            .required()
            .sets(|owner, typed| owner.email = typed.typed().to_owned()),
        OwnerField::password("password", "Password")
            .autocomplete("new-password")
            .hint("At least 12 characters.")
            .required()
            .sets(|owner, typed| owner.password = typed.secret()),
        OwnerField::hidden("token").sets(|owner, typed| owner.token = typed.secret()),
    ])],
}]);

/// `GET /setup`: the first owner's form.
///
/// # Errors
/// 404 once a user exists.
pub async fn setup(state: State, request: HttpRequest) -> Shown {
    proxy(&request).check_sign_in(&request)?;
    let token = asked(&request, "token");
    let draft = OWNER.blank().with("token", &token);
    match state.service.check_setup(Secret::new(token)).await {
        Ok(()) => BareFormView::new(&request, &WORDS, OWNER.draw(&draft)).show(HttpResponse::Ok()),
        Err(refusal) => again(&request, &WORDS, &OWNER, draft.typed, refusal),
    }
}

/// `POST /setup`: makes the first owner, who is then signed in.
pub async fn set_up(state: State, request: HttpRequest, form: OpenForm) -> Shown {
    let OpenForm(form) = form;
    let unsaid = SetupOwner {
        token: Secret::new(String::new()),
        email: String::new(),
        password: Secret::new(String::new()),
        user_agent: user_agent(&request),
    };
    match state.service.set_up(OWNER.read(&form, unsaid)?).await {
        Ok(signed_in) => Ok(enter(&request, &signed_in.token, "/")),
        Err(refusal) => again(&request, &WORDS, &OWNER, form, refusal),
    }
}
