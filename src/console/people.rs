//! `/people`: who may sign in, and what they may do.
//!
//! Owns: the list, making people, roles, barring, second factors of others. Refuses: leaving nobody
//! in charge (`service` sees to it).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::OWNER;
use super::ask::{Question, ask, is_confirmed};
use super::form::show_form;
use super::page::{PageContext, Section, back_to, go_and_say};
use super::{Form, Shown, Visitor};
use crate::domain::id::UserId;
use crate::domain::page::{Cursor, Limit, List};
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::user::{SecondFactor, User};
use crate::service::Refusal;
use crate::service::people::{MfaDemand, NewUser};
use crate::ui::flash::Flash;
use crate::ui::form::mend;
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormDraft, FormSpec, FormView, Frame, Offer};
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, Badge, Tone};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/people", OWNER, || to(list)),
    Endpoint::post("/people", OWNER, || to(create))
        .fresh()
        .back("/people"),
    Endpoint::post("/people/second-factor", OWNER, || to(demand))
        .fresh()
        .back("/people"),
    Endpoint::post("/people/{id}", OWNER, || to(change))
        .fresh()
        .back("/people"),
];

const PATH: &str = "/people";

/// People of a page.
const ROWS: u32 = 30;

/// A line of the list.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// The id.
    pub id: String,
    /// The address.
    pub email: String,
    /// What the person may do.
    pub role: Role,
    /// How the account stands.
    pub badge: Badge,
    /// Whether the second factor is on.
    pub has_second_factor: bool,
    /// When the person last signed in.
    pub signed_in: Option<Ago>,
    /// Whether it is the reader.
    pub is_reader: bool,
    /// Whether the person is barred.
    pub is_barred: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "people.html")]
pub struct PeopleView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<PersonRow>,
    /// Where the list goes on.
    pub older: Option<String>,
    /// The fields of a new person.
    pub form: FormView,
    /// Whether everybody needs a second factor.
    pub is_demanded: bool,
}

impl PeopleView<'_> {
    fn roles(&self) -> [(Role, &'static str); 3] {
        ROLES
    }
}

/// What people may be, and what that permits.
const ROLES: [(Role, &str); 3] = [
    (Role::Viewer, "looks at everything"),
    (Role::Operator, "changes webhooks and deliveries"),
    (Role::Owner, "changes the instance and its people too"),
];

type NewUserField = FieldSpec<(), NewUser>;

/// The form of a new person.
static PERSON: FormSpec<(), NewUser> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Stack(&[
        NewUserField::email("email", "E-mail address")
            .required()
            .sets(|new, typed| new.email = typed.typed().to_owned()),
        NewUserField::password("password", "First password")
            .autocomplete("new-password")
            .hint("Hand it over in person; it can be changed under Profile.")
            .required()
            .sets(|new, typed| new.password = typed.secret()),
        NewUserField::choice("role", "Role")
            .initial(&["operator"])
            .offers(|| {
                let offer = |(role, words): (Role, &str)| {
                    Offer::new(role.as_str(), format!("{}: {words}", role.as_str()))
                };
                ROLES.map(offer).to_vec()
            })
            .sets(|new, typed| match Role::parse(typed.typed()) {
                Some(role) => new.role = role,
                None => typed.fault("must be viewer, operator or owner"),
            }),
    ])],
}]);

async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let cursor = query.cursor("cursor", List::Users);
    query.finish()?;
    draw(&state, &request, visitor, cursor, PERSON.blank()).await
}

async fn create(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let unsaid = NewUser {
        email: String::new(),
        password: Secret::new(String::new()),
        role: Role::Viewer,
    };
    let made = match PERSON.read(&form, unsaid) {
        Ok(new) => state.service.create_user(&visitor.caller.actor, new).await,
        Err(refusal) => Err(refusal),
    };
    match made {
        Ok(user) => {
            let text = format!("{} may sign in now.", user.email);
            Ok(go_and_say(PATH, &Flash::good(text)))
        }
        Err(refusal) => draw(&state, &request, visitor, None, mend(refusal, form)?).await,
    }
}

/// `POST /people/{id}`: one of the changes to a person.
///
/// # Errors
/// 404 where there is no such user.
pub async fn change(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: UserId = path_id(&request, "user")?;
    let action = form.typed("action");
    if matches!(action, "reset-mfa" | "remove") && !is_confirmed(&form) {
        let person = state.service.user(id).await?;
        let question = match action {
            "remove" => removing(&person.email),
            _ => resetting(&person.email),
        };
        return ask(&state, &request, visitor, &form, question).await;
    }
    let actor = &visitor.caller.actor;
    let (done, said) = match action {
        "disable" => (
            state.service.disable_user(actor, id).await,
            "Barred from signing in.",
        ),
        "enable" => (
            state.service.enable_user(actor, id).await,
            "May sign in again.",
        ),
        "reset-mfa" => (
            state.service.reset_mfa(actor, id).await,
            "The second factor was taken away; the person is signed out.",
        ),
        "remove" => (state.service.remove_user(actor, id).await, "Removed."),
        "role" => {
            let role = Role::parse(form.typed("role"));
            let role = role.ok_or_else(|| Refusal::field("role", "is unknown"))?;
            (
                state.service.set_role(actor, id, role).await,
                "The role was changed.",
            )
        }
        _ => return Err(Refusal::field("action", "is unknown").into()),
    };
    back_to(PATH, done, |()| said.to_owned())
}

fn removing(email: &str) -> Question {
    Question {
        title: format!("Remove 1 account, {email}?"),
        consequence:
            "The person is signed out everywhere at once, and the account is gone for good. To \
                      keep somebody out for a while, bar the account instead."
                .to_owned(),
        yes: "Remove it",
        back: PATH.to_owned(),
    }
}

fn resetting(email: &str) -> Question {
    Question {
        title: format!("Take away the second factor of {email}?"),
        consequence:
            "The person is signed out everywhere, and signs in with the password alone until a \
                      new one is set up; the old codes are worthless."
                .to_owned(),
        yes: "Take it away",
        back: PATH.to_owned(),
    }
}

/// `POST /people/second-factor`: asks everybody for one, or nobody but those who have one.
pub async fn demand(state: State, visitor: Visitor, form: Form) -> Shown {
    let (demand, said) = match form.typed("of") {
        "everybody" => (
            MfaDemand::Everybody,
            "Everybody needs a second factor from now on.",
        ),
        _ => (
            MfaDemand::Nobody,
            "A second factor is everybody's own choice again.",
        ),
    };
    let done = state
        .service
        .demand_mfa(&visitor.caller.actor, demand)
        .await;
    back_to(PATH, done, |()| said.to_owned())
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    cursor: Option<Cursor>,
    draft: FormDraft,
) -> Shown {
    let found = state.service.users(cursor, Limit::clamped(ROWS)).await?;
    let reader = visitor.person.user;
    let is_demanded = visitor.person.mfa == MfaDemand::Everybody;
    let page = PageContext::of(state, request, visitor, Section::People, "People").await?;
    let older = found.next.map(|next| next.to_string());
    let view = PeopleView {
        page: &page,
        rows: found.items.iter().map(|user| row(user, reader)).collect(),
        older: older.map(|next| with_query("/people", &[("cursor", &next)])),
        form: PERSON.draw(&draft),
        is_demanded,
    };
    show_form(&page, &view.form, &view)
}

fn row(user: &User, reader: UserId) -> PersonRow {
    let is_barred = user.disabled_at.is_some();
    PersonRow {
        id: user.id.to_string(),
        email: user.email.clone(),
        role: user.role,
        badge: if is_barred {
            Badge::new(Tone::Calm, "slash", "barred")
        } else {
            Badge::new(Tone::Good, "check", "active")
        },
        has_second_factor: match user.second_factor {
            SecondFactor::On { .. } => true,
            SecondFactor::Off | SecondFactor::Enrolling => false,
        },
        signed_in: user.last_login_at.map(Ago),
        is_reader: user.id == reader,
        is_barred,
    }
}
