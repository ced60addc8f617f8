//! Proofs of `profile`.

use super::*;

#[test]
fn the_six_built_in_profiles_are_read() {
    let names: Vec<&str> = Profile::built_in().iter().map(|p| p.name()).collect();
    let expect = [
        "standard",
        "armalo",
        "veriswarm",
        "armox",
        "airmy",
        "indigiarmor",
    ];
    assert_eq!(names, expect);
    assert_eq!(Profile::standard().name(), DEFAULT_PROFILE);
    assert!(Profile::built_in_named("Standard").is_none());
}

#[test]
fn catalogues_hold_what_the_documents_list() {
    let check = |name: &str, count: usize, sample: &str| {
        let profile = Profile::built_in_named(name).unwrap();
        assert_eq!(profile.catalogue().len(), count, "{name}");
        let found = profile
            .catalogue()
            .iter()
            .any(|e| e.name.as_str() == sample);
        assert!(found || count == 0, "{name}");
        let described = profile.catalogue().iter().all(|e| e.description.is_some());
        assert!(described, "{name}");
    };
    check("standard", 0, "");
    check("armalo", 22, "context_pack.safety_passed");
    check("veriswarm", 16, "vault.chain.broken");
    check("armox", 2, "job.completed");
    check("airmy", 7, "deployment.rollback");
    check("indigiarmor", 3, "red_tier");
}

#[test]
fn retries_and_breakers_are_those_of_the_documents() {
    let check = |name: &str, attempts: u32, failures: Option<u32>, after: Option<Duration>| {
        let profile = Profile::built_in_named(name).unwrap();
        assert_eq!(profile.retry_policy().max_attempts(), attempts, "{name}");
        let expect = BreakerPolicy {
            disable_after_failures: failures,
            disable_after: after,
        };
        assert_eq!(profile.breaker(), expect, "{name}");
        assert_eq!(profile.timeout(), TIMEOUT_DEFAULT, "{name}");
    };
    check("standard", 29, None, Some(DISABLE_AFTER_DEFAULT));
    check("armalo", 29, None, Some(DISABLE_AFTER_DEFAULT));
    check("veriswarm", 4, Some(10), None);
    check("armox", 29, None, Some(DISABLE_AFTER_DEFAULT));
    check("airmy", 4, None, Some(DISABLE_AFTER_DEFAULT));
    check("indigiarmor", 29, None, Some(DISABLE_AFTER_DEFAULT));
    assert_eq!(*Profile::standard().retry_policy(), RetryPolicy::standard());
}

#[test]
fn only_indigiarmor_has_default_event_types_and_flattens() {
    for profile in Profile::built_in() {
        let is_indigiarmor = profile.name() == "indigiarmor";
        assert_eq!(profile.flattens(), is_indigiarmor);
        let defaults = profile.default_event_types().map(Subscription::texts);
        let expect = is_indigiarmor.then(|| vec!["red_tier".to_owned()]);
        assert_eq!(defaults, expect);
    }
}

#[test]
fn a_webhook_may_not_set_what_its_profile_sets() {
    let armalo = Profile::built_in_named("armalo").unwrap();
    let reserved = ["X-Armalo-Delivery", "X-Armalo-Signature"];
    assert_eq!(armalo.reserved_headers(), reserved);
    let standard = Profile::standard();
    assert!(standard.reserved_headers().contains(&"svix-signature"));
}

#[test]
fn standard_names_the_headers_of_svix_as_second_names_and_no_other_built_in_has_any() {
    for profile in Profile::built_in() {
        let of = |name: &str| profile.alias_of(name).map(str::to_owned);
        let aliases: Vec<Option<String>> = profile.header_names().map(of).collect();
        match profile.name() {
            "standard" => {
                let expect = ["svix-id", "svix-timestamp", "svix-signature"];
                let expect = expect.map(|name| Some(name.to_owned()));
                // Svix has no header of the version.
                assert_eq!(aliases, [&[None], &expect[..]].concat());
            }
            other => assert!(aliases.iter().all(Option::is_none), "{other}"),
        }
    }
}
