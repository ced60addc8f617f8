//! Vectors, rotation, refusals and secrets, against every built-in profile and a timed sixth.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::envelope::{EnvelopeInput, render};
use crate::domain::format::Format;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/wire.json")).unwrap()
}

fn text<'v>(case: &'v Value, key: &str) -> &'v str {
    case[key].as_str().unwrap()
}

fn keys(profile: &Profile, case: &Value) -> Vec<SigningKey> {
    let secrets = case["secrets"].as_array().unwrap().iter();
    let secrets = secrets.map(|secret| profile.accept_secret(secret.as_str().unwrap()).unwrap());
    secrets
        .map(|secret| profile.signing_key(&secret).unwrap())
        .collect()
}

fn attempt_at(case: &Value) -> Timestamp {
    Timestamp::from_millis(case["attempt_unix"].as_i64().unwrap() * 1000 + 999)
}

#[test]
fn every_vector_comes_out_byte_for_byte() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let profile = Profile::built_in_named(text(case, "profile")).unwrap();
        let input = EnvelopeInput {
            event_type: text(case, "event_type"),
            event_version: None,
            event_id: text(case, "event_id"),
            delivery_id: text(case, "delivery_id"),
            occurred_at: Timestamp::parse(text(case, "occurred_at")).unwrap(),
            workspace_id: "ws_unused",
            data: text(case, "data"),
            content_type: None,
        };
        let body = render(&profile, Format::Json, &input).unwrap();
        assert_eq!(std::str::from_utf8(&body).unwrap(), text(case, "body"));
        let attempt = AttemptToSign {
            event_id: input.event_id,
            event_type: "score.changed",
            event_version: None,
            workspace_id: "ws_1",
            delivery_id: input.delivery_id,
            attempt_at: attempt_at(case),
            body: &body,
        };
        let mut headers = profile.sign(&keys(&profile, case), &attempt);
        headers.sort_unstable();
        let expect = case["headers"].as_object().unwrap();
        let mut expect: Vec<(&str, String)> = expect
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap().to_owned()))
            .collect();
        expect.sort_unstable();
        assert_eq!(headers, expect);
    }
}

#[test]
fn the_public_standard_webhooks_vector_comes_out() {
    let vectors = vectors();
    for case in vectors["signature_only"].as_array().unwrap() {
        let profile = Profile::built_in_named(text(case, "profile")).unwrap();
        let attempt = AttemptToSign {
            event_id: text(case, "signed_id"),
            event_type: "score.changed",
            event_version: None,
            workspace_id: "ws_1",
            delivery_id: "dlv_unused",
            attempt_at: attempt_at(case),
            body: text(case, "body").as_bytes(),
        };
        let headers = profile.sign(&keys(&profile, case), &attempt);
        let signature = headers
            .iter()
            .find(|(name, _)| *name == "webhook-signature");
        assert_eq!(signature.unwrap().1, text(case, "signature"));
    }
}

const STRIPE_LIKE: &str = r#"
    name = "timed"
    envelope = [ { name = "d", from = "data" } ]
    signature = { header = "x-sig", lead = "t={timestamp},", prefix = "v1=", separator = ",", encoding = "hex", content = "{timestamp}.{body}", key = "utf8" }
    secret = { generate = "hex64" }
"#;

fn profiles() -> Vec<Profile> {
    let built_in = Profile::built_in()
        .iter()
        .map(|profile| Profile::clone(profile));
    built_in
        .chain([Profile::parse(STRIPE_LIKE).unwrap()])
        .collect()
}

const NOW_UNIX: i64 = 1_773_655_500;

fn at(unix: i64) -> Timestamp {
    Timestamp::from_millis(unix * 1000)
}

fn signed(profile: &Profile, secrets: &[Secret], body: &[u8]) -> Vec<(String, String)> {
    let keys: Vec<SigningKey> = secrets
        .iter()
        .map(|secret| profile.signing_key(secret).unwrap())
        .collect();
    let attempt = AttemptToSign {
        event_id: "evt_1",
        event_type: "score.changed",
        event_version: None,
        workspace_id: "ws_1",
        delivery_id: "dlv_1",
        attempt_at: at(NOW_UNIX),
        body,
    };
    let headers = profile.sign(&keys, &attempt).into_iter();
    headers
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect()
}

fn verdict(
    profile: &Profile,
    secret: &Secret,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<(), VerifyFailure> {
    profile
        .verify(secret, headers, body, at(NOW_UNIX + 60), TOLERANCE_DEFAULT)
        .map(drop)
}

#[test]
fn during_a_rotation_both_secrets_verify_where_the_header_holds_both() {
    for profile in profiles() {
        let [newest, oldest] = [[1; 32], [2; 32]].map(|seed| profile.generate_secret(seed));
        let headers = signed(&profile, &[newest.clone(), oldest.clone()], b"{}");
        assert_eq!(verdict(&profile, &newest, &headers, b"{}"), Ok(()));
        let old = verdict(&profile, &oldest, &headers, b"{}");
        if profile.carries_several_signatures() {
            assert_eq!(old, Ok(()), "{}", profile.name());
        } else {
            assert_eq!(old, Err(VerifyFailure::Mismatch), "{}", profile.name());
        }
    }
}

#[test]
fn a_refusal_names_the_step_that_failed() {
    let profile = Profile::standard();
    let secret = profile.generate_secret([7; 32]);
    let sent = signed(&profile, std::slice::from_ref(&secret), b"{}");
    let with = |name: &str, value: &str| -> Vec<(String, String)> {
        let others = sent.iter().filter(|(own, _)| own != name).cloned();
        others
            .chain([(name.to_owned(), value.to_owned())])
            .collect()
    };
    let check = |headers: &[(String, String)], expect: &str| {
        let failure = verdict(&profile, &secret, headers, b"{}").unwrap_err();
        assert!(failure.to_string().contains(expect), "{failure}");
    };
    for place in 0..sent.len() {
        let mut headers = sent.clone();
        let (name, _) = headers.remove(place);
        check(&headers, &format!("the header {name} is missing"));
    }
    check(
        &with("webhook-signature", "v1,!!"),
        "webhook-signature must be \"v1,\"",
    );
    check(
        &with("webhook-signature", "v2,AAAA"),
        "webhook-signature must be \"v1,\"",
    );
    check(
        &with("webhook-timestamp", "soon"),
        "webhook-timestamp must hold Unix seconds",
    );
    check(
        &with("webhook-timestamp", "-1"),
        "webhook-timestamp must hold Unix seconds",
    );
    for changed in ["1773655100", "1773656000", "9007199254740991"] {
        check(&with("webhook-timestamp", changed), "no signature fits");
    }
    check(
        &with("webhook-timestamp", "1773655501"),
        "no signature fits",
    );
    check(&with("webhook-id", "evt_2"), "no signature fits");
    for (now, expect) in [
        (NOW_UNIX + 300, Ok(Some(at(NOW_UNIX)))),
        (NOW_UNIX - 301, Err("more than 300 s away".to_owned())),
        (NOW_UNIX + 301, Err("more than 300 s away".to_owned())),
    ] {
        let verified = profile.verify(&secret, &sent, b"{}", at(now), TOLERANCE_DEFAULT);
        match (verified, expect) {
            (Ok(signed_at), Ok(expect)) => assert_eq!(signed_at, expect),
            (Err(failure), Err(expect)) => assert!(failure.to_string().contains(&expect)),
            (verified, expect) => panic!("{now}: {verified:?}, not {expect:?}"),
        }
    }
    let foreign = profile.verify(
        &Secret::new("not-a-standard-secret".to_owned()),
        &sent,
        b"{}",
        at(NOW_UNIX),
        TOLERANCE_DEFAULT,
    );
    assert!(matches!(foreign, Err(VerifyFailure::Secret(_))));
}

#[test]
fn signatures_of_other_versions_are_skipped() {
    let profile = Profile::standard();
    let secret = profile.generate_secret([7; 32]);
    let mut headers = signed(&profile, std::slice::from_ref(&secret), b"{}");
    let (_, signature) = headers.last_mut().unwrap();
    *signature = format!("v1a,AAAA {signature} v9,x");
    assert_eq!(verdict(&profile, &secret, &headers, b"{}"), Ok(()));
}

#[test]
fn upper_case_hex_is_refused_as_the_printed_snippets_refuse_it() {
    let profile = Profile::built_in_named("airmy").unwrap();
    let secret = profile.generate_secret([7; 32]);
    let mut headers = signed(&profile, std::slice::from_ref(&secret), b"{}");
    let (_, signature) = headers.last_mut().unwrap();
    *signature = signature.to_uppercase();
    let refused = verdict(&profile, &secret, &headers, b"{}");
    assert!(matches!(
        refused,
        Err(VerifyFailure::MalformedHeader { .. })
    ));
}

#[test]
fn generated_secrets_have_the_promised_form_and_are_accepted() {
    for profile in profiles() {
        let secret = profile.generate_secret(std::array::from_fn(|n| 0xa0 + n as u8));
        assert!(profile.accept_secret(secret.expose()).is_ok());
        match profile.generated_secret {
            GeneratedSecret::Whsec => assert!(secret.expose().starts_with("whsec_")),
            GeneratedSecret::Hex64 => {
                assert!(secret.expose().starts_with("a0a1a2a3") && secret.expose().len() == 64);
            }
        }
    }
}

#[test]
fn a_brought_secret_must_have_the_form_of_the_profile() {
    let check = |profile: &str, secret: &str, fits: bool| {
        let profile = Profile::built_in_named(profile).unwrap();
        let answer = profile.accept_secret(secret);
        assert_eq!(answer.is_ok(), fits, "{} {secret}", profile.name());
        if let Err(message) = answer {
            assert!(secret.is_empty() || !message.contains(secret));
        }
    };
    let whsec = |bytes: u8| format!("whsec_{}", STANDARD.encode((0..bytes).collect::<Vec<_>>()));
    let long = |unit: &str, chars: usize| unit.chars().cycle().take(chars).collect::<String>();
    check("standard", &whsec(23), false);
    check("standard", &whsec(24), true);
    check("standard", &whsec(64), true);
    check("standard", &whsec(65), false);
    check("standard", &whsec(32)[6..], false);
    check("standard", whsec(32).trim_end_matches('='), false);
    check("standard", "my-own-shared-secret", false);
    check("airmy", "my-own-shared-secret", true);
    check("airmy", &long("wxyz", 15), false);
    check("airmy", &long("wxyz", 16), true);
    check("airmy", &long("äéîø", 256), true);
    check("airmy", &long("wxyz", 257), false);
    check("airmy", "sixteen characters\n", false);
    check("airmy", "", false);
}

#[test]
fn a_brought_secret_shows_all_its_characters_and_has_some_variety() {
    let refused = |profile: &str, secret: &str| {
        let profile = Profile::built_in_named(profile).unwrap();
        assert!(profile.accept_secret(secret).is_err(), "{secret:?}");
    };
    for secret in [
        "sixteen-letters-\u{200b}",
        "\u{feff}sixteen-letters-",
        "sixteen\u{ad}-letters-",
        "sixteen-\u{e000}letters-",
        "sixteen-\u{378}letters-",
        "sixteen-letters- ",
        " sixteen-letters-",
        "sixteen\u{a0}letters--",
        &"0".repeat(64),
        &"a".repeat(16),
        &"01".repeat(32),
        &"ab ".repeat(8),
    ] {
        refused("airmy", secret);
    }
    for key in [vec![0; 32], vec![0xff; 24], [1, 2].repeat(16)] {
        refused("standard", &format!("whsec_{}", STANDARD.encode(key)));
    }
}

#[test]
fn keys_do_not_show_in_debug_output() {
    let profile = Profile::standard();
    let key = profile
        .signing_key(&profile.generate_secret([1; 32]))
        .unwrap();
    assert_eq!(format!("{key:?}"), "[redacted key]");
}

/// The published library reads the system's clock, so this delivery is signed at its time.
#[test]
fn the_standardwebhooks_library_accepts_a_delivery_and_refuses_a_flipped_byte() {
    let profile = Profile::standard();
    let secrets = [[3; 32], [4; 32]].map(|seed| profile.generate_secret(seed));
    let keys: Vec<SigningKey> = secrets
        .iter()
        .map(|secret| profile.signing_key(secret).unwrap())
        .collect();
    let elapsed = std::time::UNIX_EPOCH.elapsed().unwrap();
    let mut body = b"{\"type\":\"test\",\"data\":{}}".to_vec();
    let attempt = AttemptToSign {
        event_id: "evt_1",
        event_type: "score.changed",
        event_version: None,
        workspace_id: "ws_1",
        delivery_id: "dlv_1",
        attempt_at: Timestamp::from_millis(0).after(elapsed),
        body: &body,
    };
    let mut headers = reqwest::header::HeaderMap::new();
    for (name, value) in profile.sign(&keys, &attempt) {
        let name = reqwest::header::HeaderName::try_from(name).unwrap();
        headers.insert(name, value.parse().unwrap());
    }
    let receivers = secrets.map(|s| standardwebhooks::Webhook::new(s.expose()).unwrap());
    for receiver in &receivers {
        receiver.verify(&body, &headers).unwrap();
    }
    body[3] ^= 1;
    for receiver in &receivers {
        assert!(receiver.verify(&body, &headers).is_err());
    }
}

proptest! {
    #[test]
    fn what_was_signed_verifies_and_one_flipped_bit_does_not(
        body in prop::collection::vec(any::<u8>(), 1..400),
        seed in any::<[u8; 32]>(),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let mut changed = body.clone();
        changed[place.index(body.len())] ^= 1 << bit;
        for profile in profiles() {
            let secret = profile.generate_secret(seed);
            let headers = signed(&profile, std::slice::from_ref(&secret), &body);
            prop_assert_eq!(verdict(&profile, &secret, &headers, &body), Ok(()));
            let refused = verdict(&profile, &secret, &headers, &changed);
            prop_assert_eq!(refused, Err(VerifyFailure::Mismatch));
        }
    }

    #[test]
    fn arbitrary_headers_never_panic(
        values in prop::collection::vec(".{0,80}", 3),
        signature in "(t=[0-9]{0,22},)?(v1[,=])?[0-9a-f,= ]{0,140}",
    ) {
        for profile in profiles() {
            let secret = profile.generate_secret([1; 32]);
            let names = profile.header_names().map(str::to_owned);
            let given = values.iter().cloned().chain([signature.clone()]);
            let mut headers: Vec<(String, String)> = names.zip(given).collect();
            headers.last_mut().unwrap().1.clone_from(&signature);
            let refused = verdict(&profile, &secret, &headers, b"{}");
            prop_assert!(refused.is_err());
        }
    }
}
