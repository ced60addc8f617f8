//! `/api/v1/event-types`

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;

const EVENT_TYPES: &str = "/api/v1/event-types";

#[tokio::test]
async fn an_event_type_is_added_changed_and_removed() {
    let app = TestApp::start().await;
    let body = json!({"name": "score.changed", "description": "A score moved", "group": "Scores",
        "schema": {"type": "object", "required": ["score"]}, "example": {"score": 1}});
    let made = app.post(EVENT_TYPES, &body).await.json(StatusCode::CREATED);
    for field in ["name", "description", "group", "schema", "example"] {
        assert_eq!(made[field], body[field], "{field}");
    }
    assert_eq!(made["archived"], false);
    app.post(EVENT_TYPES, &body).await.problem(409, "conflict");
    let path = format!("{EVENT_TYPES}/score.changed");
    assert_eq!(app.get(&path).await.json(StatusCode::OK), made);
    let put = app
        .put(&path, &json!({"archived": true}))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&put["archived"], &put["schema"]),
        (&json!(true), &Value::Null)
    );
    let other = format!("{EVENT_TYPES}/score.reset");
    app.put(&other, &json!({"name": "score.reset"}))
        .await
        .json(StatusCode::CREATED);
    app.put(&other, &json!({"name": "another"}))
        .await
        .invalid("name");
    let page = app.get(EVENT_TYPES).await.json(StatusCode::OK);
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    assert_eq!(app.delete(&path).await.status, StatusCode::NO_CONTENT);
    app.delete(&path).await.problem(404, "not_found");
    app.get(&path).await.problem(404, "not_found");
    app.get(&format!("{EVENT_TYPES}/a..b"))
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn data_that_does_not_fit_its_schema_is_refused_with_the_paths() {
    let app = TestApp::start().await;
    let schema = json!({"type": "object", "required": ["score"],
        "properties": {"score": {"type": "number"}, "tags": {"items": {"type": "string"}}}});
    let body = json!({"name": "score.changed", "schema": schema});
    app.post(EVENT_TYPES, &body).await.json(StatusCode::CREATED);
    let publish = async |data: Value| {
        let body = json!({"type": "score.changed", "data": data});
        app.post("/api/v1/events", &body).await
    };
    publish(json!({"score": "high"}))
        .await
        .invalid("data.score");
    publish(json!({"score": 1, "tags": ["a", 2]}))
        .await
        .invalid("data.tags[1]");
    publish(json!({})).await.invalid("data");
    assert_eq!(
        publish(json!({"score": 1})).await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn bad_event_types_are_refused_with_the_field_and_nothing_is_stored() {
    let app = TestApp::start().await;
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": "a..b"}), "name"),
        (json!({"name": "a.*"}), "name"),
        (
            json!({"name": "a", "description": "x".repeat(1001)}),
            "description",
        ),
        (json!({"name": "a", "group": "a\nb"}), "group"),
        (json!({"name": "a", "schema": 7}), "schema"),
        (json!({"name": "a", "schema": {"type": "thing"}}), "schema"),
        (
            json!({"name": "a", "schema": {"$ref": "https://example.com/"}}),
            "schema",
        ),
        (
            json!({"name": "a", "schema": {"description": "x".repeat(70_000)}}),
            "schema",
        ),
        (
            json!({"name": "a", "schema": {"required": ["n"]}, "example": {}}),
            "example",
        ),
        (json!({"name": "a", "archived": "no"}), "archived"),
        (json!({"name": "a", "colour": "red"}), "colour"),
    ] {
        app.post(EVENT_TYPES, &body).await.invalid(field);
    }
    let page = app.get(EVENT_TYPES).await.json(StatusCode::OK);
    assert_eq!(page["data"], json!([]));
}
