//! How a webhook proves itself to its receiver, beside the signature.
//!
//! Owns: the sorts of proof, their bounds, and the header they become. Refuses: keeping them (`store`
//! seals them), showing them, and fetching what another endpoint gives out (`engine`).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::oauth2::TokenClient;
use super::secret::Secret;
use super::time::Timestamp;

/// Bytes that a user name or password may have.
pub const BASIC_BYTES_MAX: usize = 1024;
/// Bytes that a token may have.
pub const TOKEN_BYTES_MAX: usize = 4000;

/// A proof that goes with every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookAuth {
    /// HTTP Basic (RFC 7617).
    Basic {
        /// The user's name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A bearer token (RFC 6750).
    Bearer {
        /// The token.
        token: Secret,
    },
    /// A bearer token that an OAuth 2.0 endpoint gives out for a while.
    OAuth2(Box<TokenClient>),
    /// A certificate that the connection itself shows.
    Mtls(Box<ClientCertificate>),
}

/// A client's certificate with its key, as they were checked when they were saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate and those that vouch for it, in PEM.
    pub certificate: String,
    /// Its private key, in PEM.
    pub private_key: Secret,
    /// Whose it is.
    pub subject: String,
    /// When the first of the chain ends.
    pub expires_at: Timestamp,
}

/// Authorities that a webhook trusts beside the public ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedAuthorities {
    /// Their certificates, in PEM.
    pub pem: String,
    /// When the first of them ends.
    pub expires_at: Timestamp,
}

impl WebhookAuth {
    /// HTTP Basic.
    pub fn basic(username: &str, password: &str) -> Result<Self, (&'static str, String)> {
        let is_fit =
            |text: &str| text.len() <= BASIC_BYTES_MAX && !text.chars().any(char::is_control);
        if username.is_empty() || username.contains(':') || !is_fit(username) {
            let message = format!(
                "must have 1 to {BASIC_BYTES_MAX} bytes without a colon or control characters"
            );
            return Err(("username", message));
        }
        if !is_fit(password) {
            let message =
                format!("must have at most {BASIC_BYTES_MAX} bytes without control characters");
            return Err(("password", message));
        }
        Ok(Self::Basic {
            username: username.to_owned(),
            password: Secret::new(password.to_owned()),
        })
    }

    /// A bearer token.
    pub fn bearer(token: &str) -> Result<Self, (&'static str, String)> {
        let is_visible = |byte: u8| byte.is_ascii_graphic();
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(is_visible) {
            let message = format!("must have 1 to {TOKEN_BYTES_MAX} visible ASCII characters");
            return Err(("token", message));
        }
        Ok(Self::Bearer {
            token: Secret::new(token.to_owned()),
        })
    }

    /// The word of the API.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "basic",
            Self::Bearer { .. } => "bearer",
            Self::OAuth2(_) => "oauth2",
            Self::Mtls(_) => "mtls",
        }
    }

    /// The value of the header `authorization`, where it is always the same.
    #[must_use]
    pub fn header_value(&self) -> Option<Secret> {
        match self {
            Self::Basic { username, password } => {
                let pair = format!("{username}:{}", password.expose());
                let encoded = BASE64_STANDARD.encode(pair);
                Some(Secret::new(format!("Basic {encoded}")))
            }
            Self::Bearer { token } => Some(Secret::new(format!("Bearer {}", token.expose()))),
            Self::OAuth2(_) | Self::Mtls(_) => None,
        }
    }

    /// Reads it back from the value of its header.
    #[must_use]
    pub fn from_header_value(value: &str) -> Option<Self> {
        if let Some(token) = value.strip_prefix("Bearer ") {
            return Self::bearer(token).ok();
        }
        let encoded = value.strip_prefix("Basic ")?;
        let pair = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
        let (username, password) = pair.split_once(':')?;
        Self::basic(username, password).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_becomes_its_header_and_is_read_back_from_it() {
        let check = |auth: WebhookAuth, expect: &str| {
            assert_eq!(auth.header_value().unwrap().expose(), expect);
            assert_eq!(WebhookAuth::from_header_value(expect), Some(auth));
        };
        // RFC 7617, section 2.
        let basic = WebhookAuth::basic("Aladdin", "open sesame").unwrap();
        check(basic, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        check(WebhookAuth::basic("a", "b:c").unwrap(), "Basic YTpiOmM=");
        check(
            WebhookAuth::bearer("mF_9.B5f-4.1JqM").unwrap(),
            "Bearer mF_9.B5f-4.1JqM",
        );
    }

    #[test]
    fn what_no_header_could_carry_is_refused_with_the_field() {
        let field = |made: Result<WebhookAuth, (&'static str, String)>| made.unwrap_err().0;
        assert_eq!(field(WebhookAuth::basic("a:b", "c")), "username");
        assert_eq!(field(WebhookAuth::basic("", "c")), "username");
        assert_eq!(field(WebhookAuth::basic("a", "c\n")), "password");
        assert_eq!(field(WebhookAuth::bearer("a b")), "token");
        assert_eq!(field(WebhookAuth::bearer("")), "token");
        assert_eq!(
            field(WebhookAuth::bearer(&"x".repeat(TOKEN_BYTES_MAX + 1))),
            "token"
        );
    }
}
