//! The consumer portal: who is let in, and for how long.
//!
//! Owns: making and ending links, and telling whose a token is. Refuses: what a visitor does once
//! inside; that is what any caller bound to a consumer does.
//!
//! # Why a session is no row of its own
//! A link may be opened as often as its holder likes, and what it opens ends when it ends. So the
//! session's token follows from the link's row: nothing has to be written, counted or ended, and a
//! cookie that leaks is no link.

pub(in crate::service) mod settings;
mod visit;

use std::time::Duration;

use serde_json::json;

use super::caller::PortalVisitor;
use super::consumers::found;
use super::idempotency::idempotent;
use super::{Actor, Caller, Done, FieldError, Idempotency, Refusal, Service, audit};
use crate::domain::feature_flag::FeatureFlags;
use crate::domain::portal::{
    Capabilities, Capability, LINK_LASTS, LINK_LASTS_MAX, LINK_LASTS_MIN, LOCALE_CHARS_MAX,
    NewPortalLink, PortalLink, PortalTheme, PortalToken, is_locale,
};
use crate::domain::secret::Secret;
use crate::domain::time::{Timestamp, format_duration, parse_duration};
use crate::entropy;
use crate::store::vault::Purpose;
use crate::store::{WriteTx, portal_links};

pub use settings::{BrandingInput, PortalSettingsInput, picture};
pub use visit::PortalVisit;

/// The most characters of a caller's word that a refusal repeats.
const SHOWN_CHARS_MAX: usize = 50;

/// One sentence for every way in which a token can be wrong: nobody learns which links exist.
const ENDED: Refusal = Refusal::Unauthorized(
    "this portal link is not valid: it is mistyped, has expired or was ended",
);

/// A link as a caller describes it.
#[derive(Clone, Debug, Default)]
pub struct PortalLinkInput {
    /// How long it lasts; an hour where absent.
    pub expires_in: Option<String>,
    /// What its holder may do; everything where absent.
    pub can: Option<Vec<String>>,
    /// How the pages look; as the reader's system is where absent.
    pub theme: Option<String>,
    /// The language that the platform's pages speak.
    pub locale: Option<String>,
    /// The event types with which flags its holder is shown, besides those without.
    pub feature_flags: Vec<String>,
}

/// A new link; its token is shown only now.
#[derive(Debug)]
pub struct CreatedPortalLink {
    /// The whole address.
    pub url: Secret,
    /// What programs present, and the address holds.
    pub token: PortalToken,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Service {
    /// Makes a link to the portal of the consumer that `named` means. `base` is where the portal is
    /// reached, such as `https://hooks.example.com`.
    pub async fn create_portal_link(
        &self,
        caller: &Caller,
        named: &str,
        input: PortalLinkInput,
        base: &str,
        key: Idempotency<CreatedPortalLink>,
    ) -> Result<Done<CreatedPortalLink>, Refusal> {
        let (caller, named, base) = (caller.clone(), named.to_owned(), base.to_owned());
        let work = move |tx: &mut WriteTx<'_>| {
            let consumer = found(tx, &caller, &named)?.id;
            caller.check_platform()?;
            let asked = check(&input)?;
            idempotent(tx, &caller, &key, |tx| {
                let new = NewPortalLink {
                    workspace: caller.workspace,
                    consumer,
                    can: asked.can,
                    theme: asked.theme,
                    locale: asked.locale,
                    feature_flags: asked.feature_flags,
                    expires_at: tx.now().after(asked.lasts),
                };
                let (id, token) = portal_links::insert(tx, &new, entropy::bytes())?;
                let detail = json!({
                    "link": id.to_string(),
                    "can": new.can.to_string(),
                    "expires_at": new.expires_at.rfc3339(),
                });
                let target = consumer.to_string();
                audit(tx, &caller, "portal_link.create", &target, &detail)?;
                Ok(CreatedPortalLink {
                    url: Secret::new(format!("{base}/portal/open?token={}", token.expose())),
                    token,
                    expires_at: new.expires_at,
                })
            })
        };
        self.store().settle(work).await
    }

    /// Ends every link of the consumer that `named` means, and whatever was opened with one.
    pub async fn end_portal_links(&self, caller: &Caller, named: &str) -> Result<(), Refusal> {
        let (caller, named) = (caller.clone(), named.to_owned());
        let work = move |tx: &mut WriteTx<'_>| {
            let consumer = found(tx, &caller, &named)?.id;
            caller.check_platform()?;
            let ended = portal_links::delete_of_consumer(tx, consumer.seq())?;
            let detail = json!({ "links": ended });
            let target = consumer.to_string();
            audit(tx, &caller, "portal_link.end", &target, &detail)
        };
        self.store().settle(work).await
    }

    /// Ends the link that `token` is, and whatever was opened with it: its holder leaves.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] where it has ended.
    pub async fn leave_portal(&self, token: &PortalToken) -> Result<(), Refusal> {
        let link = self.portal_link(token).await?;
        let caller = visitor(&link);
        let work = move |tx: &mut WriteTx<'_>| {
            portal_links::delete(tx, link.id)?;
            let detail = json!({ "link": link.id.to_string() });
            let target = link.consumer.to_string();
            audit(tx, &caller, "portal_link.leave", &target, &detail)
        };
        self.store().settle(work).await
    }

    /// The live link that `token` is.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] where it is none, expired, or its consumer or workspace is gone.
    pub async fn portal_link(&self, token: &PortalToken) -> Result<PortalLink, Refusal> {
        let id = token.id();
        let found = self
            .read(move |_, conn| Ok(portal_links::find(conn, id)?))
            .await?
            .ok_or(ENDED)?;
        let hash = token.hash(&self.store().vault().pepper(Purpose::PortalLinks));
        let is_live = found.hash == hash && found.expires_at > self.clock().now();
        if is_live { Ok(found) } else { Err(ENDED) }
    }
}

/// Who came in through `link`.
#[must_use]
pub fn visitor(link: &PortalLink) -> Caller {
    Caller {
        workspace: link.workspace,
        plan: link.plan,
        consumer: Some(link.consumer),
        actor: Actor::Consumer(PortalVisitor {
            consumer: link.consumer,
            can: link.can,
            feature_flags: link.feature_flags.clone(),
        }),
    }
}

/// A link as it was asked for, checked.
struct AskedLink {
    lasts: Duration,
    can: Capabilities,
    theme: PortalTheme,
    locale: Option<String>,
    feature_flags: FeatureFlags,
}

fn check(input: &PortalLinkInput) -> Result<AskedLink, Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: String, message: String| faults.push(FieldError { field, message });
    let lasts = input.expires_in.as_deref().map_or(Ok(LINK_LASTS), lasting);
    let lasts = lasts.unwrap_or_else(|message| {
        fault("expires_in".to_owned(), message);
        LINK_LASTS
    });
    let can = match &input.can {
        None => Capabilities::all(),
        Some(words) => {
            if words.is_empty() {
                let message = "must name at least one".to_owned();
                fault("can".to_owned(), message);
            }
            let known = |(index, word): (usize, &String)| {
                let found = Capability::parse(word);
                if found.is_none() {
                    fault(format!("can[{index}]"), unknown(word));
                }
                found
            };
            words.iter().enumerate().filter_map(known).collect()
        }
    };
    let theme = input.theme.as_deref().map(PortalTheme::parse);
    let theme = theme.unwrap_or(Some(PortalTheme::Auto)).unwrap_or_else(|| {
        fault("theme".to_owned(), "must be auto, light or dark".to_owned());
        PortalTheme::Auto
    });
    if input.locale.as_deref().is_some_and(|text| !is_locale(text)) {
        let message = format!(
            "must be a language tag of at most {LOCALE_CHARS_MAX} characters, such as en or pt-BR"
        );
        fault("locale".to_owned(), message);
    }
    let feature_flags = FeatureFlags::parse(&input.feature_flags).unwrap_or_else(|message| {
        fault("feature_flags".to_owned(), message);
        FeatureFlags::default()
    });
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults));
    }
    let locale = input.locale.clone();
    Ok(AskedLink {
        lasts,
        can,
        theme,
        locale,
        feature_flags,
    })
}

fn lasting(text: &str) -> Result<Duration, String> {
    let lasts = parse_duration(text)?;
    if (LINK_LASTS_MIN..=LINK_LASTS_MAX).contains(&lasts) {
        return Ok(lasts);
    }
    let [least, most] = [LINK_LASTS_MIN, LINK_LASTS_MAX].map(format_duration);
    Err(format!("must lie between {least} and {most}"))
}

fn unknown(word: &str) -> String {
    let known = Capability::ALL.map(Capability::as_str).join(", ");
    let word: String = word.chars().take(SHOWN_CHARS_MAX).collect();
    format!("{word:?} is nothing that a link permits; there are {known}")
}
