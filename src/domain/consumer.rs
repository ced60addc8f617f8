//! Consumers: the platform's customers, who own webhooks within one workspace.
//!
//! Owns: the stored consumer, the platform's own id for it, the two ways of naming one, the bounds of
//! what is said about it. Refuses: who gets which event (`service`).
//!
//! # Why two names
//! A platform has had ids for its customers long before it met hookpost, and wants to write them. So
//! wherever a consumer is named its `uid` serves as well as our own id, and no `uid` can look like one
//! of ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::id::ConsumerId;
use super::own_name::own_name;
use super::time::Timestamp;

/// The longest name, in characters.
pub const CONSUMER_NAME_CHARS_MAX: usize = 256;
/// The largest `metadata`, in bytes of its JSON: 4 KiB.
pub const CONSUMER_METADATA_BYTES_MAX: usize = 4 * 1024;
/// What our own ids begin with.
const OWN_PREFIX: &str = "con_";

/// The platform's own id of a consumer: letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerUid(Arc<str>);

impl ConsumerUid {
    /// Reads a platform's id.
    ///
    /// # Errors
    /// A sentence for the caller where it is empty, too long, holds other characters or looks like an
    /// id of ours.
    pub fn parse(text: &str) -> Result<Self, String> {
        own_name(text, Some(OWN_PREFIX)).map(Self)
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How somebody names a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerRef {
    /// By our own id.
    Id(ConsumerId),
    /// By the platform's.
    Uid(ConsumerUid),
}

impl ConsumerRef {
    /// Reads an id or `uid`; `None` for what can be neither and so names nobody.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match ConsumerId::parse(text) {
            Some(id) => Some(Self::Id(id)),
            None => ConsumerUid::parse(text).ok().map(Self::Uid),
        }
    }
}

/// What the platform says about a consumer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerSettings {
    /// What people call it; may be empty.
    pub name: String,
    /// The platform's own words.
    pub metadata: BTreeMap<String, String>,
    /// Deliveries per second over all of its webhooks, at most.
    pub rate_limit: Option<f64>,
    /// Where it is told of what becomes of its own webhooks.
    pub alert_url: Option<String>,
    /// Where it is told of it by mail.
    pub alert_email: Option<String>,
}

/// A consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// Its id.
    pub id: ConsumerId,
    /// The platform's id for it.
    pub uid: Option<ConsumerUid>,
    /// What the platform says about it.
    pub settings: ConsumerSettings,
    /// How many webhooks it has.
    pub webhooks: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The row number of a consumer that nobody is: what is asked for in its name is nothing.
pub const NO_CONSUMER: i64 = 0;

/// Whose things somebody reaches: all of a workspace, or those of one of its consumers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purview {
    /// The workspace.
    pub workspace_seq: i64,
    /// The only consumer; `None` reaches all, and the platform's own.
    pub consumer_seq: Option<i64>,
}

impl Purview {
    /// All of a workspace.
    #[must_use]
    pub fn workspace(workspace_seq: i64) -> Self {
        Self {
            workspace_seq,
            consumer_seq: None,
        }
    }

    /// Whether it takes in what belongs to a workspace and, in it, to a consumer or nobody but the
    /// platform.
    #[must_use]
    pub fn holds(&self, workspace_seq: i64, consumer_seq: Option<i64>) -> bool {
        let is_own = |own: i64| consumer_seq == Some(own);
        self.workspace_seq == workspace_seq && self.consumer_seq.is_none_or(is_own)
    }

    /// Which consumer a list is about where one is asked for: never another than the only one.
    #[must_use]
    pub fn narrowed(&self, asked: Option<i64>) -> Option<i64> {
        match (self.consumer_seq, asked) {
            (None, asked) => asked,
            (Some(own), None) => Some(own),
            (Some(own), Some(asked)) => Some(if own == asked { own } else { NO_CONSUMER }),
        }
    }
}

/// What stays of a consumer that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// Its history, until retention.
    None,
    /// No data of its events and no answers of its receivers.
    Data,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_plain_bounded_and_no_id_of_ours() {
        for good in ["acme-42", "A.b_C", "7", "con", "CON_1", &"x".repeat(256)] {
            assert!(ConsumerUid::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "ä", "a/b", "a:b", "con_1", &"x".repeat(257)] {
            assert!(ConsumerUid::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nobody_reaches_beyond_their_only_consumer() {
        let all = Purview::workspace(1);
        let own = Purview {
            consumer_seq: Some(7),
            ..all
        };
        assert!(all.holds(1, None) && all.holds(1, Some(7)) && !all.holds(2, None));
        assert!(own.holds(1, Some(7)));
        assert!(!own.holds(1, None) && !own.holds(1, Some(8)) && !own.holds(2, Some(7)));
        assert_eq!(
            [None, Some(8)].map(|asked| all.narrowed(asked)),
            [None, Some(8)]
        );
        assert_eq!(
            [None, Some(7), Some(8)].map(|asked| own.narrowed(asked)),
            [Some(7), Some(7), Some(NO_CONSUMER)]
        );
    }

    #[test]
    fn a_name_is_an_id_of_ours_or_of_the_platform() {
        let id = ConsumerId::new(Timestamp::from_millis(1_773_655_500_000), 42);
        let named = ConsumerRef::parse(&id.to_string());
        assert_eq!(named, Some(ConsumerRef::Id(id)));
        let uid = ConsumerUid::parse("acme").unwrap();
        assert_eq!(ConsumerRef::parse("acme"), Some(ConsumerRef::Uid(uid)));
        for nobody in ["con_", "con_7", "a b", ""] {
            assert_eq!(ConsumerRef::parse(nobody), None, "{nobody}");
        }
    }
}
