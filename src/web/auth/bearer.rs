//! `Authorization: Bearer …`: what kind of credential a request presents.
//!
//! Owns: the header's form. Refuses: deciding whether the credential is worth anything.

use crate::domain::api_key::ApiKeyToken;
use crate::domain::portal::PortalToken;
use crate::domain::token::SessionToken;
use crate::service::Refusal;

/// What a program presents.
pub(super) enum Bearer {
    /// An API key.
    Key(ApiKeyToken),
    /// The session of a person.
    Session(SessionToken),
    /// A portal link.
    Portal(PortalToken),
}

/// Reads the header.
pub(super) fn parse(authorization: Option<&str>) -> Result<Bearer, Refusal> {
    let header = authorization.ok_or(Refusal::Unauthorized(
        "credentials are needed: send Authorization: Bearer <API key>",
    ))?;
    let text = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, text)| text.trim())
        .ok_or(Refusal::Unauthorized(
            "the Authorization header must read: Bearer <API key>",
        ))?;
    let key = ApiKeyToken::parse(text).map(Bearer::Key);
    key.or_else(|| SessionToken::parse(text).map(Bearer::Session))
        .or_else(|| PortalToken::parse(text).map(Bearer::Portal))
        .ok_or(super::keys::INVALID)
}
