//! Sessions: who is signed in, and where.
//!
//! Owns: the values. Refuses: saying when one has expired (`service`).

use super::id::{SessionId, UserId};
use super::time::Timestamp;
use super::token::TokenHash;

/// Where a session's token lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// In a browser's cookie.
    Browser,
    /// With a program that asked for it over the API.
    Token,
}

impl Channel {
    const ALL: [Self; 2] = [Self::Browser, Self::Token];

    /// The word of the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Token => "token",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.as_str() == word)
    }
}

/// A signed-in session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// The workspace that the person is looking at.
    pub workspace_seq: i64,
    /// What its token hashes to.
    pub hash: TokenHash,
    /// Where the token lives.
    pub channel: Channel,
    /// What the browser or program called itself.
    pub user_agent: String,
    /// When the person signed in: absolute expiry counts from here.
    pub created_at: Timestamp,
    /// The last sign of life, to the minute: idle expiry counts from here.
    pub last_seen_at: Timestamp,
    /// When the person last proved the second factor.
    pub mfa_verified_at: Option<Timestamp>,
}

/// What a new row is made of.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Who signed in.
    pub user: UserId,
    /// The workspace that the person will look at.
    pub workspace_seq: i64,
    /// Where the token will live.
    pub channel: Channel,
    /// What the browser or program called itself.
    pub user_agent: String,
    /// When the person proved the second factor.
    pub mfa_verified_at: Option<Timestamp>,
}
