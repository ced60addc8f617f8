//! Order by a value: which deliveries of a webhook must not overtake each other.
//!
//! Owns: the key of a value, and the pointer to it. Refuses: holding anything back; the store knows what
//! is first, and the lanes start nothing else.
//!
//! # Why a number stands for the value
//! A value may be long, and there may be millions of different ones. Of each only 64 bits of its digest
//! are kept, with the delivery. Two values that happen to share them keep one order together, which
//! harms neither.
//!
//! # What is the same value
//! What JSON calls so, whatever its notation: `1`, `1.0` and `1e0`, `"a"` and `"\u0061"`. Arrays and
//! objects are the same where they were written the same. Where there is no value, or null, there is no
//! order.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::json::pointer::JsonPointer;
use super::json::{JsonKind, JsonValue, number};

/// Bytes that such a pointer may have.
pub const ORDERED_BY_BYTES_MAX: usize = 256;

/// Where the value lies by which a webhook's deliveries keep their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderedBy(Arc<JsonPointer>);

/// In which order a webhook's deliveries go out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeliveryOrder {
    /// As each is ready.
    #[default]
    Any,
    /// One at a time, in event order.
    Whole,
    /// In event order where the value there is the same, others beside each other.
    By(OrderedBy),
}

/// What deliveries have in common that keep their order: a digest of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderKey(i64);

impl DeliveryOrder {
    /// Where the value lies by which they keep their order, if they do so by one.
    #[must_use]
    pub fn by(&self) -> Option<&OrderedBy> {
        match self {
            Self::By(pointer) => Some(pointer),
            Self::Any | Self::Whole => None,
        }
    }
}

impl OrderedBy {
    /// Reads a JSON pointer into an event: `/data/customer`, or `/type`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > ORDERED_BY_BYTES_MAX {
            return Err(format!("must have at most {ORDERED_BY_BYTES_MAX} bytes"));
        }
        JsonPointer::parse(text).map(|pointer| Self(Arc::new(pointer)))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The key of an event; `None` where it has no such value.
    #[must_use]
    pub fn key(&self, event: JsonValue<'_>) -> Option<OrderKey> {
        self.0.find(event).and_then(key_of)
    }
}

fn key_of(value: JsonValue<'_>) -> Option<OrderKey> {
    let mut hasher = Sha256::new();
    match value.kind() {
        JsonKind::Null => return None,
        JsonKind::Text => {
            hasher.update("text");
            hasher.update(value.text().unwrap_or_default().as_bytes());
        }
        JsonKind::Number => {
            hasher.update("number");
            hasher.update(number::normal_form(value.raw()));
        }
        JsonKind::Bool | JsonKind::Array | JsonKind::Object => {
            hasher.update("other");
            hasher.update(value.raw());
        }
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let (first, _) = digest.split_first_chunk().expect("longer than eight bytes");
    Some(OrderKey(i64::from_be_bytes(*first)))
}

impl OrderKey {
    /// The number that the database holds.
    #[must_use]
    pub fn code(self) -> i64 {
        self.0
    }

    /// Reads the number back.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Some(Self(code))
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::JsonTape;
    use super::*;

    fn key(pointer: &str, event: &str) -> Option<OrderKey> {
        let tape = JsonTape::read(event.into()).unwrap();
        OrderedBy::parse(pointer).unwrap().key(tape.root())
    }

    #[test]
    fn equal_values_have_one_key_whatever_their_notation_and_different_ones_have_two() {
        let of = |value: &str| key("/data/k", &format!("{{\"data\":{{\"k\":{value}}}}}"));
        for (one, same) in [
            ("\"a\"", "\"\\u0061\""),
            ("1", "1.0"),
            ("1", "1e0"),
            ("100", "1e2"),
            ("0", "-0.0"),
            ("[1,2]", "[1,2]"),
        ] {
            assert_eq!(of(one), of(same), "{one} {same}");
            assert!(of(one).is_some());
        }
        let different = [
            "\"1\"",
            "1",
            "-1",
            "true",
            "\"true\"",
            "10",
            "0",
            "\"\"",
            "[1]",
            "{}",
            "12345678901234567890",
            "12345678901234567891",
        ];
        let keys: std::collections::HashSet<_> = different.map(of).into_iter().collect();
        assert_eq!(keys.len(), different.len());
    }

    #[test]
    fn without_a_value_there_is_no_order() {
        let event = r#"{"type":"a","data":{"k":null,"list":[7]}}"#;
        for absent in [
            "/data/k",
            "/data/x",
            "/data/k/x",
            "/data/list/1",
            "/nothing",
        ] {
            assert_eq!(key(absent, event), None, "{absent}");
        }
        for there in ["/type", "/data/list/0", "/data"] {
            assert!(key(there, event).is_some(), "{there}");
        }
    }

    #[test]
    fn a_pointer_begins_with_a_slash_and_leads_somewhere() {
        for wrong in [
            "",
            "/",
            "data/k",
            "$.data",
            "/data/~2",
            &format!("/{}", "x".repeat(256)),
        ] {
            assert!(OrderedBy::parse(wrong).is_err(), "{wrong}");
        }
        for right in ["/data/k", "/data/a~1b", "/data/a~0b/0"] {
            assert_eq!(OrderedBy::parse(right).unwrap().as_str(), right);
        }
        assert!(key("/data/a~1b", r#"{"data":{"a/b":1}}"#).is_some());
    }
}
