//! A number with its noun.
//!
//! Owns: that one thing is no things. Refuses: grouping digits; pages do (`ui::parts`).

use std::fmt::Display;

/// `1 event`, `2 events`.
#[must_use]
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(
    count: N,
    one: &str,
    many: &str,
) -> String {
    let noun = if count == N::from(1) { one } else { many };
    format!("{count} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_no_things() {
        assert_eq!(counted(0_u64, "key", "keys"), "0 keys");
        assert_eq!(counted(1_usize, "key", "keys"), "1 key");
        assert_eq!(counted(2_i64, "key", "keys"), "2 keys");
    }
}
