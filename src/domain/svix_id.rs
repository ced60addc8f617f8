//! Ids of ours under Svix's prefixes, and back.
//!
//! Owns: both directions, and the ids of messages. Refuses: looking anything up.

use std::fmt::Display;

use super::id::{EventId, Id, Kind};
use super::time::Timestamp;

/// Before an environment's id.
pub const ENVIRONMENT: &str = "org_";
/// Before an application's id.
pub const APPLICATION: &str = "app_";
/// Before an endpoint's id.
pub const ENDPOINT: &str = "ep_";
/// Before a message's id.
pub const MESSAGE: &str = "msg_";
/// Before an attempt's id.
pub const ATTEMPT: &str = "atmpt_";
/// Before a background task's id.
pub const TASK: &str = "qtask_";

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters behind the prefix of an id of Svix: a KSUID.
const MESSAGE_CHARS: usize = 27;

/// An id of ours under one of Svix's prefixes.
#[must_use]
pub fn theirs(prefix: &str, id: impl Display) -> String {
    let own = id.to_string();
    let rest = own.split_once('_').map_or(own.as_str(), |(_, rest)| rest);
    format!("{prefix}{rest}")
}

/// The id of ours that stands under `prefix`; `None` where it is none.
#[must_use]
pub fn ours<K: Kind>(prefix: &str, text: &str) -> Option<Id<K>> {
    let rest = text.strip_prefix(prefix)?;
    Id::parse(&format!("{}{rest}", K::PREFIX))
}

/// The id of the message that is event `own`, which its readers know as `public`.
#[must_use]
pub fn message_id(own: EventId, public: &str) -> String {
    match is_message(public) {
        true => public.to_owned(),
        false => theirs(MESSAGE, own),
    }
}

/// Whether `text` is the id of a message rather than what its publisher calls it.
#[must_use]
pub fn is_message(text: &str) -> bool {
    text.strip_prefix(MESSAGE).is_some_and(is_old_id)
}

/// Whether what stands behind a prefix has the form that Svix gives its ids.
#[must_use]
pub fn is_old_id(rest: &str) -> bool {
    rest.len() == MESSAGE_CHARS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// An id for a message: later ones sort behind.
#[must_use]
pub fn message_at(at: Timestamp, entropy: [u8; 14]) -> String {
    let mut bytes = [0; 20];
    bytes[..6].copy_from_slice(&at.millis().to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&entropy);
    message(&bytes)
}

fn message(bytes: &[u8; 20]) -> String {
    let mut number = *bytes;
    let mut digits = [b'0'; MESSAGE_CHARS];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        *digit = usize::try_from(rest).map_or(b'0', |rest| BASE62[rest]);
    }
    let text: String = digits.into_iter().map(char::from).collect();
    format!("{MESSAGE}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{EventKind, WebhookId, WebhookKind};

    #[test]
    fn ids_go_there_and_back() {
        let id = WebhookId::new(Timestamp::from_millis(1_773_655_500_000), 7);
        let shown = theirs(ENDPOINT, id);
        assert!(shown.starts_with("ep_"), "{shown}");
        assert_eq!(ours::<WebhookKind>(ENDPOINT, &shown), Some(id));
        for bad in ["", "ep_", "wh_x", &id.to_string()] {
            assert_eq!(ours::<WebhookKind>(ENDPOINT, bad), None, "{bad}");
        }
    }

    #[test]
    fn messages_sort_by_age_and_events_of_others_have_ids_as_well() {
        let at = Timestamp::from_millis(1_773_655_500_000);
        let first = message_at(at, [255; 14]);
        let later = message_at(Timestamp::from_millis(at.millis() + 1), [0; 14]);
        assert!(is_message(&first) && first < later, "{first} {later}");
        for bad in ["msg_", "order.17", "msg_x", "evt_1"] {
            assert!(!is_message(bad), "{bad}");
        }
        let own = EventId::new(at, 7);
        assert_eq!(message_id(own, &first), first);
        let shown = message_id(own, "order-17");
        assert_eq!(ours::<EventKind>(MESSAGE, &shown), Some(own));
        assert!(!is_message(&shown), "{shown}");
    }
}
