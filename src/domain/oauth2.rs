//! OAuth 2.0 client credentials (RFC 6749, section 4.4): what a token endpoint is asked, and what its
//! answer means.
//!
//! Owns: the credentials with their bounds, the request's form, and reading the answer. Refuses: sending
//! anything, and keeping tokens (`engine`).
//!
//! # Why nothing of a refusal's own text is passed on
//! Tenants read an attempt's words, and some endpoints quote the request in theirs. Of the answer only
//! its status and the error codes that the standard knows are said.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use url::form_urlencoded;

use super::secret::Secret;

/// Bytes that a client's id, or its scope or audience, may have.
pub const CLIENT_BYTES_MAX: usize = 1024;
/// Bytes that a client's secret may have.
pub const CLIENT_SECRET_BYTES_MAX: usize = 4000;
/// Bytes that an access token may have.
pub const ACCESS_TOKEN_BYTES_MAX: usize = 12 * 1024;
/// The longest that a token is kept, however long its issuer says.
pub const TOKEN_KEPT_MAX: Duration = Duration::from_secs(24 * 3600);
/// How long a token is kept whose issuer says nothing of its end.
const KEPT_UNSAID: Duration = Duration::from_secs(300);
/// How long before its end a token is given up, at most; a tenth of its time where that is less.
const GIVEN_UP_BEFORE: Duration = Duration::from_secs(60);

/// The error codes of RFC 6749, section 5.2, and RFC 8707.
const CODES: [&str; 7] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
];

/// Who asks which endpoint for a token, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenClient {
    /// The endpoint, in normal form.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Secret,
    /// What the token is to allow.
    pub scope: Option<String>,
    /// Whom the token is for.
    pub audience: Option<String>,
}

/// How a client proves itself to the endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientProof {
    /// With HTTP Basic, which every endpoint must know.
    #[default]
    Header,
    /// In the form, where an endpoint knows nothing else.
    Form,
}

impl ClientProof {
    /// The other way.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Header => Self::Form,
            Self::Form => Self::Header,
        }
    }
}

/// A token, and how long it may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The token: visible ASCII.
    pub value: Secret,
    /// From its arrival; nothing for one that is used once.
    pub kept_for: Duration,
}

/// Why an answer brought no token. `Display` completes "the token endpoint …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It answered with a code of the standard.
    #[error("answered {status} ({code})")]
    Refused {
        /// The answer's status.
        status: u16,
        /// The code.
        code: &'static str,
    },
    /// It led elsewhere.
    #[error("answered {0}, a redirect, which is never followed")]
    Redirected(u16),
    /// It answered with no success, and nothing more that could be said.
    #[error("answered {0}")]
    Status(u16),
    /// The answer is too long.
    #[error("answered with more than can be a token")]
    TooLong,
    /// The answer is no JSON object.
    #[error("answered {0} with something else than a JSON object")]
    NoObject(u16),
    /// The object has no token.
    #[error("answered without an access_token")]
    NoToken,
    /// The token can stand in no header.
    #[error("answered with an access_token that no header could carry")]
    Unfit,
    /// The token is of another sort.
    #[error("answered with a token of another type than Bearer")]
    Type,
}

impl TokenFault {
    /// Whether the client was not recognised, so that the other way to prove itself may help.
    #[must_use]
    pub fn is_unrecognised(self) -> bool {
        match self {
            Self::Status(401)
            | Self::NoObject(401)
            | Self::Refused { status: 401, .. }
            | Self::Refused {
                code: "invalid_client",
                ..
            } => true,
            Self::Refused { .. }
            | Self::Redirected(_)
            | Self::Status(_)
            | Self::TooLong
            | Self::NoObject(_)
            | Self::NoToken
            | Self::Unfit
            | Self::Type => false,
        }
    }
}

impl TokenClient {
    /// The same client, if a request can carry what it is made of; its URL has passed the guard.
    pub fn checked(self) -> Result<Self, (&'static str, String)> {
        let is_plain = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let fields = [
            ("client_id", Some(self.client_id.as_str()), CLIENT_BYTES_MAX),
            (
                "client_secret",
                Some(self.client_secret.expose()),
                CLIENT_SECRET_BYTES_MAX,
            ),
            ("scope", self.scope.as_deref(), CLIENT_BYTES_MAX),
            ("audience", self.audience.as_deref(), CLIENT_BYTES_MAX),
        ];
        for (field, value, bytes_max) in fields {
            let is_fit = |text: &str| !text.is_empty() && text.len() <= bytes_max && is_plain(text);
            if value.is_some_and(|text| !is_fit(text)) {
                let message = format!("must have 1 to {bytes_max} printable ASCII characters");
                return Err((field, message));
            }
        }
        Ok(self)
    }

    /// The body of the request, `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn form(&self, proof: ClientProof) -> Secret {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if proof == ClientProof::Form {
            form.append_pair("client_id", &self.client_id);
            form.append_pair("client_secret", self.client_secret.expose());
        }
        let asked = [("scope", &self.scope), ("audience", &self.audience)];
        for (name, value) in asked {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        Secret::new(form.finish())
    }

    /// The value of the request's header `authorization`, if that is where the proof stands.
    #[must_use]
    pub fn header_value(&self, proof: ClientProof) -> Option<Secret> {
        let encoded =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        match proof {
            ClientProof::Form => None,
            ClientProof::Header => {
                let id = encoded(&self.client_id);
                let pair = format!("{id}:{}", encoded(self.client_secret.expose()));
                Some(Secret::new(format!(
                    "Basic {}",
                    BASE64_STANDARD.encode(pair)
                )))
            }
        }
    }
}

/// Reads an endpoint's answer; `None` stands for a body of which something was cut off.
///
/// # Errors
/// Why there is no token in it.
pub fn read_answer(status: u16, body: Option<&[u8]>) -> Result<AccessToken, TokenFault> {
    if (300..400).contains(&status) {
        return Err(TokenFault::Redirected(status));
    }
    let object = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let object = object.as_ref().and_then(Value::as_object);
    if !(200..300).contains(&status) {
        let said = object.and_then(|object| object.get("error")?.as_str());
        let code = said.and_then(|said| CODES.into_iter().find(|code| *code == said));
        return Err(match code {
            Some(code) => TokenFault::Refused { status, code },
            None => TokenFault::Status(status),
        });
    }
    if body.is_none() {
        return Err(TokenFault::TooLong);
    }
    let object = object.ok_or(TokenFault::NoObject(status))?;
    let sort = object.get("token_type").and_then(Value::as_str);
    let token = object.get("access_token").and_then(Value::as_str);
    let token = token.ok_or(TokenFault::NoToken)?;
    if sort.is_some_and(|sort| !sort.eq_ignore_ascii_case("bearer")) {
        return Err(TokenFault::Type);
    }
    let is_fit = !token.is_empty()
        && token.len() <= ACCESS_TOKEN_BYTES_MAX
        && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_fit {
        return Err(TokenFault::Unfit);
    }
    Ok(AccessToken {
        value: Secret::new(token.to_owned()),
        kept_for: kept_for(object.get("expires_in")),
    })
}

/// How long a token is kept whose issuer says that it lives for so many seconds. Some say the number as
/// a text.
fn kept_for(expires_in: Option<&Value>) -> Duration {
    let seconds = match expires_in {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) | None => None,
    };
    let Some(seconds) = seconds.filter(|seconds: &f64| !seconds.is_nan()) else {
        return KEPT_UNSAID;
    };
    let lives = Duration::from_secs_f64(seconds.clamp(0.0, TOKEN_KEPT_MAX.as_secs_f64()));
    lives.saturating_sub(GIVEN_UP_BEFORE.min(lives / 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> TokenClient {
        TokenClient {
            token_url: "https://id.example.com/token".to_owned(),
            client_id: "a:b".to_owned(),
            client_secret: Secret::new("c d&".to_owned()),
            scope: Some("hooks read".to_owned()),
            audience: None,
        }
    }

    #[test]
    fn a_client_proves_itself_in_the_header_or_in_the_form() {
        let check = |proof, header: Option<&str>, form: &str| {
            let value = client().header_value(proof);
            assert_eq!(value.as_ref().map(Secret::expose), header);
            assert_eq!(client().form(proof).expose(), form);
        };
        check(
            ClientProof::Header,
            // a%3Ab:c+d%26
            Some("Basic YSUzQWI6YytkJTI2"),
            "grant_type=client_credentials&scope=hooks+read",
        );
        check(
            ClientProof::Form,
            None,
            "grant_type=client_credentials&client_id=a%3Ab&client_secret=c+d%26&scope=hooks+read",
        );
    }

    #[test]
    fn what_no_request_could_carry_is_refused_with_the_field() {
        let check = |client: TokenClient, field: &str| {
            assert_eq!(client.checked().unwrap_err().0, field);
        };
        let secret = |text: &str| Secret::new(text.to_owned());
        assert_eq!(client().checked(), Ok(client()));
        let mut faulty = client();
        faulty.client_id.clear();
        check(faulty, "client_id");
        let long = "x".repeat(CLIENT_SECRET_BYTES_MAX + 1);
        for unfit in ["", "a\nb", long.as_str()] {
            let client_secret = secret(unfit);
            let faulty = TokenClient {
                client_secret,
                ..client()
            };
            check(faulty, "client_secret");
        }
        let scope = Some("é".to_owned());
        check(TokenClient { scope, ..client() }, "scope");
    }

    #[test]
    fn a_token_is_kept_until_shortly_before_its_end() {
        let check = |expires_in: &str, expect: Duration| {
            let body = format!("{{\"access_token\": \"t\"{expires_in}}}");
            let token = read_answer(200, Some(body.as_bytes())).unwrap();
            assert_eq!(token.kept_for, expect, "{body}");
        };
        let seconds = Duration::from_secs;
        check(", \"expires_in\": 3600", seconds(3540));
        check(", \"expires_in\": 30", seconds(27));
        check(", \"expires_in\": \"3600\"", seconds(3540));
        check(", \"expires_in\": 0", Duration::ZERO);
        check(", \"expires_in\": -5", Duration::ZERO);
        check(", \"expires_in\": 1e300", TOKEN_KEPT_MAX - seconds(60));
        check("", KEPT_UNSAID);
        check(", \"expires_in\": null", KEPT_UNSAID);
        check(", \"expires_in\": \"soon\"", KEPT_UNSAID);
    }

    #[test]
    fn an_answer_without_a_token_says_why() {
        let check = |status, body: &str, expect: TokenFault| {
            assert_eq!(read_answer(status, Some(body.as_bytes())), Err(expect));
        };
        let refused = TokenFault::Refused {
            status: 400,
            code: "invalid_client",
        };
        check(400, "{\"error\": \"invalid_client\"}", refused);
        check(400, "{\"error\": \"s3cret\"}", TokenFault::Status(400));
        check(503, "<html>", TokenFault::Status(503));
        check(302, "", TokenFault::Redirected(302));
        check(200, "<html>", TokenFault::NoObject(200));
        check(200, "[]", TokenFault::NoObject(200));
        check(200, "{}", TokenFault::NoToken);
        check(200, "{\"access_token\": \"a b\"}", TokenFault::Unfit);
        check(200, "{\"access_token\": \"\"}", TokenFault::Unfit);
        let mac = "{\"access_token\": \"t\", \"token_type\": \"mac\"}";
        check(200, mac, TokenFault::Type);
        let bearer = Some(&b"{\"access_token\": \"t\", \"token_type\": \"BEARER\"}"[..]);
        assert_eq!(read_answer(201, bearer).unwrap().value.expose(), "t");
        assert_eq!(read_answer(200, None), Err(TokenFault::TooLong));
    }
}
