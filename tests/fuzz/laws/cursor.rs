//! Cursors: whatever is read as one names a row, and is written as it is read.

use hookpost::domain::page::{Cursor, List};

use super::Verdict;

pub(super) fn law(text: &str) -> Verdict {
    let Ok(cursor) = Cursor::parse(text, List::Events) else {
        return Verdict::Refused;
    };
    assert!(cursor.seq() >= 0, "no row has a number below 0");
    assert_eq!(Cursor::behind(List::Events, cursor.seq()), cursor);
    let written = cursor.to_string();
    assert_eq!(Cursor::parse(&written, List::Events), Ok(cursor));
    // One that was given before cursors named their list lacks the letter of it.
    assert!(
        written.len() <= text.len() + 1,
        "{written} is the shortest form"
    );
    // It travels in a query, and in a page's links, as it is.
    assert!(
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    );
    Verdict::Accepted
}
