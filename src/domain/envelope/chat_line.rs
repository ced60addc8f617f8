//! The chat format: an event as one line that a person can read.
//!
//! Owns: the summary, its escaping and its length. Refuses: layout beyond one line; who needs more
//! opens the event.
//!
//! # Why mentions are broken
//! Data often holds text that strangers typed. `<!channel>` is defused by the escaping that Slack
//! prescribes; systems that take the same body also react to a plain `@everyone`, so an invisible
//! space follows the `@` there.

use super::members;
use super::push_json_string;

/// The most characters of a line after escaping. The strictest of the systems that take this
/// format refuses messages beyond 2,000.
const LINE_CHARS_MAX: usize = 1800;
/// The most characters that one value of the data contributes.
const VALUE_CHARS_MAX: usize = 200;
const MENTIONS: [&str; 4] = ["everyone", "here", "channel", "all"];
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// `{"text":"…"}` for an event of type `event_type`.
pub(super) fn render(event_type: &str, data: &str) -> Vec<u8> {
    let mut line = ChatText::new();
    line.push(event_type);
    match members::split(data) {
        Some(members) => {
            for (place, member) in members.iter().enumerate() {
                line.push(if place == 0 { " \u{2013} " } else { ", " });
                line.push(&member.name);
                line.push(": ");
                line.push(&value(member.raw_value));
            }
        }
        None => {
            line.push(" \u{2013} ");
            line.push(&value(data.trim()));
        }
    }
    let mut body = b"{\"text\":".to_vec();
    push_json_string(&mut body, &line.text);
    body.push(b'}');
    body
}

/// `text` as one line that mentions nobody, for a message of our own.
pub(super) fn escaped(text: &str) -> String {
    let mut line = ChatText::new();
    line.push(text);
    line.text
}

/// Text is shown without its quotes, everything else as it was written.
fn value(raw: &str) -> String {
    let text: Option<String> = serde_json::from_str(raw).ok();
    let text = text.as_deref().unwrap_or(raw);
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.to_owned(),
    }
}

/// A line that escapes what is pushed, and stops growing where it is full.
struct ChatText {
    text: String,
    chars: usize,
}

impl ChatText {
    fn new() -> Self {
        Self {
            text: String::new(),
            chars: 0,
        }
    }

    fn push(&mut self, text: &str) {
        for (at, c) in text.char_indices() {
            let after = &text[at + c.len_utf8()..];
            match c {
                '&' => self.piece("&amp;"),
                '<' => self.piece("&lt;"),
                '>' => self.piece("&gt;"),
                '@' if MENTIONS.iter().any(|word| starts_with_word(after, word)) => {
                    self.piece("@");
                    self.piece(ZERO_WIDTH_SPACE.encode_utf8(&mut [0; 4]));
                }
                c if c.is_whitespace() || c.is_control() => self.space(),
                c => self.piece(c.encode_utf8(&mut [0; 4])),
            }
        }
    }

    /// Any run of white space is one space, so that pretty-printed data stays on its line.
    fn space(&mut self) {
        if !self.text.ends_with(' ') {
            self.piece(" ");
        }
    }

    fn piece(&mut self, piece: &str) {
        let length = piece.chars().count();
        if self.chars + length < LINE_CHARS_MAX {
            self.text.push_str(piece);
            self.chars += length;
        } else if self.chars < LINE_CHARS_MAX {
            self.text.push('\u{2026}');
            self.chars = LINE_CHARS_MAX;
        }
    }
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(data: &str) -> String {
        let body: serde_json::Value =
            serde_json::from_slice(&render("score.changed", data)).unwrap();
        body["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn an_event_reads_as_one_line() {
        let check = |data: &str, expect: &str| {
            assert_eq!(text(data), format!("score.changed{expect}"));
        };
        check("{}", "");
        check(
            "{\"id\":\"agt_1\",\"score\":1.0}",
            " – id: agt_1, score: 1.0",
        );
        check(
            "{\"a\":[1, 2],\n \"b\":{\"c\" : null}}",
            " – a: [1, 2], b: {\"c\" : null}",
        );
        check("\"plain\\ntext\"", " – plain text");
        check(" 42 ", " – 42");
    }

    #[test]
    fn control_sequences_and_mentions_are_defused() {
        let shown = text("{\"note\":\"<!channel> & @Everyone @ann\"}");
        assert!(shown.contains("&lt;!channel&gt; &amp; @\u{200b}Everyone @ann"));
    }

    #[test]
    fn a_long_value_is_cut_and_marked() {
        let shown = text(&format!("{{\"note\":\"{}\",\"b\":1}}", "é".repeat(5000)));
        assert!(shown.contains("éé…, b: 1"));
    }

    proptest! {
        #[test]
        fn a_line_is_bounded_and_holds_no_bare_markup(values in prop::collection::vec(".{0,300}", 0..30)) {
            let data = serde_json::to_string(&values).unwrap();
            let object: serde_json::Map<_, _> = values
                .iter()
                .enumerate()
                .map(|(n, v)| (format!("k{n}"), v.as_str().into()))
                .collect();
            for data in [data, serde_json::to_string(&object).unwrap()] {
                let shown = text(&data);
                prop_assert!(shown.chars().count() <= LINE_CHARS_MAX);
                prop_assert!(!shown.contains(['<', '>', '\n', '\r']));
            }
        }
    }
}
