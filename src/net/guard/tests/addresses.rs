//! Literal addresses, and what operators open.

use super::*;

/// Special addresses of IPv4, in the notations that parsers and systems read.
const SPECIAL_V4: &[&str] = &[
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
];

/// The same of IPv6, with those that carry an IPv4 address.
const SPECIAL_V6: &[&str] = &[
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
];

#[test]
fn literal_addresses_are_judged_in_every_notation() {
    let guard = guard(true, &[], &[]);
    refuse_all(&guard, AddressRefusal::Special, SPECIAL_V4);
    refuse_all(&guard, AddressRefusal::Special, SPECIAL_V6);
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
        UrlRefusal::LocalName,
        &["http://localhost/", "http://db.internal/"],
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
        UrlRefusal::LocalName,
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
