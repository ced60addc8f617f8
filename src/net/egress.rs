//! The proxy by which everything leaves, where the operator names one.
//!
//! Owns: reading its address and its credentials. Refuses: speaking to it (`tunnel`, `through`), and
//! saying any of its credentials: not in errors, not in logs, not where it is shown.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::domain::secret::Secret;

/// Bytes of an address with its credentials.
const EGRESS_URL_BYTES_MAX: usize = 2_048;
/// Bytes of a user name or password: what SOCKS can carry (RFC 1929).
const LOGIN_BYTES_MAX: usize = 255;
/// Where SOCKS proxies listen, if nothing else is said (RFC 1928).
const SOCKS_PORT: u16 = 1080;

/// What is spoken with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyKind {
    /// HTTP.
    Http,
    /// HTTP inside TLS.
    Https,
    /// SOCKS 5.
    Socks5,
}

impl ProxyKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
        }
    }
}

/// As whom a proxy knows hookpost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProxyLogin {
    pub(super) username: Secret,
    pub(super) password: Secret,
}

/// A proxy for everything that leaves. `Display` shows it without its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressProxy {
    pub(super) kind: ProxyKind,
    pub(super) host: Host<String>,
    pub(super) port: u16,
    pub(super) login: Option<ProxyLogin>,
}

/// Why a text names no proxy. `Display` completes "the egress proxy …" and quotes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressFault {
    /// Too long.
    #[error("must not be longer than {EGRESS_URL_BYTES_MAX} bytes")]
    TooLong,
    /// Something else than an address of a proxy.
    #[error("must be an address such as http://proxy.example:3128, https://… or socks5://…")]
    Malformed,
    /// Of a kind that is not spoken.
    #[error("must begin with http://, https:// or socks5://")]
    Scheme,
    /// Names resolve here, where the guard judges them.
    #[error("must be socks5:// and not socks5h://: names are resolved and judged here")]
    NamesThere,
    /// More than an address.
    #[error("must have neither path, query nor fragment")]
    Path,
    /// Credentials that can't be sent.
    #[error("must have a user name and a password of 1 to {LOGIN_BYTES_MAX} bytes, or neither")]
    Login,
}

impl EgressProxy {
    /// Reads `http://`, `https://` or `socks5://`, with `user:password@` before the host where it asks
    /// for them, percent-encoded where they hold characters of their own.
    pub fn parse(text: &str) -> Result<Self, EgressFault> {
        if text.len() > EGRESS_URL_BYTES_MAX {
            return Err(EgressFault::TooLong);
        }
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        let kind = match scheme.map(str::to_ascii_lowercase).as_deref() {
            Some("http") => ProxyKind::Http,
            Some("https") => ProxyKind::Https,
            Some("socks5") => ProxyKind::Socks5,
            Some("socks5h") => return Err(EgressFault::NamesThere),
            Some(_) | None => return Err(EgressFault::Scheme),
        };
        let url = Url::parse(text).map_err(|_| EgressFault::Malformed)?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(EgressFault::Path);
        }
        let usual = match kind {
            ProxyKind::Http | ProxyKind::Https => url.port_or_known_default(),
            ProxyKind::Socks5 => url.port().or(Some(SOCKS_PORT)),
        };
        let port = usual.filter(|port| *port != 0);
        Ok(Self {
            kind,
            host: host_of(&url)?,
            port: port.ok_or(EgressFault::Malformed)?,
            login: login_of(&url)?,
        })
    }
}

/// The host, read as a web address's is: for schemes that it does not know the parser leaves it as it
/// stands.
fn host_of(url: &Url) -> Result<Host<String>, EgressFault> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = Host::parse(host.ok_or(EgressFault::Malformed)?);
    host.map_err(|_| EgressFault::Malformed)
}

/// Whom an address signs in as.
pub(super) fn login_of(url: &Url) -> Result<Option<ProxyLogin>, EgressFault> {
    let password = url.password().unwrap_or_default();
    if url.username().is_empty() && password.is_empty() {
        return Ok(None);
    }
    let read = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        let text = text.map_err(|_| EgressFault::Login)?.into_owned();
        let fits =
            (1..=LOGIN_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        fits.then(|| Secret::new(text)).ok_or(EgressFault::Login)
    };
    let username = read(url.username())?;
    // The one ends where the other begins, as HTTP writes them.
    if username.expose().contains(':') {
        return Err(EgressFault::Login);
    }
    let password = read(password)?;
    Ok(Some(ProxyLogin { username, password }))
}

impl fmt::Display for EgressProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.kind.as_str(), self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_shown_without_its_credentials() {
        let check = |text: &str, shown: &str, login: Option<(&str, &str)>| {
            let proxy = EgressProxy::parse(text).unwrap();
            assert_eq!(proxy.to_string(), shown);
            let found = proxy.login.as_ref();
            let found = found.map(|own| (own.username.expose(), own.password.expose()));
            assert_eq!(found, login, "{shown}");
            if let Some((_, password)) = login {
                assert!(!format!("{proxy:?}").contains(password), "{proxy:?}");
            }
        };
        check(
            "http://proxy.example:3128",
            "http://proxy.example:3128",
            None,
        );
        check("HTTP://Proxy.example/", "http://proxy.example:80", None);
        check("https://10.0.0.1", "https://10.0.0.1:443", None);
        check("socks5://127.0.0.1", "socks5://127.0.0.1:1080", None);
        check("socks5://[::1]:9050", "socks5://[::1]:9050", None);
        let login = Some(("me@home", "pass:word/%"));
        let text = "socks5://me%40home:pass%3Aword%2F%25@proxy:1081";
        check(text, "socks5://proxy:1081", login);
        let text = "http://me:s3cret@proxy:8080";
        check(text, "http://proxy:8080", Some(("me", "s3cret")));
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_being_quoted() {
        use EgressFault as F;
        let check = |text: &str, fault: F| {
            assert_eq!(EgressProxy::parse(text), Err(fault), "{text}");
            assert!(!fault.to_string().contains("s3cret"), "{fault}");
        };
        check("", F::Scheme);
        check("proxy:3128", F::Scheme);
        check("ftp://me:s3cret@proxy", F::Scheme);
        check("socks4://proxy", F::Scheme);
        check("socks5h://proxy", F::NamesThere);
        check("http://", F::Malformed);
        check("http://proxy:99999", F::Malformed);
        check("http://proxy:0", F::Malformed);
        check("socks5://", F::Malformed);
        check("http://proxy/path", F::Path);
        check("http://proxy?a=b", F::Path);
        check("http://proxy#a", F::Path);
        check("http://me@proxy", F::Login);
        check("http://:s3cret@proxy", F::Login);
        check("http://me%3Ayou:s3cret@proxy", F::Login);
        check("http://me:s3cret%0A@proxy", F::Login);
        check(&format!("http://me:{}@proxy", "x".repeat(256)), F::Login);
        check(&format!("http://{}", "x".repeat(2_048)), F::TooLong);
    }
}
