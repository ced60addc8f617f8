//! Whether the process lives, and whether it can do its work.
//!
//! Owns: `/healthz` and `/readyz`. Refuses: detail; both are public.

use serde::Serialize;
use utoipa::ToSchema;

use crate::web::{Answered, State, answer};

/// The answer of both checks.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthBody {
    /// Always `"ok"`; whatever is not ok is a problem.
    pub status: &'static str,
}

const OK: HealthBody = HealthBody { status: "ok" };

/// The process is up.
///
/// # Errors
/// None.
pub async fn healthz() -> Answered {
    answer::ok(&OK)
}

/// The database takes writes and deliveries are being made.
///
/// # Errors
/// 503 where one of them is not so.
pub async fn readyz(state: State) -> Answered {
    state.service.check_ready().await?;
    answer::ok(&OK)
}
