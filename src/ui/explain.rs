//! Why an attempt failed, and what to do about it, in words for who has never read the manual.
//!
//! Owns: a cause and a remedy for every kind of failure and the usual status codes. Refuses: the
//! failure's own text, which is shown beside it as it was recorded.

use crate::domain::hearer::for_customers;
use crate::domain::outcome::FailureKind;

/// A failure explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained {
    /// What happened.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// Explains the failure of an attempt; `None` where it did not fail.
#[must_use]
pub fn explain(kind: Option<FailureKind>, status: Option<u16>) -> Option<Explained> {
    let (cause, remedy) = match kind? {
        FailureKind::Timeout => (
            "The receiver did not answer in time.",
            "Let the receiver store the delivery and answer 2xx at once, then do the work. If it \
             really needs longer, raise the webhook's timeout.",
        ),
        FailureKind::Dns => (
            "The receiver's host name could not be resolved.",
            "Check the host in the webhook's URL, and that its DNS record is public and has not \
             expired.",
        ),
        FailureKind::Connect => (
            "No connection to the receiver could be made, or it broke before an answer came.",
            "Check that the receiver runs, listens on the port of the URL, and that no firewall \
             stands between.",
        ),
        FailureKind::Tls => (
            "The receiver's TLS certificate or handshake was not acceptable.",
            "Check that the certificate is valid now, names this host and comes with its \
             intermediate certificates.",
        ),
        FailureKind::Blocked => (
            "The destination is an address that hookpost must not call, so nothing was sent.",
            "Use a public host name. An operator can open a private range by starting hookpost \
             with --allow-private.",
        ),
        FailureKind::Protocol => (
            "What came back was not HTTP, broke its rules, or was too long.",
            "Check that the URL's scheme and port are those of a web server, and that no proxy \
             cuts its answers.",
        ),
        FailureKind::Redirect => (
            "The receiver answered with a redirect, which is never followed.",
            "Put the final address into the webhook's URL; it stands in the answer's location \
             header.",
        ),
        FailureKind::Template => (
            "The webhook's template gives no body for this event, so nothing was sent.",
            "Mend the template, or give what may be missing a default; then retry. What was never \
             sent takes the template as it is then.",
        ),
        FailureKind::OAuth2 => (
            "The token endpoint gave no access token, so nothing was sent.",
            "Check the token URL, the client's id and secret, and the scope in the webhook's auth.",
        ),
        FailureKind::Proxy => (
            "The egress proxy gave no way to the receiver, so nothing was sent.",
            "Nothing is held against the receiver, and it is tried again. An operator should check \
             that the proxy of --egress-proxy runs, knows its credentials, and lets connections \
             through to the receiver's port.",
        ),
        FailureKind::Status => by_status(status?),
    };
    Some(Explained { cause, remedy })
}

/// As [`explain`], for customers of the platform: nothing that only the platform can change, and no name
/// of what it is made with.
#[must_use]
pub fn explain_to_customers(kind: Option<FailureKind>, status: Option<u16>) -> Option<Explained> {
    let explained = explain(kind, status)?;
    let kind = kind?;
    let cause = for_customers(kind).unwrap_or(explained.cause);
    let remedy = match kind {
        FailureKind::Timeout => {
            "Let the receiver store the delivery and answer 2xx at once, then do the work."
        }
        FailureKind::Blocked => "Use a public https address.",
        FailureKind::Template | FailureKind::OAuth2 => {
            "Tell who runs this service; once it is mended, retry."
        }
        FailureKind::Proxy => "There is nothing to do: it is tried again.",
        FailureKind::Status => customers_remedy(status?).unwrap_or(explained.remedy),
        FailureKind::Dns
        | FailureKind::Connect
        | FailureKind::Tls
        | FailureKind::Protocol
        | FailureKind::Redirect => explained.remedy,
    };
    Some(Explained { cause, remedy })
}

/// What customers can do about a status, where the platform could do something else.
fn customers_remedy(status: u16) -> Option<&'static str> {
    Some(match status {
        400 | 422 => {
            "Compare the body below with what the receiver expects; its answer often says which \
             field it misses."
        }
        413 => "Raise the receiver's limit.",
        _ => return None,
    })
}

fn by_status(status: u16) -> (&'static str, &'static str) {
    match status {
        400 | 422 => (
            "The receiver did not understand the request.",
            "Compare the body below with what the receiver expects; its answer often says which \
             field it misses. A different wire profile may fit.",
        ),
        401 | 403 => (
            "The receiver refused the request's credentials or signature.",
            "Check that the receiver verifies with the current secret, over the raw body. If it \
             wants a header of its own, add it to the webhook.",
        ),
        404 => (
            "The receiver has nothing at this path.",
            "Check the path of the webhook's URL, letter by letter.",
        ),
        405 => (
            "The receiver does not take POST at this path.",
            "Check the path of the webhook's URL, and that the route accepts POST.",
        ),
        410 => (
            "The receiver says that it is gone for good, so the webhook was disabled.",
            "If that was a mistake, let the receiver answer again and enable the webhook.",
        ),
        413 => (
            "The body is larger than the receiver takes.",
            "Raise the receiver's limit, or publish less data per event.",
        ),
        429 => (
            "The receiver is asked too often.",
            "Set a rate limit on the webhook that the receiver can follow.",
        ),
        500 | 501 => (
            "The receiver failed while it worked on the delivery.",
            "Look for this delivery's id in the receiver's log; retry once it is mended.",
        ),
        503 => (
            "The receiver says that it can't take this now.",
            "Check that it runs, is not overloaded, and is not down for maintenance; a proxy before \
             it may say this in its place.",
        ),
        502 | 504 => (
            "Something before the receiver could not reach it.",
            "Check that the receiver behind the proxy or load balancer runs and is healthy.",
        ),
        400..500 => (
            "The receiver refused the request.",
            "Its answer below may say why.",
        ),
        _ => (
            "The receiver did not answer with a 2xx.",
            "Only a 2xx counts as delivered; its answer below may say why it gave another.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_has_a_cause_and_a_remedy() {
        for kind in FailureKind::ALL {
            let explained = explain(Some(kind), Some(500)).unwrap();
            assert!(explained.cause.ends_with('.') && explained.remedy.ends_with('.'));
        }
        for status in 100..=599 {
            assert!(explain(Some(FailureKind::Status), Some(status)).is_some());
        }
        assert_eq!(explain(None, Some(200)), None);
    }

    #[test]
    fn customers_are_told_nothing_that_only_the_platform_can_do() {
        let platforms = [
            "hookpost",
            "--",
            "operator",
            "proxy",
            "profile",
            "publish",
            "webhook's timeout",
            "Mend the template",
        ];
        let kinds = FailureKind::ALL.into_iter().map(|kind| (kind, 500));
        let statuses = (100..=599).map(|status| (FailureKind::Status, status));
        for (kind, status) in kinds.chain(statuses) {
            let said = explain_to_customers(Some(kind), Some(status)).unwrap();
            for word in platforms {
                // Receivers have proxies of their own before them.
                let is_theirs = word == "proxy" && kind != FailureKind::Proxy;
                let is_said = said.cause.contains(word) || said.remedy.contains(word);
                assert!(is_theirs || !is_said, "{word}: {said:?}");
            }
        }
    }
}
