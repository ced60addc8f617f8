//! The published vector, both kinds side by side, and what is no key.

use super::super::{AttemptToSign, SignatureKind, SigningKey, TOLERANCE_DEFAULT, VerifyFailure};
use super::*;
use crate::domain::profile::Profile;
use crate::domain::time::Timestamp;

/// The published vector of `v1a`: the same content as the `signature_only` vector of HMAC.
const PRIVATE: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
const SIGNATURE_V1A: &str =
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
const SIGNATURE_V1: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const BODY: &[u8] = br#"{"test": 2432232314}"#;

fn signed(secrets: &[&str]) -> Vec<(String, String)> {
    let profile = Profile::standard();
    let key = |text: &&str| {
        profile
            .signing_key(&Secret::new((*text).to_owned()))
            .unwrap()
    };
    let keys: Vec<SigningKey> = secrets.iter().map(key).collect();
    let attempt = AttemptToSign {
        event_id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        event_type: "",
        event_version: None,
        workspace_id: "",
        delivery_id: "",
        attempt_at: Timestamp::from_millis(1_614_265_330_000),
        body: BODY,
    };
    let headers = profile.sign(&keys, &attempt).into_iter();
    headers
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn verified(secret: &str, headers: &[(String, String)], body: &[u8]) -> Result<(), VerifyFailure> {
    let now = Timestamp::from_millis(1_614_265_330_000);
    let secret = Secret::new(secret.to_owned());
    let profile = Profile::standard();
    let verified = profile.verify(&secret, headers, body, now, TOLERANCE_DEFAULT);
    verified.map(drop)
}

#[test]
fn ed25519_signs_as_the_published_vector_and_reads_back_as_its_public_key() {
    let headers = signed(&[PRIVATE]);
    assert_eq!(headers.last().unwrap().1, SIGNATURE_V1A);
    assert_eq!(
        public_key(&Secret::new(PRIVATE.to_owned())).as_deref(),
        Some(PUBLIC)
    );
    for key in [PRIVATE, PUBLIC] {
        assert_eq!(verified(key, &headers, BODY), Ok(()));
        let changed = verified(key, &headers, br#"{"test": 2432232315}"#);
        assert_eq!(changed, Err(VerifyFailure::Mismatch));
    }
}

#[test]
fn both_kinds_sign_side_by_side_newest_first() {
    let hmac = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for (secrets, expect) in [
        ([PRIVATE, hmac], format!("{SIGNATURE_V1A} {SIGNATURE_V1}")),
        ([hmac, PRIVATE], format!("{SIGNATURE_V1} {SIGNATURE_V1A}")),
    ] {
        let headers = signed(&secrets);
        assert_eq!(headers.last().unwrap().1, expect);
        for key in [PUBLIC, hmac] {
            assert_eq!(verified(key, &headers, BODY), Ok(()));
        }
    }
    let alone = signed(&[hmac]);
    let Err(VerifyFailure::MalformedHeader { name, .. }) = verified(PUBLIC, &alone, BODY) else {
        panic!("there is no signature of this kind");
    };
    assert_eq!(name, "webhook-signature");
}

#[test]
fn a_private_key_is_a_seed_with_its_own_public_half() {
    let standard = Profile::standard();
    let made = standard.generate(SignatureKind::Ed25519, [7; 32]);
    assert!(
        standard
            .accept(SignatureKind::Ed25519, made.expose())
            .is_ok()
    );
    assert_eq!(standard.kind_of(made.expose()), SignatureKind::Ed25519);
    let another = STANDARD.encode([7_u8; 64]);
    for bad in [
        PUBLIC,
        "whsk_",
        "whsk_AAAA",
        &format!("whsk_{another}"),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ] {
        assert!(
            standard.accept(SignatureKind::Ed25519, bad).is_err(),
            "{bad}"
        );
    }
    for profile in Profile::built_in() {
        let carries = profile.carries(SignatureKind::Ed25519);
        assert_eq!(carries, profile.name() == "standard", "{}", profile.name());
    }
}
