//! Svix, walked by its published clients with their own decoders.

use std::path::{Path, PathBuf};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::verify::accepted_everywhere;
use crate::app::TestApp;
use crate::receiver::Receiver;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Lets a client walk, and verifies what arrived meanwhile with both libraries and both secrets.
async fn walk(program: PathBuf, arguments: &[&str]) {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = app
        .post(
            "/api/v1/api-keys",
            &json!({"name": "svix", "workspace": "default"}),
        )
        .await;
    let key = made.json(StatusCode::CREATED)["key"].take();
    let walked = tokio::process::Command::new(program)
        .args(arguments)
        .env("SVIX_SERVER_URL", format!("{}/svix", app.base))
        .env("SVIX_TOKEN", key.as_str().unwrap())
        .env("RECEIVER", receiver.url("/hook"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(tests().join("snippets"))
        .output();
    let walked = tokio::time::timeout(4 * crate::app::PATIENCE, walked).await;
    let walked = walked.unwrap().unwrap();
    let told = String::from_utf8_lossy(&walked.stderr);
    assert!(
        walked.status.success(),
        "{told}; tests/run installs the clients"
    );
    let said: Value = serde_json::from_slice(&walked.stdout).unwrap();
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.header("svix-id"), said["message"]);
    assert_eq!(received.json(), said["payload"]);
    for secret in said["secrets"].as_array().unwrap() {
        let secret = secret.as_str().unwrap();
        accepted_everywhere("svix", secret, &received.without("webhook-"));
        accepted_everywhere("standard", secret, &received.without("svix-"));
    }
}

#[tokio::test]
async fn the_client_of_npm_walks_and_its_receivers_verify() {
    walk("node".into(), &["svix_walk.mjs", "svix"]).await;
}

#[tokio::test]
async fn the_last_first_version_of_npm_walks_and_its_receivers_verify() {
    walk("node".into(), &["svix_walk.mjs", "svix-v1"]).await;
}

#[tokio::test]
async fn the_client_of_pypi_walks_and_its_receivers_verify() {
    walk(tests().join(".venv/bin/python"), &["svix_walk.py"]).await;
}

#[tokio::test]
async fn whatever_is_refused_is_json_of_the_documented_form() {
    let app = TestApp::start().await;
    let ask = async |method: Method, path: &str, body: &str| {
        let call = app.call(method, &format!("/svix/api/v1{path}"));
        let call = call.header("content-type", "application/json");
        let answer = call.body(body.to_owned()).send().await;
        let told: Value =
            serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("{answer:?}"));
        (answer.status.as_u16(), told)
    };
    let (status, told) = ask(Method::POST, "/app", "{\"uid\":\"a\"}").await;
    assert_eq!(status, 422);
    assert_eq!(told["detail"][0]["loc"], json!(["body", "name"]));
    for (method, path, body, expect, code) in [
        (Method::GET, "/nowhere", "", 404, "not_found"),
        (Method::PATCH, "/app", "{}", 405, "method_not_allowed"),
        (Method::POST, "/app", "{", 400, "malformed"),
        (Method::GET, "/app/nobody", "", 404, "not_found"),
    ] {
        let (status, told) = ask(method, path, body).await;
        assert_eq!((status, &told["code"]), (expect, &json!(code)), "{path}");
        assert!(told["detail"].is_string(), "{told}");
    }
    ask(
        Method::POST,
        "/app",
        "{\"name\":\"A\",\"uid\":\"a\",\"later\":1}",
    )
    .await;
    let message = json!({"eventType": "t", "payload": {}, "deliverAt": "2027-01-01T00:00:00Z"});
    let (status, told) = ask(Method::POST, "/app/a/msg", &message.to_string()).await;
    assert_eq!((status, &told["code"]), (501, &json!("not_implemented")));
    let big = json!({"eventType": "t", "payload": {"x": "y".repeat(300 * 1024)}});
    let (status, told) = ask(Method::POST, "/app/a/msg", &big.to_string()).await;
    assert_eq!((status, &told["code"]), (413, &json!("payload_too_large")));
}
