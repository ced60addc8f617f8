//! What a person looks for among a workspace's webhooks, and in which order they are shown.
//!
//! Owns: the tabs, the orders, and which webhook belongs where. Refuses: reading any.

use std::cmp::Ordering;

use super::{Webhook, WebhookState};
use crate::domain::breaker::DisabledReason;
use crate::domain::time::Timestamp;

/// The webhooks of a workspace that a search looks at, newest first; older ones are left out, and the
/// answer says so.
pub const SEARCHED_MAX: u32 = 10_000;

/// How a webhook stands, as lists tell them apart: each is in one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookTab {
    /// All of them.
    All,
    /// Those that need somebody: failing ones, ones that hookpost disabled, ones with dead letters.
    Attention,
    /// Active, and the last attempt failed.
    Failing,
    /// Active, and the last attempt did not fail.
    Active,
    /// Disabled, by whomever.
    Disabled,
    /// Revoked for good.
    Revoked,
}

impl WebhookTab {
    /// Every tab, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::All,
        Self::Attention,
        Self::Failing,
        Self::Active,
        Self::Disabled,
        Self::Revoked,
    ];

    /// The word of an address.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Attention => "attention",
            Self::Failing => "failing",
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
        }
    }

    /// Reads the word back.
    ///
    /// # Errors
    /// A sentence that names the words there are.
    pub fn parse(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|tab| tab.as_str() == word);
        known.ok_or_else(|| format!("must be {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// The order of a list of webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebhookSort {
    /// Those that need somebody first, the longest failing before the others.
    #[default]
    Trouble,
    /// The newest first.
    Newest,
    /// By label, else URL.
    Name,
    /// The one that succeeded last comes last.
    LastSuccess,
}

impl WebhookSort {
    /// Every order.
    pub const ALL: [Self; 4] = [Self::Trouble, Self::Newest, Self::Name, Self::LastSuccess];

    /// The word of an address.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trouble => "trouble",
            Self::Newest => "newest",
            Self::Name => "name",
            Self::LastSuccess => "last_success",
        }
    }

    /// Reads the word back.
    ///
    /// # Errors
    /// A sentence that names the words there are.
    pub fn parse(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|sort| sort.as_str() == word);
        known.ok_or_else(|| format!("must be {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct WebhookSearch {
    /// A part of the label or URL, in whichever case, or a whole id; empty finds all.
    pub text: String,
    /// How they stand.
    pub tab: WebhookTab,
    /// In which order.
    pub sort: WebhookSort,
    /// How many come before the first that is shown.
    pub skip: usize,
}

/// What is wrong with a webhook, whatever its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookTrouble {
    /// Whether its last attempt failed.
    pub is_failing: bool,
    /// Whether it has dead letters that nobody has discarded.
    pub has_dead_letters: bool,
}

impl WebhookTrouble {
    /// Whether a webhook with this trouble needs somebody: the one rule of every list and page. What a
    /// person disabled, a person knows of.
    #[must_use]
    pub fn needs_somebody(self, state: WebhookState) -> bool {
        match state {
            WebhookState::Active => self.is_failing || self.has_dead_letters,
            WebhookState::Disabled { reason, .. } => {
                reason != DisabledReason::Manual || self.has_dead_letters
            }
            WebhookState::Revoked => false,
        }
    }
}

impl Webhook {
    /// Since when it has not got what it should, because it fails or is disabled.
    #[must_use]
    pub fn trouble_began(&self) -> Option<Timestamp> {
        let disabled = match self.state {
            WebhookState::Disabled { at, .. } => Some(at),
            WebhookState::Active | WebhookState::Revoked => None,
        };
        let since = [disabled, self.health.failing_since];
        since.into_iter().flatten().min()
    }
}

/// What lists tell a webhook's tabs and place by.
#[derive(Clone, Debug)]
pub struct WebhookGlance {
    /// Its row.
    pub seq: i64,
    /// Its label, else its URL, in small letters.
    pub name: String,
    /// Whether it takes part.
    pub state: WebhookState,
    /// Whether its last attempt failed.
    pub is_failing: bool,
    /// Since when it fails.
    pub failing_since: Option<Timestamp>,
    /// When it last answered with a 2xx.
    pub last_success_at: Option<Timestamp>,
    /// Whether it has dead letters that nobody has discarded.
    pub has_dead_letters: bool,
}

impl WebhookGlance {
    /// Whether it is listed under `tab`.
    #[must_use]
    pub fn is_under(&self, tab: WebhookTab) -> bool {
        let state = self.state;
        match tab {
            WebhookTab::All => true,
            WebhookTab::Attention => self.needs_somebody(),
            WebhookTab::Failing => state == WebhookState::Active && self.is_failing,
            WebhookTab::Active => state == WebhookState::Active && !self.is_failing,
            WebhookTab::Disabled => matches!(state, WebhookState::Disabled { .. }),
            WebhookTab::Revoked => state == WebhookState::Revoked,
        }
    }

    /// Whether a person has to look at it.
    #[must_use]
    pub fn needs_somebody(&self) -> bool {
        let trouble = WebhookTrouble {
            is_failing: self.is_failing,
            has_dead_letters: self.has_dead_letters,
        };
        trouble.needs_somebody(self.state)
    }

    /// Which of two comes first.
    #[must_use]
    pub fn compare(&self, other: &Self, sort: WebhookSort) -> Ordering {
        let newest = other.seq.cmp(&self.seq);
        match sort {
            WebhookSort::Newest => newest,
            WebhookSort::Name => self.name.cmp(&other.name).then(newest),
            WebhookSort::LastSuccess => self
                .last_success_at
                .cmp(&other.last_success_at)
                .then(newest),
            WebhookSort::Trouble => self.trouble().cmp(&other.trouble()).then(newest),
        }
    }

    fn trouble(&self) -> (u8, i64) {
        let rank = match self.state {
            _ if self.needs_somebody() => 0,
            WebhookState::Active => 1,
            WebhookState::Disabled { .. } => 2,
            WebhookState::Revoked => 3,
        };
        let since = self.failing_since.map_or(i64::MAX, Timestamp::millis);
        (rank, if rank == 0 { since } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy(seq: i64) -> WebhookGlance {
        WebhookGlance {
            seq,
            name: format!("w{seq}"),
            state: WebhookState::Active,
            is_failing: false,
            failing_since: None,
            last_success_at: None,
            has_dead_letters: false,
        }
    }

    fn failing(seq: i64, since: i64) -> WebhookGlance {
        WebhookGlance {
            is_failing: true,
            failing_since: Some(Timestamp::from_millis(since)),
            ..healthy(seq)
        }
    }

    fn disabled(seq: i64, reason: DisabledReason) -> WebhookGlance {
        WebhookGlance {
            state: WebhookState::Disabled {
                reason,
                at: Timestamp::from_millis(1),
            },
            ..healthy(seq)
        }
    }

    fn check_tabs(glance: &WebhookGlance, expect: &[WebhookTab]) {
        let under: Vec<WebhookTab> = WebhookTab::ALL
            .into_iter()
            .filter(|tab| glance.is_under(*tab))
            .collect();
        assert_eq!(under, expect, "{glance:?}");
    }

    #[test]
    fn each_is_under_one_tab_and_under_attention_where_it_needs_somebody() {
        use WebhookTab::{Active, All, Attention, Disabled, Failing, Revoked};
        check_tabs(&healthy(1), &[All, Active]);
        check_tabs(&failing(1, 0), &[All, Attention, Failing]);
        check_tabs(&disabled(1, DisabledReason::Manual), &[All, Disabled]);
        check_tabs(
            &disabled(1, DisabledReason::Gone),
            &[All, Attention, Disabled],
        );
        let mut letters = healthy(1);
        letters.has_dead_letters = true;
        check_tabs(&letters, &[All, Attention, Active]);
        letters.state = WebhookState::Revoked;
        check_tabs(&letters, &[All, Revoked]);
    }

    #[test]
    fn trouble_comes_first_and_the_longest_before_the_others() {
        let mut all = [
            disabled(1, DisabledReason::Manual),
            healthy(2),
            failing(3, 50),
            healthy(4),
            failing(5, 10),
            disabled(6, DisabledReason::CircuitBreaker),
        ];
        all.sort_by(|a, b| a.compare(b, WebhookSort::Trouble));
        let order: Vec<i64> = all.iter().map(|one| one.seq).collect();
        assert_eq!(order, [5, 3, 6, 4, 2, 1]);
        all.sort_by(|a, b| a.compare(b, WebhookSort::Name));
        assert_eq!(all[0].seq, 1);
        all.sort_by(|a, b| a.compare(b, WebhookSort::Newest));
        assert_eq!(all[0].seq, 6);
    }

    #[test]
    fn words_are_read_back() {
        for tab in WebhookTab::ALL {
            assert_eq!(WebhookTab::parse(tab.as_str()), Ok(tab));
        }
        for sort in WebhookSort::ALL {
            assert_eq!(WebhookSort::parse(sort.as_str()), Ok(sort));
        }
        assert!(WebhookTab::parse("broken").unwrap_err().contains("failing"));
        assert!(WebhookSort::parse("").is_err());
    }
}
