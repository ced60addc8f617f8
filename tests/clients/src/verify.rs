//! Whether a delivery is genuine, as the published verifiers see it.
//!
//! Owns: reading `{"secret", "headers", "body": base64}` from stdin. Refuses: verifying by itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// Whether the verifier of `system` accepts what stdin holds.
pub fn accepts(system: &str) -> bool {
    let given: Value = serde_json::from_reader(std::io::stdin()).expect("a delivery as JSON");
    let secret = given["secret"].as_str().expect("a secret");
    let body = given["body"].as_str().expect("a body");
    let body = STANDARD.decode(body).expect("base64");
    let headers = headers(&given["headers"]);
    match system {
        "svix" => {
            let verifier = svix::Webhook::new(secret).expect("a secret of theirs");
            told(verifier.verify(&body, &headers))
        }
        "standard" => {
            let verifier = standardwebhooks::Webhook::new(secret).expect("a secret of theirs");
            told(verifier.verify(&body, &headers))
        }
        other => panic!("no verifier for {other:?}"),
    }
}

fn headers(given: &Value) -> HeaderMap {
    let given = given.as_object().expect("headers").iter();
    let pairs = given.map(|(name, value)| {
        let name: HeaderName = name.parse().expect("a header's name");
        let value = value.as_str().expect("a text");
        (
            name,
            HeaderValue::from_str(value).expect("a header's value"),
        )
    });
    pairs.collect()
}

fn told<E: std::fmt::Display>(outcome: Result<(), E>) -> bool {
    if let Err(error) = &outcome {
        eprintln!("{error}");
    }
    outcome.is_ok()
}
