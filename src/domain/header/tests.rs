//! Proofs of `header`.

use proptest::prelude::*;

use super::*;

fn verdict(name: &str, value: &str) -> Result<(), HeaderError> {
    CustomHeader::new(name, value.to_owned(), &["X-Armalo-Delivery"]).map(|_| ())
}

/// Names that a webhook may give.
const FINE: [&str; 12] = [
    "x-env",
    "X-Env",
    "Authorization",
    "x-api-key",
    "traceparent",
    "Idempotency-Key",
    "CF-Access-Client-Id",
    "Ocp-Apim-Subscription-Key",
    "x-functions-key",
    "x-amount",
    "x-msg-kind",
    "x-google",
];
/// Names that belong to the connection, to platforms or to whoever stands between.
const FORBIDDEN: [&str; 41] = [
    "Host",
    "connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Proxy-Authorization",
    "proxy-connection",
    "Content-Type",
    "content-length",
    "Content-Encoding",
    "content-anything",
    "Cookie",
    "set-cookie",
    "Forwarded",
    "X-Forwarded-For",
    "x-forwarded-host",
    "X-Real-IP",
    "Metadata-Flavor",
    "Metadata",
    "X-aws-ec2-metadata-token",
    "X-aws-ec2-metadata-token-ttl-seconds",
    "X-Google-Metadata-Request",
    "User-Agent",
    "Expect",
    "X-HTTP-Method-Override",
    "HTTP2-Settings",
    "Sec-Fetch-Site",
    "X-Amz-Target",
    "x-amz-invocation-type",
    "x-amzn-oidc-identity",
    "X-Goog-IAM-Authority-Selector",
    "x-goog-authenticated-user-email",
    "X-MS-Client-Principal",
    "x-ms-blob-type",
    "X-ACS-Action",
    "x-tc-action",
    "Impersonate-User",
    "X-Remote-User",
    "x-metadata-anything",
];
/// Names that carry somebody's signature.
const SIGNATURE: [&str; 9] = [
    "webhook-id",
    "Webhook-Signature",
    "webhook-timestamp",
    "svix-id",
    "X-Hub-Signature",
    "X-Hub-Signature-256",
    "Signature",
    "Signature-Input",
    "x-armalo-delivery",
];
/// What is no name of a header.
const BROKEN: [&str; 10] = [
    "a b", "a:b", "a\r\nb", "a\0", "ä", "a,b", "(a)", "\"a\"", "a/b", ":path",
];

#[test]
fn names_are_judged_whatever_their_case() {
    let check = |name: &str, expect: Result<(), HeaderError>| {
        assert_eq!(verdict(name, "1"), expect, "{name:?}");
    };
    for fine in FINE {
        check(fine, Ok(()));
    }
    for forbidden in FORBIDDEN {
        check(forbidden, Err(HeaderError::Forbidden));
    }
    for signature in SIGNATURE {
        check(signature, Err(HeaderError::Signature));
    }
    for broken in BROKEN {
        check(broken, Err(HeaderError::NameCharacters));
    }
    check("", Err(HeaderError::NameLength));
    check(&"a".repeat(NAME_BYTES_MAX), Ok(()));
    check(
        &"a".repeat(NAME_BYTES_MAX + 1),
        Err(HeaderError::NameLength),
    );
}

#[test]
fn values_are_printable_and_bounded() {
    let check = |value: &str, expect: Result<(), HeaderError>| {
        assert_eq!(verdict("x-env", value), expect, "{value:?}");
    };
    check("", Ok(()));
    check("a b\tc~", Ok(()));
    check(&"v".repeat(VALUE_BYTES_MAX), Ok(()));
    check(
        &"v".repeat(VALUE_BYTES_MAX + 1),
        Err(HeaderError::ValueLength),
    );
    for broken in [
        "a\r\nx-evil: 1",
        "a\n",
        "\r",
        "a\0b",
        "\u{7f}",
        "\u{1b}[31m",
        "é",
        "\u{2028}",
    ] {
        check(broken, Err(HeaderError::ValueCharacters));
    }
    for padded in [" a", "a ", "\ta"] {
        check(padded, Err(HeaderError::ValueSpace));
    }
}

#[test]
fn credentials_are_known_by_their_names() {
    for name in [
        "Authorization",
        "x-api-key",
        "api-key",
        "apikey",
        "X-Auth",
        "x-access-token",
        "X-GitLab-Token",
        "client_secret",
        "x-clientsecret",
        "cookie",
        "x-password",
        "ocp-apim-subscription-key",
        "x-session-id",
    ] {
        assert!(is_credential(name), "{name}");
    }
    for name in [
        "x-env",
        "x-request-id",
        "traceparent",
        "Idempotency-Key",
        "x-author",
        "x-keyboard",
    ] {
        assert!(!is_credential(name), "{name}");
    }
}

#[test]
fn a_debug_form_shows_no_value() {
    let none: [&str; 0] = [];
    let header = CustomHeader::new("x-env", "do-not-print".to_owned(), &none).unwrap();
    assert!(!format!("{header:?}").contains("do-not-print"));
}

proptest! {
    #[test]
    fn an_accepted_header_can_never_break_a_line(name in any::<String>(), value in any::<String>()) {
        let none: [&str; 0] = [];
        if let Ok(header) = CustomHeader::new(&name, value, &none) {
            let line = format!("{}: {}", header.name(), header.value().expose());
            prop_assert!(line.bytes().all(|byte| byte == b'\t' || (0x20..0x7f).contains(&byte)));
            prop_assert_eq!(line.split(':').next(), Some(header.name()));
        }
    }
}
