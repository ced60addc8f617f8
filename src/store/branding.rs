//! What workspaces say of the pages that their customers see.
//!
//! Owns: those columns of a workspace's row, and the logos. Refuses: judging any of it.

use rusqlite::{Row, named_params};

use super::{Read, StoreError, WriteTx, damaged};
use crate::domain::branding::{Branding, FooterLink, LogoKind, Mention, PortalSettings, Rgb};

/// The columns that [`settings`] reads.
pub(super) const COLUMNS: &str = "portal_origins, brand_name, brand_logo, brand_accent,
        brand_footer_text, brand_footer_url, brand_hidden, webhooks_per_consumer";

/// What a workspace's row says.
pub(super) fn settings(row: &Row<'_>) -> Result<PortalSettings, StoreError> {
    let seq: i64 = row.get("seq")?;
    let origins: Option<String> = row.get("portal_origins")?;
    let origins = origins.unwrap_or_default();
    let text = |column: &str| row.get::<_, Option<String>>(column);
    let accent = text("brand_accent")?
        .map(|text| Rgb::parse(&text).ok_or_else(|| damaged("workspaces.brand_accent", seq)));
    let logo = text("brand_logo")?
        .map(|word| LogoKind::parse(&word).ok_or_else(|| damaged("workspaces.brand_logo", seq)));
    let footer = text("brand_footer_text")?.zip(text("brand_footer_url")?);
    let is_hidden: bool = row.get("brand_hidden")?;
    Ok(PortalSettings {
        origins: origins
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect(),
        branding: Branding {
            name: text("brand_name")?,
            logo: logo.transpose()?,
            accent: accent.transpose()?,
            footer: footer.map(|(text, url)| FooterLink { text, url }),
            mention: if is_hidden {
                Mention::Hidden
            } else {
                Mention::Shown
            },
        },
        webhooks_per_consumer: row.get("webhooks_per_consumer")?,
    })
}

/// Writes what a workspace says.
pub fn update(tx: &mut WriteTx<'_>, seq: i64, said: &PortalSettings) -> Result<(), StoreError> {
    let origins = Some(said.origins.join(" ")).filter(|text| !text.is_empty());
    let branding = &said.branding;
    let footer = branding.footer.as_ref();
    tx.run(
        "UPDATE workspaces
         SET portal_origins = :origins, brand_name = :name, brand_logo = :logo,
             brand_accent = :accent, brand_footer_text = :footer_text,
             brand_footer_url = :footer_url, brand_hidden = :hidden,
             webhooks_per_consumer = :webhooks
         WHERE seq = :seq",
        named_params! {
            ":seq": seq,
            ":origins": origins,
            ":name": branding.name,
            ":logo": branding.logo.map(LogoKind::as_str),
            ":accent": branding.accent.map(Rgb::hex),
            ":footer_text": footer.map(|footer| &footer.text),
            ":footer_url": footer.map(|footer| &footer.url),
            ":hidden": branding.mention == Mention::Hidden,
            ":webhooks": said.webhooks_per_consumer,
        },
    )?;
    tx.notices().access_changed = true;
    Ok(())
}

/// Puts a picture in the place of a workspace's logo; `None` takes it away.
pub fn set_logo(tx: &WriteTx<'_>, seq: i64, content: Option<&[u8]>) -> Result<(), StoreError> {
    let sql = match content {
        Some(_) => {
            "INSERT OR REPLACE INTO workspace_logos (workspace_seq, content)
                    VALUES (:seq, :content)"
        }
        None => "DELETE FROM workspace_logos WHERE workspace_seq = :seq AND :content IS NULL",
    };
    tx.run(sql, named_params! { ":seq": seq, ":content": content })?;
    Ok(())
}

/// A workspace's logo.
pub fn logo(conn: &Read<'_>, seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
    conn.row(
        "SELECT content FROM workspace_logos WHERE workspace_seq = :seq LIMIT 1",
        named_params! { ":seq": seq },
        |row| Ok(row.get("content")?),
    )
}

/// Whether any workspace lists `origin`.
pub fn is_listed(conn: &Read<'_>, origin: &str) -> Result<bool, StoreError> {
    conn.value(
        "SELECT EXISTS (
             SELECT 1 FROM workspaces
             WHERE portal_origins IS NOT NULL AND deleted_at IS NULL
                 AND instr(' ' || portal_origins || ' ', ' ' || :origin || ' ') > 0)",
        named_params! { ":origin": origin },
    )
}
