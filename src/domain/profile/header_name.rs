//! Which header names a profile or a webhook may set.
//!
//! Owns: the form of a header name (RFC 9110 `token`) and the names that belong to the transport.
//! Refuses: values; a template or the webhook's own settings hold those.

/// The most characters of a header name: 64.
pub const HEADER_NAME_CHARS_MAX: usize = 64;

/// Names that hookpost or HTTP itself sets on every request; nobody else may.
pub const TRANSPORT_HEADERS: [&str; 17] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];

/// Names that carry credentials: a webhook may set them, a profile may not, because a profile is
/// shown to everyone who may read it.
const CREDENTIAL_HEADERS: [&str; 3] = ["authorization", "cookie", "set-cookie"];

/// Whether `name` belongs to the transport, in any letter case.
#[must_use]
pub fn is_transport_header(name: &str) -> bool {
    contains(&TRANSPORT_HEADERS, name)
}

/// Whether `name` has the form of a header name and at most [`HEADER_NAME_CHARS_MAX`] characters.
#[must_use]
pub fn is_header_name(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.len() <= HEADER_NAME_CHARS_MAX && name.bytes().all(token)
}

/// Says what is wrong with `name` as a header of a profile; `None` where nothing is.
pub(super) fn fault(name: &str) -> Option<String> {
    let shown: String = name.chars().take(HEADER_NAME_CHARS_MAX).collect();
    if !is_header_name(name) {
        return Some(format!(
            "{shown:?} is not a header name: 1 to {HEADER_NAME_CHARS_MAX} letters, digits and -"
        ));
    }
    if is_transport_header(name) {
        return Some(format!(
            "{shown} is reserved: HTTP or hookpost itself sets it"
        ));
    }
    contains(&CREDENTIAL_HEADERS, name)
        .then(|| format!("{shown} carries credentials: set it on the webhook, not in a profile"))
}

fn contains(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_and_illegal_names_are_faulted() {
        for bad in [
            "",
            "a b",
            "x:y",
            "x\r\ny",
            "ä",
            "Host",
            "CONTENT-TYPE",
            "Authorization",
            &"x".repeat(65),
        ] {
            assert!(fault(bad).is_some(), "{bad:?}");
        }
        for good in ["webhook-id", "X-Armalo-Signature", "x_y", &"x".repeat(64)] {
            assert_eq!(fault(good), None);
        }
    }
}
