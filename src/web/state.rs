//! What every handler shares.
//!
//! Owns: putting the service, the caches of credentials and the budget for bodies side by side.
//! Refuses: growing methods; handlers use the parts.

use std::sync::Arc;

use actix_web::web;
use tokio::sync::Semaphore;

use super::auth::Credentials;
use super::limits::Limits;
use super::proxy::ProxyRules;
use crate::console::live::Live;
use crate::console::one_time_secret::OneTimeSecrets;
use crate::service::Service;

/// What the operator may set.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// What stands between people and hookpost.
    pub proxy: ProxyRules,
    /// What the server bears.
    pub limits: Limits,
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
    /// What tells open pages of changes.
    pub live: Live,
    /// Secrets on their way to the one page that shows them.
    pub one_time_secrets: OneTimeSecrets,
    /// One permit per KiB that request bodies may occupy at once.
    pub(super) body_budget: Arc<Semaphore>,
}

impl AppState {
    /// The state of a server that offers `service`.
    #[must_use]
    pub fn new(service: Service, options: HttpOptions) -> Self {
        Self {
            credentials: Credentials::new(service.store().clone(), &options.limits),
            proxy: options.proxy,
            limits: options.limits,
            live: Live::new(service.store()),
            one_time_secrets: OneTimeSecrets::default(),
            service,
            body_budget: Arc::new(Semaphore::new(options.limits.body_budget_kib)),
        }
    }
}

/// How handlers get at the state.
pub type State = web::Data<AppState>;
