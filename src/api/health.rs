//! Whether the process lives, and whether it can do its work.
//!
//! Owns: `/healthz` and `/readyz`. Refuses: detail; both are public.

use actix_web::web::to;
use serde::Serialize;
use utoipa::ToSchema;

use super::access::PUBLIC;
use crate::web::endpoint::Endpoint;
use crate::web::{Answered, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/healthz", PUBLIC, || to(healthz)).about(|operation| {
        operation
            .named("healthz", "Operations", "Whether the process is up")
            .gives::<HealthBody>(200, "It is.")
    }),
    Endpoint::get("/readyz", PUBLIC, || to(readyz)).about(|operation| {
        operation
            .named(
                "readyz",
                "Operations",
                "Whether the database takes writes and deliveries are made",
            )
            .gives::<ReadyBody>(200, "Both are so.")
    }),
];

/// The answer of both checks.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthBody {
    /// Always `"ok"`; whatever is not ok is a problem.
    pub status: &'static str,
}

/// The answer of whether work can be done.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyBody {
    /// Always `"ok"`; whatever is not ok is a problem.
    pub status: &'static str,
    /// Whether somebody paused sending, or a backup was restored; events are accepted all the same.
    pub paused: bool,
}

const OK: HealthBody = HealthBody { status: "ok" };

/// The process is up.
pub async fn healthz() -> Answered {
    answer::ok(&OK)
}

/// The database takes writes and deliveries are being made.
///
/// # Errors
/// 503 where one of them is not so; it says which.
pub async fn readyz(state: State) -> Answered {
    let engine = state.service.check_ready().await?;
    answer::ok(&ReadyBody {
        status: OK.status,
        paused: engine.paused,
    })
}
