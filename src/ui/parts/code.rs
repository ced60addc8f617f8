//! Text to be copied: ids, commands, bodies.
//!
//! Owns: the button beside it, and indenting JSON. Refuses: taking it apart ([`super::json`]), and
//! changing anything else of what is the receiver's or publisher's own.

use askama::Template;
use askama::filters::HtmlSafe;

use super::json::{JsonPiece, json_pieces};
use super::{Icon, cut, icon};
use crate::ui::speech::filters;

/// An id, or another short text, with a button that copies it.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"<span class="id"><code title="{{ text }}">{{ text }}</code><button type="button" data-copy="{{ text }}" aria-label="{{ format!("Copy {}", self.what)|say }}">{{ icon }}</button></span>"#,
    ext = "html"
)]
pub struct Copyable {
    text: String,
    what: &'static str,
    icon: Icon,
}

impl HtmlSafe for Copyable {}

impl Copyable {
    /// `what` says what is copied, such as "the delivery's id".
    pub fn new(text: impl Into<String>, what: &'static str) -> Self {
        Self {
            text: text.into(),
            what,
            icon: icon("copy"),
        }
    }
}

/// A block of code with a button that copies it; JSON is coloured and can be folded.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"<div class="code">{% if pieces.is_empty() %}<pre tabindex="0" aria-label="{{ what|say }}">{{ text }}</pre>{% else %}<div class="json" tabindex="0" role="group" aria-label="{{ what|say }}">{% for piece in pieces %}{% match piece %}{% when JsonPiece::Plain(text) %}{{ text }}{% when JsonPiece::Key(text) %}<b>{{ text }}</b>{% when JsonPiece::Text(text) %}<i>{{ text }}</i>{% when JsonPiece::Literal(text) %}<var>{{ text }}</var>{% when JsonPiece::Fold %}<details open><summary>{% when JsonPiece::Folded %}</summary>{% when JsonPiece::End %}</details>{% endmatch %}{% endfor %}</div>{% endif %}<button type="button" data-copy aria-label="{{ format!("Copy {}", self.what)|say }}">{{ icon }}</button></div>"#,
    ext = "html"
)]
pub struct Block {
    text: String,
    pieces: Vec<JsonPiece>,
    what: String,
    icon: Icon,
}

impl HtmlSafe for Block {}

impl Block {
    /// `what` names the block, such as "the request's body".
    pub fn new(text: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            pieces: Vec::new(),
            what: what.into(),
            icon: icon("copy"),
        }
    }

    /// `text` to be read, as much of it as takes `bytes` of a page; and whether something is missing.
    pub fn of_body(text: &str, bytes: usize, what: impl Into<String>) -> (Self, bool) {
        if !is_foldable(text) {
            let (shown, is_cut) = cut(text, bytes);
            return (Self::new(shown, what), is_cut);
        }
        let (pieces, is_cut) = json_pieces(&indent(text), bytes);
        let block = Self {
            pieces,
            ..Self::new("", what)
        };
        (block, is_cut)
    }
}

/// JSON above this is shown as it is, in bytes.
const INDENTED_BYTES_MAX: usize = 64 * 1024;

/// Whether a text is an object or a list, and short enough to be taken apart.
fn is_foldable(text: &str) -> bool {
    text.len() <= INDENTED_BYTES_MAX
        && text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// JSON with line breaks and indentation; `None` where `text` is something else, or is so already.
#[must_use]
pub fn pretty(text: &str) -> Option<String> {
    // Through a value, numbers could lose digits; the text itself is re-indented instead.
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let indented = indent(text);
    (indented.trim() != text.trim()).then_some(indented)
}

/// As [`pretty`], and `text` as it is where there is nothing to be done.
#[must_use]
pub fn indented(text: &str) -> String {
    pretty(text).unwrap_or_else(|| text.to_owned())
}

/// Re-indents valid JSON, token by token.
pub(super) fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut rest = text.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = rest.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                in_text = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while rest.next_if(|c| c.is_whitespace()).is_some() {}
                if let Some(close) = rest.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

/// A command for a shell: each part quoted where it has to be.
#[must_use]
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_without_touching_its_numbers_and_texts() {
        let text = r#"{"a":1.000000000000000000001,"b":[ ],"c":{"d":"x: \"{,\" y"},"e":[1,2]}"#;
        let expect = "{\n  \"a\": 1.000000000000000000001,\n  \"b\": [],\n  \"c\": {\n    \"d\": \
                      \"x: \\\"{,\\\" y\"\n  },\n  \"e\": [\n    1,\n    2\n  ]\n}";
        assert_eq!(pretty(text).as_deref(), Some(expect));
        assert_eq!(pretty("OK"), None);
        assert_eq!(pretty("12"), None);
    }

    #[test]
    fn shell_words_are_quoted_where_they_must_be() {
        assert_eq!(quoted("https://a.example/x"), "https://a.example/x");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
