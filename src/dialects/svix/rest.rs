//! Whether anybody is there, and who asks.
//!
//! Owns: the answers to that. Refuses: letting anybody in; the gate has done so.

use serde::Serialize;

use crate::domain::svix_id::{APPLICATION, ENVIRONMENT, theirs};
use crate::service::Caller;
use crate::web::{Answered, answer};

/// How a caller is known: the clients' word for an API key of an environment.
const BY_KEY: &str = "RegionalAuthToken";

/// Who asks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixWhoamiOut {
    env_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    permission_source: &'static str,
}

pub(super) async fn health() -> Answered {
    answer::no_content()
}

pub(super) async fn whoami(caller: Caller) -> Answered {
    answer::ok(&SvixWhoamiOut {
        env_id: theirs(ENVIRONMENT, caller.workspace),
        app_id: caller.consumer.map(|own| theirs(APPLICATION, own)),
        permission_source: BY_KEY,
    })
}
