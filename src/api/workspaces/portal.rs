//! How a workspace's portal settings read and are written.
//!
//! Owns: their JSON. Refuses: sending a logo back: it is shown where it belongs, on the portal's pages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::WorkspaceRequest;
use crate::domain::branding::{Branding, FooterLink, LogoKind, Mention, Rgb};
use crate::service::portal::{BrandingInput, PortalSettingsInput};
use crate::service::workspaces::ToldWorkspace;
use crate::web::wire::{given, nullable};

/// How the portal looks; null in the place of a property takes hookpost's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandingRequest {
    /// The platform's name, shown in the place of hookpost's.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// A PNG, JPEG or WebP of at most 64 KiB: base64, plain or as a data URL.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub logo: Option<Option<String>>,
    /// The colour of links and buttons, such as `#4c55c4`. As text it is moved towards black or white
    /// until it can be read (WCAG AA).
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub accent: Option<Option<String>>,
    /// A link at the foot of every page.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<FooterLinkBody>)]
    pub footer_link: Option<Option<FooterLinkBody>>,
    /// Whether hookpost's own name is left out.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub hide_brand: Option<bool>,
}

/// A link at the foot of every page.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FooterLinkBody {
    /// What it says.
    pub text: String,
    /// Where it leads: https, http or mailto.
    pub url: String,
}

/// How the portal looks.
#[derive(Debug, Serialize, ToSchema)]
pub struct BrandingBody {
    /// The platform's name.
    pub name: Option<String>,
    /// The media type of the logo; null where there is none.
    pub logo_type: Option<&'static str>,
    /// The SHA-256 of the logo's bytes in lower-case hex; null where there is none.
    pub logo_sha256: Option<String>,
    /// The colour of links and buttons.
    pub accent: Option<String>,
    /// A link at the foot of every page.
    pub footer_link: Option<FooterLinkBody>,
    /// Whether hookpost's own name is left out.
    pub hide_brand: bool,
}

/// What a request says of the portal.
pub(super) fn input(request: &mut WorkspaceRequest) -> PortalSettingsInput {
    let branding = request.branding.take();
    PortalSettingsInput {
        origins: request.portal_origins.take(),
        branding: branding.map(|own| own.map(BrandingInput::from)),
        webhooks_per_consumer: request.webhooks_per_consumer.take(),
    }
}

impl From<BrandingRequest> for BrandingInput {
    fn from(request: BrandingRequest) -> Self {
        let link = |own: FooterLinkBody| FooterLink {
            text: own.text,
            url: own.url,
        };
        Self {
            name: request.name,
            logo: request.logo,
            accent: request.accent,
            footer_link: request.footer_link.map(|own| own.map(link)),
            hide_brand: request.hide_brand,
        }
    }
}

/// What a workspace says of its portal's looks.
pub(super) fn branding(told: &ToldWorkspace) -> BrandingBody {
    let Branding {
        name,
        logo,
        accent,
        footer,
        mention,
    } = told.workspace.portal.branding.clone();
    BrandingBody {
        name,
        logo_type: logo.map(LogoKind::as_str),
        logo_sha256: told.logo_sha256.clone(),
        accent: accent.map(Rgb::hex),
        footer_link: footer.map(|FooterLink { text, url }| FooterLinkBody { text, url }),
        hide_brand: mention == Mention::Hidden,
    }
}
