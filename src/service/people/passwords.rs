//! Changing one's own password.
//!
//! Owns: that it takes the old one, and that every other session ends with it. Refuses: sending
//! links by mail; who forgot the password asks an owner or the command line.

use serde_json::json;

use super::accounts::existing;
use super::{Person, Refusal, SignedIn, too_often};
use crate::domain::id::UserId;
use crate::domain::secret::Secret;
use crate::entropy;
use crate::service::audit_log::audit_instance;
use crate::service::{Actor, Service};
use crate::store::{WriteTx, sessions, users};

impl Service {
    /// Changes a person's own password. Other sessions end; this one gets a new token.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names `current_password` or `new_password`.
    pub async fn change_password(
        &self,
        person: &Person,
        current: Secret,
        new: Secret,
    ) -> Result<SignedIn, Refusal> {
        let now = self.clock().now();
        let account = person.email.to_ascii_lowercase();
        self.people().tries(|tries| {
            let counted = tries.accounts.attempt(&account, now);
            counted.map_err(|throttled| too_often(throttled, now))
        })?;
        let stored = self.user(person.user).await?.password_hash;
        let verified = stored.clone();
        if !self.people().hashing.verify(current, Some(stored)).await? {
            return Err(Refusal::field("current_password", "is wrong"));
        }
        self.people()
            .tries(|tries| tries.accounts.succeed(&account));
        let hash = self.hash_new(new, &person.email, "new_password").await?;
        let (session, user, actor) = (person.session, person.user, person.actor());
        let token = self
            .store()
            .settle(move |tx| {
                if existing(tx, user)?.password_hash != verified {
                    return Err(Refusal::field("current_password", "was just changed"));
                }
                store_password(tx, &actor, user, &hash)?;
                sessions::delete_all(tx, user.seq(), Some(session))?;
                Ok(sessions::renew(tx, session, entropy::bytes())?)
            })
            .await?;
        self.signed_in(token).await
    }

    /// Gives a person a new password, for who forgot it. Ends what the person is signed in to.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names `password` and what it must have.
    pub async fn reset_password(
        &self,
        actor: &Actor,
        id: UserId,
        password: Secret,
    ) -> Result<(), Refusal> {
        let email = self.user(id).await?.email;
        let hash = self.hash_new(password, &email, "password").await?;
        let actor = actor.clone();
        self.store()
            .settle(move |tx| {
                existing(tx, id)?;
                store_password(tx, &actor, id, &hash)?;
                sessions::delete_all(tx, id.seq(), None)?;
                Ok(())
            })
            .await
    }
}

fn store_password(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    user: UserId,
    hash: &Secret,
) -> Result<(), Refusal> {
    users::set_password(tx, user.seq(), hash)?;
    audit_instance(tx, actor, "user.password", &user.to_string(), &json!({}))
}
