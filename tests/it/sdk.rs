//! The clients that the server hands out, used as their users do: fetched from it, and run in Node
//! and Python.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::app::TestApp;

/// Fetches a client from the server into `dir`.
async fn fetch(app: &TestApp, dir: &Path, file: &str) -> PathBuf {
    let answer = app
        .anonymous(Method::GET, &format!("/sdk/{file}"))
        .send()
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{file}");
    let path = dir.join(file);
    std::fs::write(&path, answer.text).unwrap();
    path
}

/// How each built-in profile signs, as the API tells.
async fn profiles(app: &TestApp) -> Map<String, Value> {
    let mut found = Map::new();
    for name in [
        "standard",
        "armalo",
        "veriswarm",
        "armox",
        "airmy",
        "indigiarmor",
    ] {
        let path = format!("/api/v1/profiles/{name}");
        let shown = app.get(&path).await.json(StatusCode::OK);
        found.insert(name.to_owned(), signing(&shown));
    }
    found
}

/// How each profile of the gallery signs, all of them taken over.
async fn gallery(app: &TestApp) -> Map<String, Value> {
    let mut found = Map::new();
    let list = app
        .get("/api/v1/profile-gallery")
        .await
        .json(StatusCode::OK);
    for entry in list["data"].as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        let take = json!({"gallery": name});
        let taken = app.post("/api/v1/profiles", &take).await;
        let shown = taken.json(StatusCode::CREATED);
        found.insert(name.to_owned(), signing(&shown));
    }
    found
}

/// What a client needs of a profile.
fn signing(shown: &Value) -> Value {
    let mut document = shown["document"].clone();
    let fields = document.as_object_mut().unwrap();
    fields.retain(|field, _| ["headers", "signature"].contains(&field.as_str()));
    document
}

/// Runs a driver with `given` on its standard input.
async fn run(program: &str, driver: &Path, given: &Value) -> Output {
    let mut child = Command::new(program)
        .arg(driver)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(given.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    child.wait_with_output().await.unwrap()
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

async fn walk(program: &str, driver: &str, file: &str) {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    let sdk = fetch(&app, dir.path(), file).await;
    let given = json!({
        "server": app.base, "key": app.admin, "sdk": sdk, "profiles": profiles(&app).await,
        "gallery": gallery(&app).await,
        "version": env!("CARGO_PKG_VERSION"),
    });
    let output = run(program, &tests().join("snippets").join(driver), &given).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(output.stdout, b"done\n", "{said}");
}

#[tokio::test]
async fn the_javascript_client_publishes_once_through_losses_and_verifies_every_profile() {
    walk("node", "sdk.mjs", "hookpost.js").await;
}

#[tokio::test]
async fn the_python_client_publishes_once_through_losses_and_verifies_every_profile() {
    walk("python3", "sdk.py", "hookpost.py").await;
}

#[tokio::test]
async fn the_types_are_what_a_strict_compiler_takes() {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    for file in ["hookpost.js", "hookpost.d.ts"] {
        fetch(&app, dir.path(), file).await;
    }
    let used = dir.path().join("used.mts");
    let program = r#"
        import { Hookpost, PROFILES, verify, type Webhook } from "./hookpost.js";
        const hookpost = new Hookpost({ server: "http://127.0.0.1:8080", apiKey: "k" });
        const made: Webhook = await hookpost.webhooks.create({ url: "https://example.com", event_types: ["*"] });
        const event = await hookpost.publish({ type: "order.paid", data: { order: [1, "a", null] } });
        const at: Date | null = await verify({ secret: made.secret ?? "", headers: {}, body: event.id, profile: PROFILES.airmy });
        for await (const one of hookpost.webhooks.list()) console.log(one.status === "active", at);
        // @ts-expect-error an event has a type
        await hookpost.publish({ data: {} });
        // @ts-expect-error there is no such profile
        await verify({ secret: "s", headers: {}, body: "", profile: "nobody" });
    "#;
    std::fs::write(&used, program).unwrap();
    let compiler = tests().join("node_modules/typescript/bin/tsc");
    let output = Command::new("node")
        .arg(compiler)
        .args([
            "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext",
        ])
        .arg(&used)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}
