//! Ids of ours under Svix's prefixes, and back.
//!
//! Owns: both directions, and the ids of messages. Refuses: looking anything up.

use std::fmt::Display;

use sha2::{Digest, Sha256};

use crate::domain::id::{ConsumerId, EventId, Id, Kind};
use crate::domain::time::Timestamp;

/// Before an environment's id.
pub(super) const ENVIRONMENT: &str = "org_";
/// Before an application's id.
pub(super) const APPLICATION: &str = "app_";
/// Before an endpoint's id.
pub(super) const ENDPOINT: &str = "ep_";
/// Before a message's id.
pub(super) const MESSAGE: &str = "msg_";
/// Before an attempt's id.
pub(super) const ATTEMPT: &str = "atmpt_";
/// Before a background task's id.
pub(super) const TASK: &str = "qtask_";

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters behind the prefix of a message's id, as many as a KSUID has.
const MESSAGE_CHARS: usize = 27;

/// An id of ours under one of Svix's prefixes.
pub(super) fn theirs(prefix: &str, id: impl Display) -> String {
    let own = id.to_string();
    let rest = own.split_once('_').map_or(own.as_str(), |(_, rest)| rest);
    format!("{prefix}{rest}")
}

/// The id of ours that stands under `prefix`; `None` where it is none.
pub(super) fn ours<K: Kind>(prefix: &str, text: &str) -> Option<Id<K>> {
    let rest = text.strip_prefix(prefix)?;
    Id::parse(&format!("{}{rest}", K::PREFIX))
}

/// The id of the message that is event `own`, which its readers know as `public`.
pub(super) fn message_id(own: EventId, public: &str) -> String {
    match is_message(public) {
        true => public.to_owned(),
        false => theirs(MESSAGE, own),
    }
}

/// Whether `text` is the id of a message rather than what its publisher calls it.
pub(super) fn is_message(text: &str) -> bool {
    let rest = text.strip_prefix(MESSAGE);
    rest.is_some_and(|rest| {
        rest.len() == MESSAGE_CHARS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The id of what an application's publisher calls `name`: the same every time.
pub(super) fn message_named(application: ConsumerId, name: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(application.to_string());
    hasher.update([0]);
    hasher.update(name);
    let digest: [u8; 32] = hasher.finalize().into();
    message(digest.first_chunk().expect("a digest has 20 bytes"))
}

/// An id for a message that its publisher calls nothing: later ones sort behind.
pub(super) fn message_at(at: Timestamp, entropy: [u8; 14]) -> String {
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
    use crate::domain::id::{WebhookId, WebhookKind};

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
    fn messages_are_named_alike_every_time_and_sort_by_age() {
        let at = Timestamp::from_millis(1_773_655_500_000);
        let application = ConsumerId::new(at, 1);
        let name = message_named(application, "order.17");
        assert!(is_message(&name), "{name}");
        assert_eq!(name, message_named(application, "order.17"));
        assert_ne!(name, message_named(ConsumerId::new(at, 2), "order.17"));
        assert_ne!(name, message_named(application, "order.18"));
        let first = message_at(at, [255; 14]);
        let later = message_at(Timestamp::from_millis(at.millis() + 1), [0; 14]);
        assert!(is_message(&first) && first < later, "{first} {later}");
        for bad in ["msg_", "order.17", "msg_x", "evt_1"] {
            assert!(!is_message(bad), "{bad}");
        }
    }
}
