//! Wire profiles: what is read as one can be written, read back, signed with and verified.

use std::time::Duration;

use hookpost::domain::envelope::{EnvelopeInput, render};
use hookpost::domain::format::Format;
use hookpost::domain::header::is_forbidden;
use hookpost::domain::profile::{
    CATALOGUE_MAX, FILE_BYTES_MAX, NAME_CHARS_MAX, Profile, TIMEOUT_MAX, TIMEOUT_MIN,
};
use hookpost::domain::signing::AttemptToSign;
use hookpost::net::{HeaderName, HeaderValue};
use serde_json::Value;

use super::{Verdict, now};

const EVENT: &str = "evt_1";
const DELIVERY: &str = "dlv_1";
const TOLERANCE: Duration = Duration::from_secs(300);

pub(super) fn law(text: &str) -> Verdict {
    let profile = match Profile::parse(text) {
        Ok(profile) => profile,
        Err(refusal) => {
            assert!(!refusal.field.is_empty() && !refusal.message.is_empty());
            return Verdict::Refused;
        }
    };
    assert!(text.len() <= FILE_BYTES_MAX);
    assert!((1..=NAME_CHARS_MAX).contains(&profile.name().chars().count()));
    assert!((TIMEOUT_MIN..=TIMEOUT_MAX).contains(&profile.timeout()));
    assert!(profile.catalogue().len() <= CATALOGUE_MAX);
    check_forms(&profile);
    check_delivery(&profile);
    Verdict::Accepted
}

/// The file, the document and the file that is made of the document say the same.
fn check_forms(profile: &Profile) {
    let document = profile.to_json();
    let read = Profile::parse(profile.source()).expect("a source is a profile's file");
    assert_eq!(read.to_json(), document);
    let read = Profile::from_json(document.clone()).expect("a document is a profile");
    assert_eq!(read.to_json(), document);
    let read = Profile::parse(read.source()).expect("a written source is a profile's file");
    assert_eq!(read.to_json(), document);
}

/// Receivers can tell a delivery from a forgery.
fn check_delivery(profile: &Profile) {
    // No two bytes alike: a monotonous secret is refused, and rightly.
    let secret = profile.generate_secret(std::array::from_fn(|place| place as u8));
    let accepted = profile.accept_secret(secret.expose());
    assert!(accepted.is_ok(), "a profile takes its own secrets");
    let key = profile.signing_key(&secret).expect("and signs with them");
    let input = EnvelopeInput {
        event_version: None,
        event_type: "order.paid",
        event_id: EVENT,
        delivery_id: DELIVERY,
        occurred_at: now(),
        workspace_id: "ws_1",
        data: r#"{"id":1}"#,
        content_type: None,
    };
    let mut body = render(profile, Format::Json, &input).expect("data is an object");
    let rendered: Value = serde_json::from_slice(&body).expect("a body is JSON");
    assert!(rendered.is_object());
    let attempt = AttemptToSign {
        event_version: None,
        event_id: EVENT,
        event_type: "order.paid",
        workspace_id: "ws_1",
        delivery_id: DELIVERY,
        attempt_at: now(),
        body: &body,
    };
    let headers = profile.sign(&[key], &attempt);
    for (name, value) in &headers {
        assert!(!is_forbidden(name), "{name}");
        HeaderName::from_bytes(name.as_bytes()).expect("the client takes the name");
        HeaderValue::from_str(value).expect("the client takes the value");
    }
    let verified = profile.verify(&secret, &headers, &body, now(), TOLERANCE);
    assert_eq!(verified.map(drop).map_err(|why| why.to_string()), Ok(()));
    body.push(b' ');
    let forged = profile.verify(&secret, &headers, &body, now(), TOLERANCE);
    assert!(forged.is_err(), "every byte of the body is signed");
}
