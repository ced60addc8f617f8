//! The first run: how the first owner comes to be.
//!
//! Owns: the one-time set-up token, and the account made with it. Refuses: a default account, and
//! making whoever comes first the owner: a token that only the operator sees is needed.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::accounts::{insert, parse_email};
use super::sign_in::open_session;
use super::{Refusal, SignedIn};
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::session::Channel;
use crate::domain::time::Timestamp;
use crate::domain::token::{Pepper, TokenHash};
use crate::entropy;
use crate::service::{Actor, Service};
use crate::store::instance::{self, Fact};
use crate::store::vault::Purpose;
use crate::store::{StoreError, users};

/// How long a set-up link can be used.
pub const SETUP_LINK_LASTS: Duration = Duration::from_secs(30 * 60);

const NOT_OPEN: Refusal = Refusal::NotFound("page");
const WRONG_TOKEN: Refusal = Refusal::Unauthorized(
    "this set-up link is not valid any more: restart hookpost to get a new one",
);

/// The link by which the first owner is made. Whoever has it becomes the owner.
#[derive(Clone, Debug)]
pub struct SetupLink {
    /// The whole address.
    pub url: Secret,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// What the first owner types.
#[derive(Clone, Debug)]
pub struct SetupOwner {
    /// The token of the link.
    pub token: Secret,
    /// The e-mail address to sign in with.
    pub email: String,
    /// The password.
    pub password: Secret,
    /// What the browser calls itself.
    pub user_agent: String,
}

impl Service {
    /// Makes a set-up link below `base`, such as `http://127.0.0.1:8080`. Links made before end.
    /// `None` where a user exists.
    ///
    /// # Errors
    /// [`Refusal`] where the database takes no writes.
    pub async fn setup_link(&self, base: &str) -> Result<Option<SetupLink>, Refusal> {
        let token = Secret::new(BASE64_URL_SAFE_NO_PAD.encode(entropy::bytes::<32>()));
        let base = base.trim_end_matches('/');
        let url = Secret::new(format!("{base}/setup?token={}", token.expose()));
        let hash = hash(&self.setup_pepper(), &token);
        let expires_at = self
            .store()
            .write(move |tx| {
                if users::count(tx)? > 0 {
                    return Ok::<_, Refusal>(None);
                }
                let expires_at = tx.now().after(SETUP_LINK_LASTS);
                let fact = Stored { hash, expires_at }.to_bytes();
                instance::write(tx, Fact::SetupToken, Some(&fact))?;
                Ok(Some(expires_at))
            })
            .await?;
        Ok(expires_at.map(|expires_at| SetupLink { url, expires_at }))
    }

    /// Whether there is no user yet.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the database cannot be read.
    pub async fn is_unclaimed(&self) -> Result<bool, Refusal> {
        self.store().read(|conn| Ok(users::count(conn)? == 0)).await
    }

    /// Whether a set-up link's token can be used now.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] once a user exists; [`Refusal::Unauthorized`] for a token that is
    /// wrong, expired or replaced.
    pub async fn check_setup(&self, token: Secret) -> Result<(), Refusal> {
        let (pepper, now) = (self.setup_pepper(), self.clock().now());
        self.store()
            .read(move |conn| check(conn, &pepper, &token, now))
            .await
    }

    /// Makes the first owner, who is then signed in. The link ends.
    ///
    /// # Errors
    /// As [`Service::check_setup`]; [`Refusal::Invalid`] names `email` or `password`.
    pub async fn set_up(&self, owner: SetupOwner) -> Result<SignedIn, Refusal> {
        self.check_setup(owner.token.clone()).await?;
        let email = parse_email(&owner.email)?;
        let hash = self.hash_new(owner.password, &email, "password").await?;
        let (pepper, token) = (self.setup_pepper(), owner.token);
        let user_agent = owner.user_agent;
        let signed_in = self
            .store()
            .write(move |tx| {
                // Two people with the link may arrive at once; the first to get here has it.
                check(tx, &pepper, &token, tx.now())?;
                let user = insert(tx, &Actor::System, &email, &hash, Role::Owner)?;
                open_session(tx, &user, Channel::Browser, &user_agent, None)
            })
            .await?;
        self.signed_in(signed_in).await
    }

    fn setup_pepper(&self) -> Pepper {
        self.store().vault().pepper(Purpose::Sessions)
    }
}

fn check(
    conn: &rusqlite::Connection,
    pepper: &Pepper,
    token: &Secret,
    now: Timestamp,
) -> Result<(), Refusal> {
    if users::count(conn)? > 0 {
        return Err(NOT_OPEN);
    }
    let fact = instance::read(conn, Fact::SetupToken)?.ok_or(WRONG_TOKEN)?;
    let stored = Stored::from_bytes(&fact)?;
    if stored.hash != hash(pepper, token) || stored.expires_at <= now {
        return Err(WRONG_TOKEN);
    }
    Ok(())
}

/// Sessions' tokens are hashed under the same key; the lead keeps the two apart.
fn hash(pepper: &Pepper, token: &Secret) -> TokenHash {
    let text = Secret::new(format!("set-up {}", token.expose()));
    pepper.hash(text.expose().as_bytes())
}

/// The fact in the database: the token's hash, then the milliseconds of its end, big-endian.
struct Stored {
    hash: TokenHash,
    expires_at: Timestamp,
}

impl Stored {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.hash.as_bytes().to_vec();
        bytes.extend_from_slice(&self.expires_at.millis().to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged("the set-up token is not readable".to_owned());
        let (hash, millis) = bytes.split_first_chunk().ok_or_else(damaged)?;
        let millis = millis.try_into().map_err(|_| damaged())?;
        Ok(Self {
            hash: TokenHash::from_bytes(*hash),
            expires_at: Timestamp::from_millis(i64::from_be_bytes(millis)),
        })
    }
}
