//! The guard: what it lets pass leads to the public internet, and nowhere else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ::url::{Host, Url};
use hookpost::net::{Guard, GuardOptions, OwnAddresses, TargetUrl, URL_BYTES_MAX};

use super::Verdict;

/// As it is on the internet.
static STRICT: LazyLock<Guard> = LazyLock::new(|| Guard::new(options(&[])));
/// With every range opened and plain http allowed.
static WIDE: LazyLock<Guard> = LazyLock::new(|| {
    Guard::new(GuardOptions {
        allow_http: true,
        ..options(&["0.0.0.0/0", "::/0"])
    })
});

/// Names that mean something inside one network only.
const LOCAL: [&str; 6] = [
    "localhost",
    "local",
    "internal",
    "home.arpa",
    "lan",
    "onion",
];
/// Services that a delivery must not be mistaken by.
const SERVICES: [u16; 8] = [22, 25, 53, 445, 3306, 5432, 6379, 11211];

fn options(ranges: &[&str]) -> GuardOptions {
    let ranges = ranges.iter().map(|range| range.parse().expect("a range"));
    GuardOptions {
        allow_http: false,
        allow_private: ranges.collect(),
        own: OwnAddresses::Listed(Vec::new()),
    }
}

pub(super) fn law(text: &str) -> Verdict {
    if let Ok(target) = WIDE.check_url(text) {
        check_form(text, &target);
        check_no_metadata(&parsed(&target));
    }
    let Ok(target) = STRICT.check_url(text) else {
        return Verdict::Refused;
    };
    let again = STRICT.check_url(target.as_str());
    assert_eq!(again.as_ref().map(TargetUrl::as_str), Ok(target.as_str()));
    let wide = WIDE.check_url(text);
    assert_eq!(wide.as_ref(), Ok(&target), "permissions take nothing away");
    let url = parsed(&target);
    assert_eq!(url.scheme(), "https");
    match url.host().expect("a target has a host") {
        Host::Ipv4(ip) => assert!(is_public_v4(ip), "{ip}"),
        Host::Ipv6(ip) => assert!(is_public_v6(ip), "{ip}"),
        Host::Domain(name) => check_name(name),
    }
    Verdict::Accepted
}

fn parsed(target: &TargetUrl) -> Url {
    Url::parse(target.as_str()).expect("a normalised URL is a URL")
}

/// What holds whatever the operator allows.
fn check_form(text: &str, target: &TargetUrl) {
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    assert!(!text.contains(odd) && !target.as_str().contains(odd));
    assert!(text.len() <= URL_BYTES_MAX && target.as_str().len() <= URL_BYTES_MAX);
    let url = parsed(target);
    assert!(["http", "https"].contains(&url.scheme()));
    assert!(url.username().is_empty() && url.password().is_none());
    assert!(url.fragment().is_none());
    assert_eq!(url.host_str(), Some(target.host()));
    assert_eq!(url.port_or_known_default(), Some(target.port()));
    assert!(!SERVICES.contains(&target.port()), "{target}");
    assert!(!target.redacted().contains('?') && target.as_str().starts_with(target.redacted()));
}

fn check_no_metadata(url: &Url) {
    let metadata: [IpAddr; 3] = [
        Ipv4Addr::new(169, 254, 169, 254).into(),
        Ipv4Addr::new(100, 100, 100, 200).into(),
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254).into(),
    ];
    let host: Option<IpAddr> = match url.host().expect("a target has a host") {
        Host::Ipv4(ip) => Some(ip.into()),
        Host::Ipv6(ip) => Some(ip.to_canonical()),
        Host::Domain(_) => None,
    };
    assert!(host.is_none_or(|ip| !metadata.contains(&ip)), "{url}");
}

fn check_name(name: &str) {
    assert!(
        name.is_ascii() && !name.bytes().any(|byte| byte.is_ascii_uppercase()),
        "{name}"
    );
    assert!(name.len() <= 253, "{name}");
    let labels: Vec<&str> = name.split('.').collect();
    assert!(labels.len() >= 2, "{name}");
    assert!(
        labels.iter().all(|label| (1..=63).contains(&label.len())),
        "{name}"
    );
    let last = labels[labels.len() - 1];
    assert!(
        !last.bytes().all(|byte| byte.is_ascii_digit()),
        "{name} may be read as an address"
    );
    for local in LOCAL {
        assert!(
            name != local && !name.ends_with(&format!(".{local}")),
            "{name}"
        );
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || ip == Ipv4Addr::new(168, 63, 129, 16);
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let inside = Ipv4Addr::from(u32::from(g) << 16 | u32::from(h));
    let is_mapped = [a, b, c, d, e, f] == [0, 0, 0, 0, 0, 0xffff];
    let is_nat64 = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    if is_mapped || is_nat64 {
        return is_public_v4(inside);
    }
    let special =
        (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    a & 0xe000 == 0x2000 && !special
}
