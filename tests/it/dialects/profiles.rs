//! Wire formats and catalogues as data: a sixth format over REST, and workspaces that begin with
//! the catalogue of a documented system.

use hookpost::domain::profile::Profile;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::verify::accepted_everywhere;
use crate::app::TestApp;
use crate::receiver::Receiver;

const SIXTH: &str = include_str!("../../dialects/sixth.toml");

fn sixth() -> Value {
    Profile::parse(SIXTH).unwrap().to_json()
}

#[tokio::test]
async fn a_sixth_wire_format_is_posted_as_data_and_its_deliveries_verify() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = app.post("/api/v1/profiles", &sixth()).await;
    made.json(StatusCode::CREATED);
    let hook = json!({ "url": receiver.url("/"), "profile": "sixth" });
    let hook = app.post("/api/v1/webhooks", &hook).await;
    let hook = hook.json(StatusCode::CREATED);
    assert_eq!(hook["event_types"], json!(["parcel.*"]));
    assert_eq!(hook["retry_policy"]["delays"], json!(["100ms", "200ms"]));
    assert_eq!(
        (&hook["timeout"], &hook["disable_after_failures"]),
        (&json!("5s"), &json!(50))
    );
    let event = json!({ "type": "parcel.sent", "data": { "weight": 2.5 } });
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.json()["payload"], json!({ "weight": 2.5 }));
    accepted_everywhere("sixth", hook["secret"].as_str().unwrap(), &received);
    let path = format!("/api/v1/webhooks/{}/test", hook["id"].as_str().unwrap());
    let tested = app.post(&path, &json!({})).await.json(StatusCode::OK);
    assert_eq!(tested["success"], true);
    assert_eq!(receiver.received()[1].json()["kind"], "parcel.test");
}

#[tokio::test]
async fn a_profile_that_makes_no_sense_is_refused_with_its_field() {
    let app = TestApp::start().await;
    let check = async |pointer: &str, value: Value, field: &str| {
        let mut document = sixth();
        *document.pointer_mut(pointer).unwrap() = value;
        app.post("/api/v1/profiles", &document).await.invalid(field);
    };
    check(
        "/signature/content",
        json!("{nonsense}"),
        "signature.content",
    )
    .await;
    check("/signature/header", json!("Host"), "signature.header").await;
    check("/envelope/1/name", json!("kind"), "envelope[1].name").await;
    check("/envelope/0/from", json!("nowhere"), "envelope[0].from").await;
    check("/timeout", json!("1h"), "timeout").await;
    let listed = app.get("/api/v1/profiles").await.json(StatusCode::OK);
    assert_eq!(listed["data"].as_array().unwrap().len(), 6);
}

/// A new workspace with a profile, and how many event types it begins with.
async fn workspace(app: &TestApp, profile: &str) -> (String, usize) {
    let body = json!({ "name": profile, "profile": profile });
    let made = app.post("/api/v1/workspaces", &body).await;
    let made = made.json(StatusCode::CREATED);
    assert_eq!(
        made["strict_event_types"],
        profile != "standard",
        "{profile}"
    );
    let id = made["id"].as_str().unwrap().to_owned();
    let types = app.call(Method::GET, "/api/v1/event-types?limit=250");
    let types = types.header("Hookpost-Workspace", &id).send().await;
    let types = types.json(StatusCode::OK);
    let types = types["data"].as_array().unwrap();
    for known in types {
        let description = known["description"].as_str().unwrap_or_default();
        assert!(!description.is_empty(), "{known:#}");
    }
    (id, types.len())
}

#[tokio::test]
async fn a_workspace_with_a_built_in_profile_begins_with_that_systems_catalogue() {
    let app = TestApp::start().await;
    for (profile, count) in [
        ("standard", 0),
        ("armalo", 22),
        ("veriswarm", 16),
        ("armox", 2),
        ("airmy", 7),
        ("indigiarmor", 3),
    ] {
        assert_eq!(workspace(&app, profile).await.1, count, "{profile}");
    }
}

#[tokio::test]
async fn a_strict_workspace_refuses_unknown_types_with_near_matches_and_stores_nothing() {
    let app = TestApp::start().await;
    let (id, _) = workspace(&app, "armalo").await;
    let call =
        |method: Method, path: &str| app.call(method, path).header("Hookpost-Workspace", &id);
    let event = json!({ "type": "score.chnaged", "data": {} });
    let refused = call(Method::POST, "/api/v1/events")
        .json(&event)
        .send()
        .await;
    let problem = refused.invalid("type");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("score.changed"),
        "{problem}"
    );
    let hook =
        json!({ "url": "https://a.example.com/", "events": ["score.changed", "eval.complete"] });
    let refused = call(Method::POST, "/armalo/api/v1/webhooks")
        .header("X-Pact-Key", &app.admin)
        .json(&hook)
        .send()
        .await;
    let told = super::refusal(&refused, 422);
    assert_eq!(told["errors"][0]["field"], "events[1]");
    assert!(
        told["error"].as_str().unwrap().contains("eval.completed"),
        "{told}"
    );
    for path in ["/api/v1/events", "/api/v1/webhooks"] {
        let listed = call(Method::GET, path).send().await.json(StatusCode::OK);
        assert_eq!(listed["data"], json!([]), "{path}");
    }
}
