//! Who is it, may they, and in which workspace: answered once, in one place, for every route.
//!
//! Owns: the gate through which every request of the route table goes, and what it finds out: a
//! [`Caller`]. Refuses: rules about things (`service`); a caller that exists may do what its route
//! says.
//!
//! # What is told apart
//! No or no valid credentials are a 401, valid ones without the route's scope a 403 that names the
//! scope. What belongs to another workspace does not exist for this caller: 404.

mod bearer;
mod keys;
mod person;
mod rate;
mod workspaces;

use std::borrow::Cow;
use std::net::IpAddr;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse};

use super::answer::guarded;
use super::endpoint::{Access, Endpoint};
use super::{Limits, Problem, State};
use crate::domain::api_key::{Scope, Scopes};
use crate::domain::session::Channel;
use crate::domain::throttle::address_key;
use crate::service::{Actor, Caller, Refusal, Service};
use crate::store::Store;
use crate::{console, dialects};

use keys::Keys;
use rate::{Rate, Rates};
use workspaces::Workspaces;

/// The header by which a key of the instance names the workspace it acts on.
pub const WORKSPACE_HEADER: &str = "Hookpost-Workspace";

/// What is known about credentials, in memory; the database is the truth.
pub struct Credentials {
    keys: Keys,
    workspaces: Workspaces,
    key_rates: Rates<i64>,
    address_rates: Rates<IpAddr>,
}

/// What a valid credential entitles to.
struct Entitled {
    actor: Actor,
    scopes: Scopes,
    /// The workspace that the credential is bound to; `None` lets the request name one.
    workspace_seq: Option<i64>,
    rate: Option<Rate>,
}

impl Credentials {
    /// Empty caches over `store` that forget with every commit that changes access. Keys without a
    /// limit of their own have those of `limits`.
    #[must_use]
    pub fn new(store: Store, limits: &Limits) -> Self {
        Self {
            keys: Keys::new(store.clone()),
            workspaces: Workspaces::new(store),
            key_rates: Rates::new(limits.key_rate),
            address_rates: Rates::new(limits.address_rate),
        }
    }

    /// Who presents `authorization`, and what it entitles them to.
    async fn entitled(
        &self,
        service: &Service,
        authorization: Option<&str>,
    ) -> Result<Entitled, Refusal> {
        match bearer::parse(authorization)? {
            bearer::Bearer::Key(token) => {
                let key = self.keys.authenticate(&token).await?;
                let rate = self.key_rates.spend(key.id.seq(), key.rate_limit)?;
                Ok(Entitled {
                    actor: Actor::Key(key.id),
                    scopes: key.scopes,
                    workspace_seq: key.workspace.map(|id| id.seq()),
                    rate,
                })
            }
            bearer::Bearer::Session(token) => {
                let person = service.person(&token, Channel::Token).await?;
                person::check_inside(&person)?;
                Ok(Entitled {
                    actor: person.actor(),
                    scopes: person.scopes(),
                    workspace_seq: None,
                    rate: None,
                })
            }
        }
    }
}

/// Lets a request through to its route's handler, or answers why not.
///
/// # Errors
/// None; the type is the framework's.
pub async fn gate<B: MessageBody + 'static>(
    route: &'static Endpoint,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if let Err(problem) = check_address(&request) {
        let (raw, _) = request.into_parts();
        let response = HttpResponse::from_error(problem);
        return Ok(ServiceResponse::new(raw, response).map_into_right_body());
    }
    let scopes: &[Scope] = match &route.access {
        Access::Public => return Ok(guarded(request, next).await),
        Access::Scope(scope) => std::slice::from_ref(scope),
        Access::Either(one, other) => &[*one, *other],
        Access::Session => return Ok(person::gate(request, next).await),
        Access::Page(role) => return Ok(console::visitor::gate(*role, request, next).await),
    };
    match authorise(&request, scopes).await {
        Ok((caller, rate)) => {
            request.extensions_mut().insert(caller);
            let mut response = guarded(request, next).await;
            if let Some(rate) = rate {
                rate.dress(response.headers_mut());
            }
            Ok(response)
        }
        Err((problem, rate)) => {
            let mut response = HttpResponse::from_error(problem);
            if let Some(rate) = rate {
                rate.dress(response.headers_mut());
            }
            // Put together like this, the response keeps the problem for the form of a dialect.
            let (raw, _) = request.into_parts();
            Ok(ServiceResponse::new(raw, response).map_into_right_body())
        }
    }
}

/// Holds an address to its rate, whatever it asks for and whoever it says it is: guessing at
/// credentials costs as much as using them.
fn check_address(request: &ServiceRequest) -> Result<(), Problem> {
    let state = request
        .app_data::<State>()
        .expect("every app is built with the state");
    let address = address_key(state.proxy.client(request.request()));
    let rate = state.credentials.address_rates.spend(address, None)?;
    match rate.filter(Rate::is_spent) {
        Some(rate) => Err(Refusal::RateLimited {
            retry_after: rate.retry_after(),
        }
        .into()),
        None => Ok(()),
    }
}

type Told = (Problem, Option<Rate>);

async fn authorise(
    request: &ServiceRequest,
    scopes: &[Scope],
) -> Result<(Caller, Option<Rate>), Told> {
    // Names of workspaces may hold any letter, so the bytes are read as UTF-8.
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        Some(std::str::from_utf8(value.as_bytes()).unwrap_or("\u{fffd}"))
    };
    let state = request
        .app_data::<State>()
        .expect("every app is built with the state");
    let credentials = &state.credentials;
    let authorization = match dialects::of(request.path()) {
        Some(dialect) => Some(dialect.authorization(request.headers()).map_err(told)?),
        None => header("authorization").map(Cow::Borrowed),
    };
    let entitled = credentials
        .entitled(&state.service, authorization.as_deref())
        .await
        .map_err(told)?;
    let rate = entitled.rate;
    if let Some(rate) = rate.filter(Rate::is_spent) {
        let refusal = Refusal::RateLimited {
            retry_after: rate.retry_after(),
        };
        return Err((refusal.into(), Some(rate)));
    }
    if !scopes.iter().any(|scope| entitled.scopes.allows(*scope)) {
        let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let names = names.join(" or ");
        let needed = format!("this needs the scope {names}, which these credentials lack");
        return Err((Refusal::Forbidden(needed).into(), rate));
    }
    let workspace = credentials
        .workspaces
        .resolve(entitled.workspace_seq, header(WORKSPACE_HEADER))
        .await
        .map_err(|refusal| (refusal.into(), rate))?;
    let caller = Caller {
        workspace: workspace.id,
        plan: workspace.plan,
        actor: entitled.actor,
    };
    Ok((caller, rate))
}

fn told(refusal: Refusal) -> Told {
    (refusal.into(), None)
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        std::future::ready(
            caller
                .ok_or_else(|| Refusal::Internal(format!("{} has no gate", request.path())).into()),
        )
    }
}
