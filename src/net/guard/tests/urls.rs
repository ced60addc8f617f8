//! The text of URLs.

use super::*;
use crate::net::target::URL_BYTES_MAX;

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
        (
            "https://example.com/a/../b/./c",
            "https://example.com/a/../b/./c",
        ),
        (
            "https://example.com/a/%2e%2e/x",
            "https://example.com/a/%2e%2e/x",
        ),
        (
            "HTTPS://Example.com:443/It's?q='a'&%7e=~",
            "https://example.com/It's?q='a'&%7e=~",
        ),
        (
            "https://example.com/{a}|\"b\"^?x={y:[1]}^`|",
            "https://example.com/{a}|\"b\"^?x={y:[1]}^`|",
        ),
        (
            "https://example.com/<`>?<\">",
            "https://example.com/%3C%60%3E?%3C%22%3E",
        ),
        (
            "https://example.com/a?b?c//d",
            "https://example.com/a?b?c//d",
        ),
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
    ] {
        check(&guard, url, Ok(normal));
    }
}

#[test]
fn public_names_are_accepted_and_normalised() {
    let guard = guard(false, &[], &[]);
    for (url, normal) in [
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
    ] {
        check(&guard, url, Ok(normal));
    }
}

#[test]
fn public_addresses_are_accepted_and_normalised() {
    let guard = guard(false, &[], &[]);
    for (url, normal) in [
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
        UrlRefusal::Characters,
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
        UrlRefusal::Malformed,
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
        UrlRefusal::Scheme,
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
}

#[test]
fn urls_that_say_two_things_are_refused() {
    let guard = guard(true, &[], &[]);
    refuse_all(
        &guard,
        UrlRefusal::UserInfo,
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
        UrlRefusal::Fragment,
        &[
            "https://example.com/#",
            "https://example.com/#x",
            "https://example.com#@10.0.0.1/",
        ],
    );
    let long = format!("https://example.com/{}", "a".repeat(URL_BYTES_MAX));
    let grows = format!("https://example.com/{}", "ä".repeat(500));
    refuse_all(&guard, UrlRefusal::TooLong, &[&long, &grows]);
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
        UrlRefusal::HostName,
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
        UrlRefusal::SingleLabel,
        &[
            "https://receiver/",
            "https://intranet:8443/",
            "https://com./",
            "https://kubernetes/",
        ],
    );
    refuse_all(
        &guard,
        UrlRefusal::LocalName,
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
        UrlRefusal::Port,
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
fn plain_http_needs_the_operators_word() {
    let strict = guard(false, &["127.0.0.0/8"], &[]);
    for url in [
        "http://example.com/",
        "HTTP://example.com/",
        "http://127.0.0.1:9000/",
    ] {
        check(&strict, url, Err(UrlRefusal::PlainHttp));
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
