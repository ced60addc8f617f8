//! Hand-picked URLs with their verdicts, and random hosts against a second reading of the rules.

mod addresses;
mod random;
mod urls;

use super::*;

fn guard(allow_http: bool, ranges: &[&str], own: &[&str]) -> Guard {
    let guard = Guard::new(GuardOptions {
        allow_http,
        allow_private: ranges.iter().map(|range| range.parse().unwrap()).collect(),
        own: OwnAddresses::Listed(own.iter().map(|ip| ip.parse().unwrap()).collect()),
    });
    guard.set_own_ports(vec![8080]);
    guard
}

fn check(guard: &Guard, url: &str, expect: Result<&str, UrlRefusal>) {
    let verdict = guard.check_url(url);
    assert_eq!(
        verdict.as_ref().map(TargetUrl::as_str),
        expect.as_ref().map(|text| *text),
        "{url}"
    );
    // What was accepted once is accepted for ever: the stored form is its own normal form.
    if let Ok(target) = verdict {
        assert_eq!(guard.check_url(target.as_str()), Ok(target), "{url}");
    }
}

fn refuse_all(guard: &Guard, refusal: impl Into<UrlRefusal>, urls: &[&str]) {
    let refusal = refusal.into();
    for url in urls {
        check(guard, url, Err(refusal));
    }
}

/// The tables are read as they are written, so that a row that is taken out is missed.
#[test]
fn at_least_120_hand_picked_urls_have_their_verdicts() {
    let tables = [
        include_str!("tests/urls.rs"),
        include_str!("tests/addresses.rs"),
    ];
    let urls: std::collections::BTreeSet<&str> = tables
        .iter()
        .flat_map(|table| table.split('"').skip(1).step_by(2))
        .filter(|text| text.to_ascii_lowercase().starts_with("http") && text.contains(':'))
        .collect();
    println!("{} hand-picked URLs", urls.len());
    assert!(urls.len() >= 120, "{}", urls.len());
}
