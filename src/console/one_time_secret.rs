//! What is shown once: new secrets and keys, between the form that made them and the page after it.
//!
//! Owns: holding them in memory for that one page, for the person who made them. Refuses: cookies,
//! URLs and disk: none of them ever holds a secret.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::id::UserId;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

/// How long a secret waits for its page.
pub const ONE_TIME_SECRET_LASTS: Duration = Duration::from_secs(120);
/// Secrets that wait at once; the oldest then makes room.
pub const ONE_TIME_SECRETS_MAX: usize = 500;

/// The secrets that wait for their page.
#[derive(Default)]
pub struct OneTimeSecrets(Mutex<Vec<UnshownSecret>>);

struct UnshownSecret {
    user: UserId,
    /// What it belongs to, such as a webhook's id.
    subject: String,
    secret: Secret,
    until: Timestamp,
}

impl OneTimeSecrets {
    /// Keeps a secret for the next page of `user` about `subject`.
    pub fn put(&self, user: UserId, subject: String, secret: Secret, now: Timestamp) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| one.until > now && !(one.user == user && one.subject == subject));
        if waiting.len() >= ONE_TIME_SECRETS_MAX {
            waiting.remove(0);
        }
        let until = now.after(ONE_TIME_SECRET_LASTS);
        waiting.push(UnshownSecret {
            user,
            subject,
            secret,
            until,
        });
    }

    /// Hands a secret out, for good.
    pub fn take(&self, user: UserId, subject: &str, now: Timestamp) -> Option<Secret> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| one.until > now);
        let at = waiting
            .iter()
            .position(|one| one.user == user && one.subject == subject)?;
        Some(waiting.remove(at).secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_once_to_its_maker_and_not_for_long() {
        let now = Timestamp::from_millis(1_000_000);
        let [ada, bob] = [1, 2].map(|seq| UserId::new(now, seq));
        let one_time_secrets = OneTimeSecrets::default();
        let put = || one_time_secrets.put(ada, "wh_1".to_owned(), Secret::new("s".to_owned()), now);
        put();
        assert!(one_time_secrets.take(bob, "wh_1", now).is_none());
        assert!(one_time_secrets.take(ada, "wh_2", now).is_none());
        assert!(one_time_secrets.take(ada, "wh_1", now).is_some());
        assert!(one_time_secrets.take(ada, "wh_1", now).is_none());
        put();
        let later = now.after(ONE_TIME_SECRET_LASTS);
        assert!(one_time_secrets.take(ada, "wh_1", later).is_none());
    }
}
