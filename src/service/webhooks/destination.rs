//! Where a webhook's requests go: its URL, and the one that gives out its tokens.
//!
//! Owns: asking the guard about each while the webhook is saved. Refuses: the guard's rules (`net`).

use std::time::Duration;

use super::WebhookInput;
use crate::net::UrlRefusal;
use crate::service::{Caller, Refusal, Service};

/// How long saving a webhook waits for a host name to be looked up.
const LOOKUP_WAIT: Duration = Duration::from_secs(2);

impl Service {
    /// Checks the URLs that `input` names, and writes the token URL into it in normal form. Answers the
    /// webhook's own.
    pub(super) async fn check_destinations(
        &self,
        caller: &Caller,
        input: &mut WebhookInput,
    ) -> Result<Option<String>, Refusal> {
        let url = match input.url.as_deref() {
            Some(url) => Some(self.check_url(caller, "url", url).await?),
            None => None,
        };
        let auth = input.auth.as_mut().and_then(Option::as_mut);
        if let Some(token_url) = auth.and_then(|auth| auth.token_url.as_mut()) {
            *token_url = self.check_url(caller, "auth.token_url", token_url).await?;
        }
        Ok(url)
    }

    /// Checks a URL as every attempt does, and looks its name up.
    pub(in crate::service) async fn check_url(
        &self,
        caller: &Caller,
        field: &'static str,
        url: &str,
    ) -> Result<String, Refusal> {
        let refuse = |refusal: UrlRefusal| Refusal::field(field, refusal.to_string());
        let target = self.guard().check_url(url).map_err(refuse)?;
        let looked_up = self
            .client()
            .check_destination(&target, caller.workspace.seq());
        // A slow resolver is no reason to refuse; every attempt checks again.
        if let Ok(checked) = tokio::time::timeout(LOOKUP_WAIT, looked_up).await {
            checked.map_err(refuse)?;
        }
        Ok(target.to_string())
    }
}
