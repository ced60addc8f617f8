//! Which characters a secret that somebody typed may hold.
//!
//! Owns: the rule. Refuses: judging length and variety (`signing`).
//!
//! # Why invisible characters are refused
//! They come along with what is copied from a page or a chat, and are lost when it is typed again:
//! both sides then hold secrets that look alike, and every signature is wrong.

use unicode_general_category::{GeneralCategory as G, get_general_category};

/// Characters that no category gives away but that show nothing all the same, as ranges: joiners,
/// fillers, variation selectors, and the braille pattern without dots.
const BLANK: [(char, char); 9] = [
    ('\u{34f}', '\u{34f}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{e0100}', '\u{e01ef}'),
];

/// Whether `c` can be seen, on whatever machine it is shown; of the white spaces only the plain one
/// counts.
pub(super) fn is_visible(c: char) -> bool {
    if c.is_ascii() {
        return c == ' ' || c.is_ascii_graphic();
    }
    let hidden = matches!(
        get_general_category(c),
        G::Control
            | G::Format
            | G::PrivateUse
            | G::Surrogate
            | G::Unassigned
            | G::SpaceSeparator
            | G::LineSeparator
            | G::ParagraphSeparator
    );
    !hidden
        && !BLANK
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_not_visible() {
        for c in ['a', '~', ' ', '\u{e9}', '\u{4e2d}', '\u{1f980}', '\u{301}'] {
            assert!(is_visible(c), "{c:?}");
        }
        for c in [
            '\t',
            '\u{7f}',
            '\u{a0}',
            '\u{ad}',
            '\u{200b}',
            '\u{200e}',
            '\u{2028}',
            '\u{2060}',
            '\u{3000}',
            '\u{3164}',
            '\u{2800}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e000}',
            '\u{e0041}',
            '\u{f0000}',
            '\u{378}',
            '\u{ffff}',
        ] {
            assert!(!is_visible(c), "{c:?}");
        }
    }
}
