//! `/api/v1/profiles`

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::Receiver;

const PROFILES: &str = "/api/v1/profiles";

/// The standard profile's document under another name.
async fn copy_of_standard(app: &TestApp, name: &str) -> Value {
    let standard = app.get("/api/v1/profiles/standard").await;
    let mut document = standard.json(StatusCode::OK)["document"].take();
    document["name"] = json!(name);
    document
}

#[tokio::test]
async fn the_built_in_profiles_are_listed_and_can_not_be_changed() {
    let app = TestApp::start().await;
    let page = app.get(PROFILES).await.json(StatusCode::OK);
    assert_eq!(page["data"].as_array().unwrap().len(), 6);
    let standard = app
        .get("/api/v1/profiles/standard")
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&standard["origin"], &standard["built_in"]),
        (&json!("built_in"), &json!(true))
    );
    let document = &standard["document"];
    app.post(PROFILES, document).await.problem(409, "conflict");
    let path = format!("{PROFILES}/standard");
    app.put(&path, document).await.problem(409, "conflict");
    app.delete(&path).await.problem(409, "conflict");
    app.get(&format!("{PROFILES}/nothing"))
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn what_was_read_can_be_sent_back_under_another_name_too() {
    let app = TestApp::start().await;
    let page = app.get(PROFILES).await.json(StatusCode::OK);
    for (place, built_in) in page["data"].as_array().unwrap().iter().enumerate() {
        let mut copy = built_in.clone();
        let name = format!("copy-{place}");
        copy["name"] = json!(name);
        let made = app.post(PROFILES, &copy).await.json(StatusCode::CREATED);
        assert_eq!(made["name"], json!(name));
        assert_eq!(made["document"]["name"], json!(name));
        assert_eq!(
            made["document"]["signature"],
            built_in["document"]["signature"]
        );
        assert_eq!(
            made["document"]["envelope"],
            built_in["document"]["envelope"]
        );
        let path = format!("{PROFILES}/{name}");
        let read = app.get(&path).await.json(StatusCode::OK);
        let put = app.put(&path, &read).await.json(StatusCode::OK);
        assert_eq!(put["document"], read["document"]);
        // Under its own name it is still built in.
        app.post(PROFILES, built_in).await.problem(409, "conflict");
    }
    let standard = app.get("/api/v1/profiles/standard").await;
    let mut odd = standard.json(StatusCode::OK);
    odd["name"] = json!("odd");
    odd["colour"] = json!("red");
    app.post(PROFILES, &odd).await.invalid("colour");
    app.post(PROFILES, &json!({"name": "odd", "document": 7}))
        .await
        .invalid("document");
}

#[tokio::test]
async fn a_header_can_name_the_events_type_and_its_workspace() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let mut document = copy_of_standard(&app, "topical").await;
    document["headers"]["x-topic"] = json!("{event_type}");
    document["headers"]["x-about"] = json!("{workspace_id}/{event_type}");
    app.post(PROFILES, &document)
        .await
        .json(StatusCode::CREATED);
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "profile": "topical"});
    let hook = app.post("/api/v1/webhooks", &hook).await;
    let hook = hook.json(StatusCode::CREATED);
    let event = json!({"type": "orders.create", "data": {}});
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.header("x-topic"), "orders.create");
    let workspace = hook["workspace_id"].as_str().unwrap();
    assert_eq!(
        received.header("x-about"),
        format!("{workspace}/orders.create")
    );
    for (value, why) in [
        ("{event_type}{event_id}", "headers.x-topic"),
        ("{event_type}.json", "headers.x-topic"),
        ("{event_type} {event_type}", "headers.x-topic"),
        ("{data}", "headers.x-topic"),
        ("{body}", "headers.x-topic"),
        ("{event_type}\n", "headers.x-topic"),
    ] {
        let mut bad = copy_of_standard(&app, "bad").await;
        bad["headers"]["x-topic"] = json!(value);
        app.post(PROFILES, &bad).await.invalid(why);
    }
}

#[tokio::test]
async fn profiles_come_in_pages_like_everything_else() {
    let app = TestApp::start().await;
    let whole = app.get(PROFILES).await.json(StatusCode::OK);
    let whole = whole["data"].as_array().unwrap();
    let (mut seen, mut path) = (Vec::new(), format!("{PROFILES}?limit=4"));
    loop {
        let page = app.get(&path).await.json(StatusCode::OK);
        seen.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("{PROFILES}?limit=4&cursor={cursor}");
    }
    assert_eq!(&seen, whole);
    assert_eq!(seen.len(), 6);
}

#[tokio::test]
async fn a_profile_of_ones_own_shapes_deliveries_until_nobody_uses_it() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let mut document = copy_of_standard(&app, "mine").await;
    let made = app
        .post(PROFILES, &document)
        .await
        .json(StatusCode::CREATED);
    assert_eq!(
        (&made["name"], &made["origin"]),
        (&json!("mine"), &json!("api"))
    );
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "profile": "mine"});
    let hook = app
        .post("/api/v1/webhooks", &hook)
        .await
        .json(StatusCode::CREATED);
    let mut another = document.clone();
    another["name"] = json!("another");
    let another_path = format!("{PROFILES}/another");
    for status in [StatusCode::CREATED, StatusCode::OK] {
        app.put(&another_path, &another).await.json(status);
    }
    document["headers"]["x-made-by"] = json!("us");
    let path = format!("{PROFILES}/mine");
    app.put(&path, &document).await.json(StatusCode::OK);
    let event = json!({"type": "a.b", "data": 1});
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].header("x-made-by"), "us");
    app.delete(&path).await.problem(409, "conflict");
    // A receiver of one event is nobody's webhook, and a revoked one uses nothing any more.
    let once = json!({"type": "a.b", "data": 1, "webhook_url": receiver.url("/once"),
        "profile": "mine"});
    app.post("/api/v1/events", &once)
        .await
        .json(StatusCode::ACCEPTED);
    receiver.wait_for(3).await;
    let revoke = format!("/api/v1/webhooks/{}/revoke", hook["id"].as_str().unwrap());
    app.post(&revoke, &json!({})).await.json(StatusCode::OK);
    assert_eq!(app.delete(&path).await.status, StatusCode::NO_CONTENT);
    app.get(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_profile_can_not_change_into_one_that_its_webhooks_secrets_do_not_fit() {
    let app = TestApp::start().await;
    let mut document = copy_of_standard(&app, "mine").await;
    document["signature"]["key"] = json!("utf8");
    app.post(PROFILES, &document)
        .await
        .json(StatusCode::CREATED);
    let hook = json!({"url": "https://example.com/", "event_types": ["*"], "profile": "mine",
        "secret": "a plain text of sixteen letters or more"});
    app.post("/api/v1/webhooks", &hook)
        .await
        .json(StatusCode::CREATED);
    let path = format!("{PROFILES}/mine");
    document["description"] = json!("Changed");
    app.put(&path, &document).await.json(StatusCode::OK);
    document["signature"]["key"] = json!("base64_after_prefix");
    app.put(&path, &document).await.invalid("signature.key");
}

#[tokio::test]
async fn profiles_that_make_no_sense_are_refused_with_the_field() {
    let app = TestApp::start().await;
    let document = copy_of_standard(&app, "mine").await;
    let with = |field: &str, value: Value| {
        let mut changed = document.clone();
        changed[field] = value;
        changed
    };
    for (body, field) in [
        (json!({}), "name"),
        (with("name", json!("Not Plain")), "name"),
        (with("envelope", json!([])), "envelope"),
        (with("timeout", json!("soon")), "timeout"),
        (with("colour", json!("red")), "colour"),
    ] {
        app.post(PROFILES, &body).await.invalid(field);
    }
    app.put(&format!("{PROFILES}/other"), &document)
        .await
        .invalid("name");
    let page = app.get(PROFILES).await.json(StatusCode::OK);
    assert_eq!(page["data"].as_array().unwrap().len(), 6);
}
