//! People: who they are, how they prove it, what they may do.
//!
//! Owns: the first run, signing in, sessions, passwords, second factors, roles, and the audit
//! entries of all of these. Refuses: cookies and forms (`web::auth`), the laws of passwords, codes
//! and throttling (`domain`).
//!
//! # The three doors
//! A password opens a session. Where the person has a second factor, that session can do nothing
//! but show it ([`Stage::SecondFactor`]); where the instance asks everybody for one, a session of a
//! person without it can do nothing but enrol ([`Stage::Enrolment`]). Retry, rotate, test, revoke
//! and changes of people ask for a code that is at most [`PROOF_COUNTS`] old ([`Proof`]).
//!
//! # Why none of it counts as ingest
//! With a disk that is almost full, new events wait; people must get in all the same, to see it and to
//! do something about it. So what is written here is never refused for want of room.
//!
//! # Why all of it is in one floor
//! The dashboard, the REST API, a dialect and the command line all sign people in or change them.
//! What is told apart here (a wrong password, a waiting second factor) is told apart everywhere.
//!
//! [`Proof`]: super::Proof

use std::time::Duration;

use super::Refusal;
use crate::domain::throttle::Throttled;
use crate::domain::time::Timestamp;

mod accounts;
mod code;
mod hashing;
mod passwords;
mod person;
mod second_factor;
mod sessions;
mod setup;
mod setup_token;
mod sign_in;
mod signed_in;
mod state;

pub use accounts::{EMAIL_BYTES_MAX, NewUser};
pub use person::{Person, Stage};
pub use second_factor::{Enrolment, Recovery};
pub use setup::{SETUP_LINK_LASTS, SetupLink, SetupOwner};
pub use sign_in::{SignIn, SignedIn};

pub(super) use state::People;

/// A session without a sign of life for this long has ended.
pub const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);
/// A session ends this long after its person signed in, whatever happens.
pub const SESSION_LASTS: Duration = Duration::from_secs(12 * 3600);
/// How long a second factor that was shown counts as fresh.
pub const PROOF_COUNTS: Duration = Duration::from_secs(15 * 60);

/// Whom the operator asks for a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MfaDemand {
    /// Nobody; who has one must show it all the same.
    #[default]
    Nobody,
    /// Everybody.
    Everybody,
}

fn too_often(throttled: Throttled, now: Timestamp) -> Refusal {
    Refusal::RateLimited {
        retry_after: throttled.allowed_at.since(now),
    }
}
