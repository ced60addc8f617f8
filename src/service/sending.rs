//! Pausing all sending, and going on: a restored backup waits for somebody to say go.
//!
//! Owns: remembering it over restarts, telling the engine, the audit log's line. Refuses: pausing
//! single webhooks; that is disabling them.

use serde_json::json;

use super::audit_log::audit_instance;
use super::{Actor, Refusal, Service};
use crate::engine::Paused;
use crate::store::instance::{self, Fact};

impl Service {
    /// Pauses all sending, or goes on, now and after every restart. Publishing goes on either way.
    ///
    /// # Errors
    /// [`Refusal`] where it cannot be recorded; then nothing changes.
    pub async fn set_sending(&self, actor: &Actor, paused: Paused) -> Result<(), Refusal> {
        let actor = actor.clone();
        let recorded = self.store().settle(move |tx| {
            let (value, action) = match paused {
                Paused::Yes => (Some(b"asked".as_slice()), "sending.pause"),
                Paused::No => (None, "sending.resume"),
            };
            instance::write(tx, Fact::SendingPaused, value)?;
            audit_instance(tx, &actor, action, "instance", &json!({}))?;
            Ok::<_, Refusal>(())
        });
        recorded.await?;
        self.engine().set_paused(paused);
        Ok(())
    }
}
