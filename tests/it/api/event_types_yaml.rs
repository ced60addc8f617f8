//! The catalogue out of documents in YAML.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::event_types_documents::told;
use crate::app::TestApp;

const TYPES: &str = "/api/v1/event-types";
const OPENAPI: &str = "/api/v1/event-types/import/openapi";
const SCHEMA: &str = "/api/v1/event-types/import/schema";

/// With one event type, in a few of the ways in which YAML says things.
const SHOP: &str = "
openapi: 3.1.0
webhooks:
  order.paid:
    post:
      description: >-
        Somebody
        paid.
      requestBody:
        content:
          application/json:
            schema: {type: object, required: &needed [order]}
      responses:
        200: {description: ok}
";

#[tokio::test]
async fn a_document_may_be_yaml() {
    let app = TestApp::start().await;
    let send = async |path: &str, kind: &str, text: &str| {
        let call = app.call(Method::POST, path).header("content-type", kind);
        call.body(text.to_owned()).send().await
    };
    for kind in [
        "application/yaml",
        "text/yaml; charset=utf-8",
        "application/openapi+yaml",
    ] {
        let done = send(OPENAPI, kind, SHOP).await.json(StatusCode::OK);
        assert_eq!(told(&done).len(), 1, "{kind}");
    }
    let paid = app
        .get(&format!("{TYPES}/order.paid"))
        .await
        .json(StatusCode::OK);
    assert_eq!(paid["description"], "Somebody paid.");
    assert_eq!(paid["schema"]["required"], json!(["order"]));
    let schema = "title: order.sent\ntype: object\n";
    let done = send(SCHEMA, "application/x-yaml", schema)
        .await
        .json(StatusCode::OK);
    assert_eq!(told(&done), ["create order.sent"]);

    let laughs = (1..12).fold("l0: &l0 [a, a, a]\n".to_owned(), |text, level| {
        let alias = format!("*l{}", level - 1);
        format!(
            "{text}l{level}: &l{level} [{}]\n",
            [alias.as_str(); 9].join(", ")
        )
    });
    for (text, said) in [
        ("a: [1", "line 1"),
        ("a: 1\na: 2", "line 2"),
        (&laughs, "more than"),
    ] {
        let problem = send(OPENAPI, "application/yaml", text).await;
        let problem = problem.problem(400, "malformed");
        assert!(
            problem["detail"].as_str().unwrap().contains(said),
            "{problem}"
        );
    }
    send(OPENAPI, "application/yaml", "[1]")
        .await
        .invalid("body");
    send(OPENAPI, "application/yaml", "openapi: 3.1.0")
        .await
        .invalid("webhooks");
    // Nothing else is taken as YAML.
    send(TYPES, "application/yaml", "name: a")
        .await
        .problem(415, "unsupported_media_type");
}
