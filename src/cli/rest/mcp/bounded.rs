//! Answers that an assistant can take in.
//!
//! Owns: cutting long texts and lists, and the most that an answer may have. Refuses: choosing what is
//! important; who needs more asks for less at once.

use serde_json::Value;

use crate::domain::plural::counted;

/// The most characters of one text within an answer; a longer one is cut, and says so.
pub(super) const TEXT_CHARS_MAX: usize = 2000;
/// The most items of one list within an answer.
pub(super) const LIST_ITEMS_MAX: usize = 100;
/// The most bytes of an answer: 64 KiB.
pub(super) const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The API's answer in JSON, cut to what can be taken in; empty answers become `done`.
pub(super) fn bounded(body: &[u8]) -> Result<String, String> {
    if body.trim_ascii().is_empty() {
        return Ok("done".to_owned());
    }
    let mut value: Value = serde_json::from_slice(body)
        .map_err(|_| "the server's answer is not what hookpost answers".to_owned())?;
    cut(&mut value);
    let text = value.to_string();
    if text.len() > ANSWER_BYTES_MAX {
        return Err(format!(
            "the answer has {}, and {ANSWER_BYTES_MAX} can be taken in: ask with a smaller limit, or for one thing",
            counted(text.len(), "byte", "bytes")
        ));
    }
    Ok(text)
}

fn cut(value: &mut Value) {
    match value {
        Value::String(text) => cut_text(text),
        Value::Array(items) => {
            let left = items.len().saturating_sub(LIST_ITEMS_MAX);
            items.truncate(LIST_ITEMS_MAX);
            items.iter_mut().for_each(cut);
            if left > 0 {
                items.push(Value::String(format!("… {left} more")));
            }
        }
        Value::Object(members) => members.values_mut().for_each(cut),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn cut_text(text: &mut String) {
    if let Some((at, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        let left = text[at..].chars().count();
        text.truncate(at);
        text.push_str(&format!(
            "… ({})",
            counted(left, "more character", "more characters")
        ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_texts_and_lists_are_cut_and_say_so() {
        let long = "é".repeat(TEXT_CHARS_MAX + 7);
        let many: Vec<u32> = (0..130).collect();
        let body = json!({ "text": long, "items": many, "n": 1 });
        let text = bounded(body.to_string().as_bytes()).unwrap();
        let said: Value = serde_json::from_str(&text).unwrap();
        assert!(
            said["text"]
                .as_str()
                .unwrap()
                .ends_with("é… (7 more characters)")
        );
        assert_eq!(said["items"][LIST_ITEMS_MAX], "… 30 more");
        assert_eq!(said["n"], 1);
    }

    #[test]
    fn what_is_still_too_much_is_refused_with_advice() {
        let items: Vec<String> = vec!["x".repeat(TEXT_CHARS_MAX); LIST_ITEMS_MAX];
        let refused = bounded(json!(items).to_string().as_bytes());
        assert!(refused.unwrap_err().contains("smaller limit"));
    }
}
