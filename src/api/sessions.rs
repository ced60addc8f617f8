//! `/sessions`: signing in from a program.
//!
//! Owns: the wire shapes of signing in and of showing a second factor. Refuses: cookies; browsers
//! have pages of their own.
//!
//! # Why showing a second factor keeps the token
//! A browser gets a new token then, because somebody else may have planted the one it had. A program
//! got its token in the answer to its own request, and goes on using it.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::access::{PUBLIC, SESSION};
use crate::domain::secret::Secret;
use crate::domain::session::Channel;
use crate::domain::token::SessionToken;
use crate::service::Refusal;
use crate::service::people::{Person, SignIn};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, RequestBody};
use crate::web::limits::STRANGERS_BODY_BYTES_MAX;
use crate::web::state::proxy;
use crate::web::wire::Time;
use crate::web::{Answered, AppState, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/v1/sessions", PUBLIC, || to(create)).about(|operation| {
        operation
            .named("create_session", "Instance", "Sign in")
            .takes::<SessionRequest>(
                json!({"email": "ada@example.com", "password": "tulip basket engine"}),
            )
            .gives::<SessionBody>(201, "A session; its token, only here.")
            .or(401)
            .or(403)
            .or(429)
    }),
    Endpoint::delete("/api/v1/sessions", SESSION, || to(end)).about(|operation| {
        operation
            .named("end_session", "Instance", "Sign out")
            .ends("The session of this request is over.")
    }),
    Endpoint::post("/api/v1/sessions/mfa", SESSION, || to(show_second_factor)).about(|operation| {
        operation
            .named("show_second_factor", "Instance", "Show the second factor")
            .takes::<SecondFactorRequest>(json!({"totp": "123456"}))
            .gives::<SessionBody>(
                200,
                "The session, and until when the factor counts as fresh.",
            )
            .or(409)
    }),
];

/// Text that no log may show.
#[derive(Debug)]
struct Hidden(Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// The e-mail address.
    email: String,
    /// The password.
    #[schema(value_type = String)]
    password: Hidden,
    /// A code of the authenticator app, or a recovery code. Where it is missing and needed, the
    /// session can do nothing but show one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    totp: Option<Hidden>,
}

/// A second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorRequest {
    /// A code of the authenticator app, or a recovery code.
    #[schema(value_type = String)]
    totp: Hidden,
}

impl RequestBody for SessionRequest {
    fn bytes_max(_state: &AppState) -> usize {
        STRANGERS_BODY_BYTES_MAX
    }
}
impl RequestBody for SecondFactorRequest {}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionBody {
    /// What goes behind `Authorization: Bearer`.
    pub token: String,
    /// Until when the second factor counts as fresh; null where none was shown, or not lately.
    pub mfa_verified_until: Option<Time>,
}

/// `POST /sessions`.
///
/// # Errors
/// 401 where anything about it is wrong; 403 over plain HTTP from another machine; 429 after too
/// many tries.
pub async fn create(state: State, request: HttpRequest, body: Json<SessionRequest>) -> Answered {
    let SessionRequest {
        email,
        password: Hidden(password),
        totp,
    } = body.value;
    proxy(&request).check_sign_in(&request)?;
    let asked = SignIn {
        email,
        password,
        code: totp.map(|Hidden(code)| code),
        channel: Channel::Token,
        user_agent: header(&request, "user-agent").to_owned(),
        address: proxy(&request).client(&request),
    };
    let signed_in = state.service.sign_in(asked).await?;
    let body = session(signed_in.token.expose(), &signed_in.person);
    answer::json(StatusCode::CREATED, &body)
}

/// `POST /sessions/mfa`.
///
/// # Errors
/// 401 for a wrong code; 409 where the person has no second factor; 429 after five wrong ones.
pub async fn show_second_factor(
    state: State,
    request: HttpRequest,
    person: Person,
    body: Json<SecondFactorRequest>,
) -> Answered {
    let Hidden(code) = body.value.totp;
    state.service.show_second_factor(&person, code).await?;
    let presented = header(&request, "authorization").rsplit(' ').next();
    let token = presented
        .and_then(SessionToken::parse)
        .ok_or(Refusal::Unauthorized(
            "this session has ended: sign in again",
        ))?;
    let person = state.service.person(&token, Channel::Token).await?;
    answer::ok(&session(token.expose(), &person))
}

/// `DELETE /sessions`: ends the session that it is sent with.
///
/// # Errors
/// 401 where there is none.
pub async fn end(state: State, person: Person) -> Answered {
    state.service.sign_out(&person).await?;
    answer::no_content()
}

fn session(token: &str, person: &Person) -> SessionBody {
    SessionBody {
        token: token.to_owned(),
        mfa_verified_until: person.mfa_verified_until().map(Time::from),
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    let value = request.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
