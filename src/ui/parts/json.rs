//! JSON that is read by people: coloured, and folded where they like.
//!
//! Owns: taking indented JSON apart into pieces that a template draws. Refuses: indenting
//! ([`super::code`]), and changing a character: what is copied is the text as it is drawn.
//!
//! # Why every line ends within its block
//! A line end at the end of a block draws no empty line, and is still part of what is copied.

use super::html_bytes;

/// A piece of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonPiece {
    /// Space, line ends and punctuation.
    Plain(String),
    /// The name of a member.
    Key(String),
    /// A text.
    Text(String),
    /// A number, `true`, `false` or `null`.
    Literal(String),
    /// Here begins what can be folded; its first line comes next.
    Fold,
    /// Here ends the first line of what can be folded.
    Folded,
    /// Here ends what can be folded.
    End,
}

/// What the markup of one piece takes of a page, in bytes.
const MARKUP_BYTES: usize = 11;
/// What the markup around what can be folded takes of a page, in bytes.
const FOLD_BYTES: usize = 43;
/// What is nested deeper is not folded.
const FOLDS_DEEP_MAX: usize = 12;

/// The pieces of `indented`, which is JSON with one member or element on a line, as many as take `bytes`
/// of a page; and whether something is missing.
#[must_use]
pub fn json_pieces(indented: &str, bytes: usize) -> (Vec<JsonPiece>, bool) {
    let mut pieces = Pieces {
        done: Vec::new(),
        left: bytes,
        deep: 0,
    };
    let is_cut = indented
        .split_inclusive('\n')
        .any(|line| !pieces.take(line));
    for _ in 0..pieces.folds() {
        pieces.done.push(JsonPiece::End);
    }
    (pieces.done, is_cut)
}

struct Pieces {
    done: Vec<JsonPiece>,
    left: usize,
    /// How many objects and lists are open.
    deep: usize,
}

impl Pieces {
    /// How many of those that are open can be folded: all but the outermost, which is all there is.
    fn folds(&self) -> usize {
        self.deep.saturating_sub(1).min(FOLDS_DEEP_MAX)
    }

    /// Takes a line; `false` where there is no room for it.
    fn take(&mut self, line: &str) -> bool {
        let inner = line.trim();
        let closes = inner.starts_with(['}', ']']);
        let opens = inner.ends_with(['{', '[']);
        let escaped: usize = line.chars().map(html_bytes).sum();
        let cost = escaped + 2 * MARKUP_BYTES + usize::from(opens) * FOLD_BYTES;
        if cost > self.left {
            return false;
        }
        self.left -= cost;
        if closes {
            let before = self.folds();
            self.deep = self.deep.saturating_sub(1);
            if self.folds() < before {
                self.done.push(JsonPiece::End);
            }
        }
        let before = self.folds();
        self.deep += usize::from(opens);
        let folds = self.folds() > before;
        if folds {
            self.done.push(JsonPiece::Fold);
        }
        self.words(line);
        if folds {
            self.done.push(JsonPiece::Folded);
        }
        true
    }

    /// The words of a line.
    fn words(&mut self, line: &str) {
        let value = line.trim_start();
        self.plain(&line[..line.len() - value.len()]);
        let value = match text_at(value) {
            Some(end) if value[end..].starts_with(": ") => {
                self.done.push(JsonPiece::Key(value[..end].to_owned()));
                self.plain(": ");
                &value[end + 2..]
            }
            _ => value,
        };
        let end = text_at(value).unwrap_or_else(|| {
            value
                .find([',', '\n', '{', '[', '}', ']'])
                .unwrap_or(value.len())
        });
        let (word, rest) = value.split_at(end);
        if word.starts_with('"') {
            self.done.push(JsonPiece::Text(word.to_owned()));
        } else if !word.is_empty() {
            self.done.push(JsonPiece::Literal(word.to_owned()));
        }
        self.plain(rest);
    }

    fn plain(&mut self, text: &str) {
        match self.done.last_mut() {
            Some(JsonPiece::Plain(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.done.push(JsonPiece::Plain(text.to_owned())),
        }
    }
}

/// Where the text that `value` begins with ends.
fn text_at(value: &str) -> Option<usize> {
    let mut escaped = false;
    let inner = value.strip_prefix('"')?;
    for (at, c) in inner.char_indices() {
        match c {
            '"' if !escaped => return Some(at + 2),
            c => escaped = !escaped && c == '\\',
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::parts::code::indent;

    /// What would be copied.
    fn text(pieces: &[JsonPiece]) -> String {
        let part = |piece: &JsonPiece| match piece {
            JsonPiece::Plain(text)
            | JsonPiece::Key(text)
            | JsonPiece::Text(text)
            | JsonPiece::Literal(text) => text.clone(),
            JsonPiece::Fold | JsonPiece::Folded | JsonPiece::End => String::new(),
        };
        pieces.iter().map(part).collect()
    }

    fn count(pieces: &[JsonPiece], of: &JsonPiece) -> usize {
        pieces.iter().filter(|piece| *piece == of).count()
    }

    const ODD: &str =
        r#"{"a":1.50,"b":[],"c":{"d":"x: \"{,\\","e":[1,{"f":null}]},"{":"[","g":-1e9}"#;

    #[test]
    fn every_character_stays_and_each_word_is_told_from_the_others() {
        let indented = indent(ODD);
        let (pieces, is_cut) = json_pieces(&indented, 10_000);
        assert!(!is_cut);
        assert_eq!(text(&pieces), indented);
        for word in [
            JsonPiece::Key("\"c\"".to_owned()),
            JsonPiece::Key("\"{\"".to_owned()),
            JsonPiece::Text("\"[\"".to_owned()),
            JsonPiece::Text(r#""x: \"{,\\""#.to_owned()),
            JsonPiece::Literal("1.50".to_owned()),
            JsonPiece::Literal("null".to_owned()),
            JsonPiece::Literal("-1e9".to_owned()),
        ] {
            assert_eq!(count(&pieces, &word), 1, "{word:?} in {pieces:?}");
        }
    }

    #[test]
    fn what_is_within_can_be_folded_and_is_closed_also_where_it_is_cut() {
        let indented = indent(ODD);
        // The object c, the list e and the object in it.
        let (pieces, _) = json_pieces(&indented, 10_000);
        assert_eq!(count(&pieces, &JsonPiece::Fold), 3);
        for bytes in 0..2000 {
            let (pieces, is_cut) = json_pieces(&indented, bytes);
            let folds = count(&pieces, &JsonPiece::Fold);
            assert_eq!(folds, count(&pieces, &JsonPiece::Folded), "{bytes}");
            assert_eq!(folds, count(&pieces, &JsonPiece::End), "{bytes}");
            assert_eq!(is_cut, text(&pieces) != indented, "{bytes}");
            assert!(indented.starts_with(&text(&pieces)), "{bytes}");
        }
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        let (pieces, _) = json_pieces(&indent(&deep), 100_000);
        assert_eq!(count(&pieces, &JsonPiece::Fold), FOLDS_DEEP_MAX);
        assert_eq!(count(&pieces, &JsonPiece::End), FOLDS_DEEP_MAX);
    }
}
