//! The texts of one language.
//!
//! Owns: reading them, and finding the one for an English text, also where that has something in it that
//! is different each time. Refuses: knowing which texts there are.
//!
//! # What may stand in a text
//! `{number}` takes a number, `{text}` anything, `{said}` anything that is said in the language too. A digit
//! behind the word tells two of a kind apart. What a text holds is as long as its English; nothing is
//! looked for in what is longer than any sentence of ours.

use std::collections::{BTreeMap, HashMap};

/// The longest text that is looked for, in bytes.
const TEXT_BYTES_MAX: usize = 1024;

/// The texts.
#[derive(Debug)]
pub(super) struct Phrasebook {
    whole: HashMap<String, String>,
    /// Those with places in them; whoever fixes more is tried first.
    open: Vec<(Vec<PhrasePiece>, Vec<PhrasePiece>)>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PhrasePiece {
    Fixed(String),
    /// A place, by the word within its braces.
    Place(String),
}

impl Phrasebook {
    /// Reads the texts; they are part of the program.
    pub(super) fn read(text: &str) -> Self {
        let texts: BTreeMap<String, String> =
            toml::from_str(text).expect("the texts are TOML; a test reads them");
        let (open, whole): (Vec<_>, Vec<_>) =
            texts.into_iter().partition(|(own, _)| own.contains('{'));
        let open = open.into_iter();
        let mut open: Vec<_> = open
            .map(|(own, said)| (pieces(&own), pieces(&said)))
            .collect();
        open.sort_by_key(|(own, _)| std::cmp::Reverse(fixed_bytes(own)));
        Self {
            whole: whole.into_iter().collect(),
            open,
        }
    }

    /// The translation of an English text.
    pub(super) fn say(&self, english: &str) -> Option<String> {
        if english.len() > TEXT_BYTES_MAX {
            return None;
        }
        if let Some(said) = self.whole.get(english) {
            return Some(said.clone());
        }
        let filled = self.open.iter().find_map(|(own, said)| {
            let found = places(own, english)?;
            Some(self.fill(said, &found))
        });
        filled.or_else(|| self.list(english))
    }

    /// Several texts with commas between them, where each is known.
    fn list(&self, english: &str) -> Option<String> {
        let (first, rest) = english.split_once(", ")?;
        let first = self.say(first)?;
        Some(format!("{first}, {}", self.say(rest)?))
    }

    fn fill(&self, said: &[PhrasePiece], found: &[(&str, &str)]) -> String {
        let filled = said.iter().map(|piece| match piece {
            PhrasePiece::Fixed(text) => text.clone(),
            PhrasePiece::Place(word) => {
                let own = found.iter().find(|(name, _)| name == word);
                let text = own.map_or("", |(_, text)| text);
                match kind(word) {
                    "said" => self.say(text).unwrap_or_else(|| text.to_owned()),
                    _ => text.to_owned(),
                }
            }
        });
        filled.collect()
    }

    /// Every text with its translation, for the tests.
    #[cfg(test)]
    pub(super) fn all(text: &str) -> BTreeMap<String, String> {
        toml::from_str(text).expect("TOML")
    }
}

/// What kind of place a word names.
fn kind(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

fn fixed_bytes(pieces: &[PhrasePiece]) -> usize {
    let fixed = pieces.iter().map(|piece| match piece {
        PhrasePiece::Fixed(text) => text.len(),
        PhrasePiece::Place(_) => 0,
    });
    fixed.sum()
}

fn pieces(text: &str) -> Vec<PhrasePiece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((word, after)) = behind.split_once('}') else {
            break;
        };
        if !before.is_empty() {
            pieces.push(PhrasePiece::Fixed(before.to_owned()));
        }
        pieces.push(PhrasePiece::Place(word.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(PhrasePiece::Fixed(rest.to_owned()));
    }
    pieces
}

/// What stands in each place of `pieces` where `text` is such a text.
fn places<'a>(pieces: &'a [PhrasePiece], text: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut open: Option<&str> = None;
    for (at, piece) in pieces.iter().enumerate() {
        let fixed = match piece {
            PhrasePiece::Place(word) => {
                open = Some(word);
                continue;
            }
            PhrasePiece::Fixed(fixed) => fixed.as_str(),
        };
        let is_last = at + 1 == pieces.len();
        let start = match open {
            None => rest.starts_with(fixed).then_some(0),
            Some(_) if is_last => rest.ends_with(fixed).then(|| rest.len() - fixed.len()),
            Some(_) => rest.find(fixed),
        }?;
        if let Some(word) = open.take() {
            found.push((word, &rest[..start]));
        }
        rest = &rest[start + fixed.len()..];
    }
    if let Some(word) = open {
        found.push((word, rest));
        rest = "";
    }
    let fits = |(word, text): &(&str, &str)| match kind(word) {
        "number" => is_number(text),
        _ => !text.is_empty(),
    };
    (rest.is_empty() && found.iter().all(fits)).then_some(found)
}

/// Digits, with gaps and a point as numbers have them.
fn is_number(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '\u{202f}' | '.' | ',');
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(is_part)
}
