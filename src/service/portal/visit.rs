//! Visits to the portal: what a link opens in a browser.
//!
//! Owns: the session's token, and who looks with one. Refuses: cookies, and keeping sessions: each
//! follows from its link.

use std::time::Duration;

use super::{ENDED, visitor};
use crate::domain::branding::PortalSettings;
use crate::domain::consumer::ConsumerRef;
use crate::domain::id::{PortalLinkId, PortalSessionId};
use crate::domain::portal::{PortalLink, PortalSessionToken, PortalTheme, PortalToken};
use crate::service::{Caller, Refusal, Service};
use crate::store::vault::Purpose;
use crate::store::{consumers, portal_links, workspaces};

/// Somebody in front of the portal, and how it looks to them.
#[derive(Clone, Debug)]
pub struct PortalVisit {
    /// Who it is, as actions see them.
    pub caller: Caller,
    /// What the consumer is called; may be empty.
    pub called: String,
    /// What the workspace says of its portal.
    pub settings: PortalSettings,
    /// Light or dark.
    pub theme: PortalTheme,
    /// The language that the platform asks for.
    pub locale: Option<String>,
}

impl Service {
    /// Exchanges a link's token for that of its session; answers how long it lasts.
    pub async fn open_portal(
        &self,
        token: &PortalToken,
    ) -> Result<(PortalSessionToken, Duration), Refusal> {
        let link = self.portal_link(token).await?;
        let lasts = link.expires_at.since(self.clock().now());
        Ok((self.session_of(&link), lasts))
    }

    /// Who looks at the portal with a session.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] where its link has ended.
    pub async fn portal_visit(&self, token: &PortalSessionToken) -> Result<PortalVisit, Refusal> {
        let id = PortalLinkId::new(token.id().at(), token.id().seq());
        let found = self.read(move |_, conn| {
            let link = portal_links::find(conn, id)?.ok_or(ENDED)?;
            let workspace_seq = link.workspace.seq();
            let workspace = workspaces::find(conn, workspace_seq)?.ok_or(ENDED)?;
            let named = ConsumerRef::Id(link.consumer);
            let consumer = consumers::find(conn, workspace_seq, &named)?.ok_or(ENDED)?;
            Ok((link, workspace.portal, consumer.settings.name))
        });
        let (link, settings, called) = found.await?;
        let pepper = self.store().vault().pepper(Purpose::PortalLinks);
        let is_own = self.session_of(&link).hash(&pepper) == token.hash(&pepper);
        if !is_own || link.expires_at <= self.clock().now() {
            return Err(ENDED);
        }
        Ok(PortalVisit {
            caller: visitor(&link),
            called,
            settings,
            theme: link.theme,
            locale: link.locale,
        })
    }

    /// The token of the session that `link` opens. From it nobody learns the link's own.
    fn session_of(&self, link: &PortalLink) -> PortalSessionToken {
        let pepper = self.store().vault().pepper(Purpose::PortalLinks);
        let lead: &[u8] = b"session ";
        let secret = pepper.hash(&[lead, link.hash.as_bytes()].concat());
        let id = PortalSessionId::new(link.id.at(), link.id.seq());
        PortalSessionToken::new(id, *secret.as_bytes())
    }
}
