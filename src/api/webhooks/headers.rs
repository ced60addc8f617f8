//! Headers as callers write them.
//!
//! Owns: reading them in the order given. Refuses: judging them (`service`).

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Header names and values, in the order given: a name that is given twice must be noticed.
#[derive(Debug)]
pub struct HeadersRequest(pub Vec<(String, String)>);

impl<'de> Deserialize<'de> for HeadersRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = HeadersRequest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of header names and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(HeadersRequest(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}
