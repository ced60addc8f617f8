//! Where a delivery stands, and why it exists.

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Is for later: it waits for its time.
    Scheduled,
    /// Waits for its first attempt.
    Pending,
    /// Failed at least once, or was put back by hand, and waits for its next attempt.
    Retrying,
    /// A receiver answered 2xx in time.
    Delivered,
    /// Gave up: a dead letter.
    Exhausted,
    /// Called off by a person, or because its webhook is gone.
    Canceled,
}

impl Status {
    /// Every status, in the order of a delivery's life.
    pub const ALL: [Self; 6] = [
        Self::Scheduled,
        Self::Pending,
        Self::Retrying,
        Self::Delivered,
        Self::Exhausted,
        Self::Canceled,
    ];

    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Pending => "pending",
            Self::Retrying => "retrying",
            Self::Delivered => "delivered",
            Self::Exhausted => "exhausted",
            Self::Canceled => "canceled",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// The number that the database holds.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Retrying => 1,
            Self::Delivered => 2,
            Self::Exhausted => 3,
            Self::Canceled => 4,
            Self::Scheduled => 5,
        }
    }

    /// Reads the number back.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// Whether the delivery stands in line: it waits for an attempt, and what is behind it for it.
    #[must_use]
    pub fn is_in_line(self) -> bool {
        match self {
            Self::Pending | Self::Retrying => true,
            Self::Scheduled | Self::Delivered | Self::Exhausted | Self::Canceled => false,
        }
    }

    /// Whether the delivery still waits for its time or for an attempt.
    #[must_use]
    pub fn is_waiting(self) -> bool {
        match self {
            Self::Scheduled | Self::Pending | Self::Retrying => true,
            Self::Delivered | Self::Exhausted | Self::Canceled => false,
        }
    }
}

/// Why a delivery exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// An event was published.
    Event,
    /// A person tested the webhook; never retried.
    Test,
    /// A person replayed the event.
    Replay,
    /// hookpost tells the workspace's alert target about its own troubles; hidden from lists.
    Alert,
}

impl Trigger {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Event, Self::Test, Self::Replay, Self::Alert];

    /// Whether a delivery of this kind that has come to `status` is a failed test. Who sent it was told what
    /// came of it: it is held against nobody, in no sum and in no list of dead letters.
    #[must_use]
    pub fn is_failed_test(self, status: Status) -> bool {
        self == Self::Test && status == Status::Exhausted
    }

    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Test => "test",
            Self::Replay => "replay",
            Self::Alert => "alert",
        }
    }

    /// The number that the database holds.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Event => 0,
            Self::Test => 1,
            Self::Replay => 2,
            Self::Alert => 3,
        }
    }

    /// Reads the number back.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.code() == code)
    }
}
