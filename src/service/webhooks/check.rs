//! Judging a delivery as its receiver would: whoever cannot verify learns which step fails.
//!
//! Owns: trying a webhook's live secrets. Refuses: showing any, and the steps themselves
//! (`domain::signing`).

use std::time::Duration;

use super::registered_in;
use super::secret::shown;
use crate::domain::id::WebhookId;
use crate::domain::secret::Secret;
use crate::domain::signing::VerifyFailure;
use crate::domain::time::Timestamp;
use crate::service::{Caller, Refusal, Service};
use crate::store::{Read, Store, WriteTx, secrets, workspaces};

/// A request as its receiver got it.
#[derive(Clone, Debug, Default)]
pub struct CapturedRequest {
    /// Its headers, as far as they are known.
    pub headers: Vec<(String, String)>,
    /// Its body, byte by byte.
    pub body: Vec<u8>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckedRequest {
    /// The signature is genuine.
    Genuine {
        /// When it was signed, where the profile signs a time.
        signed_at: Option<Timestamp>,
        /// Until when the secret is valid that it fits; `None` for the present one.
        expires_at: Option<Timestamp>,
    },
    /// It would be, without the line break at the body's end.
    LineBreakAtEnd,
    /// The step that fails.
    Failed(VerifyFailure),
}

impl Service {
    /// Judges a request by the webhook's live secrets, whatever its age. The platform's first genuine
    /// one is noted: with it the first run is over.
    pub async fn check_request(
        &self,
        caller: &Caller,
        id: WebhookId,
        request: CapturedRequest,
    ) -> Result<CheckedRequest, Refusal> {
        let checked = self.checked(caller.clone(), id, request).await?;
        if caller.consumer.is_none() && matches!(checked, CheckedRequest::Genuine { .. }) {
            self.note_verified(caller.workspace.seq()).await?;
        }
        Ok(checked)
    }

    async fn note_verified(&self, workspace_seq: i64) -> Result<(), Refusal> {
        let read =
            move |_: &Store, conn: &Read<'_>| Ok(workspaces::is_verified(conn, workspace_seq)?);
        if self.read(read).await? {
            return Ok(());
        }
        let note = move |tx: &mut WriteTx<'_>| workspaces::set_verified(tx, workspace_seq);
        Ok(self.store().write(note).await?)
    }

    async fn checked(
        &self,
        caller: Caller,
        id: WebhookId,
        request: CapturedRequest,
    ) -> Result<CheckedRequest, Refusal> {
        self.read(move |store, conn| {
            let webhook = registered_in(store, conn, &caller, id)?;
            let now = store.clock().now();
            let live = secrets::live(conn, store.vault(), id.seq(), now)?;
            let profile = store.profile(conn, webhook.profile.seq)?;
            let CapturedRequest { headers, body } = &request;
            let verify = |secret: &Secret, body: &[u8]| {
                let key = shown(&profile, secret.clone());
                profile.verify(&key, headers, body, now, Duration::MAX)
            };
            let mut first = None;
            for own in &live {
                match verify(&own.secret, body) {
                    Ok(signed_at) => {
                        return Ok(CheckedRequest::Genuine {
                            signed_at,
                            expires_at: own.expires_at,
                        });
                    }
                    Err(failure) => first = first.or(Some(failure)),
                }
            }
            let cut = body.strip_suffix(b"\n").unwrap_or(body);
            if cut != body.as_slice() && live.iter().any(|own| verify(&own.secret, cut).is_ok()) {
                return Ok(CheckedRequest::LineBreakAtEnd);
            }
            let failure = first.ok_or_else(|| Refusal::Internal("no live secret".to_owned()))?;
            Ok(CheckedRequest::Failed(failure))
        })
        .await
    }
}
