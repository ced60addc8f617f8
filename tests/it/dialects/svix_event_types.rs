//! Event types below `/svix`: versions of schemas, what is deprecated, who is shown what.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::svix::{svix, with_application};
use crate::app::TestApp;

const TYPE: &str = "/event-type/order.paid";
const VERSIONS: &str = "/api/v1/event-types/order.paid/versions";

async fn ask(app: &TestApp, method: Method, path: &str, body: Value, status: u16) -> Value {
    let answer = svix(app, method, path, body).await;
    answer.json(StatusCode::from_u16(status).unwrap())
}

fn needs(member: &str) -> Value {
    json!({"type": "object", "required": [member]})
}

async fn versions(app: &TestApp) -> Vec<String> {
    let page = app.get(VERSIONS).await.json(StatusCode::OK);
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|one| one["version"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn schemas_are_versions_and_the_newest_is_what_messages_are_of() {
    let (app, receiver) = with_application().await;
    let body = json!({"name": "order.paid", "description": "", "schemas": {"1": needs("price")}});
    let made = ask(&app, Method::POST, "/event-type", body, 201).await;
    assert_eq!(made["schemas"], json!({"1": needs("price")}));
    assert_eq!(
        versions(&app).await.len(),
        0,
        "one schema is the type's own"
    );

    let two = json!({"10": needs("amount"), "9": needs("price")});
    let shown = ask(&app, Method::PATCH, TYPE, json!({"schemas": two}), 200).await;
    assert_eq!(shown["schemas"], two);
    assert_eq!(versions(&app).await, ["10", "9"]);
    let path = "/event-type?with_content=true";
    let page = ask(&app, Method::GET, path, Value::Null, 200).await;
    assert_eq!(page["data"][0]["schemas"], two);
    let page = ask(&app, Method::GET, "/event-type", Value::Null, 200).await;
    assert_eq!(page["data"][0]["schemas"], Value::Null);
    let hook = json!({"url": receiver.url("/")});
    ask(&app, Method::POST, "/app/a/endpoint", hook, 201).await;
    let message = json!({"eventType": "order.paid", "payload": {"amount": 1}});
    ask(&app, Method::POST, "/app/a/msg", message, 202).await;
    let sent = receiver.wait_for(1).await.remove(0);
    assert_eq!(sent.header("webhook-event-version"), "10");

    // What is kept of a version outlives another schema; what is not named leaves, unless it is pinned.
    app.put(
        &format!("{VERSIONS}/10"),
        &json!({"description": "cents", "schema": needs("amount")}),
    )
    .await
    .json(StatusCode::OK);
    let pin = json!({"url": receiver.url("/"), "event_types": ["*"], "pinned_versions": {"order.paid": "9"}});
    let pinned = app
        .post("/api/v1/webhooks", &pin)
        .await
        .json(StatusCode::CREATED);
    let later = json!({"10": needs("cents"), "2026-03-16": {}});
    let told = ask(&app, Method::PATCH, TYPE, json!({"schemas": later}), 409).await;
    assert_eq!(told["code"], "conflict");
    assert_eq!(versions(&app).await, ["10", "9"], "all or nothing");
    let path = format!("/api/v1/webhooks/{}", pinned["id"].as_str().unwrap());
    app.delete(&path).await;
    let shown = ask(&app, Method::PATCH, TYPE, json!({"schemas": later}), 200).await;
    assert_eq!(shown["schemas"], later);
    let kept = app
        .get(&format!("{VERSIONS}/10"))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&kept["description"], &kept["schema"]),
        (&json!("cents"), &needs("cents"))
    );
    let shown = ask(&app, Method::PATCH, TYPE, json!({"archived": true}), 200).await;
    assert_eq!(shown["schemas"], later, "what is not said stays");
}

#[tokio::test]
async fn what_is_made_again_or_put_has_the_schemas_that_it_says_and_faults_have_a_place() {
    let (app, _receiver) = with_application().await;
    let two = json!({"10": needs("amount"), "9": needs("price")});
    let body = json!({"name": "order.paid", "description": "", "schemas": two});
    ask(&app, Method::POST, "/event-type", body, 201).await;
    ask(&app, Method::PATCH, TYPE, json!({"archived": true}), 200).await;
    let back = json!({"name": "order.paid", "description": "again", "schemas": {"1": {}}});
    let back = ask(&app, Method::POST, "/event-type", back, 201).await;
    assert_eq!(
        (&back["archived"], &back["schemas"]),
        (&json!(false), &json!({"1": {}}))
    );
    assert_eq!(versions(&app).await, ["1"]);
    let whole = json!({"description": "whole"});
    let shown = ask(&app, Method::PUT, TYPE, whole, 200).await;
    assert_eq!(shown["schemas"], Value::Null);
    for wrong in [
        json!({"schemas": {"1": {"type": 1}}}),
        json!({"schemas": {"1": {}, "a b": {}}}),
        json!({"schemas": {"1": {}, "2": {"type": 1}}}),
        json!({"schemas": [1]}),
        json!({"featureFlags": ["a b"]}),
    ] {
        let told = svix(&app, Method::PATCH, TYPE, wrong.clone()).await;
        let told = told.json(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(told["detail"][0]["loc"].is_array(), "{wrong} {told}");
    }
    for body in [json!({"name": "x"}), json!({"description": "x"})] {
        ask(&app, Method::POST, "/event-type", body, 422).await;
    }
}

#[tokio::test]
async fn an_example_is_one_of_the_newest_schemas() {
    let (app, receiver) = with_application().await;
    let hook = json!({"url": receiver.url("/"), "uid": "e"});
    ask(&app, Method::POST, "/app/a/endpoint", hook, 201).await;
    let listed = json!({"examples": [{"n": 0}, {"n": 1}]});
    let body = json!({"name": "order.paid", "description": "", "schemas": {"1": {}, "2": listed}});
    ask(&app, Method::POST, "/event-type", body, 201).await;
    for (asked, expect) in [
        (json!({"eventType": "order.paid"}), json!({"n": 0})),
        (
            json!({"eventType": "order.paid", "exampleIndex": 1}),
            json!({"n": 1}),
        ),
        (json!({"eventType": "svix.ping"}), json!({"success": true})),
    ] {
        let sent = ask(
            &app,
            Method::POST,
            "/app/a/endpoint/e/send-example",
            asked,
            200,
        )
        .await;
        assert_eq!(sent["payload"], expect);
    }
    let none = json!({"eventType": "order.paid", "exampleIndex": 2});
    let told = ask(
        &app,
        Method::POST,
        "/app/a/endpoint/e/send-example",
        none,
        422,
    )
    .await;
    assert_eq!(told["detail"][0]["loc"], json!(["body", "exampleIndex"]));
}

#[tokio::test]
async fn what_is_deprecated_and_its_flags_read_back_in_both_generations_words() {
    let app = TestApp::start().await;
    let first = json!({"name": "order.paid", "description": "", "featureFlag": "cool-new"});
    let made = ask(&app, Method::POST, "/event-type", first, 201).await;
    assert_eq!(
        (
            &made["featureFlag"],
            &made["featureFlags"],
            &made["deprecated"]
        ),
        (&json!("cool-new"), &json!(["cool-new"]), &json!(false))
    );
    let second = json!({"deprecated": true, "featureFlags": ["a", "b"]});
    let made = ask(&app, Method::PATCH, TYPE, second, 200).await;
    assert_eq!(
        (
            &made["featureFlag"],
            &made["featureFlags"],
            &made["deprecated"]
        ),
        (&json!("a"), &json!(["a", "b"]), &json!(true))
    );
    let native = app.get("/api/v1/event-types/order.paid").await;
    let native = native.json(StatusCode::OK);
    assert_eq!(
        (&native["deprecated"], &native["feature_flags"]),
        (&json!(true), &json!(["a", "b"]))
    );
    let made = ask(
        &app,
        Method::PATCH,
        TYPE,
        json!({"featureFlags": null}),
        200,
    )
    .await;
    assert_eq!(
        (&made["featureFlag"], &made["featureFlags"]),
        (&Value::Null, &Value::Null)
    );
    let made = ask(&app, Method::PUT, TYPE, json!({"description": "x"}), 200).await;
    assert_eq!(made["deprecated"], false, "a whole description says it all");
}

#[tokio::test]
async fn a_type_with_flags_is_shown_to_customers_who_have_one_of_them() {
    let (app, _receiver) = with_application().await;
    for (name, flags) in [("open", json!([])), ("beta", json!(["beta", "eu"]))] {
        let body = json!({"name": name, "description": "", "featureFlags": flags});
        ask(&app, Method::POST, "/event-type", body, 201).await;
        let version = json!({"version": "1"});
        let path = format!("/api/v1/event-types/{name}/versions");
        app.post(&path, &version).await.json(StatusCode::CREATED);
    }
    let key =
        json!({"name": "k", "workspace": "default", "scopes": ["events:read"], "consumer": "a"});
    let key = app
        .post("/api/v1/api-keys", &key)
        .await
        .json(StatusCode::CREATED);
    let token = async |flags: Value| {
        let body = json!({"featureFlags": flags});
        let given = svix(&app, Method::POST, "/auth/app-portal-access/a", body).await;
        given.json(StatusCode::OK)["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let native = app
        .post(
            "/api/v1/consumers/a/portal-links",
            &json!({"feature_flags": ["eu"]}),
        )
        .await
        .json(StatusCode::CREATED);
    for (token, sees_all) in [
        (app.admin.clone(), true),
        (token(json!(["beta"])).await, true),
        (native["token"].as_str().unwrap().to_owned(), true),
        (token(json!(["gamma"])).await, false),
        (token(Value::Null).await, false),
        (key["key"].as_str().unwrap().to_owned(), false),
    ] {
        let see = async |path: &str| app.anonymous(Method::GET, path).bearer(&token).send().await;
        for list in ["/svix/api/v1/event-type", "/api/v1/event-types"] {
            let page = see(list).await.json(StatusCode::OK);
            let count = page["data"].as_array().unwrap().len();
            assert_eq!(count, if sees_all { 2 } else { 1 }, "{list} {page}");
            let hidden = see(&format!("{list}/beta")).await.status;
            let expect = if sees_all { 200 } else { 404 };
            assert_eq!(hidden.as_u16(), expect, "{list}");
        }
        let versions = see("/api/v1/event-types/beta/versions").await.status;
        assert_eq!(versions.as_u16(), if sees_all { 200 } else { 404 });
    }
    let wrong = json!({"feature_flags": ["a b"]});
    app.post("/api/v1/consumers/a/portal-links", &wrong)
        .await
        .invalid("feature_flags");
}

#[tokio::test]
async fn an_endpoint_is_told_of_types_in_the_catalogue_and_of_no_others() {
    let (app, receiver) = with_application().await;
    for name in ["order.paid", "order.sent"] {
        let kind = json!({"name": name, "description": ""});
        let made = svix(&app, Method::POST, "/event-type", kind).await;
        made.json(StatusCode::CREATED);
    }
    let hook = |types: Value| json!({"url": receiver.url("/"), "uid": "main", "eventTypes": types});
    let refused = async |method: Method, path: &str, types: Value, missing: &str| {
        let told = svix(&app, method, path, hook(types)).await;
        let told = told.json(StatusCode::UNPROCESSABLE_ENTITY);
        let fault = &told["detail"][0];
        assert_eq!(fault["loc"], json!(["body", "eventTypes"]), "{told}");
        let message = format!("The following event types don't exist: {missing}");
        assert_eq!(fault["msg"], message);
    };
    let (all, one) = ("/app/a/endpoint", "/app/a/endpoint/main");
    let unknown = json!(["no.such", "order.paid", "nor.this"]);
    refused(Method::POST, all, unknown.clone(), "no.such, nor.this").await;
    refused(Method::PUT, one, unknown.clone(), "no.such, nor.this").await;
    let v1 = json!({"url": receiver.url("/"), "filterTypes": ["no.such"]});
    let told = svix(&app, Method::POST, all, v1).await;
    told.json(StatusCode::UNPROCESSABLE_ENTITY);
    let known = hook(json!(["order.paid", "order.sent"]));
    let made = svix(&app, Method::POST, all, known).await;
    made.json(StatusCode::CREATED);
    refused(Method::PUT, one, unknown, "no.such, nor.this").await;
    refused(Method::PATCH, one, json!(["no.such"]), "no.such").await;
    // What went out of use is nothing to begin with, and stays with who has it.
    svix(&app, Method::DELETE, "/event-type/order.sent", Value::Null).await;
    let kept = svix(&app, Method::PUT, one, hook(json!(["order.sent"]))).await;
    assert_eq!(
        kept.json(StatusCode::OK)["eventTypes"],
        json!(["order.sent"])
    );
    let changed = svix(&app, Method::PATCH, one, hook(json!(["order.paid"]))).await;
    changed.json(StatusCode::OK);
    refused(Method::PATCH, one, json!(["order.sent"]), "order.sent").await;
    let whole = svix(&app, Method::PATCH, one, hook(Value::Null)).await;
    assert_eq!(whole.json(StatusCode::OK)["eventTypes"], Value::Null);
    // A message may be of any type.
    let sent = json!({"eventType": "no.such", "payload": {}});
    let sent = svix(&app, Method::POST, "/app/a/msg", sent).await;
    sent.json(StatusCode::ACCEPTED);
}
