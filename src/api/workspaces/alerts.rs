//! Trying whether a workspace's alerts arrive.
//!
//! Owns: the wire shape of what came of it. Refuses: sending it (`service`).

use actix_web::HttpRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::words::ErrorKind;
use crate::domain::outcome::FailureKind;
use crate::service::Caller;
use crate::web::extract::path_id;
use crate::web::{Answered, State, answer};

/// What came of a test of where alerts go.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertTestBody {
    /// Whether everybody was told: the URL answered 2xx in time, and the server took each mail.
    pub success: bool,
    /// The URL's answer: its status code.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// The kind of failure.
    #[schema(value_type = Option<ErrorKind>)]
    pub error_kind: Option<&'static str>,
    /// How long it took; null where alerts go to no URL.
    pub duration_ms: Option<u32>,
    /// What came of each mail.
    pub emails: Vec<MailTestBody>,
}

/// What came of a mail.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailTestBody {
    /// To whom it went.
    pub to: String,
    /// Why the server did not take it.
    pub error: Option<String>,
}

pub(super) async fn test_alert(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = path_id(&request, "workspace")?;
    let tested = state.service.test_alert(&caller, id).await?;
    let error = tested.failure();
    let attempt = tested.attempt.as_ref();
    let mails = tested.mails.into_iter();
    answer::ok(&AlertTestBody {
        success: error.is_none(),
        status: attempt.and_then(|own| own.status_code),
        error,
        error_kind: attempt.and_then(|own| own.error_kind.map(FailureKind::as_str)),
        duration_ms: attempt.map(|own| own.duration_ms),
        emails: mails
            .map(|(to, error)| MailTestBody { to, error })
            .collect(),
    })
}
