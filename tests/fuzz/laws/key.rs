//! API keys: what is read as one is unharmed, of the right kind, and never shown by accident.

use hookpost::domain::api_key::ApiKeyToken;
use hookpost::domain::token::SessionToken;

use super::Verdict;

/// Characters of a key.
const LENGTH: usize = 91;
/// Characters before the secret part.
const ID_END: usize = 31;

pub(super) fn law(text: &str) -> Verdict {
    let Some(key) = ApiKeyToken::parse(text) else {
        return Verdict::Refused;
    };
    assert_eq!(key.expose(), text);
    assert_eq!(text.len(), LENGTH);
    assert!(text.is_ascii() && text.starts_with("hpk_"));
    assert!(SessionToken::parse(text).is_none(), "a key is no session");
    let shown = format!("{key:?}");
    assert!(!shown.contains(&text[ID_END..]), "{shown} shows the secret");
    assert!(key.id().seq() > 0);
    for damaged in damages(text) {
        assert!(ApiKeyToken::parse(&damaged).is_none(), "{damaged}");
    }
    Verdict::Accepted
}

/// Every cut, every wrong digit of two, every swapped pair.
fn damages(text: &str) -> Vec<String> {
    let digits = text.as_bytes();
    let mut damaged: Vec<Vec<u8>> = (0..digits.len())
        .map(|end| digits[..end].to_vec())
        .collect();
    for place in 0..digits.len() {
        for wrong in [b'7', b'q'] {
            let mut other = digits.to_vec();
            other[place] = wrong;
            damaged.push(other);
        }
        let mut swapped = digits.to_vec();
        swapped.swap(place, (place + 1).min(digits.len() - 1));
        damaged.push(swapped);
    }
    let other = damaged.into_iter().filter(|one| one != digits);
    other
        .map(|one| String::from_utf8_lossy(&one).into_owned())
        .collect()
}
