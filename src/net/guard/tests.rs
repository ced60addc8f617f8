//! Hand-picked URLs with their verdicts, and random hosts against a second reading of the rules.

use proptest::prelude::*;

use super::*;
use crate::net::target::URL_BYTES_MAX;

fn guard(allow_http: bool, ranges: &[&str], own: &[&str]) -> Guard {
    let guard = Guard::new(GuardOptions {
        allow_http,
        allow_private: ranges.iter().map(|range| range.parse().unwrap()).collect(),
        own: OwnAddresses::Listed(own.iter().map(|ip| ip.parse().unwrap()).collect()),
    });
    guard.set_own_ports(vec![8080]);
    guard
}

fn check(guard: &Guard, url: &str, expect: Result<&str, Refusal>) {
    let verdict = guard.check_url(url);
    assert_eq!(
        verdict.as_ref().map(Target::as_str),
        expect.as_ref().map(|text| *text),
        "{url}"
    );
    // What was accepted once is accepted for ever: the stored form is its own normal form.
    if let Ok(target) = verdict {
        assert_eq!(guard.check_url(target.as_str()), Ok(target), "{url}");
    }
}

fn refuse_all(guard: &Guard, refusal: impl Into<Refusal>, urls: &[&str]) {
    let refusal = refusal.into();
    for url in urls {
        check(guard, url, Err(refusal));
    }
}

#[test]
fn public_urls_are_accepted_and_normalised() {
    let guard = guard(false, &[], &[]);
    for (url, normal) in [
        ("https://example.com", "https://example.com/"),
        (
            "https://example.com/hooks?a=1&b=2",
            "https://example.com/hooks?a=1&b=2",
        ),
        ("HTTPS://EXAMPLE.COM/Hooks", "https://example.com/Hooks"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:/x", "https://example.com/x"),
        ("https://example.com:8443/x", "https://example.com:8443/x"),
        ("https://example.com:8080/x", "https://example.com:8080/x"),
        ("https://example.com./x", "https://example.com/x"),
        (
            "https://a.b.c.example.co.uk/x",
            "https://a.b.c.example.co.uk/x",
        ),
        ("https://example.com/a/../b/./c", "https://example.com/b/c"),
        ("https://example.com/%2e%2e/x", "https://example.com/x"),
        (
            "https://example.com/ä?ö",
            "https://example.com/%C3%A4?%C3%B6",
        ),
        ("https://example.com//double", "https://example.com//double"),
        ("https://example.com?q", "https://example.com/?q"),
        (
            "https://example.com/?to=http://user@10.0.0.1/",
            "https://example.com/?to=http://user@10.0.0.1/",
        ),
        ("https://example.com/a@b", "https://example.com/a@b"),
        (
            "https://bücher.example/x",
            "https://xn--bcher-kva.example/x",
        ),
        (
            "https://xn--bcher-kva.example/x",
            "https://xn--bcher-kva.example/x",
        ),
        (
            "https://under_score.example.com/",
            "https://under_score.example.com/",
        ),
        ("https://ＥＸＡＭＰＬＥ.com/", "https://example.com/"),
        ("https://%65xample.com/", "https://example.com/"),
        ("https://mylocalhost.com/", "https://mylocalhost.com/"),
        ("https://local.example.com/", "https://local.example.com/"),
        ("https://internal-tools.dev/", "https://internal-tools.dev/"),
        ("https://notlan.net/", "https://notlan.net/"),
        ("https://arpa.example/", "https://arpa.example/"),
        ("https://1.example.com/", "https://1.example.com/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://1.1.1.1:8443/", "https://1.1.1.1:8443/"),
        ("https://134744072/", "https://8.8.8.8/"),
        ("https://0x08.0x08.0x08.0x08/", "https://8.8.8.8/"),
        ("https://100.63.255.255/", "https://100.63.255.255/"),
        ("https://172.32.0.1/", "https://172.32.0.1/"),
        ("https://198.17.255.255/", "https://198.17.255.255/"),
        ("https://223.255.255.255/", "https://223.255.255.255/"),
        (
            "https://[2606:4700:4700::1111]/",
            "https://[2606:4700:4700::1111]/",
        ),
        (
            "https://[2001:4860:4860::8888]/",
            "https://[2001:4860:4860::8888]/",
        ),
        ("https://[::ffff:8.8.8.8]/", "https://[::ffff:808:808]/"),
        ("https://[64:ff9b::8.8.8.8]/", "https://[64:ff9b::808:808]/"),
    ] {
        check(&guard, url, Ok(normal));
    }
}

#[test]
fn urls_that_need_repair_are_refused() {
    let guard = guard(true, &[], &[]);
    refuse_all(
        &guard,
        Refusal::Characters,
        &[
            " https://example.com/",
            "https://example.com/ ",
            "https://example.com/a b",
            "https://exam ple.com/",
            "https://exa\tmple.com/",
            "https://example.com/\r\nHost: evil.example",
            "https://example.com/\n",
            "ht\ntps://example.com/",
            "https://example.com/\0",
            "https://example.com/\u{7f}",
            "https://example.com/\u{85}",
            "https://example.com/\u{a0}",
            "https://example.com\u{2028}/",
            "https://example.com/\u{3000}",
            "https:\\\\example.com\\",
            "https://example.com\\@10.0.0.1/",
            "https://example.com/a\\b",
        ],
    );
    refuse_all(
        &guard,
        Refusal::Malformed,
        &[
            "",
            "example.com",
            "/hooks",
            "//example.com/",
            "https",
            "https:",
            "https:example.com",
            "https:/example.com",
            "https://example.com:99999/",
            "https://example.com:port/",
            "https://example.com:-1/",
            "https://example.com:80:80/",
        ],
    );
    refuse_all(
        &guard,
        Refusal::Scheme,
        &[
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://example.com/_x",
            "ws://example.com/",
            "wss://example.com/",
            "javascript:alert(1)",
            "data:text/plain,x",
            "unix:///var/run/docker.sock",
            "httpss://example.com/",
            "example.com:443/x",
            "://example.com/",
        ],
    );
    refuse_all(
        &guard,
        Refusal::UserInfo,
        &[
            "https://user@example.com/",
            "https://user:pass@example.com/",
            "https://@example.com/",
            "https://:@example.com/",
            "https://example.com@10.0.0.1/",
            "https://example.com%40x@10.0.0.1/",
            "https://a@b@example.com/",
        ],
    );
    refuse_all(
        &guard,
        Refusal::Fragment,
        &[
            "https://example.com/#",
            "https://example.com/#x",
            "https://example.com#@10.0.0.1/",
        ],
    );
    let long = format!("https://example.com/{}", "a".repeat(URL_BYTES_MAX));
    let grows = format!("https://example.com/{}", "ä".repeat(500));
    refuse_all(&guard, Refusal::TooLong, &[&long, &grows]);
    let full = format!("https://example.com/{}", "a".repeat(URL_BYTES_MAX - 20));
    check(&guard, &full, Ok(&full));
}

#[test]
fn hosts_that_are_no_public_names_are_refused() {
    let guard = guard(true, &[], &[]);
    let long_label = format!("https://{}.example.com/", "a".repeat(64));
    let long_name = format!("https://{}example.com/", "abcdefgh.".repeat(30));
    refuse_all(
        &guard,
        Refusal::HostName,
        &[
            "https://",
            "https:///",
            "https:///example.com/",
            "https://?x",
            "https://#x",
            "https://.example.com/",
            "https://example..com/",
            "https://example.com../",
            "https://*.example.com/",
            "https://exa%2Fmple.com/",
            "https://exa%00mple.com/",
            "https://exa<mple.com/",
            "https://example.com%/",
            "https://1.2.3.4.5/",
            "https://256.256.256.256/",
            "https://0x1ffffffff/",
            "https://example.123/",
            "https://[::1/",
            "https://[fe80::1%25eth0]/",
            "https://[:::]/",
            "https://[127.0.0.1]/",
            "https://a$b.example.com/",
            &long_label,
            &long_name,
        ],
    );
    refuse_all(
        &guard,
        Refusal::SingleLabel,
        &[
            "https://receiver/",
            "https://intranet:8443/",
            "https://com./",
            "https://kubernetes/",
        ],
    );
    refuse_all(
        &guard,
        Refusal::LocalName,
        &[
            "https://localhost/",
            "https://LOCALHOST/",
            "https://localhost./",
            "https://ⓛocalhost/",
            "https://l%6fcalhost/",
            "https://api.localhost/",
            "https://printer.local/",
            "https://Printer.Local./",
            "https://metadata.google.internal/",
            "https://internal/",
            "https://db.corp.internal/",
            "https://router.home.arpa/",
            "https://home.arpa/",
            "https://nas.lan/",
            "https://x.onion/",
            "https://svc.ns.svc.cluster.local/",
        ],
    );
}

#[test]
fn ports_of_other_services_are_refused() {
    let guard = guard(true, &["127.0.0.0/8"], &[]);
    refuse_all(
        &guard,
        Refusal::Port,
        &[
            "https://example.com:0/",
            "https://example.com:22/",
            "https://example.com:25/",
            "https://example.com:53/",
            "https://example.com:110/",
            "https://example.com:445/",
            "https://example.com:465/",
            "https://example.com:587/",
            "https://example.com:3306/",
            "https://example.com:5432/",
            "https://example.com:6379/",
            "https://example.com:11211/",
            "https://example.com:27017/",
            "http://127.0.0.1:6379/",
            "https://8.8.8.8:53/",
        ],
    );
    for port in [
        80, 443, 3000, 5000, 8000, 8443, 9000, 9200, 32_768, 50_000, 65_535,
    ] {
        assert!(
            guard
                .check_url(&format!("https://example.com:{port}/"))
                .is_ok(),
            "{port}"
        );
    }
}

#[test]
fn literal_addresses_are_judged_in_every_notation() {
    let guard = guard(true, &[], &[]);
    refuse_all(
        &guard,
        AddressRefusal::Special,
        &[
            "https://127.0.0.1/",
            "https://127.1/",
            "https://127.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://017700000001/",
            "https://127.0.0.1./",
            "https://１２７.0.0.1/",
            "https://127。0。0。1/",
            "https://%31%32%37.0.0.1/",
            "https://①②⑦.0.0.1/",
            "https://0/",
            "https://0.0.0.0/",
            "https://10.0.0.1/",
            "https://10.255.255.255/",
            "https://100.64.0.1/",
            "https://100.127.255.255/",
            "https://169.254.1.1/",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.0.0.1/",
            "https://192.0.0.9/",
            "https://192.0.2.1/",
            "https://192.88.99.1/",
            "https://192.168.1.1/",
            "https://3232235777/",
            "https://198.18.0.1/",
            "https://198.19.255.255/",
            "https://198.51.100.1/",
            "https://203.0.113.1/",
            "https://224.0.0.1/",
            "https://239.255.255.255/",
            "https://240.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[::1]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::127.0.0.1]/",
            "https://[::8.8.8.8]/",
            "https://[::ffff:0:127.0.0.1]/",
            "https://[64:ff9b::127.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[64:ff9b:1::8.8.8.8]/",
            "https://[100::1]/",
            "https://[fc00::1]/",
            "https://[fd12:3456::1]/",
            "https://[fe80::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://[2001::1]/",
            "https://[2001:0:53aa:64c:0:fbff:f5ff:fffe]/",
            "https://[2001:10::1]/",
            "https://[2001:1ff::1]/",
            "https://[2001:db8::1]/",
            "https://[2002:7f00:1::1]/",
            "https://[2002:808:808::1]/",
            "https://[3fff::1]/",
            "https://[2606:4700::5efe:10.0.0.1]/",
            "https://[2606:4700::200:5efe:192.168.0.1]/",
            "https://[4000::1]/",
            "https://[5f00::1]/",
        ],
    );
    refuse_all(&guard, AddressRefusal::Metadata, METADATA);
}

/// Spellings of addresses that hand out a machine's credentials.
const METADATA: &[&str] = &[
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0xA9.254.0251.254/",
    "http://169.254.43518/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::169.254.169.254]/",
    "http://[64:ff9b:1:a9fe:a9:fe00::]/",
    "http://[::169.254.169.254]/",
    "http://[::ffff:0:169.254.169.254]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2606:4700::5efe:a9fe:a9fe]/",
    "http://[2001:0:a9fe:a9fe::1]/",
    "http://[2001:0:808:808:0:0:5601:5601]/",
    "http://169.254.169.253/",
    "http://169.254.170.2/",
    "http://169.254.170.23/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://[fd00:ec2::254]/",
    "http://[fd00:ec2::23]/",
    "http://[fd20:ce::254]/",
    "http://[fe80::a9fe:a9fe]/",
];

#[test]
fn no_wide_range_opens_cloud_metadata() {
    let wide = guard(true, &["0.0.0.0/0", "::/0"], &[]);
    refuse_all(&wide, AddressRefusal::Metadata, METADATA);
    let nearly = guard(true, &["169.254.169.254/31", "fd00:ec2::254/127"], &[]);
    refuse_all(&nearly, AddressRefusal::Metadata, METADATA);
    let named = guard(true, &["169.254.169.254/32", "fd00:ec2::254/128"], &[]);
    for url in [
        "http://169.254.169.254/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:a9fe:a9fe]/",
    ] {
        assert!(named.check_url(url).is_ok(), "{url}");
    }
    refuse_all(
        &named,
        AddressRefusal::Metadata,
        &["http://168.63.129.16/", "http://[fd00:ec2::23]/"],
    );
}

#[test]
fn a_range_opens_exactly_itself() {
    let guard = guard(
        true,
        &["10.1.0.0/16", "fd12::/16", "::ffff:192.168.7.0/120"],
        &[],
    );
    for url in [
        "http://10.1.0.1/",
        "http://10.1.255.255/",
        "http://[::ffff:10.1.2.3]/",
        "http://[64:ff9b::10.1.2.3]/",
        "http://[fd12::1]/",
        "http://192.168.7.9/",
        "https://example.com/",
    ] {
        assert!(guard.check_url(url).is_ok(), "{url}");
    }
    refuse_all(
        &guard,
        AddressRefusal::Special,
        &[
            "http://10.0.255.255/",
            "http://10.2.0.0/",
            "http://[::ffff:10.2.0.1]/",
            "http://[fd13::1]/",
            "http://192.168.8.1/",
            "http://127.0.0.1/",
        ],
    );
    refuse_all(
        &guard,
        Refusal::LocalName,
        &["http://localhost/", "http://db.internal/"],
    );
}

#[test]
fn plain_http_needs_the_operators_word() {
    let strict = guard(false, &["127.0.0.0/8"], &[]);
    for url in [
        "http://example.com/",
        "HTTP://example.com/",
        "http://127.0.0.1:9000/",
    ] {
        check(&strict, url, Err(Refusal::PlainHttp));
    }
    let open = guard(true, &[], &[]);
    check(&open, "HTTP://example.com:80/x", Ok("http://example.com/x"));
    check(
        &open,
        "http://example.com:443/x",
        Ok("http://example.com:443/x"),
    );
}

#[test]
fn opened_loopback_means_localhost_too_but_never_hookpost_itself() {
    let guard = guard(true, &["127.0.0.0/8"], &[]);
    check(
        &guard,
        "http://127.0.0.1:9000/x",
        Ok("http://127.0.0.1:9000/x"),
    );
    check(
        &guard,
        "http://localhost:9000/x",
        Ok("http://localhost:9000/x"),
    );
    check(
        &guard,
        "http://LocalHost.:9000/x",
        Ok("http://localhost:9000/x"),
    );
    check(&guard, "http://127.1:9000/", Ok("http://127.0.0.1:9000/"));
    refuse_all(
        &guard,
        Refusal::LocalName,
        &["http://api.localhost/", "http://x.local/"],
    );
    refuse_all(
        &guard,
        AddressRefusal::Special,
        &["http://[::1]:9000/", "http://0.0.0.0:9000/"],
    );
    refuse_all(
        &guard,
        AddressRefusal::OwnPort,
        &[
            "http://127.0.0.1:8080/",
            "http://127.9.9.9:8080/",
            "http://[::ffff:127.0.0.1]:8080/",
            "http://localhost:8080/",
        ],
    );
    assert_eq!(guard.localhost(), ["127.0.0.1".parse::<IpAddr>().unwrap()]);
}

#[test]
fn own_addresses_are_opened_only_by_naming_them() {
    let own = ["10.0.0.5", "93.184.216.34"];
    let wide = guard(true, &["10.0.0.0/8"], &own);
    check(&wide, "http://10.0.0.6:9000/", Ok("http://10.0.0.6:9000/"));
    check(&wide, "http://10.0.0.6:8080/", Ok("http://10.0.0.6:8080/"));
    refuse_all(
        &wide,
        AddressRefusal::Own,
        &["http://10.0.0.5:9000/", "http://93.184.216.34/"],
    );
    refuse_all(&wide, AddressRefusal::OwnPort, &["http://10.0.0.5:8080/"]);
    let named = guard(true, &["10.0.0.5/32"], &own);
    check(&named, "http://10.0.0.5:9000/", Ok("http://10.0.0.5:9000/"));
    refuse_all(&named, AddressRefusal::OwnPort, &["http://10.0.0.5:8080/"]);
}

#[test]
fn refusals_are_sentences_and_logs_see_no_query() {
    let guard = guard(false, &[], &[]);
    let refusal = guard.check_url("https://10.0.0.1/").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "must not lead to a private, local or reserved address"
    );
    let target = guard
        .check_url("https://example.com:8443/a?token=do-not-print")
        .unwrap();
    assert_eq!(target.redacted(), "https://example.com:8443/a");
    assert_eq!((target.host(), target.port()), ("example.com", 8443));
    assert_eq!(
        target.to_string(),
        "https://example.com:8443/a?token=do-not-print"
    );
}

/// The rules once more, written from the registries as plain arithmetic, so that a slip in the
/// tables shows.
fn is_refused_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, d] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || matches!((a, b, c), (192, 0, 0) | (192, 31, 196) | (192, 52, 193))
        || matches!((a, b, c), (192, 88, 99) | (192, 175, 48))
        || (a, b, c, d) == (168, 63, 129, 16)
}

fn is_refused_v6(ip: Ipv6Addr) -> bool {
    let bits = ip.to_bits();
    let low = Ipv4Addr::from_bits(u32::try_from(bits & 0xffff_ffff).unwrap());
    if bits >> 32 == 0xffff || bits >> 32 == 0x64_ff9b << 64 {
        return is_refused_v4(low);
    }
    let outer = bits >> 125 != 1
        || bits >> 105 == 0x2001_0000 >> 9
        || bits >> 96 == 0x2001_0db8
        || bits >> 112 == 0x2002
        || bits >> 108 == 0x3fff0;
    let is_isatap = bits >> 32 & 0xfdff_ffff == 0x5efe;
    outer || (is_isatap && is_refused_v4(low))
}

fn is_refused(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_refused_v4(ip),
        IpAddr::V6(ip) => is_refused_v6(ip),
    }
}

/// First and last address of special blocks; random addresses hardly ever fall near them.
const BORDERS: [([u8; 4], [u8; 4]); 18] = [
    ([0, 0, 0, 0], [0, 255, 255, 255]),
    ([10, 0, 0, 0], [10, 255, 255, 255]),
    ([100, 64, 0, 0], [100, 127, 255, 255]),
    ([127, 0, 0, 0], [127, 255, 255, 255]),
    ([168, 63, 129, 16], [168, 63, 129, 16]),
    ([169, 254, 0, 0], [169, 254, 255, 255]),
    ([172, 16, 0, 0], [172, 31, 255, 255]),
    ([192, 0, 0, 0], [192, 0, 0, 255]),
    ([192, 0, 2, 0], [192, 0, 2, 255]),
    ([192, 31, 196, 0], [192, 31, 196, 255]),
    ([192, 52, 193, 0], [192, 52, 193, 255]),
    ([192, 88, 99, 0], [192, 88, 99, 255]),
    ([192, 168, 0, 0], [192, 168, 255, 255]),
    ([192, 175, 48, 0], [192, 175, 48, 255]),
    ([198, 18, 0, 0], [198, 19, 255, 255]),
    ([198, 51, 100, 0], [198, 51, 100, 255]),
    ([203, 0, 113, 0], [203, 0, 113, 255]),
    ([224, 0, 0, 0], [255, 255, 255, 254]),
];

/// Addresses in, at and just outside the special blocks, plain and inside IPv6.
fn any_ip() -> impl Strategy<Value = IpAddr> {
    let border = prop::sample::select(BORDERS.to_vec());
    let border_v4 =
        (border, any::<[bool; 2]>(), any::<u32>()).prop_map(|((first, last), at, n)| {
            let (first, last) = (
                Ipv4Addr::from(first).to_bits(),
                Ipv4Addr::from(last).to_bits(),
            );
            match at {
                [true, true] => first.wrapping_sub(n % 2),
                [true, false] => last.wrapping_add(n % 2),
                [false, _] => first + n % (last - first + 1),
            }
        });
    let v4 = prop_oneof![any::<u32>(), border_v4].prop_map(Ipv4Addr::from_bits);
    let prefix = prop::sample::select(vec![
        0u128,
        0xffff << 32,
        0xffff << 48,
        0x0064_ff9b << 96,
        0x0064_ff9b_0001 << 80,
        0x2001 << 112,
        0x2001_01ff << 96,
        0x2001_0200 << 96,
        0x2001_0db8 << 96,
        0x2002 << 112,
        0x2606_4700 << 96 | 0x5efe << 32,
        0x2606_4700 << 96 | 0x0200_5efe << 32,
        0x2606_4700 << 96,
        0x3fff << 112,
        0x3fff_0fff << 96,
        0x3fff_1000 << 96,
        0xfd00 << 112,
        0xfe80 << 112,
    ]);
    let embedded = (prefix.clone(), v4.clone())
        .prop_map(|(prefix, low)| Ipv6Addr::from_bits(prefix | u128::from(low.to_bits())));
    let shifted = (prefix, any::<u128>())
        .prop_map(|(prefix, noise)| Ipv6Addr::from_bits(prefix | noise >> 40));
    let v6 = prop_oneof![
        any::<u128>().prop_map(Ipv6Addr::from_bits),
        embedded,
        shifted
    ];
    prop_oneof![v4.prop_map(IpAddr::V4), v6.prop_map(IpAddr::V6)]
}

fn in_url(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("https://{ip}/"),
        IpAddr::V6(ip) => format!("https://[{ip}]/"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_refused_address_is_ever_accepted_nor_a_public_one_refused(ip in any_ip()) {
        let guard = guard(false, &[], &[]);
        let accepted = guard.check_address(ip, 443).is_ok();
        prop_assert_eq!(accepted, !is_refused(ip), "{}", ip);
        prop_assert_eq!(guard.check_url(&in_url(ip)).is_ok(), accepted, "{}", ip);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn ipv4_in_any_spelling_gets_the_same_verdict(octets in any::<[u8; 4]>(), style in 0..5u8) {
        let ip = Ipv4Addr::from(octets);
        let [a, b, c, d] = octets;
        let spelled = match style {
            0 => ip.to_bits().to_string(),
            1 => format!("{:#x}", ip.to_bits()),
            2 => format!("{a:#x}.0{b:o}.{}", u16::from_be_bytes([c, d])),
            3 => format!("{a}.{}", ip.to_bits() & 0x00ff_ffff),
            _ => format!("[::ffff:{ip}]"),
        };
        let guard = guard(false, &[], &[]);
        let verdict = guard.check_url(&format!("https://{spelled}/")).is_ok();
        prop_assert_eq!(verdict, !is_refused_v4(ip), "{}", spelled);
    }

    #[test]
    fn whatever_is_accepted_is_public_by_name_or_by_number(
        host in "[a-zA-Z0-9.\\-_%:\\[\\]@/\\\\①-⑨。ａ-ｚ０-９x]{1,40}"
    ) {
        let guard = guard(false, &[], &[]);
        if let Ok(target) = guard.check_url(&format!("https://{host}")) {
            match target.parsed_host() {
                Host::Domain(name) => {
                    prop_assert!(name.contains('.') && !name.ends_with('.'), "{}", name);
                    let last = name.rsplit('.').next().unwrap_or_default();
                    let is_local = ["localhost", "local", "internal", "lan", "onion"].contains(&last);
                    prop_assert!(!is_local && !name.ends_with(".home.arpa"), "{}", name);
                }
                Host::Ipv4(ip) => prop_assert!(!is_refused_v4(ip), "{}", ip),
                Host::Ipv6(ip) => prop_assert!(!is_refused_v6(ip), "{}", ip),
            }
            let again = guard.check_url(target.as_str());
            prop_assert_eq!(again.as_ref(), Ok(&target));
        }
    }

    #[test]
    fn no_text_at_all_makes_the_guard_panic(text in any::<String>()) {
        let guard = guard(true, &["0.0.0.0/0"], &[]);
        if let Ok(target) = guard.check_url(&text) {
            prop_assert!(target.as_str().is_ascii());
        }
    }
}
