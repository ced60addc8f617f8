//! The gate of whoever speaks for a program: native API and dialects.
//!
//! Owns: leaving a [`Caller`] or a person in the request for the handler. Refuses: choosing
//! where the credential stands and what names the workspace; each audience has its own.

use actix_web::{HttpMessage, HttpRequest};

use super::audience::Refused;
use super::auth;
use super::endpoint::{Access, Endpoint};
use super::{cross_origin, state};
use crate::service::{Actor, Refusal};

/// What a program shows of itself.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Its credential, as an `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The workspace that it names, where it may choose.
    pub workspace: Option<&'a str>,
}

/// Lets a program through to `endpoint`.
pub async fn admit(
    endpoint: &Endpoint,
    request: &HttpRequest,
    presented: Presented<'_>,
) -> Result<Option<Actor>, Refused> {
    let state = state::of(request);
    match endpoint.access {
        Access::Public => Ok(None),
        Access::Scope(_) | Access::Either(..) => {
            let credentials = &state.credentials;
            let entitled = credentials
                .entitled(&state.service, presented.authorization)
                .await?;
            if let Some(rate) = entitled.rate {
                request.extensions_mut().insert(rate);
            }
            if entitled.is_bound() {
                if let Some(origin) = cross_origin::origin(request)
                    && credentials.lists(&entitled, origin).await?
                {
                    cross_origin::allow(request);
                }
                endpoint.check_bound()?;
            }
            if let Some(visitor) = entitled.visitor() {
                endpoint.check_capability(visitor)?;
            }
            let scopes = endpoint.access.scopes();
            let caller = credentials
                .caller(entitled, &scopes, presented.workspace)
                .await?;
            let actor = caller.actor.clone();
            request.extensions_mut().insert(caller);
            Ok(Some(actor))
        }
        Access::Session => {
            let person = auth::signed_in(&state.service, presented.authorization).await?;
            let actor = person.actor();
            request.extensions_mut().insert(person);
            Ok(Some(actor))
        }
        Access::Portal | Access::Page(_) | Access::Enrolment | Access::SecondFactor => {
            let odd = format!("{} is for browsers", endpoint.path);
            Err(Refusal::Internal(odd).into())
        }
    }
}

/// A header's text. Names of workspaces may hold any letter, so the bytes are read as UTF-8.
#[must_use]
pub fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let value = request.headers().get(name)?;
    Some(std::str::from_utf8(value.as_bytes()).unwrap_or("\u{fffd}"))
}
