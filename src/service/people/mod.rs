//! People: who they are, how they prove it, what they may do.
//!
//! Owns: the first run, signing in, sessions, passwords, second factors, roles, and the audit
//! entries of all of these. Refuses: cookies and forms (`http::auth`), the laws of passwords, codes
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

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Refusal;
use crate::domain::throttle::{Law, Throttle, Throttled};
use crate::domain::time::Timestamp;
use crate::store::Store;

mod accounts;
mod hashing;
mod passwords;
mod second_factor;
mod sessions;
mod setup;
mod sign_in;

pub use accounts::{EMAIL_BYTES_MAX, NewUser};
pub use second_factor::{Enrolment, Recovery};
pub use sessions::{Person, Stage};
pub use setup::{SETUP_LINK_LASTS, SetupLink, SetupOwner};
pub use sign_in::{SignIn, SignedIn};

use hashing::Hashing;
use sessions::Sessions;
use setup::SetupToken;

/// A session without a sign of life for this long has ended.
pub const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);
/// A session ends this long after its person signed in, whatever happens.
pub const SESSION_LASTS: Duration = Duration::from_secs(12 * 3600);
/// How long a second factor that was shown counts as fresh.
pub const PROOF_COUNTS: Duration = Duration::from_secs(15 * 60);

/// What signing in works with.
pub(super) struct People {
    hashing: Hashing,
    sessions: Sessions,
    tries: Mutex<PasswordTries>,
    setup: Mutex<Option<SetupToken>>,
}

/// Who tried how often lately.
struct PasswordTries {
    accounts: Throttle<String>,
    addresses: Throttle<std::net::IpAddr>,
    codes: Throttle<i64>,
}

impl People {
    pub(super) fn new(store: Store, mfa: MfaDemand) -> Self {
        Self {
            hashing: Hashing::new(),
            sessions: Sessions::new(store, mfa),
            tries: Mutex::new(PasswordTries {
                accounts: Throttle::new(Law::ACCOUNT),
                addresses: Throttle::new(Law::ADDRESS),
                codes: Throttle::new(Law::SECOND_FACTOR),
            }),
            setup: Mutex::default(),
        }
    }

    /// Works on the token by which the first owner can be made.
    fn setup_token<T>(&self, work: impl FnOnce(&mut Option<SetupToken>) -> T) -> T {
        work(&mut self.setup.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works on the counts of tries; what `work` counts stays counted whatever follows.
    fn tries<T>(&self, work: impl FnOnce(&mut PasswordTries) -> T) -> T {
        work(&mut self.tries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

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
