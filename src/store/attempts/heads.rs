//! A request's headers as they are stored: what nearly all of them have in common takes a byte.
//!
//! Owns: the fragments, and their way there and back. Refuses: knowing what headers mean, and answers'
//! headers, which may be anything.
//!
//! # Why a line needs no sign that it was shortened
//! A header's name never begins with a control character (RFC 9110, section 5.1). So a line that does was
//! shortened, and one that doesn't stands as it was written, also where an earlier version wrote it.

/// What a line may begin with, and what stands for it. Rows are read back by this table: it may grow, what
/// stands in it stays, and of two that fit a line the earlier one is taken.
const FRAGMENTS: [(char, &str); 12] = [
    ('\u{2}', "user-agent: hookpost/"),
    ('\u{3}', "content-type: application/json\n"),
    ('\u{4}', "webhook-id: evt_"),
    ('\u{5}', "webhook-id: "),
    ('\u{6}', "webhook-timestamp: "),
    ('\u{7}', "webhook-signature: v1,"),
    ('\u{8}', "svix-id: "),
    ('\u{e}', "svix-timestamp: "),
    ('\u{f}', "svix-signature: v1,"),
    ('\u{10}', "traceparent: 00-"),
    ('\u{11}', "authorization: ***\n"),
    ('\u{12}', "content-type: "),
];

/// The headers, one a line, as they are stored.
pub(super) fn shortened(lines: &str) -> String {
    let mut short = String::with_capacity(lines.len());
    for line in lines.split_inclusive('\n') {
        let fitting = |(sign, fragment): &(char, &str)| Some((*sign, line.strip_prefix(fragment)?));
        match FRAGMENTS.iter().find_map(fitting) {
            Some((sign, rest)) => {
                short.push(sign);
                short.push_str(rest);
            }
            None => short.push_str(line),
        }
    }
    short
}

/// The headers, one a line, as they were sent.
pub(super) fn restored(stored: &str) -> String {
    let mut lines = String::with_capacity(stored.len() * 2);
    let mut rest = stored;
    while let Some(first) = rest.chars().next() {
        let fragment = FRAGMENTS.iter().find(|(sign, _)| *sign == first);
        if let Some((sign, fragment)) = fragment {
            lines.push_str(fragment);
            rest = &rest[sign.len_utf8()..];
            if fragment.ends_with('\n') {
                continue;
            }
        }
        let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        lines.push_str(&rest[..end]);
        rest = &rest[end..];
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: &str = "user-agent: hookpost/0.1.0\ncontent-type: application/json\n\
        webhook-id: evt_01m8m52hpwe008000000000001\nwebhook-timestamp: 1795972744\n\
        webhook-signature: v1,es17nJiPGiM5MluuBX3BIjDRAGc0JTnsKyD/uKLju/U=\n";

    #[test]
    fn the_usual_headers_take_half_the_room() {
        let short = shortened(USUAL);
        assert!(short.len() * 2 <= USUAL.len(), "{short:?}");
        assert_eq!(restored(&short), USUAL);
    }

    #[test]
    fn what_an_earlier_version_wrote_is_read_as_it_stands() {
        assert_eq!(restored(USUAL), USUAL);
        assert_eq!(restored(""), "");
    }

    proptest! {
        #[test]
        fn any_headers_come_back_as_they_were(
            lines in prop::collection::vec(
                (prop::sample::select(FRAGMENTS.map(|(_, fragment)| fragment).to_vec()), "[!-~\t]{0,9}"),
                0..9,
            ),
            last in "[a-z]{0,3}",
        ) {
            let lines = lines.iter().map(|(start, end)| format!("{start}{end}\n"));
            // A fragment may be a line, and what follows it then begins one with whatever is legal there.
            let lines = lines.collect::<String>().replace("\n\t", "\nx");
            let lines = lines + &last;
            prop_assert_eq!(restored(&shortened(&lines)), lines);
        }
    }
}
