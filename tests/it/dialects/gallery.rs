//! The gallery's profiles, each verified by its provider's own published library, and by a receiver
//! that Debian ships.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::verify::accepted_by_provider;
use crate::app::{PATIENCE, TestApp};
use crate::receiver::Receiver;

const GALLERY: &str = "/api/v1/profile-gallery";

/// Takes `provider` over and registers a webhook with it: the secret.
async fn register(app: &TestApp, provider: &str, url: &str) -> String {
    let take = json!({ "gallery": provider });
    app.post("/api/v1/profiles", &take)
        .await
        .json(StatusCode::CREATED);
    let webhook = json!({
        "url": url, "event_types": [format!("{provider}.*")], "profile": provider,
        "retry_policy": {"delays": []},
    });
    let made = app.post("/api/v1/webhooks", &webhook).await;
    let made = made.json(StatusCode::CREATED);
    made["secret"].as_str().unwrap().to_owned()
}

async fn publish(app: &TestApp, provider: &str) -> String {
    let data = json!({ "object": { "name": "Kœln 🦊", "amount": 12.50 } });
    let event = json!({ "type": format!("{provider}.paid"), "data": data });
    let made = app.post("/api/v1/events", &event).await;
    let made = made.json(StatusCode::ACCEPTED);
    format!("/api/v1/events/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn each_providers_own_library_accepts_its_profile_and_refuses_a_changed_byte() {
    let app = TestApp::start().await;
    let listed = app.get(GALLERY).await.json(StatusCode::OK);
    let listed = listed["data"].as_array().unwrap();
    assert_eq!(listed.len(), 7);
    for entry in listed {
        let provider = entry["name"].as_str().unwrap();
        assert!(entry["verified_by"].as_str().unwrap().contains('('));
        let receiver = Receiver::start().await;
        let secret = register(&app, provider, &receiver.url("/hook")).await;
        publish(&app, provider).await;
        let delivery = receiver.wait_for(1).await.remove(0);
        accepted_by_provider(provider, &secret, &delivery);
    }
}

#[tokio::test]
async fn one_is_taken_over_by_its_name_and_from_then_on_ones_own() {
    let app = TestApp::start().await;
    let path = format!("{GALLERY}/github");
    let entry = app.get(&path).await.json(StatusCode::OK);
    let profiles = "/api/v1/profiles";
    let ours = json!({ "gallery": "github", "name": "ours", "description": "As we like it" });
    let made = app.post(profiles, &ours).await.json(StatusCode::CREATED);
    assert_eq!(
        (&made["name"], &made["origin"], &made["description"]),
        (&json!("ours"), &json!("api"), &json!("As we like it"))
    );
    assert_eq!(
        made["document"]["signature"],
        entry["document"]["signature"]
    );
    // What was read can be sent as well.
    let made = app.post(profiles, &entry).await.json(StatusCode::CREATED);
    assert_eq!(made["document"], entry["document"]);
    app.post(profiles, &entry).await.problem(409, "conflict");
    app.post(profiles, &json!({ "gallery": "nobody" }))
        .await
        .invalid("gallery");
    app.post(profiles, &json!({ "gallery": 7 }))
        .await
        .invalid("gallery");
    let both = json!({ "gallery": "github", "document": entry["document"] });
    app.post(profiles, &both).await.invalid("gallery");
    app.get(&format!("{GALLERY}/nobody"))
        .await
        .problem(404, "not_found");
    let deleted = app.delete("/api/v1/profiles/ours").await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
}

/// Debian's `webhook`: runs a command for each request whose signature holds.
struct DebianWebhook {
    child: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl DebianWebhook {
    fn start(secret: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let signed = json!({ "match": {
            "type": "payload-hmac-sha256", "secret": secret,
            "parameter": {"source": "header", "name": "X-Hub-Signature-256"},
        }});
        let named = json!({ "match": {
            "type": "value", "value": "github.paid",
            "parameter": {"source": "header", "name": "X-GitHub-Event"},
        }});
        let hooks = json!([{
            "id": "it", "execute-command": "/bin/true", "response-message": "taken",
            "trigger-rule": {"and": [signed, named]},
            "trigger-rule-mismatch-http-response-code": 403,
        }]);
        let file = dir.path().join("hooks.json");
        std::fs::write(&file, hooks.to_string()).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new("webhook")
            .args(["-ip", "127.0.0.1", "-port", &port.to_string(), "-hooks"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tests/run installs Debian's webhook");
        Self {
            child,
            port,
            _dir: dir,
        }
    }

    async fn ready(self) -> Self {
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "webhook does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self
    }
}

impl Drop for DebianWebhook {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
async fn debians_webhook_takes_what_is_signed_for_it_and_nothing_else() {
    let app = TestApp::start().await;
    // The receiver has to know the secret before it starts, so this one is the caller's.
    let secret = "a secret that both sides know";
    let receiver = DebianWebhook::start(secret).ready().await;
    let url = format!("http://127.0.0.1:{}/hooks/it", receiver.port);
    let take = json!({ "gallery": "github" });
    app.post("/api/v1/profiles", &take)
        .await
        .json(StatusCode::CREATED);
    let register = async |secret: &str| {
        let webhook = json!({
            "url": url, "event_types": ["*"], "profile": "github", "secret": secret,
            "retry_policy": {"delays": []},
        });
        let made = app.post("/api/v1/webhooks", &webhook).await;
        made.json(StatusCode::CREATED)["id"].take()
    };
    let (genuine, forged) = (
        register(secret).await,
        register("another secret of ours").await,
    );
    let event = publish(&app, "github").await;
    let settled = |event: &Value| {
        let deliveries = event["deliveries"].as_array().unwrap();
        deliveries.iter().all(|own| own["status"] != "pending")
    };
    let event = app.poll(&event, settled).await;
    for delivery in event["deliveries"].as_array().unwrap() {
        let expect = match &delivery["webhook_id"] {
            id if *id == genuine => ("delivered", 200),
            // Its way of saying that a signature does not hold.
            id if *id == forged => ("exhausted", 500),
            other => panic!("{other}"),
        };
        let path = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
        let delivery = app.get(&path).await.json(StatusCode::OK);
        assert_eq!(delivery["status"], expect.0);
        assert_eq!(delivery["last_status_code"], expect.1);
    }
}
