//! `/profile`: a person's own password, second factor and sessions.
//!
//! Owns: the page, enrolling a second factor, the one page that shows recovery codes. Refuses:
//! changing other people ([`super::people`]).
//!
//! # Why enrolling has an access of its own
//! Where everybody needs a second factor, who has none yet may do nothing but enrol one. So these
//! pages let such a person in, and no other page does.

use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::access::{ENROLMENT, VIEWER};
use super::ask::{Question, ask, is_confirmed};
use super::form::show_form;
use super::page::{PageContext, Section, back_to, dress, go, go_and_say};
use super::session::with_session;
use super::visitor::Csrf;
use super::{Form, Shown, Visitor};
use crate::domain::id::SessionId;
use crate::domain::secret::Secret;
use crate::domain::session::{Channel, Session};
use crate::service::Refusal;
use crate::service::people::{Enrolment, Person, Stage};
use crate::ui::assets::{Addresses, addresses};
use crate::ui::flash::Flash;
use crate::ui::form::mend;
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormDraft, FormSpec, FormView, Frame};
use crate::ui::parts::agent::agent;
use crate::ui::parts::{Ago, Copyable, Stamp, counted};
use crate::ui::preferences::Theme;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/profile", VIEWER, || to(profile)),
    Endpoint::post("/profile/password", VIEWER, || to(password)),
    Endpoint::post("/profile/sessions/end", VIEWER, || to(end_sessions)),
    Endpoint::post("/profile/sessions/{id}/end", VIEWER, || to(end_session)),
    Endpoint::get("/profile/second-factor", ENROLMENT, || to(second_factor)),
    Endpoint::post("/profile/second-factor", ENROLMENT, || to(confirm)),
    Endpoint::post("/profile/second-factor/begin", ENROLMENT, || to(begin)),
    Endpoint::post("/profile/second-factor/codes", VIEWER, || to(codes))
        .fresh()
        .back("/profile"),
    Endpoint::post("/profile/second-factor/off", VIEWER, || to(turn_off))
        .fresh()
        .back("/profile"),
];

/// A session of the reader.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: String,
    /// What the browser or program calls itself.
    pub agent: String,
    /// Whether a program holds it.
    pub is_token: bool,
    /// When it began.
    pub began: Stamp,
    /// When it was last heard of.
    pub seen: Ago,
    /// Whether it is the one at hand.
    pub is_present: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "profile.html")]
pub struct ProfileView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The reader's sessions.
    pub sessions: Vec<SessionRow>,
    /// The fields of a new password.
    pub form: FormView,
    /// Whether the second factor is in force.
    pub has_second_factor: bool,
    /// Recovery codes that are left.
    pub codes_left: usize,
}

impl ProfileView<'_> {
    fn codes_left_words(&self) -> String {
        let codes = counted(self.codes_left as u64, "recovery code", "recovery codes");
        let are = if self.codes_left == 1 { "is" } else { "are" };
        format!("{codes} {are}")
    }
}

/// The present password and the one to take its place.
struct PasswordChange {
    current: Secret,
    new: Secret,
}

type PasswordField = FieldSpec<(), PasswordChange>;

/// The form of a new password.
static PASSWORD: FormSpec<(), PasswordChange> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Stack(&[
        PasswordField::password("current_password", "Current password")
            .autocomplete("current-password")
            .required()
            .sets(|change, typed| change.current = typed.secret()),
        PasswordField::password("new_password", "New password")
            .autocomplete("new-password")
            .hint("At least 12 characters; a few words are fine.")
            .required()
            .sets(|change, typed| change.new = typed.secret()),
    ])],
}]);

/// The form of the first code of a second factor.
static FIRST_CODE: FormSpec<(), Secret> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Stack(&[FieldSpec::code("code", "Code")
        .hint("The six digits that the app shows now.")
        .required()
        .sets(|code, typed| *code = Secret::new(typed.trimmed()))])],
}]);

async fn profile(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    draw(&state, &request, visitor, PASSWORD.blank()).await
}

async fn draw(state: &State, request: &HttpRequest, visitor: Visitor, draft: FormDraft) -> Shown {
    let person = visitor.person.clone();
    let sessions = state.service.sessions(&person).await?;
    let page = PageContext::of(state, request, visitor, Section::Profile, "Profile").await?;
    let view = ProfileView {
        page: &page,
        sessions: sessions
            .iter()
            .map(|one| session_row(one, &person))
            .collect(),
        form: PASSWORD.draw(&draft),
        has_second_factor: person.has_second_factor(),
        codes_left: person.recovery_codes_left,
    };
    show_form(&page, &view.form, &view)
}

fn session_row(session: &Session, person: &Person) -> SessionRow {
    SessionRow {
        id: session.id.to_string(),
        agent: agent(&session.user_agent),
        is_token: session.channel == Channel::Token,
        began: Stamp(session.created_at),
        seen: Ago(session.last_seen_at),
        is_present: session.id == person.session,
    }
}

/// `POST /profile/password`.
///
/// # Errors
/// 429 after too many tries.
pub async fn password(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let unsaid = PasswordChange {
        current: Secret::new(String::new()),
        new: Secret::new(String::new()),
    };
    let change = PASSWORD.read(&form, unsaid)?;
    let changed = state
        .service
        .change_password(&visitor.person, change.current, change.new);
    match changed.await {
        Ok(signed_in) => {
            let flash = Flash::good("Your password is changed; your other sessions have ended.");
            let response = go_and_say("/profile", &flash);
            Ok(with_session(&request, response, &signed_in.token))
        }
        Err(refusal) => draw(&state, &request, visitor, mend(refusal, form)?).await,
    }
}

async fn end_session(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    let id: SessionId = path_id(&request, "session")?;
    let done = state.service.end_session(&visitor.person, id).await;
    back_to("/profile", done, |()| "That session has ended.".to_owned())
}

/// `POST /profile/sessions/end`: signs out everywhere, here too.
pub async fn end_sessions(state: State, visitor: Visitor, _form: Form) -> Shown {
    state.service.sign_out_everywhere(&visitor.person).await?;
    Ok(go("/sign-in"))
}

/// A page about the second factor, which who must enrol first sees too.
#[derive(Template)]
#[template(path = "second_factor.html")]
pub struct SecondFactorView {
    /// Where the static files are.
    pub assets: &'static Addresses,
    /// Light or dark.
    pub theme: Theme,
    /// Whether it is asked of everybody.
    pub is_demanded: bool,
    /// The seed on its way into an app.
    pub enrolment: Option<Enrolment>,
    /// Recovery codes, shown now only.
    pub codes: Vec<String>,
    /// What was wrong with the code.
    pub fault: Option<String>,
    /// The token of the session's forms.
    pub csrf: String,
}

impl SecondFactorView {
    fn new(request: &HttpRequest, person: &Person, csrf: String) -> Self {
        Self {
            assets: addresses(),
            theme: Theme::of(request),
            is_demanded: person.stage == Stage::Enrolment,
            enrolment: None,
            codes: Vec::new(),
            fault: None,
            csrf,
        }
    }

    fn qr(&self) -> &str {
        self.enrolment
            .as_ref()
            .map_or("", |one| one.qr_svg.expose())
    }

    fn seed(&self) -> Option<Copyable> {
        let enrolment = self.enrolment.as_ref()?;
        Some(Copyable::new(enrolment.base32.expose(), "the key"))
    }

    fn form(&self) -> FormView {
        FIRST_CODE.draw(&FIRST_CODE.blank())
    }

    fn show(&self, mut response: actix_web::HttpResponseBuilder) -> Shown {
        let body = self.render()?;
        dress(&mut response);
        Ok(response.body(body))
    }
}

async fn second_factor(state: State, person: Person, csrf: Csrf, request: HttpRequest) -> Shown {
    if person.has_second_factor() {
        return Ok(go("/profile"));
    }
    let mut view = SecondFactorView::new(&request, &person, csrf.0);
    view.enrolment = state.service.enrolment(&person).await?;
    view.show(HttpResponse::Ok())
}

async fn begin(state: State, person: Person, _form: Form) -> Shown {
    match state.service.begin_enrolment(&person).await {
        Ok(()) => Ok(go("/profile/second-factor")),
        Err(Refusal::Conflict(_)) => Ok(go("/profile")),
        Err(other) => Err(other.into()),
    }
}

/// `POST /profile/second-factor`: the first code puts it in force.
///
/// # Errors
/// 429 after too many tries.
pub async fn confirm(
    state: State,
    person: Person,
    csrf: Csrf,
    request: HttpRequest,
    form: Form,
) -> Shown {
    let code = FIRST_CODE.read(&form, Secret::new(String::new()))?;
    let mut view = SecondFactorView::new(&request, &person, csrf.0);
    match state.service.confirm_enrolment(&person, code).await {
        Ok((signed_in, recovery)) => {
            view.codes = recovery
                .codes
                .iter()
                .map(|code| code.expose().to_owned())
                .collect();
            let response = view.show(HttpResponse::Ok())?;
            Ok(with_session(&request, response, &signed_in.token))
        }
        Err(Refusal::Unauthorized(message)) => {
            view.enrolment = state.service.enrolment(&person).await?;
            view.fault = Some(message.to_owned());
            view.show(HttpResponse::UnprocessableEntity())
        }
        Err(Refusal::Conflict(_)) => Ok(go("/profile/second-factor")),
        Err(other) => Err(other.into()),
    }
}

/// `POST /profile/second-factor/codes`: new recovery codes in the place of the old ones.
pub async fn codes(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    match state.service.new_recovery_codes(&visitor.person).await {
        Ok(recovery) => {
            let mut view = SecondFactorView::new(&request, &visitor.person, visitor.csrf.clone());
            view.codes = recovery
                .codes
                .iter()
                .map(|code| code.expose().to_owned())
                .collect();
            view.show(HttpResponse::Ok())
        }
        Err(refusal) => back_to("/profile", Err::<(), _>(refusal), |()| String::new()),
    }
}

async fn turn_off(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    if !is_confirmed(&form) {
        let question = Question {
            title: "Turn off your second factor?".to_owned(),
            consequence:
                "From then on your password alone lets in whoever has it; the recovery codes are \
                          worthless."
                    .to_owned(),
            yes: "Turn it off",
            back: "/profile".to_owned(),
        };
        return ask(&state, &request, visitor, &form, question).await;
    }
    let done = state.service.disable_second_factor(&visitor.person).await;
    back_to("/profile", done, |()| {
        "Your second factor is turned off.".to_owned()
    })
}
