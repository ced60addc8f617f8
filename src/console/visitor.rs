//! Who looks at a page.
//!
//! Owns: turning the session in a browser's cookie into a [`Visitor`], comparing roles, refusing
//! forms that another site sent. Refuses: signing in and out.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::domain::role::Role;
use crate::domain::session::Channel;
use crate::domain::token::SessionToken;
use crate::service::people::{Person, Stage};
use crate::service::{Actor, Caller, Refusal};
use crate::ui::parts::url_query::with_query;
use crate::web::Problem;
use crate::web::audience::Refused;
use crate::web::endpoint::{Access, Endpoint};
use crate::web::same_origin::check_origin;
use crate::web::state::{self, proxy};

const SIGN_IN: &str = "/sign-in";

/// The session's cookie where hookpost speaks TLS itself or stands behind something that does.
pub const SESSION_COOKIE_SECURE: &str = "__Host-hookpost";
/// The session's cookie on plain HTTP, where browsers refuse the prefix.
pub const SESSION_COOKIE: &str = "hookpost";

/// A signed-in person in front of a page.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The person.
    pub person: Person,
    /// The person as actions see them, in the workspace they are looking at.
    pub caller: Caller,
    /// That workspace's name.
    pub workspace: String,
    /// What every form of this session carries.
    pub csrf: String,
    /// How many changes there were when the page was asked for: it shows at least these.
    pub changes: u64,
}

impl Visitor {
    /// What the person may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.person.role
    }

    /// Whether the person may change webhooks and deliveries.
    #[must_use]
    pub fn may_operate(&self) -> bool {
        self.role().allows(Role::Operator)
    }

    /// Whether the person may change the instance.
    #[must_use]
    pub fn may_own(&self) -> bool {
        self.role().allows(Role::Owner)
    }
}

/// The token that forms of the session at hand carry.
#[derive(Clone, Debug)]
pub struct Csrf(pub String);

/// Lets somebody through to a page or form, or says where they have to go first. What the handler
/// wants to know is left in the request: a [`Visitor`] where all doors are open to them, a
/// [`Person`] where they are still on the way in.
pub async fn admit(endpoint: &Endpoint, request: &HttpRequest) -> Result<Option<Actor>, Refused> {
    let role = match endpoint.access {
        Access::Public => return Ok(None),
        Access::Page(role) => role,
        Access::Enrolment | Access::SecondFactor => Role::Viewer,
        Access::Scope(_) | Access::Either(..) | Access::Session | Access::Portal => {
            let odd = format!("{} is for programs", endpoint.path);
            return Err(Refusal::Internal(odd).into());
        }
    };
    check_origin(request)?;
    proxy(request).check_sign_in(request)?;
    let changes = super::state::of(request).live.count();
    let (person, csrf) = signed_in(endpoint, request).await?;
    if let Some(path) = first(endpoint.access, person.stage) {
        return Err(Refused::Aside(come_back(request, path)));
    }
    request.extensions_mut().insert(Csrf(csrf.clone()));
    let actor = person.actor();
    if !matches!(endpoint.access, Access::Page(_)) {
        request.extensions_mut().insert(person);
        return Ok(Some(actor));
    }
    if !person.role.allows(role) {
        let needed = format!(
            "this needs the role {}; yours is {}. An owner can change that under People.",
            role.as_str(),
            person.role.as_str()
        );
        return Err(Refusal::Forbidden(needed).into());
    }
    let views = state::of(request).service.views();
    let workspace = views.workspace_or_default(person.workspace_seq).await?;
    request.extensions_mut().insert(Visitor {
        caller: Caller {
            workspace: workspace.id,
            plan: workspace.plan,
            consumer: None,
            actor: actor.clone(),
        },
        workspace: workspace.name,
        person,
        csrf,
        changes,
    });
    Ok(Some(actor))
}

/// Whose session the cookie is, and the token of its forms.
async fn signed_in(
    endpoint: &Endpoint,
    request: &HttpRequest,
) -> Result<(Person, String), Refused> {
    let sign_in = || {
        Refused::Aside(match endpoint.access {
            // Nothing to come back to without the password.
            Access::SecondFactor => SIGN_IN.to_owned(),
            _ => come_back(request, SIGN_IN),
        })
    };
    let token = session_token(request).ok_or_else(sign_in)?;
    let found = state::of(request).service.person(&token, Channel::Browser);
    match found.await {
        Ok(person) => Ok((person, token.form_token())),
        Err(Refusal::Unauthorized(_)) => Err(sign_in()),
        Err(other) => Err(other.into()),
    }
}

/// Where somebody at this stage has to go first.
fn first(access: Access, stage: Stage) -> Option<&'static str> {
    match (access, stage) {
        (_, Stage::Inside) | (Access::SecondFactor, _) => None,
        (Access::Enrolment, Stage::Enrolment) => None,
        (_, Stage::SecondFactor) => Some("/sign-in/code"),
        (_, Stage::Enrolment) => Some("/profile/second-factor"),
    }
}

/// A page that was asked for is come back to; a form has to be sent again.
fn come_back(request: &HttpRequest, path: &str) -> String {
    let asked = request
        .uri()
        .path_and_query()
        .map_or("/", |asked| asked.as_str());
    if !request.method().is_safe() || asked == "/" {
        return path.to_owned();
    }
    with_query(path, &[("back", asked)])
}

/// The name of the session's cookie on the way that `request` came. Over TLS only the one with the
/// prefix counts: whoever is in between on plain HTTP can plant any other.
#[must_use]
pub fn cookie_name(request: &HttpRequest) -> &'static str {
    match proxy(request).is_encrypted(request) {
        true => SESSION_COOKIE_SECURE,
        false => SESSION_COOKIE,
    }
}

/// The session that a browser's cookie names.
#[must_use]
pub fn session_token(request: &HttpRequest) -> Option<SessionToken> {
    let cookie = request.cookie(cookie_name(request))?;
    SessionToken::parse(cookie.value())
}

impl FromRequest for Visitor {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visitor = request.extensions().get::<Self>().cloned();
        std::future::ready(visitor.ok_or_else(|| {
            Refusal::Internal(format!("{} has no gate for people", request.path())).into()
        }))
    }
}

impl FromRequest for Csrf {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = request.extensions().get::<Self>().cloned();
        std::future::ready(token.ok_or_else(|| {
            Refusal::Internal(format!("{} takes a form without a gate", request.path())).into()
        }))
    }
}
