//! What a session is asked for: whose it is, which others there are, what it looks at.
//!
//! Owns: those actions. Refuses: beginning and ending a session (`sign_in`), what a token is
//! compared with (`sessions`).

use super::{Person, Refusal, SESSION_IDLE, SESSION_LASTS};
use crate::domain::session::{Channel, Session};
use crate::domain::token::SessionToken;
use crate::service::Service;
use crate::store::{sessions, workspaces};

impl Service {
    /// The person whose live session `token` is.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] where there is none on this channel.
    pub async fn person(&self, token: &SessionToken, channel: Channel) -> Result<Person, Refusal> {
        self.people().sessions.authenticate(token, channel).await
    }

    /// A person's live sessions, newest first.
    pub async fn sessions(&self, person: &Person) -> Result<Vec<Session>, Refusal> {
        let (seq, now) = (person.user.seq(), self.clock().now());
        let live = move |session: &Session| {
            now.since(session.last_seen_at) < SESSION_IDLE
                && now.since(session.created_at) < SESSION_LASTS
        };
        self.store()
            .read(move |conn| {
                let mut found = sessions::of_user(conn, seq)?;
                found.retain(live);
                Ok(found)
            })
            .await
    }

    /// Changes the workspace that a person is looking at.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is no such workspace.
    pub async fn look_at(&self, person: &Person, workspace: &str) -> Result<(), Refusal> {
        let (session_seq, workspace) = (person.session.seq(), workspace.to_owned());
        self.store()
            .settle(move |tx| {
                let found = workspaces::find_text(tx, &workspace)?;
                let found = found.ok_or(Refusal::NotFound("workspace"))?;
                Ok(sessions::set_workspace(tx, session_seq, found.id.seq())?)
            })
            .await
    }
}
