//! What a workspace says of the pages that its customers see: the rules.
//!
//! Owns: every bound, each with the field it belongs to. Refuses: storing, and what a page makes of it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use url::Url;

use crate::domain::branding::{
    BRAND_NAME_CHARS_MAX, Branding, FOOTER_TEXT_CHARS_MAX, FOOTER_URL_BYTES_MAX, FooterLink,
    LOGO_BYTES_MAX, LogoKind, Mention, ORIGINS_MAX, PortalSettings, Rgb,
};
use crate::service::{FieldError, Refusal, Service, text};
use crate::store::{WriteTx, branding};

/// Webhooks that a workspace may let a consumer register itself.
pub const WEBHOOKS_PER_CONSUMER_MAX: u32 = 10_000;

/// What a caller says of a workspace's portal. Absent properties keep their value; `Some(None)` is an
/// explicit null.
#[derive(Clone, Debug, Default)]
pub struct PortalSettingsInput {
    /// Origins that may frame the portal, and call the API from a browser; null means none.
    pub origins: Option<Option<Vec<String>>>,
    /// How it looks; null means as hookpost does.
    pub branding: Option<Option<BrandingInput>>,
    /// Webhooks that a consumer may register itself; null means the default.
    pub webhooks_per_consumer: Option<Option<i64>>,
}

/// What a caller says of the portal's looks.
#[derive(Clone, Debug, Default)]
pub struct BrandingInput {
    /// The platform's name.
    pub name: Option<Option<String>>,
    /// A picture in base64, plain or as a data URL.
    pub logo: Option<Option<String>>,
    /// A colour: `#rrggbb`.
    pub accent: Option<Option<String>>,
    /// A link at the foot of every page.
    pub footer_link: Option<Option<FooterLink>>,
    /// Whether hookpost's own name is left out.
    pub hide_brand: Option<bool>,
}

/// A picture to be stored, or that there is to be none.
type LogoChange = Option<Option<Vec<u8>>>;

/// What a caller said, checked.
#[derive(Debug)]
pub(in crate::service) struct CheckedPortal {
    input: PortalSettingsInput,
    origins: Option<Vec<String>>,
    accent: Option<Option<Rgb>>,
    logo: Option<Option<(LogoKind, Vec<u8>)>>,
}

impl Service {
    /// The picture that a workspace shows its customers.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where it has none.
    pub async fn logo(&self, workspace_seq: i64) -> Result<Vec<u8>, Refusal> {
        let found = self.read(move |_, conn| Ok(branding::logo(conn, workspace_seq)?));
        found.await?.ok_or(Refusal::NotFound("logo"))
    }

    /// Whether a page of `origin` may ask at all: some workspace lists it.
    pub async fn is_listed_origin(&self, origin: &str) -> Result<bool, Refusal> {
        let origin = origin.to_owned();
        self.read(move |_, conn| Ok(branding::is_listed(conn, &origin)?))
            .await
    }
}

/// Judges what a caller says of a workspace's portal.
pub(in crate::service) fn check(
    input: PortalSettingsInput,
    faults: &mut Vec<FieldError>,
) -> CheckedPortal {
    let mut fault = |field: String, message: String| faults.push(FieldError { field, message });
    let origins = input.origins.as_ref().map(|given| {
        let given = given.as_deref().unwrap_or_default();
        if given.len() > ORIGINS_MAX {
            let message = format!("must list at most {ORIGINS_MAX}");
            fault("portal_origins".to_owned(), message);
        }
        let mut known = Vec::new();
        for (index, text) in given.iter().enumerate() {
            match origin(text) {
                Ok(origin) if known.contains(&origin) => {}
                Ok(origin) => known.push(origin),
                Err(message) => fault(format!("portal_origins[{index}]"), message),
            }
        }
        known
    });
    if let Some(Some(count)) = input.webhooks_per_consumer
        && !(0..=i64::from(WEBHOOKS_PER_CONSUMER_MAX)).contains(&count)
    {
        let message = format!("must lie between 0 and {WEBHOOKS_PER_CONSUMER_MAX}");
        fault("webhooks_per_consumer".to_owned(), message);
    }
    let none = BrandingInput::default();
    let looks = match &input.branding {
        Some(Some(looks)) => looks,
        Some(None) | None => &none,
    };
    check_texts(looks, &mut |field, message| {
        fault(format!("branding.{field}"), message);
    });
    let accent = looks.accent.as_ref().map(|given| {
        let text = given.as_deref()?;
        let colour = Rgb::parse(text);
        if colour.is_none() {
            let message = "must be a colour such as #4c55c4".to_owned();
            fault("branding.accent".to_owned(), message);
        }
        colour
    });
    let logo = looks.logo.as_ref().map(|given| {
        let read = picture(given.as_deref()?);
        read.map_err(|message| fault("branding.logo".to_owned(), message))
            .ok()
    });
    CheckedPortal {
        input,
        origins,
        accent,
        logo,
    }
}

fn check_texts(looks: &BrandingInput, fault: &mut dyn FnMut(&str, String)) {
    if let Some(Some(name)) = &looks.name
        && let Err(message) = text::check_name(name, BRAND_NAME_CHARS_MAX)
    {
        fault("name", message);
    }
    if let Some(Some(link)) = &looks.footer_link {
        if let Err(message) = text::check_name(&link.text, FOOTER_TEXT_CHARS_MAX) {
            fault("footer_link.text", message);
        }
        let is_web = Url::parse(&link.url).is_ok_and(|url| {
            matches!(url.scheme(), "https" | "http" | "mailto") && url.password().is_none()
        });
        if !is_web || link.url.len() > FOOTER_URL_BYTES_MAX {
            let message = "must be an https, http or mailto URL".to_owned();
            fault("footer_link.url", message);
        }
    }
}

/// Scheme, host and port of a page: what browsers send as `Origin`.
fn origin(text: &str) -> Result<String, String> {
    const FORM: &str = "must be an origin such as https://app.example.com";
    let url = Url::parse(text).map_err(|_| FORM.to_owned())?;
    let is_origin = matches!(url.scheme(), "https" | "http")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && !text.contains(['*', ' ', '\'', ';', ',']);
    match is_origin {
        true => Ok(url.origin().ascii_serialization()),
        false => Err(FORM.to_owned()),
    }
}

/// Reads a logo as callers give it.
///
/// # Errors
/// A sentence where it is no base64, too large, or no picture that a page can show.
pub fn picture(text: &str) -> Result<(LogoKind, Vec<u8>), String> {
    let encoded = match text.strip_prefix("data:") {
        Some(rest) => rest
            .split_once(";base64,")
            .map(|(_, encoded)| encoded)
            .ok_or("must be base64, plain or as a data URL")?,
        None => text,
    };
    if encoded.len() > LOGO_BYTES_MAX.div_ceil(3) * 4 + 4 {
        return Err(format!("must have at most {LOGO_BYTES_MAX} bytes"));
    }
    let bytes = BASE64_STANDARD
        .decode(encoded.trim())
        .map_err(|_| "must be base64, plain or as a data URL")?;
    if bytes.len() > LOGO_BYTES_MAX {
        return Err(format!("must have at most {LOGO_BYTES_MAX} bytes"));
    }
    match LogoKind::of(&bytes) {
        Some(kind) => Ok((kind, bytes)),
        None => Err("must be a PNG, JPEG or WebP picture".to_owned()),
    }
}

/// What a workspace says from now on.
pub(in crate::service) fn applied(before: &PortalSettings, said: &CheckedPortal) -> PortalSettings {
    let mut after = before.clone();
    if let Some(origins) = &said.origins {
        after.origins.clone_from(origins);
    }
    if let Some(count) = said.input.webhooks_per_consumer {
        after.webhooks_per_consumer = count.and_then(|count| u32::try_from(count).ok());
    }
    match &said.input.branding {
        None => {}
        Some(None) => after.branding = Branding::default(),
        Some(Some(looks)) => apply_looks(&mut after.branding, looks, said),
    }
    after
}

fn apply_looks(branding: &mut Branding, looks: &BrandingInput, said: &CheckedPortal) {
    if let Some(name) = &looks.name {
        branding.name.clone_from(name);
    }
    if let Some(accent) = said.accent {
        branding.accent = accent;
    }
    if let Some(logo) = &said.logo {
        branding.logo = logo.as_ref().map(|(kind, _)| *kind);
    }
    if let Some(footer) = &looks.footer_link {
        branding.footer.clone_from(footer);
    }
    branding.mention = match looks.hide_brand {
        None => branding.mention,
        Some(true) => Mention::Hidden,
        Some(false) => Mention::Shown,
    };
}

/// Stores what a workspace says from now on.
pub(in crate::service) fn store(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    after: &PortalSettings,
    said: CheckedPortal,
) -> Result<(), Refusal> {
    branding::update(tx, workspace_seq, after)?;
    let change: LogoChange = match (&said.input.branding, said.logo) {
        (Some(None), _) => Some(None),
        (_, logo) => logo.map(|logo| logo.map(|(_, bytes)| bytes)),
    };
    if let Some(content) = change {
        branding::set_logo(tx, workspace_seq, content.as_deref())?;
    }
    Ok(())
}
