//! Signing in and out.
//!
//! Owns: the order of the checks, and what they tell. Refuses: telling whether an address belongs
//! to anybody: a wrong address, a wrong password and a barred person look the same and take as
//! long.

use std::net::IpAddr;

use serde_json::json;

use super::accounts::existing;
use super::code::spend_code;
use super::{Person, Refusal, too_often};
use crate::domain::id::SessionId;
use crate::domain::secret::Secret;
use crate::domain::session::{Channel, NewSession};
use crate::domain::throttle::address_key;
use crate::domain::time::Timestamp;
use crate::domain::token::SessionToken;
use crate::domain::user::User;
use crate::entropy;
use crate::service::audit_log::audit_instance;
use crate::service::{Actor, Proof, Service, SignedUser};
use crate::store::sessions;
use crate::store::users;
use crate::store::workspaces::{self, DEFAULT_NAME};
use crate::store::{StoreError, WriteTx};

/// The most bytes kept of what a browser or program calls itself.
const USER_AGENT_BYTES_MAX: usize = 200;

pub(super) const WRONG: Refusal =
    Refusal::Unauthorized("the e-mail address or the password is wrong");

/// What somebody signs in with.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: Secret,
    /// A code of the second factor, or a recovery code, if it was given at once.
    pub code: Option<Secret>,
    /// Where the session's token will live.
    pub channel: Channel,
    /// What the browser or program calls itself.
    pub user_agent: String,
    /// Where the request comes from.
    pub address: IpAddr,
}

/// A person who just got a token.
#[derive(Debug)]
pub struct SignedIn {
    /// The session's token, given out once.
    pub token: SessionToken,
    /// Who it is.
    pub person: Person,
}

impl Service {
    /// Opens a session for who knows the password. Where the person has a second factor and no
    /// code was given, the session can only show one.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] where anything is wrong; [`Refusal::RateLimited`] after too many
    /// tries.
    pub async fn sign_in(&self, asked: SignIn) -> Result<SignedIn, Refusal> {
        let now = self.clock().now();
        let account = account_key(&asked.email);
        let address = address_key(asked.address);
        self.people().tries(|tries| {
            let counted = tries.addresses.attempt(&address, now);
            let counted = counted.and_then(|()| tries.accounts.attempt(&account, now));
            counted.map_err(|throttled| too_often(throttled, now))
        })?;
        let user = self.who_knows(&account, asked.password).await?;
        self.people().tries(|tries| {
            tries.addresses.take_back(&address);
            tries.accounts.succeed(&account);
        });
        let code = asked.code.filter(|_| user.second_factor.is_on());
        if code.is_some() {
            self.count_code_try(user.id)?;
        }
        let (channel, user_agent) = (asked.channel, asked.user_agent);
        let id = user.id;
        let showed_code = code.is_some();
        let opened = self
            .store()
            .settle(move |tx| {
                // Since the password was checked it may have been changed, or the person barred.
                let fresh = existing(tx, user.id).map_err(|_| WRONG)?;
                if fresh.password_hash != user.password_hash || fresh.disabled_at.is_some() {
                    return Err(WRONG);
                }
                let mut proved_at = None;
                if let Some(code) = code {
                    spend_code(tx, &fresh, &code)?;
                    proved_at = Some(tx.now());
                }
                open_session(tx, &fresh, channel, &user_agent, proved_at)
            })
            .await?;
        if showed_code {
            self.forget_code_tries(id);
        }
        self.signed_in(opened).await
    }

    /// The user whose password this is.
    async fn who_knows(&self, email: &str, password: Secret) -> Result<User, Refusal> {
        let email = email.to_owned();
        let user = self
            .store()
            .read(move |conn| Ok::<_, Refusal>(users::find_by_email(conn, &email)?))
            .await?;
        let stored = user.as_ref().map(|user| user.password_hash.clone());
        let right = self.people().hashing.verify(password, stored).await?;
        user.filter(|user| right && user.disabled_at.is_none())
            .ok_or(WRONG)
    }

    /// Ends the session that a person speaks through.
    pub async fn sign_out(&self, person: &Person) -> Result<(), Refusal> {
        self.end_session(person, person.session).await
    }

    /// Ends one of a person's own sessions.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where the person has no such session.
    pub async fn end_session(&self, person: &Person, id: SessionId) -> Result<(), Refusal> {
        let (user, actor) = (person.user, person.actor());
        self.store()
            .settle(move |tx| {
                sessions::find(tx, id)?
                    .filter(|session| session.user == user)
                    .ok_or(Refusal::NotFound("session"))?;
                sessions::delete(tx, id.seq())?;
                audit_instance(tx, &actor, "session.end", &id.to_string(), &json!({}))
            })
            .await
    }

    /// Ends all of a person's sessions, this one included. Answers how many there were.
    pub async fn sign_out_everywhere(&self, person: &Person) -> Result<usize, Refusal> {
        let (user, actor) = (person.user, person.actor());
        self.store()
            .settle(move |tx| {
                let ended = sessions::delete_all(tx, user.seq(), None)?;
                let count = json!({ "sessions": ended });
                audit_instance(tx, &actor, "session.end_all", &user.to_string(), &count)?;
                Ok(ended)
            })
            .await
    }

    pub(super) async fn signed_in(&self, token: SessionToken) -> Result<SignedIn, Refusal> {
        let person = self.people().sessions.reload(&token).await?;
        Ok(SignedIn { token, person })
    }
}

/// Stores a session of `user` and makes its token.
pub(super) fn open_session(
    tx: &mut WriteTx<'_>,
    user: &User,
    channel: Channel,
    user_agent: &str,
    mfa_verified_at: Option<Timestamp>,
) -> Result<SessionToken, Refusal> {
    let workspace = workspaces::find_named(tx, DEFAULT_NAME)?;
    let workspace =
        workspace.ok_or_else(|| StoreError::Damaged("the default workspace is gone".to_owned()))?;
    let new = NewSession {
        user: user.id,
        workspace_seq: workspace.id.seq(),
        channel,
        user_agent: displayable(user_agent),
        mfa_verified_at,
    };
    let (id, token) = sessions::insert(tx, &new, entropy::bytes())?;
    users::touch_login(tx, user.id.seq())?;
    let actor = Actor::User(SignedUser {
        id: user.id,
        proof: Proof::Unasked,
    });
    let how = json!({
        "channel": channel.as_str(),
        "second_factor": mfa_verified_at.is_some(),
    });
    audit_instance(tx, &actor, "session.create", &id.to_string(), &how)?;
    Ok(token)
}

/// What tries are counted under: the address as the database compares it, cut to a sane length.
fn account_key(email: &str) -> String {
    let lower = email.trim().to_ascii_lowercase();
    lower.chars().take(super::EMAIL_BYTES_MAX).collect()
}

fn displayable(user_agent: &str) -> String {
    let end = user_agent.floor_char_boundary(USER_AGENT_BYTES_MAX);
    user_agent[..end]
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}
