//! Certificates of webhooks that end: told of in stages, once in each.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::alerts::Scene;

const HOUR: Duration = Duration::from_secs(3600);

/// What a certificate says that ends on a day.
fn ending(year: i32, month: u8, day: u8) -> rcgen::CertificateParams {
    let mut params = rcgen::CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(year, month, day);
    params
}

/// An authority that ends on a day, in PEM.
fn authority(year: i32, month: u8, day: u8) -> String {
    let mut params = ending(year, month, day);
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().pem()
}

/// A proof by a certificate that ends on a day.
fn client(year: i32, month: u8, day: u8) -> Value {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = ending(year, month, day).self_signed(&key).unwrap();
    json!({"type": "mtls", "certificate": made.pem(), "private_key": key.serialize_pem()})
}

/// Time passes, longer than the pause between two looks at certificates, and then they are looked at.
async fn look(scene: &Scene) {
    scene.clock.advance(7 * HOUR);
    scene.app.service.engine().tell_due().await.unwrap();
}

#[tokio::test]
async fn a_certificate_is_told_of_before_it_ends_once_in_each_stage() {
    let scene = Scene::open().await;
    let ca = authority(2026, 12, 25);
    let webhook = scene.webhook(&json!({"ca": ca})).await;
    look(&scene).await;
    assert!(scene.alerts.received().is_empty());
    scene.clock.advance(4 * 24 * HOUR);
    look(&scene).await;
    look(&scene).await;
    let told = scene.told(1).await.remove(0);
    assert_eq!(told["type"], "certificate.expiring");
    let data = &told["data"];
    assert_eq!(
        (&data["webhook_id"], &data["certificate"]),
        (&json!(webhook), &json!("ca"))
    );
    assert_eq!(
        (&data["days"], &data["expires_at"]),
        (&json!(30), &json!("2026-12-25T00:00:00.000Z"))
    );
    scene.clock.advance(24 * 24 * HOUR);
    look(&scene).await;
    look(&scene).await;
    assert_eq!(scene.told(2).await[1]["data"]["days"], 7);
}

#[tokio::test]
async fn a_client_certificate_is_told_of_and_one_that_was_replaced_begins_anew() {
    let scene = Scene::open().await;
    // The first of both to end counts.
    let settings = json!({"auth": client(2026, 12, 20), "ca": authority(2027, 12, 25)});
    let webhook = scene.webhook(&settings).await;
    look(&scene).await;
    let told = scene.told(1).await.remove(0);
    let data = &told["data"];
    assert_eq!(
        (&data["certificate"], &data["days"]),
        (&json!("client"), &json!(30))
    );
    assert_eq!(data["webhook_id"], webhook);
    // Replaced, it is news again only when the next one is near its end.
    let path = format!("/api/v1/webhooks/{webhook}");
    let renewed = json!({"auth": client(2027, 3, 1)});
    scene.app.patch(&path, &renewed).await.json(StatusCode::OK);
    look(&scene).await;
    scene.clock.advance(30 * 24 * HOUR);
    look(&scene).await;
    assert_eq!(scene.alerts.received().len(), 1);
    scene.clock.advance(45 * 24 * HOUR);
    look(&scene).await;
    let told = scene.told(2).await.remove(1);
    assert_eq!(told["data"]["days"], 30, "{told}");
    assert_eq!(told["data"]["expires_at"], "2027-03-01T00:00:00.000Z");
}

#[tokio::test]
async fn nobody_is_told_of_the_certificate_of_a_webhook_that_is_gone() {
    let scene = Scene::open().await;
    let webhook = scene.webhook(&json!({"ca": authority(2026, 11, 25)})).await;
    let path = format!("/api/v1/webhooks/{webhook}");
    assert_eq!(scene.app.delete(&path).await.status, StatusCode::NO_CONTENT);
    let kept = scene.webhook(&json!({"ca": authority(2026, 11, 26)})).await;
    look(&scene).await;
    let told = scene.told(1).await.remove(0);
    assert_eq!(
        (&told["data"]["webhook_id"], &told["data"]["days"]),
        (&json!(kept), &json!(7))
    );
}
