//! The first run: how the first owner comes to be.
//!
//! Owns: the one-time set-up token, and the account made with it. Refuses: a default account, and
//! making whoever comes first the owner: a token that only the operator sees is needed.
//!
//! # Why the token is only in memory
//! It ends with the process in any case, because each start makes a new one. So a start writes
//! nothing for it, and comes up with a full disk or a locked database as well.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::accounts::{insert, parse_email};
use super::setup_token::SetupToken;
use super::sign_in::open_session;
use super::{Refusal, SignedIn};
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::session::Channel;
use crate::domain::time::Timestamp;
use crate::domain::token::{Pepper, TokenHash};
use crate::entropy;
use crate::service::{Actor, Service};
use crate::store::users;
use crate::store::vault::Purpose;

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
    pub async fn setup_link(&self, base: &str) -> Result<Option<SetupLink>, Refusal> {
        let token = Secret::new(BASE64_URL_SAFE_NO_PAD.encode(entropy::bytes::<32>()));
        let base = base.trim_end_matches('/');
        let url = Secret::new(format!("{base}/setup?token={}", token.expose()));
        if !self.is_unclaimed().await? {
            return Ok(None);
        }
        let hash = hash(&self.setup_pepper(), &token);
        let expires_at = self.clock().now().after(SETUP_LINK_LASTS);
        self.people().setup_token(|known| {
            *known = Some(SetupToken { hash, expires_at });
        });
        Ok(Some(SetupLink { url, expires_at }))
    }

    /// Whether there is no user yet.
    pub async fn is_unclaimed(&self) -> Result<bool, Refusal> {
        self.store().read(|conn| Ok(users::count(conn)? == 0)).await
    }

    /// Whether a set-up link's token can be used now.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] once a user exists; [`Refusal::Unauthorized`] for a token that is
    /// wrong, expired or replaced.
    pub async fn check_setup(&self, token: Secret) -> Result<(), Refusal> {
        if !self.is_unclaimed().await? {
            return Err(NOT_OPEN);
        }
        let (hash, now) = (hash(&self.setup_pepper(), &token), self.clock().now());
        let is_right = |known: &SetupToken| known.hash == hash && known.expires_at > now;
        match self
            .people()
            .setup_token(|known| known.as_ref().is_some_and(is_right))
        {
            true => Ok(()),
            false => Err(WRONG_TOKEN),
        }
    }

    /// Makes the first owner, who is then signed in. The link ends.
    ///
    /// # Errors
    /// As [`Service::check_setup`]; [`Refusal::Invalid`] names `email` or `password`.
    pub async fn set_up(&self, owner: SetupOwner) -> Result<SignedIn, Refusal> {
        self.check_setup(owner.token.clone()).await?;
        let email = parse_email(&owner.email)?;
        let hash = self.hash_new(owner.password, &email, "password").await?;
        let user_agent = owner.user_agent;
        let signed_in = self
            .store()
            .settle(move |tx| {
                // Two people with the link may arrive at once; the first to get here has it.
                if users::count(tx)? > 0 {
                    return Err(NOT_OPEN);
                }
                let user = insert(tx, &Actor::System, &email, &hash, Role::Owner)?;
                open_session(tx, &user, Channel::Browser, &user_agent, None)
            })
            .await?;
        self.people().setup_token(|known| *known = None);
        self.signed_in(signed_in).await
    }

    fn setup_pepper(&self) -> Pepper {
        self.store().vault().pepper(Purpose::Sessions)
    }
}

/// Sessions' tokens are hashed under the same key; the lead keeps the two apart.
fn hash(pepper: &Pepper, token: &Secret) -> TokenHash {
    let text = Secret::new(format!("set-up {}", token.expose()));
    pepper.hash(text.expose().as_bytes())
}
