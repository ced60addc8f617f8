//! Custom headers: what a webhook's owner may add to a delivery.
//!
//! Owns: the rules for names and values, the names that nobody may set, and which values are
//! credentials. Refuses: sending them (`net`), sealing them (`store`), and knowing any wire
//! profile: its header names come in as a parameter.
//!
//! # Why a deny list
//! A custom header travels with a request that hookpost signs and that may end inside the
//! operator's own network. Framing and hop-by-hop names could split or reroute the request;
//! forwarding names could lend it another origin; metadata names are the very handshake that cloud
//! metadata services ask for; a platform's own names choose what a POST does at its API, or whom its
//! gateway takes the sender for; a second signature would make the true one ambiguous.
//!
//! # Why printable ASCII
//! RFC 9110 lets other bytes pass only as "obsolete text" that receivers decode differently, and
//! a value that arrives changed helps nobody.

use crate::domain::secret::Secret;

/// Custom headers per webhook.
pub const CUSTOM_HEADERS_MAX: usize = 20;
/// Length of a header's name, in bytes.
pub const NAME_BYTES_MAX: usize = 128;
/// Length of a header's value, in bytes: a bearer token of the larger sort fits.
pub const VALUE_BYTES_MAX: usize = 4_096;

/// Names that break or reroute a request: connection handling, framing, the host, cookies, where a
/// request came from, what hookpost states itself, and other methods in disguise.
const FORBIDDEN_NAMES: [&str; 38] = [
    "accept-encoding",
    "cf-connecting-ip",
    "client-ip",
    "connection",
    "cookie",
    "cookie2",
    "date",
    "expect",
    "fastly-client-ip",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "metadata",
    "metadata-flavor",
    "metadata-token",
    "origin",
    "referer",
    "set-cookie",
    "set-cookie2",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "user-agent",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-http-method",
    "x-http-method-override",
    "x-identity-header",
    "x-method-override",
    "x-metadata-token",
    "x-real-ip",
    "x-host",
];

/// Families of names that are forbidden whole.
const FORBIDDEN_PREFIXES: [&str; 8] = [
    "content-",
    "metadata-",
    "proxy-",
    "sec-",
    "x-forwarded",
    "x-metadata-",
    "x-original-",
    "x-rewrite-",
];

/// Families with which a bare POST becomes a call of a platform's own API, a question to its
/// metadata service, or the identity that its gateway vouches for: Amazon, Google, Microsoft,
/// Alibaba, Huawei, Tencent, Kubernetes and the proxies in front of them. None is a receiver's own.
const PLATFORM_PREFIXES: [&str; 19] = [
    "impersonate-",
    "x-acs-",
    "x-amz-",
    "x-amzn-",
    "x-appengine-",
    "x-aws-",
    "x-azure-",
    "x-cloudtasks-",
    "x-cos-",
    "x-envoy-",
    "x-goog-",
    "x-google-",
    "x-ibm-",
    "x-kubernetes-",
    "x-ms-",
    "x-obs-",
    "x-oss-",
    "x-remote-",
    "x-tc-",
];

/// Words that make a header's value a credential when one of them is a part of its name.
const CREDENTIAL_WORDS: [&str; 19] = [
    "apikey",
    "assertion",
    "auth",
    "authentication",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "jwt",
    "key",
    "pass",
    "passwd",
    "password",
    "pwd",
    "secret",
    "session",
    "signature",
    "token",
];

/// Endings that mark a credential where the words of a name are written together.
const CREDENTIAL_ENDINGS: [&str; 6] = [
    "apikey", "authkey", "password", "secret", "session", "token",
];

/// Why a custom header is refused. `Display` is a sentence for the caller that completes "the
/// header `name` …"; it never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The name is empty or longer than [`NAME_BYTES_MAX`].
    #[error("must have a name of 1 to {NAME_BYTES_MAX} characters")]
    NameLength,
    /// The name holds something else than RFC 9110's token characters.
    #[error("must have a name of letters, digits and hyphens")]
    NameCharacters,
    /// Nobody may set this name on a delivery.
    #[error("must not be set: it belongs to the connection, the sender or the network")]
    Forbidden,
    /// Signatures, ids and timestamps are set by hookpost alone.
    #[error("must not be set: deliveries are signed with it")]
    Signature,
    /// The value is longer than [`VALUE_BYTES_MAX`].
    #[error("must have a value of at most {VALUE_BYTES_MAX} characters")]
    ValueLength,
    /// The value holds a line break, another control character or something else than ASCII.
    #[error("must have a value of printable ASCII characters, without line breaks")]
    ValueCharacters,
    /// Receivers trim values, so the value would arrive changed.
    #[error("must have a value that neither begins nor ends with a space")]
    ValueSpace,
}

/// A header that may be added to deliveries. Its value counts as a secret, because most are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomHeader {
    name: String,
    value: Secret,
}

impl CustomHeader {
    /// Checks a header. `reserved` holds the wire profile's own header names in any case.
    ///
    /// # Errors
    /// The first rule that the name or the value breaks.
    pub fn new<R: AsRef<str>>(
        name: &str,
        value: String,
        reserved: &[R],
    ) -> Result<Self, HeaderError> {
        // Wrapped first, so that a refused value is wiped too.
        let value = Secret::new(value);
        check_name(name)?;
        let name = name.to_ascii_lowercase();
        if is_forbidden(&name) {
            return Err(HeaderError::Forbidden);
        }
        let is_reserved = reserved
            .iter()
            .any(|own| own.as_ref().eq_ignore_ascii_case(&name));
        if is_reserved || is_signature(&name) {
            return Err(HeaderError::Signature);
        }
        check_value(value.expose())?;
        Ok(Self { name, value })
    }

    /// The name in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Secret {
        &self.value
    }

    /// Whether the value reads back as `"***"`.
    #[must_use]
    pub fn is_credential(&self) -> bool {
        is_credential(&self.name)
    }
}

/// Whether `name` is a header name at all: 1 to [`NAME_BYTES_MAX`] token characters of RFC 9110.
pub fn check_name(name: &str) -> Result<(), HeaderError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(HeaderError::NameLength);
    }
    if name.bytes().all(is_token_byte) {
        Ok(())
    } else {
        Err(HeaderError::NameCharacters)
    }
}

/// Whether `name` may not be set by custom headers, nor be claimed by a wire profile, because it
/// belongs to the connection, the sender or the network. Any case.
#[must_use]
pub fn is_forbidden(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    FORBIDDEN_NAMES.contains(&name.as_str())
        || FORBIDDEN_PREFIXES
            .iter()
            .chain(&PLATFORM_PREFIXES)
            .any(|prefix| name.starts_with(prefix))
}

/// Whether a header's value is a credential, judged by its name: such values are stored sealed and
/// read back as `"***"`. Any case.
#[must_use]
pub fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // The one common header that ends in "key" and opens nothing.
    if name.ends_with("idempotency-key") {
        return false;
    }
    name.split(['-', '_', '.'])
        .any(|word| CREDENTIAL_WORDS.contains(&word))
        || CREDENTIAL_ENDINGS
            .iter()
            .any(|ending| name.ends_with(ending))
}

/// The names that signatures travel under, in Standard Webhooks and in the usual private schemes.
fn is_signature(name: &str) -> bool {
    name.starts_with("webhook-")
        || name.starts_with("svix-")
        || name.split(['-', '_']).any(|word| word == "signature")
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn check_value(value: &str) -> Result<(), HeaderError> {
    if value.len() > VALUE_BYTES_MAX {
        return Err(HeaderError::ValueLength);
    }
    if !value
        .bytes()
        .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
    {
        return Err(HeaderError::ValueCharacters);
    }
    if value.trim_ascii().len() == value.len() {
        Ok(())
    } else {
        Err(HeaderError::ValueSpace)
    }
}

#[cfg(test)]
mod tests;
