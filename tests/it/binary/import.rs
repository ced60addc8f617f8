//! `hookpost import`: from a second hookpost that plays the old system, and from a table.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::process::run;
use crate::app::TestApp;
use crate::receiver::Receiver;

/// An instance with a key of its workspace.
struct Side {
    app: TestApp,
    key: String,
}

impl Side {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let key = json!({"name": "moving", "workspace": "default"});
        let key = app.post("/api/v1/api-keys", &key).await;
        let key = key.json(StatusCode::CREATED)["key"]
            .as_str()
            .unwrap()
            .to_owned();
        Self { app, key }
    }

    async fn svix(&self, method: Method, path: &str, body: Value) -> Value {
        let call = self.app.call(method, &format!("/svix/api/v1{path}"));
        let answer = match body {
            Value::Null => call.send().await,
            body => call.json(&body).send().await,
        };
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        serde_json::from_str(&answer.text).unwrap_or_default()
    }

    async fn get(&self, path: &str) -> Value {
        self.svix(Method::GET, path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.svix(Method::POST, path, body).await
    }

    /// What `hookpost import` prints on its way to here, and whether it succeeded.
    async fn import(&self, words: &[&str]) -> (String, bool) {
        let own = ["import", "--server", &self.app.base, "--api-key", &self.key];
        let words = [&own[..], words].concat();
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let ran = tokio::task::spawn_blocking(move || {
            run(&words.iter().map(String::as_str).collect::<Vec<_>>())
        });
        let output = ran.await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        (format!("{said}{complaint}"), output.status.success())
    }
}

/// The old system, as its platform left it.
async fn old(receiver: &Receiver) -> Side {
    let old = Side::start().await;
    let kind = json!({"name": "order.paid", "description": "Paid", "deprecated": true,
        "featureFlags": ["beta"], "schemas": {"1": {"type": "object"}, "2": {"type": "object"}}});
    old.post("/event-type", kind).await;
    let app =
        json!({"name": "Acme", "uid": "acme", "metadata": {"plan": "pro"}, "throttleRate": 50});
    old.post("/app", app).await;
    old.post("/app", json!({"name": "Nameless"})).await;
    let hook = json!({
        "url": receiver.url("/main"), "uid": "main", "description": "Main", "channels": ["eu"],
        "eventTypes": ["order.paid"], "throttleRate": 7, "metadata": {"k": "v"},
        "headers": {"x-foo": "bar", "authorization": "Bearer hush"},
        "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    });
    old.post("/app/acme/endpoint", hook).await;
    old.post(
        "/app/acme/endpoint/main/secret/rotate",
        json!({"gracePeriodSeconds": 3600}),
    )
    .await;
    let off = json!({"url": receiver.url("/off"), "disabled": true});
    old.post("/app/acme/endpoint", off).await;
    old
}

#[tokio::test]
async fn a_platform_moves_in_from_svix_as_often_as_it_likes() {
    let receiver = Receiver::start().await;
    let (old, new) = (old(&receiver).await, Side::start().await);
    let from = format!("{}/svix", old.app.base);
    let words = ["svix", "--from", &from, "--token", &old.key];
    let (said, is_well) = new.import(&words).await;
    assert!(is_well, "{said}");
    assert!(said.contains("endpoints: 2 created"), "{said}");
    for path in [
        "/app/acme",
        "/app/acme/endpoint/main",
        "/event-type/order.paid",
    ] {
        let (mut before, mut after) = (old.get(path).await, new.get(path).await);
        for side in [&mut before, &mut after] {
            for own in ["id", "createdAt", "updatedAt"] {
                side[own].take();
            }
        }
        assert_eq!(before, after, "{path}");
    }
    let secret = "/app/acme/endpoint/main/secret";
    let (before, after) = (old.get(secret).await, new.get(secret).await);
    assert_eq!(before["key"], after["key"]);
    assert_eq!(
        before["previousKeys"][0]["key"],
        after["previousKeys"][0]["key"]
    );
    let headers = new.get("/app/acme/endpoint/main/headers").await;
    assert_eq!(headers["headers"], json!({"x-foo": "bar"}));
    let page = new.get("/app/acme/endpoint").await;
    let off: Vec<&Value> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| &own["disabled"])
        .collect();
    assert_eq!(off, [false, true]);
    let message = json!({"eventType": "order.paid", "payload": {"n": 1}, "channels": ["eu"]});
    new.post("/app/acme/msg", message).await;
    let received = receiver.wait_for(1).await.remove(0);
    for key in [&after["key"], &after["previousKeys"][0]["key"]] {
        crate::dialects::verify::accepted_everywhere(
            "svix",
            key.as_str().unwrap(),
            &received.without("webhook-"),
        );
    }

    let (said, is_well) = new.import(&words).await;
    assert!(is_well, "{said}");
    assert!(
        said.contains("applications: 0 created, 0 updated, 2 unchanged"),
        "{said}"
    );
    assert!(
        said.contains("endpoints: 0 created, 0 updated, 2 unchanged"),
        "{said}"
    );
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let receiver = Receiver::start().await;
    let (old, new) = (old(&receiver).await, Side::start().await);
    let from = format!("{}/svix", old.app.base);
    let words = ["svix", "--from", &from, "--token", &old.key];
    let (said, is_well) = new.import(&[&words[..], &["--dry-run"]].concat()).await;
    assert!(is_well, "{said}");
    for line in [
        "application acme: would be created",
        "endpoint acme/main: would be created",
        "applications: 2 created, 0 updated, 0 unchanged",
        "the value of header authorization cannot be read",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(new.get("/app").await["data"], json!([]));
    assert_eq!(new.get("/event-type").await["data"], json!([]));
}

#[tokio::test]
async fn an_import_goes_on_where_it_was_interrupted_and_says_what_it_could_not_do() {
    let receiver = Receiver::start().await;
    let (old, new) = (old(&receiver).await, Side::start().await);
    let from = format!("{}/svix/", old.app.base);
    let words = ["svix", "--from", &from, "--token", &old.key];
    // As it is between the endpoint's first secret and the rotation to its second.
    new.post("/app", json!({"name": "Acme", "uid": "acme"}))
        .await;
    let begun = json!({"url": receiver.url("/main"), "uid": "main", "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"});
    new.post("/app/acme/endpoint", begun).await;
    let (said, is_well) = new.import(&words).await;
    assert!(is_well, "{said}");
    assert!(said.contains("endpoint acme/main: updated"), "{said}");
    let secret = "/app/acme/endpoint/main/secret";
    assert_eq!(old.get(secret).await["key"], new.get(secret).await["key"]);
    let shown = new.get("/app/acme/endpoint/main").await;
    assert_eq!(
        (&shown["channels"], &shown["throttleRate"]),
        (&json!(["eu"]), &json!(7))
    );

    new.post("/app/acme/endpoint/main/secret/rotate", json!({}))
        .await;
    let (said, is_well) = new.import(&words).await;
    assert!(!is_well, "{said}");
    assert!(
        said.contains("endpoint acme/main: could not be moved: it has another secret"),
        "{said}"
    );
    let stranger = ["svix", "--from", &from, "--token", "nobody"];
    let (said, is_well) = new.import(&stranger).await;
    assert!(!is_well && said.contains("401"), "{said}");
}

#[tokio::test]
async fn the_webhooks_of_a_table_are_registered_once_each_with_their_lines_told() {
    let new = Side::start().await;
    let receiver = Receiver::start().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hooks.csv");
    let [first, second] = ["/a", "/b"].map(|path| receiver.url(path));
    let table = format!(
        "consumer,url,secret,event types,profile\n\
         acme,{first},whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD,order.paid order.sent,standard\n\
         ,{second},,,\n\
         acme,nowhere,,,\n\
         \"not a name\",{second},,,\n"
    );
    std::fs::write(&file, table).unwrap();
    let words = ["csv", file.to_str().unwrap()];
    let (said, is_well) = new.import(&[&words[..], &["--dry-run"]].concat()).await;
    assert!(
        !is_well && said.contains("line 4: could not be moved"),
        "{said}"
    );
    let hooks = async || new.app.get("/api/v1/webhooks").await.json(StatusCode::OK)["data"].take();
    assert_eq!(hooks().await, json!([]));
    let (said, is_well) = new.import(&words).await;
    assert!(!is_well, "{said}");
    for line in [
        "line 2, ",
        "line 4: could not be moved: url is none",
        "line 5: could not be moved",
        "webhooks: 2 created, 0 updated, 0 unchanged",
        "failed: 2",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let made = hooks().await;
    assert_eq!(made[1]["event_types"], json!(["order.paid", "order.sent"]));
    assert!(made[1]["consumer_id"].is_string() && made[0]["consumer_id"].is_null());
    let (said, _) = new.import(&words).await;
    assert!(
        said.contains("webhooks: 0 created, 0 updated, 2 unchanged"),
        "{said}"
    );
    // Whoever was sent away gets a webhook anew.
    let path = format!(
        "/api/v1/webhooks/{}/revoke",
        made[0]["id"].as_str().unwrap()
    );
    let revoked = new.app.post(&path, &json!({})).await;
    assert!(revoked.status.is_success(), "{revoked:?}");
    let (said, _) = new.import(&words).await;
    assert!(
        said.contains("webhooks: 1 created, 0 updated, 1 unchanged"),
        "{said}"
    );
}
