//! Why a request was refused: one type for every action, whoever asked.
//!
//! Owns: the reasons and their words. Refuses: statuses and bodies; each dialect of the floor above
//! says it in its own form.

use std::time::Duration;

use crate::domain::delivery::IllegalTransition;
use crate::domain::portal::Capability;
use crate::store::{Obstacle, StoreError};

/// A field of the caller's input and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The path of the field, such as `retry_policy.delays` or `events[3].type`.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Why an action was refused. Nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// The input makes no sense; each field at fault is named.
    #[error("the request is not valid")]
    Invalid(Vec<FieldError>),
    /// No or no valid credentials.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// The credentials do not allow this.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing in this workspace.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// It cannot be done in the present state.
    #[error("{0}")]
    Conflict(String),
    /// The webhook was revoked, for good.
    #[error("this webhook was revoked; a revoked webhook can't be used again")]
    Revoked,
    /// The workspace's plan has no webhooks.
    #[error("webhooks need the pro or enterprise plan; events can be published and polled")]
    PlanRequired,
    /// A person must show a second factor first.
    #[error("{0}")]
    MfaRequired(&'static str),
    /// Something is larger than its limit.
    #[error("{0}")]
    TooLarge(String),
    /// The caller asks too often.
    #[error("too many requests")]
    RateLimited {
        /// When to try again.
        retry_after: Duration,
    },
    /// More work waits than may.
    #[error("hookpost is busy: too much work waits; try again")]
    Overloaded,
    /// The disk is almost full.
    #[error("the disk is almost full: new work is refused until there is room")]
    StorageLow,
    /// The process cannot do this now; the text is for the caller.
    #[error("{0}")]
    Unavailable(&'static str),
    /// A fault of ours; the text is for the operator's log, never for the caller.
    #[error("an internal fault: {0}")]
    Internal(String),
}

impl Refusal {
    /// Refuses one field.
    #[must_use]
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// Why the one field was refused; whatever else went wrong stays what it is.
    pub(super) fn sentence(self) -> Result<String, Self> {
        match self {
            Self::Invalid(mut errors) if errors.len() == 1 => Ok(errors.remove(0).message),
            other => Err(other),
        }
    }

    /// Refuses a key that is bound to a consumer what is the platform's.
    #[must_use]
    pub fn for_the_platform() -> Self {
        Self::Forbidden(
            "this is for the platform, not for keys that are bound to a consumer".to_owned(),
        )
    }

    /// Refuses a portal link a kind of deed that it does not permit.
    #[must_use]
    pub fn lacks(one: Capability) -> Self {
        let word = one.as_str();
        Self::Forbidden(format!(
            "this portal link does not permit it: it lacks {word:?}"
        ))
    }

    /// When to try again, where that helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            Self::Overloaded => Some(Duration::from_secs(1)),
            Self::StorageLow | Self::Unavailable(_) => Some(Duration::from_secs(5)),
            Self::Invalid(_)
            | Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::Conflict(_)
            | Self::Revoked
            | Self::PlanRequired
            | Self::MfaRequired(_)
            | Self::TooLarge(_)
            | Self::Internal(_) => None,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded | StoreError::ReadersBusy => Self::Overloaded,
            StoreError::StorageLow => Self::StorageLow,
            StoreError::LogHeld => Self::Unavailable(
                "another process reads the database, and its log may not grow any more; \
                 hookpost's log says who that is",
            ),
            StoreError::Stopped(reason) => Self::Unavailable(reason),
            StoreError::Sqlite(_) => of_statement(&error),
            StoreError::Damaged(_) => {
                tracing::error!(%error, "a request met what cannot be read");
                Self::Conflict(
                    "what is stored of this is damaged and can't be read; \
                     the server's log says which row"
                        .to_owned(),
                )
            }
        }
    }
}

/// What the disk or another process stands in the way of can be tried again; the rest is a fault of
/// ours.
fn of_statement(error: &StoreError) -> Refusal {
    let refusal = match error.obstacle() {
        Some(Obstacle::Busy) => Refusal::Overloaded,
        Some(Obstacle::Full) => Refusal::StorageLow,
        Some(Obstacle::Failed) => {
            Refusal::Unavailable("the database's disk failed; hookpost's log says how")
        }
        None => return Refusal::Internal(error.to_string()),
    };
    tracing::warn!(%error, "a request was refused because of the database's disk or its owner");
    refusal
}

impl From<IllegalTransition> for Refusal {
    fn from(error: IllegalTransition) -> Self {
        Self::Conflict(error.to_string())
    }
}
