//! What stands between people and hookpost: TLS of its own, a proxy, or nothing.
//!
//! Owns: who a request really comes from, whether it was encrypted on its way, and under which
//! address people know this instance. Refuses: believing `x-forwarded-*` from anybody whom the
//! operator has not named.
//!
//! # Why every line of a forwarding header counts
//! Some proxies add to the line that a caller sent, others send a line of their own behind it. The
//! nearest hop is the last entry of the last line; whoever reads the first line believes the caller.
//!
//! # Why plain HTTP from another machine is refused at the door
//! A password and a session's cookie can be read by everybody in between. The operator may allow it
//! by name; then it was somebody's decision and not an oversight.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use ipnet::IpNet;
use url::Url;

use crate::service::Refusal;

/// Addresses of a chain of proxies that are looked at, from the nearest.
const HOPS_MAX: usize = 16;

const PLAIN_HTTP: &str = "over plain http from another machine your password and session would be \
     shown to everybody in between: use https (--tls-cert, or a proxy and --trusted-proxies), or start \
     hookpost with --insecure-dashboard";

/// How hookpost itself speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    #[default]
    Http,
    /// TLS of its own.
    Https,
}

/// Whether people may sign in over plain HTTP from other machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainSignIn {
    /// Only from this machine.
    #[default]
    Local,
    /// From anywhere: the operator allowed it.
    Anywhere,
}

/// What the operator says about the way to hookpost.
#[derive(Clone, Debug, Default)]
pub struct ProxyRules {
    /// How hookpost itself speaks.
    pub scheme: Scheme,
    /// The address under which people know it.
    pub public_url: Option<Url>,
    /// The address under which customers know the portal; absent: the same.
    pub portal_url: Option<Url>,
    /// Proxies whose `x-forwarded-*` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may sign in over plain HTTP.
    pub plain_sign_in: PlainSignIn,
}

impl ProxyRules {
    /// The address that a request comes from: the nearest one that is no trusted proxy.
    #[must_use]
    pub fn client(&self, request: &HttpRequest) -> IpAddr {
        let peer = peer(request);
        if !self.trusts(peer) {
            return peer;
        }
        let mut hops = values(request, "x-forwarded-for")
            .rev()
            .flat_map(|line| line.rsplit(','))
            .take(HOPS_MAX)
            .map(|hop| hop.trim().parse());
        let stranger = hops.find(|hop| hop.as_ref().map_or(true, |ip| !self.trusts(*ip)));
        stranger.and_then(Result::ok).unwrap_or(peer)
    }

    /// Whether the request was encrypted on its way here, as far as hookpost can know.
    #[must_use]
    pub fn is_encrypted(&self, request: &HttpRequest) -> bool {
        if self.scheme == Scheme::Https {
            return true;
        }
        let peer = peer(request);
        if self.trusts(peer) && all_hops_say_https(request) {
            return true;
        }
        (peer.is_loopback() || self.trusts(peer)) && self.is_public_https(request)
    }

    /// Scheme, host and port under which whoever sent this request knows hookpost.
    #[must_use]
    pub fn base(&self, request: &HttpRequest) -> String {
        if let Some(public) = &self.public_url {
            return public.as_str().trim_end_matches('/').to_owned();
        }
        let scheme = if self.is_encrypted(request) {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", text(request, "host").unwrap_or_default())
    }

    /// As [`ProxyRules::base`], of the consumer portal.
    #[must_use]
    pub fn portal_base(&self, request: &HttpRequest) -> String {
        match &self.portal_url {
            Some(portal) => portal.as_str().trim_end_matches('/').to_owned(),
            None => self.base(request),
        }
    }

    /// Lets people sign in, and use what they signed in to, where nobody can read along.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] says what the operator can do.
    pub fn check_sign_in(&self, request: &HttpRequest) -> Result<(), Refusal> {
        let is_private = self.plain_sign_in == PlainSignIn::Anywhere
            || self.is_encrypted(request)
            || self.client(request).is_loopback();
        if is_private {
            return Ok(());
        }
        Err(Refusal::Forbidden(PLAIN_HTTP.to_owned()))
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.trusted_proxies.iter().any(|range| range.contains(&ip))
    }

    /// Whether the request was sent to the public address or the portal's, and that is https.
    fn is_public_https(&self, request: &HttpRequest) -> bool {
        let host = text(request, "host").unwrap_or_default();
        let known = [&self.public_url, &self.portal_url];
        known
            .into_iter()
            .flatten()
            .any(|known| known.scheme() == "https" && known.authority().eq_ignore_ascii_case(host))
    }
}

fn peer(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
        peer.ip().to_canonical()
    })
}

fn text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// The values of every line of a header, in the order of arrival; what is no text reads as nothing,
/// which is no address either.
fn values<'a>(
    request: &'a HttpRequest,
    name: &'static str,
) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
    let lines: Vec<&str> = request
        .headers()
        .get_all(name)
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    lines.into_iter()
}

/// A caller may have sent a line of its own before the proxy added the true one.
fn all_hops_say_https(request: &HttpRequest) -> bool {
    let mut hops = values(request, "x-forwarded-proto")
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .peekable();
    hops.peek().is_some() && hops.all(|proto| proto.eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn request(peer: &str, headers: &[(&'static str, &str)]) -> HttpRequest {
        let peer = format!("{peer}:5000").parse().unwrap();
        let mut request = TestRequest::get().peer_addr(peer);
        for header in headers {
            request = request.append_header(*header);
        }
        request.to_http_request()
    }

    fn behind_proxy() -> ProxyRules {
        ProxyRules {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..ProxyRules::default()
        }
    }

    #[test]
    fn only_a_named_proxy_is_believed() {
        let check = |peer: &str, forwarded: &str, expect: &str| {
            let request = request(peer, &[("x-forwarded-for", forwarded)]);
            let client = behind_proxy().client(&request);
            assert_eq!(client, expect.parse::<IpAddr>().unwrap(), "{forwarded}");
        };
        check("192.0.2.1", "198.51.100.7", "192.0.2.1");
        check("10.0.0.1", "198.51.100.7", "198.51.100.7");
        check(
            "10.0.0.1",
            "1.2.3.4, 198.51.100.7, 10.0.0.2",
            "198.51.100.7",
        );
        check("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.1");
        check("10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1");
        check("10.0.0.1", "", "10.0.0.1");
    }

    #[test]
    fn a_line_that_the_caller_sent_does_not_hide_the_one_that_the_proxy_added() {
        let lines = |name, values: [&'static str; 2]| {
            request("10.0.0.1", &values.map(|value| (name, value)))
        };
        let forwarded = lines("x-forwarded-for", ["1.2.3.4", "198.51.100.7"]);
        let client = behind_proxy().client(&forwarded);
        assert_eq!(client, "198.51.100.7".parse::<IpAddr>().unwrap());
        let mixed = lines("x-forwarded-proto", ["https", "http"]);
        assert!(!behind_proxy().is_encrypted(&mixed));
        let agreed = lines("x-forwarded-proto", ["https", "https"]);
        assert!(behind_proxy().is_encrypted(&agreed));
    }

    #[test]
    fn people_sign_in_only_where_nobody_reads_along() {
        let check =
            |proxy: &ProxyRules, peer: &str, headers: &[(&'static str, &str)], expect: bool| {
                let allowed = proxy.check_sign_in(&request(peer, headers)).is_ok();
                assert_eq!(allowed, expect, "{proxy:?} {peer} {headers:?}");
            };
        let https = ("x-forwarded-proto", "https");
        let plain = ProxyRules::default();
        check(&plain, "127.0.0.1", &[], true);
        check(&plain, "192.0.2.1", &[], false);
        check(&plain, "192.0.2.1", &[https], false);
        check(&behind_proxy(), "10.0.0.1", &[https], true);
        check(&behind_proxy(), "10.0.0.1", &[], false);
        let allowed = ProxyRules {
            plain_sign_in: PlainSignIn::Anywhere,
            ..ProxyRules::default()
        };
        check(&allowed, "192.0.2.1", &[], true);
        let tls = ProxyRules {
            scheme: Scheme::Https,
            ..ProxyRules::default()
        };
        check(&tls, "192.0.2.1", &[], true);
    }

    #[test]
    fn a_proxy_on_this_machine_needs_only_the_public_address() {
        let proxy = ProxyRules {
            public_url: Some(Url::parse("https://hooks.example.com/").unwrap()),
            ..ProxyRules::default()
        };
        let host = ("host", "hooks.example.com");
        assert!(proxy.is_encrypted(&request("127.0.0.1", &[host])));
        assert!(!proxy.is_encrypted(&request("192.0.2.1", &[host])));
        assert!(!proxy.is_encrypted(&request("127.0.0.1", &[("host", "localhost:8080")])));
        assert_eq!(
            proxy.base(&request("127.0.0.1", &[])),
            "https://hooks.example.com"
        );
        let local = request("127.0.0.1", &[("host", "localhost:8080")]);
        assert_eq!(ProxyRules::default().base(&local), "http://localhost:8080");
    }
}
