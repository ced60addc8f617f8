//! An endpoint is one value: method, path, who may use it, its documentation, its handler.
//!
//! Owns: that value and the words it is put together from. Refuses: tables and mounting
//! (`audience`): each resource's file lists its own endpoints, each audience lists its resources'.
//!
//! # Why everything stands in one value
//! The gate authorises from it, the document and the tests' matrices are derived from it. So no
//! endpoint exists without its access being written beside it, and none is described elsewhere.

use actix_web::Route;
use actix_web::http::Method;

use super::openapi::Operation;
use crate::domain::api_key::Scope;
use crate::domain::portal::Capability;
use crate::domain::role::Role;
use crate::service::{Actor, PortalVisitor, Refusal};

/// Who may use an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Keys with this scope, in the workspace that they belong to or name.
    Scope(Scope),
    /// The same, but one of two scopes is enough: dialects whose clients have one key for everything
    /// let those read who may write.
    Either(Scope, Scope),
    /// People who signed in over the API, even if their second factor is still to be shown.
    Session,
    /// Customers of the platform who came in through a portal link.
    Portal,
    /// People who are signed in to the dashboard and have this role or a higher one.
    Page(Role),
    /// People who are signed in to the dashboard, even if they have to enrol a second factor first.
    Enrolment,
    /// People who gave the dashboard their password, even if their second factor is still to be shown.
    SecondFactor,
}

impl Access {
    /// The scopes of which one is enough; none where it takes something else than a scope.
    #[must_use]
    pub fn scopes(&self) -> Vec<Scope> {
        match *self {
            Self::Scope(scope) => vec![scope],
            Self::Either(one, other) => vec![one, other],
            Self::Public
            | Self::Session
            | Self::Portal
            | Self::Page(_)
            | Self::Enrolment
            | Self::SecondFactor => Vec::new(),
        }
    }
}

/// Whether keys that are bound to a consumer may use an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundKeys {
    /// It is not for them.
    Refused,
    /// They see and touch there what is their consumer's, and nothing else.
    Admitted,
}

/// What an endpoint asks of people beyond being signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepUp {
    /// Nothing, or only in some cases, which the action itself knows.
    None,
    /// Who has a second factor must have shown it lately.
    Fresh,
    /// Nobody passes who has not shown one lately, not even who has none.
    Shown,
}

impl StepUp {
    /// Whether `actor` may go on.
    ///
    /// # Errors
    /// [`Refusal::MfaRequired`] where a second factor has to be shown first.
    pub fn check(self, actor: &Actor) -> Result<(), Refusal> {
        match self {
            Self::None => Ok(()),
            Self::Fresh => actor.check_proof(),
            Self::Shown => actor.check_shown(),
        }
    }
}

/// One thing that can be asked for.
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path with its `{parameters}`.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// Whether it is for keys that are bound to a consumer as well.
    pub bound_keys: BoundKeys,
    /// What a portal link has to permit, where that does not follow from the scope.
    pub capability: Option<Capability>,
    /// Whether it asks people for a second factor.
    pub step_up: StepUp,
    /// For forms: the page to come back to from showing a second factor; empty for programs.
    pub back: &'static str,
    /// What its documentation says; `None` leaves it out of the document.
    pub about: Option<fn(Operation) -> Operation>,
    /// What answers.
    pub handler: fn() -> Route,
}

impl Endpoint {
    /// A GET endpoint; it answers HEAD as well.
    #[must_use]
    pub const fn get(path: &'static str, access: Access, handler: fn() -> Route) -> Self {
        Self::new(Method::GET, path, access, handler)
    }

    /// A POST endpoint.
    #[must_use]
    pub const fn post(path: &'static str, access: Access, handler: fn() -> Route) -> Self {
        Self::new(Method::POST, path, access, handler)
    }

    /// A PUT endpoint.
    #[must_use]
    pub const fn put(path: &'static str, access: Access, handler: fn() -> Route) -> Self {
        Self::new(Method::PUT, path, access, handler)
    }

    /// A PATCH endpoint.
    #[must_use]
    pub const fn patch(path: &'static str, access: Access, handler: fn() -> Route) -> Self {
        Self::new(Method::PATCH, path, access, handler)
    }

    /// A DELETE endpoint.
    #[must_use]
    pub const fn delete(path: &'static str, access: Access, handler: fn() -> Route) -> Self {
        Self::new(Method::DELETE, path, access, handler)
    }

    const fn new(
        method: Method,
        path: &'static str,
        access: Access,
        handler: fn() -> Route,
    ) -> Self {
        Self {
            method,
            path,
            access,
            bound_keys: BoundKeys::Refused,
            capability: None,
            step_up: StepUp::None,
            back: "",
            about: None,
            handler,
        }
    }

    /// With its documentation.
    #[must_use]
    pub const fn about(mut self, about: fn(Operation) -> Operation) -> Self {
        self.about = Some(about);
        self
    }

    /// For keys that are bound to a consumer as well: whatever it finds, it finds through the caller's
    /// purview.
    #[must_use]
    pub const fn for_consumers(mut self) -> Self {
        self.bound_keys = BoundKeys::Admitted;
        self
    }

    /// Lets keys that are bound to a consumer pass where the endpoint is for them.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where the path names a thing, as for things of others;
    /// [`Refusal::Forbidden`] where it names none.
    pub fn check_bound(&self) -> Result<(), Refusal> {
        match self.bound_keys {
            BoundKeys::Admitted => Ok(()),
            BoundKeys::Refused if self.path.contains('{') => Err(Refusal::NotFound("thing")),
            BoundKeys::Refused => Err(Refusal::for_the_platform()),
        }
    }

    /// For portal links that permit `one`, whatever the scope stands for.
    #[must_use]
    pub const fn needs(mut self, one: Capability) -> Self {
        self.capability = Some(one);
        self
    }

    /// What a portal link has to permit; `None` where no link can.
    #[must_use]
    pub fn needed(&self) -> Option<Capability> {
        self.capability.or_else(|| match self.access {
            Access::Scope(scope) | Access::Either(scope, _) => in_portal(scope),
            Access::Public
            | Access::Session
            | Access::Portal
            | Access::Page(_)
            | Access::Enrolment
            | Access::SecondFactor => None,
        })
    }

    /// Lets pass whose portal link permits what the endpoint does.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] names what is needed.
    pub fn check_capability(&self, visitor: &PortalVisitor) -> Result<(), Refusal> {
        match self.needed() {
            Some(one) if visitor.can.contains(one) => Ok(()),
            Some(one) => Err(Refusal::lacks(one)),
            None => Err(Refusal::for_the_platform()),
        }
    }

    /// Asks people for a fresh second factor.
    #[must_use]
    pub const fn fresh(mut self) -> Self {
        self.step_up = StepUp::Fresh;
        self
    }

    /// Asks people for a fresh second factor, also those who have none.
    #[must_use]
    pub const fn shown(mut self) -> Self {
        self.step_up = StepUp::Shown;
        self
    }

    /// Whose form it is: the path of a page, with this endpoint's parameters.
    #[must_use]
    pub const fn back(mut self, page: &'static str) -> Self {
        self.back = page;
        self
    }

    /// Whether a request with this method is for it.
    #[must_use]
    pub fn takes(&self, method: &Method) -> bool {
        *method == self.method || (*method == Method::HEAD && self.method == Method::GET)
    }
}

/// What a portal link has to permit for what a scope stands for.
fn in_portal(scope: Scope) -> Option<Capability> {
    match scope {
        Scope::EventsRead | Scope::WebhooksRead | Scope::DeliveriesRead | Scope::ConsumersRead => {
            Some(Capability::View)
        }
        Scope::WebhooksWrite => Some(Capability::Manage),
        Scope::DeliveriesWrite => Some(Capability::Retry),
        Scope::SecretsRead => Some(Capability::Secrets),
        Scope::EventsWrite | Scope::ConsumersWrite | Scope::MetricsRead | Scope::Admin => None,
    }
}
