//! Who is it, may they, and in which workspace: what audiences of programs ask, each with the
//! credential that it found.
//!
//! Owns: what is known about credentials, and what comes of it: a [`Caller`]. Refuses: finding the
//! credential in a request (the audience), and rules about things (`service`); a caller that exists
//! may do what its endpoint says.
//!
//! # What is told apart
//! No or no valid credentials are a 401, valid ones without the endpoint's scope a 403 that names the
//! scope. What belongs to another workspace does not exist for this caller: 404.

mod bearer;
mod keys;
mod origins;
mod person;
mod rate;
mod workspaces;

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::limits::Limits;
use super::problem::Problem;
use crate::clock::Clock;
use crate::domain::api_key::{Scope, Scopes};
use crate::domain::id::ConsumerId;
use crate::domain::session::Channel;
use crate::domain::throttle::address_key;
use crate::service::{Actor, Caller, PortalVisitor, Refusal, Service};

pub use person::signed_in;
pub use rate::Rate;

use bearer::Bearer;
use keys::Keys;
use origins::KnownOrigins;
use rate::Rates;
use workspaces::Workspaces;

/// The header by which a key of the instance names the workspace it acts on.
pub const WORKSPACE_HEADER: &str = "Hookpost-Workspace";

/// What is known about credentials, in memory; the database is the truth.
pub struct Credentials {
    keys: Keys,
    workspaces: Workspaces,
    key_rates: Rates<i64>,
    link_rates: Rates<i64>,
    address_rates: Rates<IpAddr>,
    origins: KnownOrigins,
    clock: Clock,
}

/// What a valid credential entitles to.
pub struct Entitled {
    actor: Actor,
    scopes: Scopes,
    /// The workspace that the credential is bound to; `None` lets the request name one.
    workspace_seq: Option<i64>,
    /// The consumer that the key is bound to.
    consumer: Option<ConsumerId>,
    /// How the key stands; `None` where nothing limits it.
    pub rate: Option<Rate>,
}

impl Entitled {
    /// Who it is, if they came with a portal link.
    #[must_use]
    pub fn visitor(&self) -> Option<&PortalVisitor> {
        match &self.actor {
            Actor::Consumer(visitor) => Some(visitor),
            Actor::Key(_) | Actor::User(_) | Actor::Cli | Actor::System => None,
        }
    }

    /// Whether it is bound to a consumer.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.consumer.is_some()
    }
}

impl Credentials {
    /// Empty caches over `service` that forget with every commit that changes access. Keys without a
    /// limit of their own have those of `limits`.
    #[must_use]
    pub fn new(service: &Service, limits: &Limits) -> Self {
        Self {
            clock: service.clock().clone(),
            keys: Keys::new(service.clone()),
            workspaces: Workspaces::new(service.clone()),
            key_rates: Rates::new(limits.key_rate),
            link_rates: Rates::new(limits.key_rate),
            address_rates: Rates::new(limits.address_rate),
            origins: KnownOrigins::default(),
        }
    }

    /// Holds an address to its rate, whatever it asks for and whoever it says it is: guessing at
    /// credentials costs as much as using them.
    pub fn check_address(&self, client: IpAddr) -> Result<(), Refusal> {
        let rate = self
            .address_rates
            .spend(address_key(client), None, self.clock.now())?;
        rate.map_or(Ok(()), |rate| rate.check())
    }

    /// Who presents `authorization`, and what it entitles them to.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`]; [`Refusal::MfaRequired`] for a session that has not come far enough.
    pub async fn entitled(
        &self,
        service: &Service,
        authorization: Option<&str>,
    ) -> Result<Entitled, Refusal> {
        match bearer::parse(authorization)? {
            Bearer::Key(token) => {
                let key = self.keys.authenticate(&token).await?;
                let rate = self
                    .key_rates
                    .spend(key.id.seq(), key.rate_limit, self.clock.now())?;
                Ok(Entitled {
                    actor: Actor::Key(key.id),
                    scopes: key.scopes,
                    workspace_seq: key.workspace.map(|id| id.seq()),
                    consumer: key.consumer,
                    rate,
                })
            }
            Bearer::Portal(token) => {
                let link = service.portal_link(&token).await?;
                Ok(Entitled {
                    actor: Actor::Consumer(PortalVisitor {
                        consumer: link.consumer,
                        can: link.can,
                        feature_flags: link.feature_flags.clone(),
                    }),
                    scopes: Scopes::workspace(),
                    workspace_seq: Some(link.workspace.seq()),
                    consumer: Some(link.consumer),
                    rate: self
                        .link_rates
                        .spend(link.id.seq(), None, self.clock.now())?,
                })
            }
            Bearer::Session(token) => {
                let person = service.person(&token, Channel::Token).await?;
                person::check_inside(&person)?;
                Ok(Entitled {
                    actor: person.actor(),
                    scopes: person.scopes(),
                    workspace_seq: None,
                    consumer: None,
                    rate: None,
                })
            }
        }
    }

    /// Whether the workspace of somebody bound to a consumer lists `origin`.
    pub async fn lists(&self, entitled: &Entitled, origin: &str) -> Result<bool, Refusal> {
        let found = self.workspaces.resolve(entitled.workspace_seq, None);
        let workspace = found.await?;
        let is_listed = workspace.portal.origins.iter().any(|own| own == origin);
        if is_listed {
            self.origins.remember(origin);
        }
        Ok(is_listed)
    }

    /// Whether a page of `origin` was found listed lately, with some token.
    #[must_use]
    pub fn knows(&self, origin: &str) -> bool {
        self.origins.knows(origin)
    }

    /// The caller that somebody entitled is in the workspace they name, or belong to.
    ///
    /// # Errors
    /// [`Refusal::RateLimited`]; [`Refusal::Forbidden`] without any of `scopes`;
    /// [`Refusal::NotFound`] for a workspace that is not theirs.
    pub async fn caller(
        &self,
        entitled: Entitled,
        scopes: &[Scope],
        workspace: Option<&str>,
    ) -> Result<Caller, Refusal> {
        entitled.rate.map_or(Ok(()), |rate| rate.check())?;
        if !scopes.iter().any(|scope| entitled.scopes.allows(*scope)) {
            let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            let names = names.join(" or ");
            let needed = format!("this needs the scope {names}, which these credentials lack");
            return Err(Refusal::Forbidden(needed));
        }
        let found = self.workspaces.resolve(entitled.workspace_seq, workspace);
        let workspace = found.await?;
        Ok(Caller {
            workspace: workspace.id,
            plan: workspace.plan,
            consumer: entitled.consumer,
            actor: entitled.actor,
        })
    }
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
