//! What an origin is.
//!
//! Owns: comparing two URLs' origins. Refuses: what follows from a change (`moved`, `auth`).

use url::Url;

/// Whether two URLs differ in scheme, host or port (RFC 6454). What cannot be read is nowhere.
#[must_use]
pub fn is_moved(from: &str, to: &str) -> bool {
    match (Url::parse(from), Url::parse(to)) {
        (Ok(from), Ok(to)) => from.origin() != to.origin(),
        (Err(_), _) | (_, Err(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_however_they_are_spelled() {
        fn check(from: &str, to: &str, expect: bool) {
            assert_eq!(is_moved(from, to), expect, "{from} to {to}");
            assert_eq!(is_moved(to, from), expect, "{to} to {from}");
        }
        let present = "https://example.com/a?b=c";
        check(present, "https://example.com/d", false);
        check(present, "HTTPS://EXAMPLE.COM:443/", false);
        check("http://example.com:080/", "http://example.com/", false);
        check(
            "https://[2606:4700::1]/",
            "https://[2606:4700:0::1]/",
            false,
        );
        check(present, "http://example.com/a?b=c", true);
        check(present, "https://example.com:8443/a?b=c", true);
        check(present, "https://www.example.com/a?b=c", true);
        check(present, "https://example.com./a?b=c", true);
        check(present, "https://example.com.evil.example/", true);
        check(present, "no URL", true);
        check("no URL", "no URL", true);
    }
}
