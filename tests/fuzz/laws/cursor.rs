//! Cursors: whatever is read as one names a row, and is written as it is read.

use hookpost::domain::page::Cursor;

use super::Verdict;

pub(super) fn law(text: &str) -> Verdict {
    let Ok(cursor) = Cursor::parse(text) else {
        return Verdict::Refused;
    };
    assert!(cursor.seq() >= 0, "no row has a number below 0");
    assert_eq!(Cursor::behind(cursor.seq()), cursor);
    let written = cursor.to_string();
    assert_eq!(Cursor::parse(&written), Ok(cursor));
    assert!(
        written.len() <= text.len(),
        "{written} is the shortest form"
    );
    // It travels in a query, and in a page's links, as it is.
    assert!(
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    );
    Verdict::Accepted
}
