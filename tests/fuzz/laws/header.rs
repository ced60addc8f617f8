//! Custom headers: what is accepted is one line, says what was given, and steers nothing.
//!
//! An input is `name = value`; without the sign it is a name with an empty value.

use hookpost::domain::header::{CustomHeader, NAME_BYTES_MAX, VALUE_BYTES_MAX};
use hookpost::net::{HeaderName, HeaderValue};

use super::Verdict;

/// A name that the wire profile sets itself.
const RESERVED: [&str; 1] = ["X-Own-Delivery"];
/// Names that would split, reroute or disguise a request.
const STEERING: [&str; 14] = [
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "metadata-flavor",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-own-delivery",
];
/// Families of such names.
const STEERING_FAMILIES: [&str; 7] = [
    "content-",
    "proxy-",
    "sec-",
    "svix-",
    "webhook-",
    "x-aws-ec2-metadata",
    "x-forwarded",
];

pub(super) fn law(text: &str) -> Verdict {
    let (name, value) = text.split_once(" = ").unwrap_or((text, ""));
    let Ok(header) = CustomHeader::new(name, value.to_owned(), &RESERVED) else {
        return Verdict::Refused;
    };
    assert_eq!(header.name(), name.to_ascii_lowercase());
    assert_eq!(header.value().expose(), value);
    assert!(name.len() <= NAME_BYTES_MAX && value.len() <= VALUE_BYTES_MAX);
    check_line(&header);
    check_meaning(header.name());
    let loud = CustomHeader::new(&name.to_ascii_uppercase(), value.to_owned(), &RESERVED);
    assert_eq!(loud.ok(), Some(header), "a name is one in any case");
    Verdict::Accepted
}

fn check_line(header: &CustomHeader) {
    let (name, value) = (header.name(), header.value().expose());
    let line = format!("{name}: {value}");
    assert!(
        line.bytes()
            .all(|byte| byte == b'\t' || (0x20..0x7f).contains(&byte))
    );
    assert_eq!(line.split_once(": "), Some((name, value)));
    assert_eq!(value.trim(), value, "a padded value arrives changed");
    HeaderName::from_bytes(name.as_bytes()).expect("the client takes the name");
    HeaderValue::from_str(value).expect("the client takes the value");
}

fn check_meaning(name: &str) {
    assert!(!STEERING.contains(&name), "{name}");
    assert!(
        !STEERING_FAMILIES
            .iter()
            .any(|family| name.starts_with(family)),
        "{name}"
    );
    assert!(
        name != "signature" && !name.ends_with("-signature"),
        "{name}"
    );
}
