//! Who looks at a page.
//!
//! Owns: turning the session in a browser's cookie into a [`Visitor`], comparing roles, refusing
//! forms that another site sent. Refuses: signing in and out.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::page::go;
use crate::domain::role::Role;
use crate::domain::session::Channel;
use crate::domain::token::SessionToken;
use crate::domain::workspace::Workspace;
use crate::service::people::{Person, Stage};
use crate::service::{Caller, Refusal};
use crate::ui::parts::url_query::with_query;
use crate::web::answer::guarded;
use crate::web::proxy::proxy;
use crate::web::{Problem, State};

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

/// Why somebody does not get to see a page.
#[derive(Debug)]
pub enum Turned {
    /// Sign in, or finish signing in, there first.
    Aside(&'static str),
    /// They may not.
    Away(Problem),
}

impl From<Refusal> for Turned {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthorized(_) => Self::Aside("/sign-in"),
            other => Self::Away(other.into()),
        }
    }
}

/// Who asks for a page that needs `role`.
///
/// # Errors
/// [`Turned`] says where to go instead, or why not.
pub async fn admit(request: &ServiceRequest, role: Role) -> Result<Visitor, Turned> {
    let state = request
        .app_data::<State>()
        .expect("every app is built with the state");
    check_origin(request.request()).map_err(Turned::Away)?;
    proxy(request.request()).check_sign_in(request.request())?;
    let token = session_token(request.request()).ok_or(Turned::Aside("/sign-in"))?;
    let csrf = csrf(&token);
    let changes = state.live.count();
    let person = state.service.person(&token, Channel::Browser).await?;
    match person.stage {
        Stage::Inside => {}
        Stage::SecondFactor => return Err(Turned::Aside("/sign-in/code")),
        Stage::Enrolment => return Err(Turned::Aside("/profile/second-factor")),
    }
    if !person.role.allows(role) {
        let needed = format!(
            "this needs the role {}; yours is {}. An owner can change that under People.",
            role.as_str(),
            person.role.as_str()
        );
        return Err(Turned::Away(Refusal::Forbidden(needed).into()));
    }
    let workspace = workspace_of(state, &person).await?;
    Ok(Visitor {
        caller: Caller {
            workspace: workspace.id,
            plan: workspace.plan,
            actor: person.actor(),
        },
        workspace: workspace.name,
        person,
        csrf,
        changes,
    })
}

/// Lets a request through to its page's handler, or sends the browser where it must go first.
pub async fn gate<B: MessageBody + 'static>(
    role: Role,
    request: ServiceRequest,
    next: Next<B>,
) -> ServiceResponse<EitherBody<B>> {
    let response = match admit(&request, role).await {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            return guarded(request, next).await;
        }
        Err(Turned::Aside(path)) => go(&come_back(&request, path)),
        Err(Turned::Away(problem)) => HttpResponse::from_error(problem),
    };
    let (raw, _) = request.into_parts();
    ServiceResponse::new(raw, response).map_into_right_body()
}

/// A page that was asked for is come back to; a form has to be sent again.
fn come_back(request: &ServiceRequest, path: &str) -> String {
    let asked = request
        .uri()
        .path_and_query()
        .map_or("/", |asked| asked.as_str());
    if !request.method().is_safe() || asked == "/" {
        return path.to_owned();
    }
    with_query(path, &[("back", asked)])
}

/// The workspace that the person looks at; the default one where that was deleted.
async fn workspace_of(state: &State, person: &Person) -> Result<Workspace, Refusal> {
    use crate::store::workspaces::{DEFAULT_NAME, find, find_named};
    let seq = person.workspace_seq;
    let found = state
        .service
        .store()
        .read(move |conn| match find(conn, seq)? {
            Some(workspace) => Ok(Some(workspace)),
            None => find_named(conn, DEFAULT_NAME),
        });
    let found = found.await.map_err(Refusal::from)?;
    found.ok_or(Refusal::NotFound("workspace"))
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

/// A token of its own for forms: who reads it in a page does not learn the session's.
pub(super) fn csrf(token: &SessionToken) -> String {
    let digest = Sha256::digest(format!("form {}", token.expose()));
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A form that changes something must come from a page of ours. Browsers say where it comes from.
///
/// # Errors
/// A 403 for a form from another site.
pub fn check_origin(request: &HttpRequest) -> Result<(), Problem> {
    if request.method().is_safe() {
        return Ok(());
    }
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let site = header(header::HeaderName::from_static("sec-fetch-site"));
    let host = header(header::HOST).unwrap_or("");
    let same_origin = header(header::ORIGIN).is_none_or(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    });
    if same_origin && site.is_none_or(|site| site == "same-origin" || site == "none") {
        return Ok(());
    }
    let why = "this form was sent from another site; open the page here and send it again";
    Err(Refusal::Forbidden(why.to_owned()).into())
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
