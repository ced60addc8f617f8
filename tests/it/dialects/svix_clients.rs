//! Svix, walked by its published clients with their own decoders: of npm, of PyPI, of crates.io.

use std::net::Shutdown;
use std::path::{Path, PathBuf};

use hookpost::web::limits::Limits;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::svix::{svix, with_application};
use super::verify::{accepted_everywhere, crates_program};
use crate::app::{PATIENCE, TestApp};
use crate::limits::{bounded, unfinished};
use crate::receiver::Receiver;

/// A published client, and the programs of `tests/snippets` and `tests/clients` that use it.
#[derive(Clone, Copy, Debug)]
enum PublishedClient {
    Npm(&'static str),
    Pypi,
    Crates,
}

const CLIENTS: [PublishedClient; 4] = [
    PublishedClient::Npm("svix"),
    PublishedClient::Npm("svix-v1"),
    PublishedClient::Pypi,
    PublishedClient::Crates,
];

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

impl PublishedClient {
    /// What runs `deed` with it.
    fn command(self, deed: &str) -> tokio::process::Command {
        let (program, arguments) = match self {
            Self::Npm(package) => (
                PathBuf::from("node"),
                vec![format!("svix_{deed}.mjs"), package.to_owned()],
            ),
            Self::Pypi => (
                tests().join(".venv/bin/python"),
                vec![format!("svix_{deed}.py")],
            ),
            Self::Crates => (crates_program(), vec![deed.to_owned()]),
        };
        let mut command = tokio::process::Command::new(program);
        command.args(arguments);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.current_dir(tests().join("snippets"));
        command
    }

    /// Lets it do `deed` at `app` with a key of the workspace, and answers what it printed.
    async fn run(self, app: &TestApp, deed: &str, said: &[(&str, &str)]) -> String {
        let named = json!({"name": "svix", "workspace": "default"});
        let made = app.post("/api/v1/api-keys", &named).await;
        let key = made.json(StatusCode::CREATED)["key"].take();
        let mut command = self.command(deed);
        command.env("SVIX_SERVER_URL", format!("{}/svix", app.base));
        command.env("SVIX_TOKEN", key.as_str().unwrap());
        command.envs(said.iter().copied());
        let done = tokio::time::timeout(4 * PATIENCE, command.output()).await;
        let done = done.unwrap();
        let done = done.unwrap_or_else(|error| panic!("{self:?}: {error}; tests/run installs it"));
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(
            done.status.success(),
            "{self:?}: {told}; tests/run installs the clients"
        );
        String::from_utf8(done.stdout).unwrap()
    }
}

/// Lets a client walk, and verifies what arrived meanwhile with all libraries and both secrets.
async fn walk(client: PublishedClient) {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let place = receiver.url("/hook");
    let said = client.run(&app, "walk", &[("RECEIVER", &place)]).await;
    let said: Value = serde_json::from_str(&said).unwrap();
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
    walk(PublishedClient::Npm("svix")).await;
}

#[tokio::test]
async fn the_last_first_version_of_npm_walks_and_its_receivers_verify() {
    walk(PublishedClient::Npm("svix-v1")).await;
}

#[tokio::test]
async fn the_client_of_pypi_walks_and_its_receivers_verify() {
    walk(PublishedClient::Pypi).await;
}

#[tokio::test]
async fn the_client_of_crates_io_walks_and_its_receivers_verify() {
    walk(PublishedClient::Crates).await;
}

#[tokio::test]
async fn every_documented_refusal_is_the_exception_of_each_client() {
    let app = bounded(Limits {
        body_budget_kib: 320,
        ..Limits::default()
    })
    .await;
    let full = json!({"name": "Full", "uid": "full"});
    let made = svix(&app, Method::POST, "/app", full).await;
    made.json(StatusCode::CREATED);
    let only_look = json!({"readOnly": true});
    let path = "/auth/app-portal-access/full";
    let given = svix(&app, Method::POST, path, only_look).await;
    let visitor = given.json(StatusCode::OK)["token"].take();
    let visitor = [("VISITOR", visitor.as_str().unwrap())];
    let greedy = unfinished(&app).await;
    for client in CLIENTS {
        client.run(&app, "refusals", &visitor).await;
    }
    greedy.shutdown(Shutdown::Both).unwrap();
}

/// The client's own test against a live server, which the package ships.
async fn kitchen_sink(package: &str) {
    let app = TestApp::start().await;
    let built = tempfile::tempdir().unwrap();
    let program = built.path().join("test.mjs");
    let mut esbuild = tokio::process::Command::new(tests().join("node_modules/.bin/esbuild"));
    esbuild.current_dir(tests());
    esbuild.arg(format!("node_modules/{package}/src/KitchenSink.test.ts"));
    esbuild.args(["--bundle", "--platform=node", "--format=esm"]);
    esbuild.arg(format!("--outfile={}", program.display()));
    let told = esbuild.output().await.unwrap();
    assert!(
        told.status.success(),
        "{told:?}; tests/run installs esbuild"
    );
    let mut node = tokio::process::Command::new("node");
    node.arg("--test-reporter=tap").arg(&program);
    node.env("SVIX_SERVER_URL", format!("{}/svix", app.base));
    node.env("SVIX_TOKEN", &app.admin);
    let told = node.output().await.unwrap();
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{told:?}");
    let ran = said.lines().find(|line| line.starts_with("ok 1 - "));
    assert!(ran.is_some_and(|line| !line.contains("SKIP")), "{said}");
}

#[tokio::test]
async fn the_clients_own_live_test_passes() {
    kitchen_sink("svix").await;
    kitchen_sink("svix-v1").await;
}

/// More than fit on one page.
const MANY: usize = 256;

#[tokio::test]
async fn what_fills_more_than_one_page_is_walked_whole_and_once_by_each_client() {
    let (app, receiver) = with_application().await;
    for name in ["wide", "deep", "else"] {
        let kind = json!({"name": name, "description": ""});
        let made = svix(&app, Method::POST, "/event-type", kind).await;
        made.json(StatusCode::CREATED);
    }
    for number in 0..MANY {
        let kind = if number == 0 {
            ["wide", "deep"]
        } else {
            ["wide", "else"]
        };
        let endpoint =
            json!({"url": receiver.url("/"), "uid": format!("e{number}"), "eventTypes": kind});
        let made = svix(&app, Method::POST, "/app/a/endpoint", endpoint).await;
        made.json(StatusCode::CREATED);
    }
    for (kind, count) in [("deep", MANY - 1), ("wide", 1)] {
        for number in 0..count {
            let message =
                json!({"eventType": kind, "eventId": format!("{kind}.{number}"), "payload": {}});
            let sent = svix(&app, Method::POST, "/app/a/msg", message).await;
            sent.json(StatusCode::ACCEPTED);
        }
    }
    receiver.wait_for(2 * MANY - 1).await;
    let settled = |page: &Value| page["data"].as_array().is_some_and(Vec::is_empty);
    app.poll("/api/v1/deliveries?status=pending", settled).await;
    for client in CLIENTS {
        client
            .run(&app, "pages", &[("MANY", &MANY.to_string())])
            .await;
    }
}
