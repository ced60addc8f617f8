//! How deeply a JSON text is nested.
//!
//! Owns: one pass over the bytes that counts brackets. Refuses: checking the grammar. It runs
//! before any parser, because data that is carried as raw text is never parsed as a tree and has
//! no limit of its own.

use crate::domain::plural::counted;
use crate::service::FieldError;

/// How deep the data of an event may be nested.
pub const DATA_DEPTH_MAX: usize = 64;

/// Refuses a text that is nested deeper than `depth_max`, naming the top-level field.
///
/// # Errors
/// The field of the outermost object in which it is too deep.
pub fn check_depth(text: &[u8], depth_max: usize) -> Result<(), FieldError> {
    let mut depth = 0_usize;
    let mut key = 0..0;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'"' => {
                let end = string_end(text, at);
                if depth == 1 {
                    key = at + 1..end.saturating_sub(1).max(at + 1);
                }
                at = end;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > depth_max {
            return Err(too_deep(&text[key], depth_max));
        }
        at += 1;
    }
    Ok(())
}

/// The position behind the string that opens at `start`.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn too_deep(key: &[u8], depth_max: usize) -> FieldError {
    let field: String = String::from_utf8_lossy(key).chars().take(100).collect();
    // The envelope around data is ours, so the number told is the one for the data.
    let told = depth_max.min(DATA_DEPTH_MAX);
    FieldError {
        field: if field.is_empty() {
            "body".to_owned()
        } else {
            field
        },
        message: format!(
            "must not be nested deeper than {}",
            counted(told, "level", "levels")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, depth_max: usize, expect: Option<&str>) {
        let refused = check_depth(text.as_bytes(), depth_max).err();
        let field = refused.as_ref().map(|error| error.field.as_str());
        assert_eq!(field, expect, "{text}");
    }

    #[test]
    fn nesting_is_counted_outside_of_strings_and_blamed_on_the_top_level_field() {
        check(r#"{"a":1}"#, 1, None);
        check(r#"{"a":{"b":1}}"#, 1, Some("a"));
        check(r#"{"a":"{{{{","b":1}"#, 1, None);
        check(r#"{"a":"\"{{","b":[[]]}"#, 2, Some("b"));
        check(r#"{"a":"x","data":[[[[]]]]}"#, 4, Some("data"));
        check("[[[[[", 3, Some("body"));
        check(r#"{"a":"unfinished"#, 1, None);
        check("]]]]{}", 1, None);
    }
}
