//! The catalogue out of documents, and as one.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;

const TYPES: &str = "/api/v1/event-types";
const OPENAPI: &str = "/api/v1/event-types/import/openapi";
const SCHEMA: &str = "/api/v1/event-types/import/schema";

fn shop() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "7"},
        "paths": {},
        "webhooks": {
            "order.paid": {"post": {
                "summary": "Paid", "description": "Somebody paid.", "tags": ["Orders", "Money"],
                "requestBody": {"$ref": "#/components/requestBodies/Order"},
                "responses": {"200": {"description": "ok"}}}},
            "order.lost": {"post": {"summary": "Lost", "deprecated": true, "x-archived": true}},
            "user.made": {"$ref": "#/components/pathItems/User"},
        },
        "components": {
            "requestBodies": {"Order": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Order"},
                "examples": {"first": {"$ref": "#/components/examples/Order"}}}}}},
            "examples": {"Order": {"value": {"order": "A-1", "customer": {"name": "Ada"}}}},
            "pathItems": {"User": {"post": {"operationId": "made"}}},
            "schemas": {
                "Order": {"type": "object", "required": ["order"], "properties": {
                    "order": {"type": "string", "example": "A-1"},
                    "customer": {"$ref": "#/components/schemas/Customer"},
                    "before": {"$ref": "#/components/schemas/Order"}}},
                "Customer": {"type": "object", "required": ["name"],
                    "properties": {"name": {"type": "string"}}},
            },
        },
    })
}

async fn import(app: &TestApp, path: &str, document: &Value) -> Value {
    app.post(path, document).await.json(StatusCode::OK)
}

/// Each change in a word: `create order.paid`.
pub(super) fn told(answer: &Value) -> Vec<String> {
    let changes = answer["changes"].as_array().unwrap().iter();
    let told = changes.map(|one| {
        let fields: Vec<&str> = one["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|own| own.as_str().unwrap())
            .collect();
        format!(
            "{} {} {}",
            one["change"].as_str().unwrap(),
            one["name"].as_str().unwrap(),
            fields.join(",")
        )
    });
    told.map(|own| own.trim_end().to_owned()).collect()
}

#[tokio::test]
async fn a_document_is_shown_imported_and_given_back() {
    let app = TestApp::start().await;
    let old = json!({"name": "old.one"});
    app.post(TYPES, &old).await.json(StatusCode::CREATED);
    let dry = import(&app, &format!("{OPENAPI}?dry_run=true"), &shop()).await;
    let created = ["create order.lost", "create order.paid", "create user.made"];
    assert_eq!(
        (told(&dry), &dry["dry_run"]),
        (created.map(str::to_owned).to_vec(), &json!(true))
    );
    let missing = app.get(&format!("{TYPES}/order.paid")).await;
    missing.problem(404, "not_found");
    let done = import(&app, OPENAPI, &shop()).await;
    assert_eq!(
        (told(&done), &done["dry_run"]),
        (created.map(str::to_owned).to_vec(), &json!(false))
    );
    let paid = app
        .get(&format!("{TYPES}/order.paid"))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (
            &paid["description"],
            &paid["group"],
            &paid["example"]["order"]
        ),
        (&json!("Somebody paid."), &json!("Orders"), &json!("A-1"))
    );
    assert_eq!(paid["schema"]["properties"]["before"], json!({"$ref": "#"}));
    assert_eq!(
        paid["schema"]["$defs"]["Customer"]["required"],
        json!(["name"])
    );
    let lost = app
        .get(&format!("{TYPES}/order.lost"))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&lost["archived"], &lost["description"]),
        (&json!(true), &json!("Lost"))
    );
    // Its schema counts.
    let unfit = json!({"type": "order.paid", "data": {"order": "A-2", "customer": {}}});
    app.post("/api/v1/events", &unfit)
        .await
        .problem(422, "invalid");
    let again = import(&app, OPENAPI, &shop()).await;
    assert!(
        told(&again).iter().all(|own| own.starts_with("nothing")),
        "{again:#}"
    );
    let given = app.get(&format!("{TYPES}/export/openapi")).await;
    let given = given.json(StatusCode::OK);
    assert_eq!(given["openapi"], "3.1.0");
    let names: Vec<&String> = given["webhooks"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["old.one", "order.lost", "order.paid", "user.made"]);
    let back = import(&app, OPENAPI, &given).await;
    assert!(
        told(&back).iter().all(|own| own.starts_with("nothing")),
        "{back:#}"
    );
    // In another catalogue it makes the same.
    let other = TestApp::start().await;
    import(&other, OPENAPI, &given).await;
    let same = other.get(&format!("{TYPES}/export/openapi")).await;
    assert_eq!(same.json(StatusCode::OK), given);
}

#[tokio::test]
async fn what_a_document_says_counts_and_what_it_leaves_out_stays() {
    let app = TestApp::start().await;
    import(&app, OPENAPI, &shop()).await;
    let changed = json!({"openapi": "3.1.1", "webhooks": {"order.paid": {"post": {
        "description": "Paid in full.",
        "requestBody": {"content": {"application/json": {"schema": {"required": ["total"]}}}}}}}});
    let done = import(&app, OPENAPI, &changed).await;
    // The example from before does not fit any more.
    assert_eq!(
        told(&done),
        ["update order.paid description,schema,example"]
    );
    let paid = app
        .get(&format!("{TYPES}/order.paid"))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&paid["group"], &paid["schema"], &paid["example"]),
        (
            &json!("Orders"),
            &json!({"required": ["total"]}),
            &Value::Null
        )
    );
    let path = format!("{OPENAPI}?archive_missing=true");
    let done = import(&app, &path, &changed).await;
    assert_eq!(
        told(&done),
        ["nothing order.paid", "archive user.made archived"]
    );
    let made = app
        .get(&format!("{TYPES}/user.made"))
        .await
        .json(StatusCode::OK);
    assert_eq!(made["archived"], true);
    let back = json!({"openapi": "3.1.0", "webhooks": {"user.made": {"post": {}}}});
    assert_eq!(
        told(&import(&app, OPENAPI, &back).await),
        ["update user.made archived"]
    );
}

#[tokio::test]
async fn a_json_schema_is_that_of_one_event_type() {
    let app = TestApp::start().await;
    let schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/order.paid.schema.json", "description": "Paid.",
        "type": "object", "examples": [{"order": 1}]});
    let done = import(&app, SCHEMA, &schema).await;
    assert_eq!(told(&done), ["create order.paid"]);
    let paid = app
        .get(&format!("{TYPES}/order.paid"))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&paid["description"], &paid["example"]),
        (&json!("Paid."), &json!({"order": 1}))
    );
    assert!(paid["schema"].get("$id").is_none());
    assert_eq!(
        told(&import(&app, SCHEMA, &schema).await),
        ["nothing order.paid"]
    );
    let titled = json!({"title": "user.made", "type": "object"});
    assert_eq!(
        told(&import(&app, SCHEMA, &titled).await),
        ["create user.made"]
    );
    let named = import(&app, &format!("{SCHEMA}?name=named.type"), &titled).await;
    assert_eq!(told(&named), ["create named.type"]);
    app.post(SCHEMA, &json!({"title": "A user was made"}))
        .await
        .invalid("name");
    app.post(&format!("{SCHEMA}?name=x"), &json!({"type": 7}))
        .await
        .invalid("schema");
    app.post(&format!("{SCHEMA}?name=a%20b"), &json!({}))
        .await
        .invalid("name");
    app.post(SCHEMA, &json!([])).await.problem(422, "invalid");
}

#[tokio::test]
async fn a_document_at_fault_changes_nothing_and_each_place_is_named() {
    let app = TestApp::start().await;
    let mut bad = shop();
    bad["webhooks"]["a b"] = json!({"post": {}});
    bad["webhooks"]["no.post"] = json!({"get": {}});
    bad["webhooks"]["far"] = json!({"$ref": "other.yaml#/x"});
    bad["webhooks"]["lost"] = json!({"post": {"requestBody": {"content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/Nobody"}}}}}});
    bad["webhooks"]["text"] = json!({"post": {"requestBody": {"content": {"text/plain": {}}}}});
    let refused = app.post(OPENAPI, &bad).await;
    for place in [
        "webhooks.no.post",
        "webhooks.far",
        "webhooks.lost.post.requestBody.schema",
        "webhooks.text.post.requestBody",
    ] {
        refused.invalid(place);
    }
    let mut bad = shop();
    bad["webhooks"]["a b"] = json!({"post": {}});
    bad["webhooks"]["example"] = json!({"post": {"requestBody": {"content": {"application/json": {
        "schema": {"type": "object"}, "example": 1}}}}});
    bad["webhooks"]["typed"] = json!({"post": {"requestBody": {"content": {"application/json": {
        "schema": {"type": "objekt"}}}}}});
    let refused = app.post(OPENAPI, &bad).await;
    for place in [
        "webhooks.a b.name",
        "webhooks.example.example",
        "webhooks.typed.schema",
    ] {
        refused.invalid(place);
    }
    let list = app.get(TYPES).await.json(StatusCode::OK);
    assert_eq!(list["data"], json!([]));
    for (document, field) in [
        (json!({"openapi": "3.0.3", "webhooks": {}}), "openapi"),
        (json!({"swagger": "2.0"}), "openapi"),
        (json!({"openapi": "3.1.0", "paths": {}}), "webhooks"),
        (json!({"openapi": "3.1.0", "webhooks": []}), "webhooks"),
    ] {
        app.post(OPENAPI, &document).await.invalid(field);
    }
    let path = format!("{OPENAPI}?dry_run=maybe");
    app.post(&path, &shop()).await.invalid("dry_run");
}

#[tokio::test]
async fn versions_go_into_a_document_and_come_back_out_of_it() {
    let app = TestApp::start().await;
    let own = json!({"name": "order.paid", "schema": {"required": ["old"]}});
    app.post(TYPES, &own).await.json(StatusCode::CREATED);
    let versions = format!("{TYPES}/order.paid/versions");
    for body in [
        json!({"version": "2", "schema": {"required": ["price"]}, "archived": true}),
        json!({"version": "1", "description": "Cents", "schema": {"required": ["amount"]},
            "example": {"amount": 1}}),
    ] {
        app.post(&versions, &body).await.json(StatusCode::CREATED);
    }
    let given = app.get(&format!("{TYPES}/export/openapi")).await;
    let given = given.json(StatusCode::OK);
    let post = &given["webhooks"]["order.paid"]["post"];
    let media = &post["requestBody"]["content"]["application/json"];
    assert_eq!(
        media["schema"]["required"],
        json!(["amount"]),
        "the newest in use: {post}"
    );
    assert_eq!(post["x-versions"][0]["version"], "2");
    assert_eq!(
        told(&import(&app, OPENAPI, &given).await),
        ["nothing order.paid"]
    );
    // In another catalogue it makes the same versions, in the same order.
    let other = TestApp::start().await;
    assert_eq!(
        told(&import(&other, OPENAPI, &given).await),
        ["create order.paid"]
    );
    let same = other.get(&format!("{TYPES}/export/openapi")).await;
    assert_eq!(same.json(StatusCode::OK), given);
}

#[tokio::test]
async fn versions_that_a_document_describes_are_changed_and_faulty_ones_named() {
    let app = TestApp::start().await;
    let versions = format!("{TYPES}/order.paid/versions");
    app.post(TYPES, &json!({"name": "order.paid"}))
        .await
        .json(StatusCode::CREATED);
    let one = json!({"version": "1", "description": "Cents", "example": {"amount": 1}});
    app.post(&versions, &one).await.json(StatusCode::CREATED);
    let given = app.get(&format!("{TYPES}/export/openapi")).await;
    let mut changed = given.json(StatusCode::OK);
    changed["webhooks"]["order.paid"]["post"]["x-versions"] = json!([
        {"version": "1", "description": "In cents"}, {"version": "3"}]);
    let dry = format!("{OPENAPI}?dry_run=true");
    assert_eq!(
        told(&import(&app, &dry, &changed).await),
        ["update order.paid versions"]
    );
    assert_eq!(
        told(&import(&app, OPENAPI, &changed).await),
        ["update order.paid versions"]
    );
    let one = app.get(&format!("{versions}/1")).await.json(StatusCode::OK);
    assert_eq!(
        (&one["description"], &one["example"]),
        (&json!("In cents"), &json!({"amount": 1}))
    );
    app.get(&format!("{versions}/3")).await.json(StatusCode::OK);
    for (list, field) in [
        (
            json!({"version": "1"}),
            "webhooks.order.paid.post.x-versions",
        ),
        (
            json!([{"version": "1", "shema": {}}]),
            "webhooks.order.paid.post.x-versions",
        ),
        (
            json!([{"version": "a b"}]),
            "webhooks.order.paid.x-versions[0].version",
        ),
        (
            json!([{"version": "4", "schema": {"type": 1}}]),
            "webhooks.order.paid.x-versions[0].schema",
        ),
    ] {
        changed["webhooks"]["order.paid"]["post"]["x-versions"] = list;
        app.post(OPENAPI, &changed).await.invalid(field);
    }
}
