//! The URL of a receiver: what it may look like, before any address is known.
//!
//! Owns: the rules for the text of a URL, its host name and port, and the type that has passed
//! them. Refuses: judging addresses (`address`, by way of `guard`) and looking names up
//! (`resolver`).
//!
//! # Why the text is checked before it is parsed
//! URL parsers repair: they drop tabs and line breaks, turn backslashes into slashes and forget an
//! empty user name. Two parsers that repair differently are how a checked URL and a called URL part
//! ways. Whatever would need repair is refused, so that there is only one reading.
//!
//! # Why path and query stay as they were given
//! Parsers also normalise: `'` becomes `%27`, `/a/%2e%2e/c` becomes `/c`. A receiver may mean just the
//! former, and some compare or sign the text. So scheme, host and port are normalised, because they
//! decide where a request goes, and what follows is stored, shown and sent byte by byte. Only what
//! cannot stand in a request's first line at all, such as an umlaut, is percent-encoded.

use std::fmt::{self, Write};

use hyper::Uri;
use hyper::header::HeaderValue;
use url::{Host, Url};

use crate::net::address::AddressRefusal;

/// Length of a URL, as given and as normalised, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;

/// Length of a host name in bytes, and of each of its labels (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Names that never belong to the public internet, with everything under them.
const LOCAL_NAMES: [&str; 6] = [
    "localhost",
    "local",
    "internal",
    "home.arpa",
    "lan",
    "onion",
];

/// Ports of well-known services that don't speak HTTP, ascending: the list that browsers block,
/// and databases, queues, remote desktops and directories. A signed POST must not become a command
/// there. None lies among the ports that systems hand out for outgoing connections.
const REFUSED_PORTS: [u16; 126] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 49, 53, 67, 68, 69, 70, 77, 79,
    87, 88, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139,
    143, 161, 162, 179, 194, 389, 427, 445, 464, 465, 500, 512, 513, 514, 515, 520, 526, 530, 531,
    532, 540, 543, 544, 548, 554, 556, 563, 587, 601, 623, 631, 636, 646, 853, 873, 989, 990, 992,
    993, 994, 995, 1080, 1194, 1433, 1434, 1521, 1719, 1720, 1723, 1812, 1813, 1883, 2049, 2181,
    3268, 3269, 3306, 3389, 3659, 4045, 4190, 4369, 5060, 5061, 5222, 5269, 5432, 5671, 5672, 5900,
    5901, 6000, 6379, 6566, 6667, 6697, 9042, 9092, 10080, 11211, 27017, 27018,
];

/// Why a URL or what it leads to is refused. `Display` is a sentence for the caller that completes
/// "the URL …"; it never names a resolved address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UrlRefusal {
    /// Longer than [`URL_BYTES_MAX`], as given or as normalised.
    #[error("must not be longer than {URL_BYTES_MAX} bytes")]
    TooLong,
    /// A control character, white space or a backslash.
    #[error("must not contain spaces, control characters or backslashes")]
    Characters,
    /// Not an absolute URL.
    #[error("must be an absolute URL such as https://example.com/hooks")]
    Malformed,
    /// A scheme other than http and https.
    #[error("must begin with https://")]
    Scheme,
    /// http where the operator has not allowed it.
    #[error("must begin with https://: plain http is not allowed here")]
    PlainHttp,
    /// A user name or password.
    #[error("must not contain a user name or password")]
    UserInfo,
    /// A fragment.
    #[error("must not contain a fragment (#)")]
    Fragment,
    /// The host is neither a DNS name nor an address.
    #[error("must name a valid host")]
    HostName,
    /// A single label.
    #[error("must name a host with at least two parts, such as example.com")]
    SingleLabel,
    /// A name that only means something inside one network.
    #[error("must not name a host of a local network")]
    LocalName,
    /// The port of a well-known service that is not HTTP.
    #[error("must not use the port of a service that does not speak HTTP")]
    Port,
    /// The address may not be called.
    #[error("{0}")]
    Address(#[from] AddressRefusal),
}

/// What the operator allows in the text of a URL.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UrlRules {
    /// Whether `http://` will do.
    pub(super) allow_http: bool,
    /// Whether the name `localhost` will do; true where a loopback address was opened.
    pub(super) allow_localhost: bool,
}

/// A URL whose text has passed the guard, with its host normalised and its path and query as given.
/// `Display` is the URL itself: store and show that form; log [`TargetUrl::redacted`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetUrl {
    /// Scheme, host and port, as parsed; nothing else of it is used.
    url: Url,
    /// The whole text.
    text: String,
    /// Path and query as they stand in a request's first line.
    request_uri: Uri,
    /// What the `Host` header says.
    host_header: HeaderValue,
}

impl TargetUrl {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL without its query, for logs. Some receivers carry a token in the path: at levels
    /// above debug, log [`TargetUrl::host`].
    #[must_use]
    pub fn redacted(&self) -> &str {
        let query_at = self.text.find('?').unwrap_or(self.text.len());
        &self.text[..query_at]
    }

    /// The host as it stands in the URL; IPv6 in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.url[url::Position::BeforeHost..url::Position::AfterHost]
    }

    /// The port, named or implied by the scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url
            .port_or_known_default()
            .expect("http and https have default ports")
    }

    pub(super) fn is_https(&self) -> bool {
        self.scheme() == "https"
    }

    pub(super) fn scheme(&self) -> &str {
        self.url.scheme()
    }

    /// The host, with the port where it is not the scheme's own: what the `Host` header says.
    pub(super) fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    /// Path and query as they are sent.
    pub(super) fn request_uri(&self) -> &Uri {
        &self.request_uri
    }

    pub(super) fn parsed_host(&self) -> Host<&str> {
        self.url
            .host()
            .expect("a target has a host by construction")
    }

    /// Reads a URL under `rules`; addresses are the guard's next step.
    pub(super) fn parse(text: &str, rules: UrlRules) -> Result<Self, UrlRefusal> {
        check_text(text)?;
        check_authority(text, rules)?;
        let mut url = Url::parse(text).map_err(malformed)?;
        if url.fragment().is_some() {
            return Err(UrlRefusal::Fragment);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlRefusal::UserInfo);
        }
        drop_root_dot(&mut url)?;
        if let Some(Host::Domain(name)) = url.host() {
            check_name(name, rules)?;
        }
        let port = url.port_or_known_default().ok_or(UrlRefusal::Scheme)?;
        if REFUSED_PORTS.binary_search(&port).is_ok() {
            return Err(UrlRefusal::Port);
        }
        let origin = &url[..url::Position::BeforePath];
        let path_at = origin.len();
        let text = format!("{origin}{}", sendable(after_authority(text)));
        // Two readings of the text would be two too many: both must name the same receiver.
        let again = Url::parse(&text).map_err(malformed)?;
        let same_origin = again[..url::Position::BeforePath] == url[..url::Position::BeforePath];
        if !same_origin || again.fragment().is_some() {
            return Err(UrlRefusal::Malformed);
        }
        if text.len() > URL_BYTES_MAX {
            return Err(UrlRefusal::TooLong);
        }
        let request_uri = text[path_at..].parse();
        let host_header = host_header(&url);
        Ok(Self {
            url,
            text,
            request_uri: request_uri.expect("path and query are made of what a request may carry"),
            host_header,
        })
    }
}

/// What the `Host` header says to the receiver of a URL: its host, with the port where it is not the scheme's
/// own.
///
/// # Panics
/// If the URL has no host.
pub fn host_header(url: &Url) -> HeaderValue {
    let authority = &url[url::Position::BeforeHost..url::Position::BeforePath];
    HeaderValue::from_str(authority).expect("a host is a name or an address")
}

/// Path and query of a URL whose scheme and authority were looked at before.
fn after_authority(text: &str) -> &str {
    let rest = text.split_once("//").map_or("", |(_, rest)| rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    &rest[end..]
}

/// The bytes as given, with a path where there was none, and what HTTP cannot carry encoded.
fn sendable(given: &str) -> String {
    let mut text = String::with_capacity(given.len() + 1);
    if !given.starts_with('/') {
        text.push('/');
    }
    let query_at = given.find('?').unwrap_or(given.len());
    for (at, byte) in given.bytes().enumerate() {
        let stays = match byte {
            b'<' | b'>' => false,
            b'`' => at > query_at,
            b'"' => at < query_at,
            byte => byte.is_ascii_graphic(),
        };
        if stays {
            text.push(char::from(byte));
        } else {
            // Writing into a string never fails.
            let _written = write!(text, "%{byte:02X}");
        }
    }
    text
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn check_text(text: &str) -> Result<(), UrlRefusal> {
    if text.len() > URL_BYTES_MAX {
        return Err(UrlRefusal::TooLong);
    }
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return Err(UrlRefusal::Characters);
    }
    Ok(())
}

/// Looks at scheme and authority before the parser can repair them.
fn check_authority(text: &str, rules: UrlRules) -> Result<(), UrlRefusal> {
    let (scheme, rest) = text.split_once(':').ok_or(UrlRefusal::Malformed)?;
    if scheme.eq_ignore_ascii_case("http") {
        if !rules.allow_http {
            return Err(UrlRefusal::PlainHttp);
        }
    } else if !scheme.eq_ignore_ascii_case("https") {
        return Err(UrlRefusal::Scheme);
    }
    let rest = rest.strip_prefix("//").ok_or(UrlRefusal::Malformed)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(UrlRefusal::UserInfo);
    }
    if authority.is_empty() {
        Err(UrlRefusal::HostName)
    } else {
        Ok(())
    }
}

fn malformed(error: url::ParseError) -> UrlRefusal {
    use url::ParseError as E;
    match error {
        E::EmptyHost
        | E::IdnaError
        | E::InvalidIpv4Address
        | E::InvalidIpv6Address
        | E::InvalidDomainCharacter => UrlRefusal::HostName,
        // The rest are broken ports and forms; the crate may add more kinds.
        _ => UrlRefusal::Malformed,
    }
}

/// `example.com.` and `example.com` are one host; TLS and most receivers know only the latter.
fn drop_root_dot(url: &mut Url) -> Result<(), UrlRefusal> {
    let Some(Host::Domain(name)) = url.host() else {
        return Ok(());
    };
    let Some(bare) = name.strip_suffix('.') else {
        return Ok(());
    };
    let bare = bare.to_owned();
    url.set_host(Some(&bare)).map_err(malformed)
}

fn check_name(name: &str, rules: UrlRules) -> Result<(), UrlRefusal> {
    if name == "localhost" && rules.allow_localhost {
        return Ok(());
    }
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if name.len() > NAME_BYTES_MAX || !name.split('.').all(is_label) {
        return Err(UrlRefusal::HostName);
    }
    if LOCAL_NAMES.iter().any(|local| is_under(name, local)) {
        return Err(UrlRefusal::LocalName);
    }
    if name.contains('.') {
        Ok(())
    } else {
        Err(UrlRefusal::SingleLabel)
    }
}

fn is_under(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refused_ports_can_be_searched_and_leave_ephemeral_ports_alone() {
        assert!(REFUSED_PORTS.is_sorted_by(|a, b| a < b));
        assert!(REFUSED_PORTS.iter().all(|port| *port < 32_768));
        for http in [
            80, 443, 591, 2375, 3000, 5000, 8000, 8008, 8080, 8081, 8443, 8888, 9000, 9200,
        ] {
            assert!(!REFUSED_PORTS.contains(&http), "{http}");
        }
    }
}
