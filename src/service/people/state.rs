//! What signing in remembers between requests.
//!
//! Owns: the turns of hashing, the sessions in memory, the counts of tries, the set-up token.
//! Refuses: deciding anything by them.

use std::sync::{Mutex, PoisonError};

use super::MfaDemand;
use super::hashing::Hashing;
use super::sessions::Sessions;
use super::setup_token::SetupToken;
use crate::domain::throttle::{Law, Throttle};
use crate::store::Store;

/// What signing in works with.
pub(in crate::service) struct People {
    pub(super) hashing: Hashing,
    pub(super) sessions: Sessions,
    tries: Mutex<PasswordTries>,
    setup: Mutex<Option<SetupToken>>,
}

/// Who tried how often lately.
pub(super) struct PasswordTries {
    pub(super) accounts: Throttle<String>,
    pub(super) addresses: Throttle<std::net::IpAddr>,
    pub(super) codes: Throttle<i64>,
}

impl People {
    pub(in crate::service) fn new(store: Store, mfa: MfaDemand) -> Self {
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
    pub(super) fn setup_token<T>(&self, work: impl FnOnce(&mut Option<SetupToken>) -> T) -> T {
        work(&mut self.setup.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works on the counts of tries; what `work` counts stays counted whatever follows.
    pub(super) fn tries<T>(&self, work: impl FnOnce(&mut PasswordTries) -> T) -> T {
        work(&mut self.tries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
