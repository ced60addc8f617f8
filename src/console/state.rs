//! What the dashboard's handlers share among themselves, beside what all handlers share.
//!
//! Owns: putting it side by side. Refuses: anything of other audiences.

use actix_web::{HttpRequest, web};

use super::changes::Live;
use super::one_time_secret::OneTimeSecrets;
use crate::service::Service;

/// What the dashboard's handlers share.
pub struct Desk {
    /// What tells open pages of changes.
    pub live: Live,
    /// Secrets on their way to the one page that shows them.
    pub one_time_secrets: OneTimeSecrets,
}

/// How handlers get at it.
pub type SharedDesk = web::Data<Desk>;

impl Desk {
    /// Listens to what `service` does.
    #[must_use]
    pub fn new(service: &Service) -> Self {
        Self {
            live: Live::new(service),
            one_time_secrets: OneTimeSecrets::default(),
        }
    }
}

/// What is shared in the app that received `request`.
///
/// # Panics
/// Never: every app with a dashboard is built with it.
#[must_use]
pub fn of(request: &HttpRequest) -> &SharedDesk {
    let shared = request.app_data::<SharedDesk>();
    shared.expect("every app with a dashboard is built with its desk")
}
