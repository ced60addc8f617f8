//! A workspace as programs are told of it.
//!
//! Owns: the digest of its logo, made where it is asked for. Refuses: keeping it: requests need their
//! workspace more often than anybody compares logos, and read no picture for that.

use sha2::{Digest, Sha256};

use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::workspace::Workspace;
use crate::service::{Refusal, Service};
use crate::store::{Read, StoreError, branding, workspaces};

/// A workspace, and what its row does not say.
#[derive(Clone, Debug)]
pub struct ToldWorkspace {
    /// The workspace.
    pub workspace: Workspace,
    /// The SHA-256 of its logo's bytes in lower-case hex; `None` where it has no logo.
    pub logo_sha256: Option<String>,
}

impl Service {
    /// As [`Service::workspace`], for who compares its logo as well.
    pub async fn told_workspace(&self, text: &str) -> Result<ToldWorkspace, Refusal> {
        let text = text.to_owned();
        let found = self.store().read(move |conn| {
            let found = workspaces::find_text(conn, &text)?;
            found.map(|found| told(conn, found)).transpose()
        });
        found.await?.ok_or(Refusal::NotFound("workspace"))
    }

    /// As [`Service::workspaces`], for who compares their logos as well.
    pub async fn told_workspaces(
        &self,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<ToldWorkspace>, Refusal> {
        let found = self.store().read(move |conn| {
            let page = workspaces::list(conn, cursor, limit)?;
            let items: Result<Vec<ToldWorkspace>, StoreError> =
                page.items.into_iter().map(|one| told(conn, one)).collect();
            Ok::<_, StoreError>(Page {
                items: items?,
                next: page.next,
            })
        });
        Ok(found.await?)
    }
}

pub(super) fn told(conn: &Read<'_>, workspace: Workspace) -> Result<ToldWorkspace, StoreError> {
    let logo = match workspace.portal.branding.logo {
        Some(_) => branding::logo(conn, workspace.id.seq())?,
        None => None,
    };
    Ok(ToldWorkspace {
        logo_sha256: logo.map(|bytes| digest(&bytes)),
        workspace,
    })
}

/// The SHA-256 of a logo as it is told.
#[must_use]
pub fn digest(logo: &[u8]) -> String {
    let digest = Sha256::digest(logo);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
