//! Access to an application's portal, and its end.
//!
//! Owns: the clients' words for what a link permits. Refuses: rules (`service::portal`).

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::application::{SvixApplicationIn, owner_or_made};
use crate::dialects::BEARER;
use crate::domain::portal::{Capability, PortalToken};
use crate::service::portal::{CreatedPortalLink, PortalLinkInput};
use crate::service::{Caller, Refusal, StoredAnswer};
use crate::web::extract::{OptionalJson, RequestBody};
use crate::web::state::proxy;
use crate::web::{Answered, Problem, State, answer};

/// How long access lasts unless the client says otherwise: seven days, in seconds.
const EXPIRY_SECONDS: u64 = 7 * 24 * 3600;

/// What access is to be given.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixAccessIn {
    #[serde(default)]
    application: Option<SvixApplicationIn>,
    #[serde(default)]
    capabilities: Option<Vec<String>>,
    #[serde(default)]
    read_only: Option<bool>,
    #[serde(default)]
    expiry: Option<u64>,
    #[serde(default)]
    feature_flags: Option<Vec<String>>,
}

impl RequestBody for SvixAccessIn {}

/// When access is to end; whatever is said, it ends now.
#[derive(Debug, Default, Deserialize)]
pub struct SvixExpireIn {}

impl RequestBody for SvixExpireIn {}

/// Where an application's portal opens, and what calls the API in its name.
#[derive(Debug, Serialize)]
pub struct SvixAccessOut {
    url: String,
    token: String,
}

pub(super) async fn give_access(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<SvixAccessIn>,
) -> Answered {
    let said = body.0.value;
    let can = capabilities(&said)?;
    let owner = owner_or_made(&state, &caller, &request, said.application).await?;
    let owner = owner.to_string();
    let input = PortalLinkInput {
        expires_in: Some(format!("{}s", said.expiry.unwrap_or(EXPIRY_SECONDS))),
        can: Some(can.into_iter().map(|one| one.as_str().to_owned()).collect()),
        theme: None,
        locale: None,
        feature_flags: said.feature_flags.unwrap_or_default(),
    };
    let base = proxy(&request).portal_base(&request);
    answer::idempotent(body.0.keyed, given, |key| {
        state
            .service
            .create_portal_link(&caller, &owner, input, &base, key)
    })
    .await
}

/// Ends all access to an application.
pub(super) async fn expire_all(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<SvixExpireIn>,
) -> Answered {
    let named = super::application::name(&request);
    state.service.end_portal_links(&caller, &named).await?;
    answer::no_content()
}

/// Ends the access that asks.
pub(super) async fn logout(state: State, request: HttpRequest) -> Answered {
    let header = request.headers().get(BEARER.header);
    let text = header.and_then(|value| value.to_str().ok());
    let token = text.and_then(|text| text.strip_prefix("Bearer "));
    let token = token.and_then(|token| PortalToken::parse(token.trim()));
    let token = token.ok_or_else(|| match header {
        None => Refusal::Unauthorized(BEARER.missing).into(),
        Some(_) => Problem::malformed("only a token of the portal can be logged out"),
    })?;
    state.service.leave_portal(&token).await?;
    answer::no_content()
}

/// What a link permits in our words. Who may manage endpoints may not thereby see secrets.
fn capabilities(said: &SvixAccessIn) -> Result<Vec<Capability>, Problem> {
    if said.read_only == Some(true) {
        return Ok(vec![Capability::View]);
    }
    let Some(words) = &said.capabilities else {
        return Ok(Capability::ALL.to_vec());
    };
    let mut can = vec![Capability::View];
    for word in words {
        let more: &[Capability] = match word.as_str() {
            "ViewBase" | "ManageTransformations" => &[],
            "ViewEndpointSecret" => &[Capability::Secrets],
            "ManageEndpointSecret" => &[Capability::Secrets, Capability::Manage],
            "CreateAttempts" => &[Capability::Retry, Capability::Test],
            "ManageEndpoint" => &[Capability::Manage],
            _ => {
                return Err(Problem::field(
                    "capabilities",
                    "holds a word that is none of them",
                ));
            }
        };
        can.extend(more);
    }
    Ok(Capability::ALL
        .into_iter()
        .filter(|one| can.contains(one))
        .collect())
}

fn given(made: &CreatedPortalLink) -> StoredAnswer {
    let body = SvixAccessOut {
        url: made.url.expose().to_owned(),
        token: made.token.expose().to_owned(),
    };
    answer::recorded(StatusCode::OK, &body)
}
