//! How people get in from where a server listens.
//!
//! Owns: an address that a browser can open, and the sentence about those who cannot sign in yet.
//! Refuses: deciding who may (`web::proxy`); it says what that decides.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::config::Config;

/// The way in.
pub(super) struct Reach {
    /// Scheme, host and port that a browser can open.
    pub(super) base: String,
    /// What people should know besides.
    pub(super) hint: Option<String>,
}

/// The way to a server that listens at `url`. `outward` is the machine's own address, as others see
/// it.
pub(super) fn reach(config: &Config, url: &str, outward: Option<IpAddr>) -> Reach {
    let bound = Url::parse(url).ok();
    let ip = bound
        .as_ref()
        .and_then(address)
        .filter(|ip| !ip.is_loopback());
    let public = config.public_url.as_ref().map(ToString::to_string);
    let Some(ip) = ip else {
        return Reach {
            base: public.unwrap_or_else(|| url.to_owned()),
            hint: None,
        };
    };
    let local = at(bound.as_ref(), loopback(ip)).filter(|_| ip.is_unspecified());
    if lets_others_in(config) {
        let usable = outward.filter(|_| ip.is_unspecified()).unwrap_or(ip);
        let usable = at(bound.as_ref(), usable).unwrap_or_else(|| url.to_owned());
        let base = public.unwrap_or(usable);
        let reached = ip
            .is_unspecified()
            .then(|| format!("people reach it at {base}"));
        let hints: Vec<String> = reached.into_iter().chain(distant(config)).collect();
        let hint = (!hints.is_empty()).then(|| hints.join("; "));
        return Reach { base, hint };
    }
    let hint = Some(hint(local.as_deref()));
    Reach {
        base: public.or(local).unwrap_or_else(|| url.to_owned()),
        hint,
    }
}

fn hint(local: Option<&str>) -> String {
    const WAYS: &str = "give it a certificate (--tls-cert, --tls-key), or put an https proxy in front \
                        (--public-url, --trusted-proxies), or allow plain http by name \
                        (--insecure-dashboard)";
    match local {
        Some(local) => format!(
            "people sign in only on this machine, at {local}, or through a tunnel to it (ssh -L), \
             because plain http would show their passwords to everybody in between; for others {WAYS}"
        ),
        None => format!(
            "nobody can sign in here yet, because plain http would show passwords to everybody in \
             between: {WAYS}"
        ),
    }
}

/// What a proxy on another machine needs, where only a proxy makes the connection private.
fn distant(config: &Config) -> Option<String> {
    const NEEDS: &str = "a proxy on another machine is believed only if its address is named \
                         (--trusted-proxies); until then nobody signs in through it";
    let is_private = config.tls.is_some() || config.insecure_dashboard;
    (!is_private && config.trusted_proxies.is_empty()).then(|| NEEDS.to_owned())
}

fn lets_others_in(config: &Config) -> bool {
    let is_https = |url: &Url| url.scheme() == "https";
    config.tls.is_some()
        || config.insecure_dashboard
        || config.public_url.as_ref().is_some_and(is_https)
}

fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(ip) => Some(ip.into()),
        Host::Ipv6(ip) => Some(ip.into()),
        Host::Domain(_) => None,
    }
}

fn loopback(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// The same server at another of its addresses.
fn at(bound: Option<&Url>, ip: IpAddr) -> Option<String> {
    let mut url = bound?.clone();
    url.set_ip_host(ip).ok()?;
    Some(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KeyEnvironment;
    use crate::config::options::Options;

    fn config(options: Options) -> Config {
        let options = Options {
            data_dir: Some("/nonexistent".into()),
            ..options
        };
        Config::load(options, None, KeyEnvironment::default()).unwrap()
    }

    fn check(options: Options, url: &str, base: &str, hint: &str) {
        let outward = Some("10.0.0.5".parse().unwrap());
        let reach = reach(&config(options), url, outward);
        assert_eq!(reach.base.trim_end_matches('/'), base);
        let said = reach.hint.unwrap_or_default();
        assert_eq!(said.is_empty(), hint.is_empty(), "{said}");
        assert!(said.contains(hint), "{said}");
    }

    #[test]
    fn on_loopback_there_is_nothing_to_explain() {
        let url = "http://127.0.0.1:8080";
        check(Options::default(), url, url, "");
        check(Options::default(), "http://[::1]:81", "http://[::1]:81", "");
    }

    #[test]
    fn everywhere_becomes_an_address_that_can_be_opened() {
        let plain = Options::default;
        let everywhere = "http://0.0.0.0:8080";
        check(plain(), everywhere, "http://127.0.0.1:8080", "ssh -L");
        check(
            plain(),
            "http://[::]:8080",
            "http://[::1]:8080",
            "--tls-cert",
        );
        let open = Options {
            insecure_dashboard: Some(true),
            ..plain()
        };
        check(open, everywhere, "http://10.0.0.5:8080", "10.0.0.5");
        let public = || Options {
            public_url: Some("https://hooks.example.com".parse().unwrap()),
            ..plain()
        };
        let named = "https://hooks.example.com";
        check(public(), everywhere, named, "hooks.example.com");
        // Nothing that such a proxy says is believed unless it is named.
        check(public(), everywhere, named, "--trusted-proxies");
        check(public(), "http://10.0.0.5:8080", named, "--trusted-proxies");
        let trusted = Options {
            trusted_proxies: Some(vec!["10.0.0.0/8".parse().unwrap()]),
            ..public()
        };
        check(trusted, "http://10.0.0.5:8080", named, "");
    }

    #[test]
    fn where_nobody_can_sign_in_that_is_said() {
        let url = "http://10.0.0.5:8080";
        check(Options::default(), url, url, "nobody can sign in here yet");
    }
}
