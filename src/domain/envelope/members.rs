//! Cutting a JSON object into its members without reading their values.
//!
//! Owns: the cut. Refuses: judging names or values; a member is text here, as the publisher wrote
//! it, together with its name as a reader would understand it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One member of an object.
pub struct Member<'a> {
    /// The name with escapes resolved, for comparing. One that is no text, because it escapes half a
    /// character, stands here as it was written; no name of ours looks like that.
    pub name: Cow<'a, str>,
    /// The name as it was written, quotes included.
    pub raw_name: &'a str,
    /// The value as it was written.
    pub raw_value: &'a str,
}

/// The members of the object `json` in their order; `None` where it is no JSON object.
pub fn split(json: &str) -> Option<Vec<Member<'_>>> {
    if !json.trim_start().starts_with('{') {
        return None;
    }
    serde_json::from_str::<Members<'_>>(json)
        .ok()
        .map(|members| members.0)
}

struct Members<'a>(Vec<Member<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let raw_name = name.get();
            members.push(Member {
                name: unescaped(raw_name),
                raw_name,
                raw_value: value.get(),
            });
        }
        Ok(Members(members))
    }
}

/// A JSON string as text; only names with escapes cost an allocation.
fn unescaped(raw: &str) -> Cow<'_, str> {
    let plain = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    match plain.filter(|plain| !plain.contains('\\')) {
        Some(plain) => Cow::Borrowed(plain),
        None => serde_json::from_str(raw).map_or(Cow::Borrowed(raw), Cow::Owned),
    }
}
