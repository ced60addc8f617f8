//! Who looks at a page.
//!
//! Owns: turning the session in a browser's cookie into a [`Guest`], and refusing forms that another
//! site sent. Refuses: letting anybody in ([`super::open`]).

use actix_web::dev::Payload;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::session;
use crate::domain::branding::Branding;
use crate::domain::portal::{Capability, PortalTheme};
use crate::service::portal::PortalVisit;
use crate::service::{Actor, Caller, Refusal};
use crate::ui::speech::Language;
use crate::web::Problem;
use crate::web::audience::Refused;
use crate::web::endpoint::{Access, Endpoint};
use crate::web::same_origin::check_origin;
use crate::web::state::{self, proxy};

const PLAIN: &str = "this is only shown over https";

/// A customer in front of a page.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The customer as actions see them.
    pub caller: Caller,
    /// What the customer is called.
    pub called: String,
    /// How pages look.
    pub branding: Branding,
    /// Light or dark.
    pub theme: PortalTheme,
    /// What pages speak.
    pub language: Language,
    /// What every form of this session carries.
    pub csrf: String,
}

impl Guest {
    /// Whether the link permits this.
    #[must_use]
    pub fn can(&self, one: Capability) -> bool {
        self.caller.can(one)
    }
}

/// Who may frame the page that answers the request at hand.
#[derive(Clone, Debug)]
pub(super) struct Framers(pub(super) Vec<String>);

/// What the page that answers the request at hand speaks: as the link says, else as the browser asks.
pub(super) fn language_of(request: &HttpRequest) -> Language {
    if let Some(language) = request.extensions().get::<Language>() {
        return *language;
    }
    let accepted = request.headers().get(ACCEPT_LANGUAGE);
    let accepted = accepted.and_then(|header| header.to_str().ok());
    accepted.and_then(Language::accepted).unwrap_or_default()
}

/// Lets a customer through to a page or form, and leaves a [`Guest`] in the request.
pub async fn admit(endpoint: &Endpoint, request: &HttpRequest) -> Result<Option<Actor>, Refused> {
    match endpoint.access {
        Access::Public => return Ok(None),
        Access::Portal => {}
        Access::Scope(_)
        | Access::Either(..)
        | Access::Session
        | Access::Page(_)
        | Access::Enrolment
        | Access::SecondFactor => {
            let odd = format!("{} is not for customers", endpoint.path);
            return Err(Refusal::Internal(odd).into());
        }
    }
    check_origin(request)?;
    let private = proxy(request).check_sign_in(request);
    private.map_err(|_| Refusal::Forbidden(PLAIN.to_owned()))?;
    let token = session::token(request).ok_or(Refusal::Unauthorized("there is no session"))?;
    let visit = state::of(request).service.portal_visit(&token).await?;
    let PortalVisit {
        caller,
        called,
        settings,
        theme,
        locale,
    } = visit;
    let language = locale.as_deref().and_then(Language::parse);
    let language = language.unwrap_or_else(|| language_of(request));
    let mut extensions = request.extensions_mut();
    extensions.insert(Framers(settings.origins.clone()));
    extensions.insert(language);
    drop(extensions);
    if let Some(one) = endpoint.capability
        && !caller.can(one)
    {
        return Err(Refusal::lacks(one).into());
    }
    let actor = caller.actor.clone();
    request.extensions_mut().insert(Guest {
        caller,
        called,
        branding: settings.branding,
        theme,
        language,
        csrf: token.form_token(),
    });
    Ok(Some(actor))
}

impl FromRequest for Guest {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let guest = request.extensions().get::<Self>().cloned();
        std::future::ready(guest.ok_or_else(|| {
            Refusal::Internal(format!("{} has no gate for customers", request.path())).into()
        }))
    }
}
