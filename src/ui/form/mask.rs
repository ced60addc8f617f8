//! A form's token as compressed pages show it: another text each time, the same token.
//!
//! Owns: masking it, and taking the mask off. Refuses: making tokens (`domain::token`).
//!
//! # Why
//! Where a page is compressed, its length tells whether a guess stands in it a second time (BREACH). A
//! token that is never written twice the same way cannot be guessed piece by piece.

use crate::entropy;

/// The name of the field that holds the session's token.
pub const CSRF_FIELD: &str = "csrf";

/// Bytes of a token, and of its mask.
const TOKEN_BYTES: usize = 16;
/// Characters of a token: two hexadecimal digits a byte.
const TOKEN_CHARS: usize = 2 * TOKEN_BYTES;

/// The page with every token of a form masked, all by one mask.
#[must_use]
pub fn masked_in(page: &str) -> String {
    let mask = entropy::bytes::<TOKEN_BYTES>();
    let before = format!("name=\"{CSRF_FIELD}\" value=\"");
    let mut parts = page.split(before.as_str());
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(&before);
        let (token, rest) = part.split_once('"').unwrap_or((part, ""));
        match bytes(token) {
            Some(token) => text.push_str(&masked(token, mask)),
            None => text.push_str(token),
        }
        text.push('"');
        text.push_str(rest);
    }
    text
}

/// The token below its mask; what is not masked is the token already.
#[must_use]
pub fn unmasked(text: &str) -> String {
    let halves = text.split_at_checked(TOKEN_CHARS);
    let halves = halves.and_then(|(mask, token)| bytes(mask).zip(bytes(token)));
    match halves {
        Some((mask, token)) => hex(xor(token, mask)),
        None => text.to_owned(),
    }
}

fn masked(token: [u8; TOKEN_BYTES], mask: [u8; TOKEN_BYTES]) -> String {
    hex(mask) + &hex(xor(token, mask))
}

fn xor(mut one: [u8; TOKEN_BYTES], other: [u8; TOKEN_BYTES]) -> [u8; TOKEN_BYTES] {
    for (byte, own) in one.iter_mut().zip(other) {
        *byte ^= own;
    }
    one
}

fn hex(bytes: [u8; TOKEN_BYTES]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of exactly so many hexadecimal digits.
fn bytes(hex: &str) -> Option<[u8; TOKEN_BYTES]> {
    if hex.len() != TOKEN_CHARS || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; TOKEN_BYTES];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "00112233445566778899aabbccddeeff";

    fn page(token: &str) -> String {
        let field = format!("<input type=\"hidden\" name=\"csrf\" value=\"{token}\">");
        format!("<form>{field}</form><p>{token}x</p><form>{field}</form>")
    }

    fn tokens(page: &str) -> Vec<&str> {
        let after = page.split("value=\"").skip(1);
        after.map(|rest| rest.split('"').next().unwrap()).collect()
    }

    #[test]
    fn a_masked_token_is_another_text_each_time_and_the_same_token() {
        let first = masked_in(&page(TOKEN));
        let second = masked_in(&page(TOKEN));
        let (one, other) = (tokens(&first), tokens(&second));
        assert_eq!((one.len(), one[0]), (2, one[1]));
        assert_ne!(one[0], other[0]);
        assert!(
            !one[0].contains(TOKEN) && !one[0].contains(&TOKEN[..8]),
            "{one:?}"
        );
        for text in [one[0], other[0], TOKEN] {
            assert_eq!(unmasked(text), TOKEN);
        }
    }

    #[test]
    fn what_is_no_token_stays_as_it_is() {
        for odd in [
            "",
            "token",
            "é",
            &TOKEN[1..],
            &"g".repeat(64),
            &"é".repeat(32),
        ] {
            assert_eq!(masked_in(&page(odd)), page(odd));
            assert_eq!(unmasked(odd), odd);
        }
    }
}
