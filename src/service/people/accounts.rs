//! Accounts: making them, listing them, changing what their people may do.
//!
//! Owns: the rules of e-mail addresses, that one owner always remains, that changes of people ask
//! for a fresh second factor. Refuses: passwords' quality (`domain::password`).

use serde_json::json;

use super::Refusal;
use crate::domain::id::UserId;
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::password::judge;
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::user::User;
use crate::service::audit_log::audit_instance;
use crate::service::{Actor, Service};
use crate::store::users::{self, USERS_MAX};
use crate::store::{Read, WriteTx, sessions};

/// The longest e-mail address, in bytes (RFC 5321).
pub const EMAIL_BYTES_MAX: usize = 254;

const NO_USER: Refusal = Refusal::NotFound("user");

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The e-mail address to sign in with.
    pub email: String,
    /// The password.
    pub password: Secret,
    /// What the person may do.
    pub role: Role,
}

impl Service {
    /// Makes a user. With the first one the set-up link ends.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names `email` or `password`; [`Refusal::Conflict`] where the address
    /// is taken or there are too many users.
    pub async fn create_user(&self, actor: &Actor, new: NewUser) -> Result<User, Refusal> {
        let email = parse_email(&new.email)?;
        let hash = self.hash_new(new.password, &email, "password").await?;
        let (actor, role) = (actor.clone(), new.role);
        self.store()
            .settle(move |tx| insert(tx, &actor, &email, &hash, role))
            .await
    }

    /// A page of users, newest first.
    pub async fn users(&self, cursor: Option<Cursor>, limit: Limit) -> Result<Page<User>, Refusal> {
        self.store()
            .read(move |conn| Ok(users::list(conn, cursor, limit)?))
            .await
    }

    /// The user with this e-mail address, whatever its case.
    pub async fn user_by_email(&self, email: &str) -> Result<User, Refusal> {
        let email = email.trim().to_owned();
        self.store()
            .read(move |conn| users::find_by_email(conn, &email)?.ok_or(NO_USER))
            .await
    }

    /// The user `id`.
    pub async fn user(&self, id: UserId) -> Result<User, Refusal> {
        self.store().read(move |conn| existing(conn, id)).await
    }

    /// Changes what a person may do.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] where no owner would remain.
    pub async fn set_role(&self, actor: &Actor, id: UserId, role: Role) -> Result<(), Refusal> {
        let actor = actor.clone();
        self.store()
            .settle(move |tx| {
                let user = existing(tx, id)?;
                if role != Role::Owner {
                    keep_an_owner(tx, &user)?;
                }
                users::set_role(tx, id.seq(), role)?;
                let change = json!({ "from": user.role.as_str(), "to": role.as_str() });
                audit_instance(tx, &actor, "user.role", &id.to_string(), &change)
            })
            .await
    }

    /// Bars a person from signing in, and ends what the person is signed in to.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] where no owner would remain.
    pub async fn disable_user(&self, actor: &Actor, id: UserId) -> Result<(), Refusal> {
        self.change_user(actor, id, "user.disable", |tx, user| {
            keep_an_owner(tx, user)?;
            users::set_disabled(tx, user.id.seq(), Some(tx.now()))?;
            sessions::delete_all(tx, user.id.seq(), None)?;
            Ok(())
        })
        .await
    }

    /// Lets a person sign in again.
    pub async fn enable_user(&self, actor: &Actor, id: UserId) -> Result<(), Refusal> {
        self.change_user(actor, id, "user.enable", |tx, user| {
            Ok(users::set_disabled(tx, user.id.seq(), None)?)
        })
        .await
    }

    /// Removes a person for good; what the person did stays in the audit log.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] where no owner would remain.
    pub async fn remove_user(&self, actor: &Actor, id: UserId) -> Result<(), Refusal> {
        self.change_user(actor, id, "user.remove", |tx, user| {
            keep_an_owner(tx, user)?;
            Ok(users::delete(tx, user.id.seq())?)
        })
        .await
    }

    /// Takes a person's second factor away, for who lost it and the recovery codes too. Ends what
    /// the person is signed in to.
    pub async fn reset_mfa(&self, actor: &Actor, id: UserId) -> Result<(), Refusal> {
        self.change_user(actor, id, "user.reset_mfa", |tx, user| {
            users::clear_totp(tx, user.id.seq())?;
            sessions::delete_all(tx, user.id.seq(), None)?;
            Ok(())
        })
        .await
    }

    async fn change_user(
        &self,
        actor: &Actor,
        id: UserId,
        action: &'static str,
        change: impl FnOnce(&mut WriteTx<'_>, &User) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<(), Refusal> {
        let actor = actor.clone();
        self.store()
            .settle(move |tx| {
                let user = existing(tx, id)?;
                change(tx, &user)?;
                let who = json!({ "email": user.email });
                audit_instance(tx, &actor, action, &id.to_string(), &who)
            })
            .await
    }

    /// Judges and hashes a password that somebody wants to have; `field` is named where it is bad.
    pub(super) async fn hash_new(
        &self,
        password: Secret,
        email: &str,
        field: &str,
    ) -> Result<Secret, Refusal> {
        judge(&password, email).map_err(|refusal| Refusal::field(field, refusal.to_string()))?;
        self.people().hashing.hash(password).await
    }
}

/// Stores a user whose address and password are fine.
pub(super) fn insert(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    email: &str,
    hash: &Secret,
    role: Role,
) -> Result<User, Refusal> {
    if users::find_by_email(tx, email)?.is_some() {
        return Err(Refusal::field("email", "belongs to another user"));
    }
    if users::count(tx)? >= USERS_MAX {
        return Err(Refusal::Conflict(format!(
            "there may be at most {USERS_MAX} users; remove one first"
        )));
    }
    let user = users::insert(tx, email, hash, role)?;
    let what = json!({ "email": email, "role": role.as_str() });
    audit_instance(tx, actor, "user.create", &user.id.to_string(), &what)?;
    Ok(user)
}

/// An address that a person can sign in with. Whether mail arrives there is not our business.
pub(super) fn parse_email(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    let shaped = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if text.len() > EMAIL_BYTES_MAX {
        let message = format!("must have at most {EMAIL_BYTES_MAX} bytes");
        return Err(Refusal::field("email", message));
    }
    if !shaped || !text.chars().all(plain) {
        return Err(Refusal::field(
            "email",
            "must be an e-mail address, such as ada@example.com",
        ));
    }
    Ok(text.to_owned())
}

pub(super) fn existing(conn: &Read<'_>, id: UserId) -> Result<User, Refusal> {
    users::find(conn, id.seq())?
        .filter(|user| user.id == id)
        .ok_or(NO_USER)
}

fn keep_an_owner(tx: &WriteTx<'_>, user: &User) -> Result<(), Refusal> {
    let is_owner = user.role == Role::Owner && user.disabled_at.is_none();
    if is_owner && users::count_owners(tx)? <= 1 {
        return Err(Refusal::Conflict(
            "this is the only owner; make somebody else an owner first".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_for_their_shape_only() {
        fn check(text: &str, expect: Option<&str>) {
            assert_eq!(parse_email(text).ok().as_deref(), expect, "{text}");
        }
        check(" ada@example.com ", Some("ada@example.com"));
        check("ada@localhost", Some("ada@localhost"));
        check("ада@пример.рф", Some("ада@пример.рф"));
        check("ada", None);
        check("@example.com", None);
        check("ada@", None);
        check("ada@b@c", None);
        check("a da@example.com", None);
        check("ada@exam\0ple.com", None);
        check(&format!("{}@b.c", "a".repeat(251)), None);
    }
}
