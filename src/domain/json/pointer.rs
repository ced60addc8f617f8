//! JSON pointers (RFC 6901): a way to one value.
//!
//! Owns: reading one, and following it. Refuses: `-`, the element behind the last; nothing is there.

use super::JsonValue;
use super::scope::Meter;

/// A step of a pointer: the name of a member, and the index that it may also be.
pub type PointerPart = (Box<str>, Option<usize>);

/// A way to one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPointer {
    text: Box<str>,
    parts: Vec<PointerPart>,
}

/// The index that a part of a pointer or path is: digits without a needless zero (RFC 6901).
#[must_use]
pub fn array_index(text: &str) -> Option<usize> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let has_zero = text.len() > 1 && text.starts_with('0');
    text.parse().ok().filter(|_| is_plain && !has_zero)
}

/// The parts of what stands behind a pointer's first `/`.
pub fn pointer_parts(behind_slash: &str) -> Result<Vec<PointerPart>, String> {
    let part = |part: &str| {
        if part.replace("~0", "").replace("~1", "").contains('~') {
            return Err(format!(
                "holds “{part}”; in a pointer, ~ is written ~0 and / is written ~1"
            ));
        }
        let name = part.replace("~1", "/").replace("~0", "~");
        Ok((name.as_str().into(), array_index(&name)))
    };
    behind_slash.split('/').map(part).collect()
}

impl JsonPointer {
    /// Reads a pointer that leads somewhere below the whole.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix('/') {
            Some(rest) if !rest.is_empty() => Ok(Self {
                text: text.into(),
                parts: pointer_parts(rest)?,
            }),
            Some(_) | None => Err("must be a JSON pointer, such as /data/customer".to_owned()),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The value that it leads to from `root`.
    #[must_use]
    pub fn find<'a>(&self, root: JsonValue<'a>) -> Option<JsonValue<'a>> {
        let meter = Meter::unlimited();
        let step = |value, part: &PointerPart| meter.inner(value, &part.0, part.1);
        self.parts.iter().try_fold(root, step)
    }
}
