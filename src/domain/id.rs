//! Identifiers: a prefix that says what the thing is, and 128 bits that say when and which.
//!
//! Owns: the text form (`wh_01jz8k3v9r7t1m4q…`), its parsing, the integer and UUID views that
//! dialects show. Refuses: looking anything up.
//!
//! # Why an id carries its row number
//! The bits are laid out as a version 7 UUID (RFC 9562): 48 bits of creation time, then the row's
//! sequence number. An id is therefore a pure function of two columns that every row has anyway:
//! finding a row by id is one seek on the primary key, no table carries an index just to be found,
//! ids sort by age, and a dialect that documents integers or UUIDs can show the very same id.
//! Ids are names, not secrets; nothing is authorised by knowing one.

use std::fmt;
use std::marker::PhantomData;

use super::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LEN: usize = 26;
const SEQ_BITS: u32 = 62;

/// What an [`Id`] names; fixes the prefix.
pub trait Kind {
    /// The prefix with its underscore, such as `wh_`.
    const PREFIX: &'static str;
}

/// The identifier of one stored row: creation time and sequence number.
pub struct Id<K> {
    at: Timestamp,
    seq: i64,
    kind: PhantomData<fn() -> K>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $id:ident, $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind {}
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $id = Id<$kind>;
    )+};
}

kinds! {
    /// A workspace: a tenant.
    WorkspaceKind, WorkspaceId, "ws_";
    /// A webhook: a registered receiver.
    WebhookKind, WebhookId, "wh_";
    /// An event as hookpost numbers it; a publisher may give it a name of its own besides.
    EventKind, EventId, "evt_";
    /// A delivery: one event on its way to one webhook.
    DeliveryKind, DeliveryId, "dlv_";
    /// An attempt: one HTTP request of a delivery.
    AttemptKind, AttemptId, "att_";
    /// A consumer: one of the platform's customers.
    ConsumerKind, ConsumerId, "con_";
    /// An API key.
    KeyKind, KeyId, "key_";
    /// A person who signs in to the dashboard.
    UserKind, UserId, "usr_";
    /// A signed-in session.
    SessionKind, SessionId, "ses_";
    /// A link to the consumer portal.
    PortalLinkKind, PortalLinkId, "ptl_";
    /// What a portal link opened in a browser.
    PortalSessionKind, PortalSessionId, "pvs_";
    /// A background job.
    JobKind, JobId, "job_";
    /// An entry of the audit log.
    AuditKind, AuditId, "aud_";
}

impl<K: Kind> Id<K> {
    /// The id of the row `seq` created at `at`.
    ///
    /// # Panics
    /// If `seq` is not positive; SQLite hands out positive row numbers only.
    #[must_use]
    pub fn new(at: Timestamp, seq: i64) -> Self {
        assert!(seq > 0 && seq < 1 << SEQ_BITS, "row numbers are positive");
        Self {
            at,
            seq,
            kind: PhantomData,
        }
    }

    /// As [`Self::new`]; `None` for a number that no row has.
    #[must_use]
    pub fn of_row(at: Timestamp, seq: i64) -> Option<Self> {
        (seq > 0 && seq < 1 << SEQ_BITS).then(|| Self::new(at, seq))
    }

    /// When the row was created.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The row's sequence number: what foreign keys hold, and what integer dialects show.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// The same 128 bits as a UUID in its usual text form.
    #[must_use]
    pub fn uuid(&self) -> String {
        let hex = format!("{:032x}", self.bits());
        let (a, b, c, d, e) = (
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        );
        format!("{a}-{b}-{c}-{d}-{e}")
    }

    /// Reads the text form back; `None` for anything that was never an id of this kind.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(K::PREFIX)?;
        if digits.len() != TEXT_LEN {
            return None;
        }
        let mut bits: u128 = 0;
        for digit in digits.bytes() {
            let value = ALPHABET.iter().position(|known| *known == digit)?;
            if bits >> 123 != 0 {
                return None;
            }
            bits = bits << 5 | u128::try_from(value).ok()?;
        }
        Self::from_bits(bits)
    }

    /// Reads the UUID form back.
    #[must_use]
    pub fn parse_uuid(text: &str) -> Option<Self> {
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        if lengths != [8, 4, 4, 4, 12] || !text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
        {
            return None;
        }
        Self::from_bits(u128::from_str_radix(&groups.concat(), 16).ok()?)
    }

    fn bits(&self) -> u128 {
        let at = u128::try_from(self.at.millis()).expect("timestamps start at the epoch");
        let seq = u128::try_from(self.seq).expect("row numbers are positive");
        at << 80 | 0x7 << 76 | 0b10 << SEQ_BITS | seq
    }

    fn from_bits(bits: u128) -> Option<Self> {
        let seq = i64::try_from(bits & ((1 << SEQ_BITS) - 1)).ok()?;
        let at = Timestamp::from_millis(i64::try_from(bits >> 80).ok()?);
        let id = Self::of_row(at, seq)?;
        (id.bits() == bits).then_some(id)
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.bits();
        let mut text = [0_u8; TEXT_LEN];
        for (place, digit) in text.iter_mut().enumerate() {
            let shift = 5 * (TEXT_LEN - 1 - place);
            *digit = ALPHABET[usize::try_from(bits >> shift & 31).expect("five bits fit")];
        }
        f.write_str(K::PREFIX)?;
        f.write_str(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.seq) == (other.at, other.seq)
    }
}
impl<K> Eq for Id<K> {}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.seq.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_id_reads_back_from_both_forms(at in 0..Timestamp::MAX.millis(), seq in 1..i64::MAX >> 2) {
            let id = WebhookId::new(Timestamp::from_millis(at), seq);
            prop_assert_eq!(WebhookId::parse(&id.to_string()), Some(id));
            prop_assert_eq!(WebhookId::parse_uuid(&id.uuid()), Some(id));
        }

        #[test]
        fn ids_sort_by_age_as_text(at in 0..4_000_000_000_000_i64, seq in 1..1_000_000_i64) {
            let older = EventId::new(Timestamp::from_millis(at), seq).to_string();
            let newer = EventId::new(Timestamp::from_millis(at + 1), seq + 1).to_string();
            prop_assert!(older < newer);
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".{0,40}") {
            let _ = DeliveryId::parse(&text);
            let _ = DeliveryId::parse_uuid(&text);
        }
    }

    #[test]
    fn an_id_of_another_kind_is_no_id_of_ours() {
        let id = WebhookId::new(Timestamp::from_millis(1_773_655_500_000), 42);
        assert_eq!(EventId::parse(&id.to_string()), None);
        assert_eq!(WebhookId::parse("wh_7zzzzzzzzzzzzzzzzzzzzzzzzz"), None);
        assert_eq!(WebhookId::parse("wh_zzzzzzzzzzzzzzzzzzzzzzzzzz"), None);
    }
}
