//! What every handler shares.
//!
//! Owns: putting the service, the caches of credentials and the budget for bodies side by side.
//! Refuses: growing methods; handlers use the parts.

use std::sync::Arc;

use actix_web::{HttpRequest, web};
use ipnet::IpNet;
use tokio::sync::Semaphore;

use super::auth::Credentials;
use super::limits::Limits;
use super::proxy::ProxyRules;
use crate::service::Service;

/// What the operator may set.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// What stands between people and hookpost.
    pub proxy: ProxyRules,
    /// What the server bears.
    pub limits: Limits,
    /// From where `/metrics` may be read without credentials; absent: from everywhere.
    pub metrics_allow: Option<Vec<IpNet>>,
    /// Webhooks of which `/metrics` tells one by one, at most; 0 is none.
    pub metrics_webhooks: u32,
}

/// What every handler shares.
pub struct AppState {
    /// The actions.
    pub service: Service,
    /// Who may call them.
    pub credentials: Credentials,
    /// What stands between people and hookpost.
    pub proxy: ProxyRules,
    /// What the server bears.
    pub limits: Limits,
    /// From where `/metrics` may be read without credentials; absent: from everywhere.
    pub metrics_allow: Option<Vec<IpNet>>,
    /// Webhooks of which `/metrics` tells one by one, at most; 0 is none.
    pub metrics_webhooks: u32,
    /// One permit per KiB that request bodies may occupy at once.
    pub(super) body_budget: Arc<Semaphore>,
    /// One permit per KiB that answers may occupy while they are being read.
    pub(super) answer_budget: Arc<Semaphore>,
}

impl AppState {
    /// The state of a server that offers `service`.
    #[must_use]
    pub fn new(service: Service, options: HttpOptions) -> Self {
        Self {
            credentials: Credentials::new(&service, &options.limits),
            proxy: options.proxy,
            limits: options.limits,
            metrics_allow: options.metrics_allow,
            metrics_webhooks: options.metrics_webhooks,
            service,
            body_budget: Arc::new(Semaphore::new(options.limits.body_budget_kib)),
            answer_budget: Arc::new(Semaphore::new(options.limits.answer_budget_kib)),
        }
    }
}

/// How handlers get at the state.
pub type State = web::Data<AppState>;

/// The state of the server that received `request`.
///
/// # Panics
/// Never: every app is built with the state.
#[must_use]
pub fn of(request: &HttpRequest) -> &State {
    let state = request.app_data::<State>();
    state.expect("every app is built with the state")
}

/// What stands between people and the server that received `request`.
#[must_use]
pub fn proxy(request: &HttpRequest) -> &ProxyRules {
    &of(request).proxy
}
