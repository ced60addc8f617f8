//! Clients that published generators make of the OpenAPI document, at work against the server that
//! hands it out.

use std::path::{Path, PathBuf};

use reqwest::{Method, StatusCode};
use tokio::process::Command;

use crate::app::TestApp;
use crate::receiver::Receiver;

pub fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Runs a command to its end; answers what it said.
pub async fn run(command: &mut Command) -> String {
    let program = command.as_std().get_program().to_owned();
    let output = command.kill_on_drop(true).output().await;
    let output =
        output.unwrap_or_else(|error| panic!("{program:?}: {error}; tests/run installs it"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{program:?}: {said}");
    said
}

/// The document as the server hands it out, in a directory of its own.
async fn document(app: &TestApp, dir: &Path) -> PathBuf {
    let call = app.anonymous(Method::GET, "/api/v1/openapi.json");
    let answer = call.send().await;
    assert_eq!(answer.status, StatusCode::OK);
    let path = dir.join("openapi.json");
    std::fs::write(&path, answer.text).unwrap();
    path
}

#[tokio::test]
async fn the_document_keeps_the_rules_that_spectral_ships() {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    let document = document(&app, dir.path()).await;
    let mut lint = Command::new("node");
    lint.arg(tests().join("snippets/spectral.mjs"));
    assert_eq!(run(lint.arg(&document)).await, "");
    // It does find what is amiss.
    let text = std::fs::read_to_string(&document).unwrap();
    let amiss = text.replace("\"contact\":", "\"x-contact\":");
    std::fs::write(&document, amiss).unwrap();
    let mut lint = Command::new("node");
    lint.arg(tests().join("snippets/spectral.mjs"));
    let found = run(lint.arg(&document)).await;
    assert!(found.contains("info-contact"), "{found}");
}

#[tokio::test]
async fn a_python_client_made_of_the_document_works() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let dir = tempfile::tempdir().unwrap();
    let document = document(&app, dir.path()).await;
    let client = dir.path().join("client");
    let bin = tests().join(".venv/bin");
    let mut generate = Command::new(bin.join("openapi-python-client"));
    generate.arg("generate").arg("--path").arg(&document);
    // No formatter runs over what is thrown away; YAML has to be named something that the generator knows.
    let config = dir.path().join("config.yml");
    let said = "post_hooks: []\ncontent_type_overrides:\n  application/yaml: application/json\n";
    std::fs::write(&config, said).unwrap();
    generate.arg("--config").arg(&config);
    let said = run(generate.arg("--output-path").arg(&client)).await;
    // What it cannot read it would leave out with a word.
    assert!(!said.contains("WARNING"), "{said}");
    let mut work = Command::new(bin.join("python"));
    work.env("PYTHONDONTWRITEBYTECODE", "1");
    work.arg(tests().join("snippets/generated.py")).arg(&client);
    work.args([&app.base, &app.admin, &receiver.url("/")]);
    assert_eq!(run(&mut work).await, "delivered\n");
}

#[tokio::test]
async fn a_typescript_client_made_of_the_document_compiles_and_works() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let dir = tempfile::tempdir().unwrap();
    let document = document(&app, dir.path()).await;
    let modules = tests().join("node_modules");
    std::os::unix::fs::symlink(&modules, dir.path().join("node_modules")).unwrap();
    let source = dir.path().join("generated.mts");
    std::fs::copy(tests().join("snippets/generated.mts"), &source).unwrap();
    let node = |program: &str| {
        let mut command = Command::new("node");
        command.current_dir(dir.path()).arg(modules.join(program));
        command
    };
    let mut generate = node("openapi-typescript/bin/cli.js");
    run(generate.arg(&document).args(["-o", "api.d.ts"])).await;
    let mut compile = node("typescript/bin/tsc");
    compile.args(["--strict", "--module", "nodenext", "--target", "es2022"]);
    run(compile.arg("generated.mts")).await;
    let mut work = Command::new("node");
    work.current_dir(dir.path()).arg("generated.mjs");
    work.args([&app.base, &app.admin, &receiver.url("/")]);
    assert_eq!(run(&mut work).await, "delivered\n");
}
