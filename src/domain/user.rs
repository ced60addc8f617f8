//! People who sign in.
//!
//! Owns: the values. Refuses: judging passwords and codes (`password`, `totp`).

use super::id::UserId;
use super::role::Role;
use super::secret::Secret;
use super::time::Timestamp;

/// How far a person has come with a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// There is none.
    Off,
    /// A seed was shown, but no code of it was typed yet.
    Enrolling,
    /// In force.
    On {
        /// Since when.
        confirmed_at: Timestamp,
        /// The step of the last code that opened anything.
        last_step: Option<u64>,
    },
}

impl SecondFactor {
    /// Whether it is in force.
    #[must_use]
    pub fn is_on(&self) -> bool {
        match self {
            Self::On { .. } => true,
            Self::Off | Self::Enrolling => false,
        }
    }
}

/// A person who signs in.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The e-mail address, as it was typed; compared without regard to case.
    pub email: String,
    /// The password's hash in PHC form.
    pub password_hash: Secret,
    /// What the person may do.
    pub role: Role,
    /// The second factor.
    pub second_factor: SecondFactor,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: usize,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// When the person last signed in.
    pub last_login_at: Option<Timestamp>,
    /// Since when the person may not sign in.
    pub disabled_at: Option<Timestamp>,
}
