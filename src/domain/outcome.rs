//! What came of an attempt, and what it means for the delivery.
//!
//! Owns: the words for failures, and the rule that only a 2xx within the timeout is a success.
//! Refuses: timing the attempt (`net`) and choosing the next state (`delivery`).

use std::time::Duration;

/// Why an attempt got no acceptable answer. The API shows these words as `error_kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The exchange did not finish within the webhook's timeout.
    Timeout,
    /// The host name could not be resolved.
    Dns,
    /// No connection could be made, or it broke before an answer came.
    Connect,
    /// The TLS handshake or the certificate was not acceptable.
    Tls,
    /// The guard refused the destination; nothing was sent.
    Blocked,
    /// The answer was not HTTP, or broke HTTP's rules or our bounds.
    Protocol,
    /// An answer came with a status that is not 2xx.
    Status,
    /// A 3xx answer, which is never followed.
    Redirect,
    /// The webhook's template gives no body for the event, so nothing was sent.
    Template,
    /// The webhook's token endpoint gave no access token, so nothing was sent.
    OAuth2,
    /// The egress proxy gave no way to the receiver, so nothing was sent.
    Proxy,
}

impl FailureKind {
    /// Every kind, in the order of the contract.
    pub const ALL: [Self; 11] = [
        Self::Timeout,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Blocked,
        Self::Protocol,
        Self::Status,
        Self::Redirect,
        Self::Template,
        Self::OAuth2,
        Self::Proxy,
    ];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Blocked => "blocked",
            Self::Protocol => "protocol",
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Template => "template",
            Self::OAuth2 => "oauth2",
            Self::Proxy => "proxy",
        }
    }

    /// Whether the receiver answered, though not as it should.
    #[must_use]
    pub fn is_answered(self) -> bool {
        match self {
            Self::Status | Self::Redirect => true,
            Self::Timeout
            | Self::Dns
            | Self::Connect
            | Self::Tls
            | Self::Blocked
            | Self::Protocol
            | Self::Template
            | Self::OAuth2
            | Self::Proxy => false,
        }
    }

    /// Whether it says anything of the receiver: a proxy of our own that is down says nothing of
    /// whoever lies behind it.
    #[must_use]
    pub fn is_receivers(self) -> bool {
        self != Self::Proxy
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What an exchange with a receiver ended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An answer's head arrived in time.
    Replied {
        /// The HTTP status code.
        status: u16,
        /// How long `Retry-After` asks to wait, if the answer carried a readable one.
        retry_after: Option<Duration>,
    },
    /// No answer arrived.
    Failed(FailureKind),
}

/// What an answer means for the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// It counts as a failure; `retry_after` is set only where the receiver may ask for it.
    Failed {
        /// The reason that the attempt shows.
        kind: FailureKind,
        /// The wait that a 429 or 503 asked for.
        retry_after: Option<Duration>,
        /// The answer's status code, where one came.
        status: Option<u16>,
    },
    /// 410: the receiver is gone for good.
    Gone,
}

impl Verdict {
    /// Why the attempt counts as failed; `None` after a success.
    #[must_use]
    pub fn failure(self) -> Option<FailureKind> {
        match self {
            Self::Delivered => None,
            Self::Gone => Some(FailureKind::Status),
            Self::Failed { kind, .. } => Some(kind),
        }
    }
}

/// Judges an answer: 2xx delivers, 410 is for good, everything else fails. Only 429 and 503 may
/// ask for a later attempt.
#[must_use]
pub fn judge(answer: Answer) -> Verdict {
    let failed = |kind, status, retry_after| Verdict::Failed {
        kind,
        retry_after,
        status,
    };
    match answer {
        Answer::Replied {
            status: 200..=299, ..
        } => Verdict::Delivered,
        Answer::Replied { status: 410, .. } => Verdict::Gone,
        Answer::Replied {
            status: status @ (429 | 503),
            retry_after,
        } => failed(FailureKind::Status, Some(status), retry_after),
        Answer::Replied {
            status: status @ 300..=399,
            ..
        } => failed(FailureKind::Redirect, Some(status), None),
        Answer::Replied { status, .. } => failed(FailureKind::Status, Some(status), None),
        Answer::Failed(kind) => failed(kind, None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2xx_delivers() {
        let wait = Some(Duration::from_secs(7));
        let check = |status, expected| {
            assert_eq!(
                judge(Answer::Replied {
                    status,
                    retry_after: wait
                }),
                expected,
                "{status}"
            );
        };
        let failed = |kind, status, retry_after| Verdict::Failed {
            kind,
            retry_after,
            status: Some(status),
        };
        check(200, Verdict::Delivered);
        check(204, Verdict::Delivered);
        check(299, Verdict::Delivered);
        check(199, failed(FailureKind::Status, 199, None));
        check(301, failed(FailureKind::Redirect, 301, None));
        check(404, failed(FailureKind::Status, 404, None));
        check(410, Verdict::Gone);
        check(429, failed(FailureKind::Status, 429, wait));
        check(500, failed(FailureKind::Status, 500, None));
        check(503, failed(FailureKind::Status, 503, wait));
    }

    #[test]
    fn every_kind_reads_back() {
        for kind in FailureKind::ALL {
            assert_eq!(FailureKind::parse(kind.as_str()), Some(kind));
        }
    }
}
