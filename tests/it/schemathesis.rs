//! A published tool reads the OpenAPI document and tries to break hookpost with it.

use std::path::Path;
use std::time::Duration;

use crate::app::TestApp;

/// How long the tool may take.
const DEADLINE: Duration = Duration::from_secs(170);
/// Generated requests per operation, on top of those that cover each rule of each schema.
const EXAMPLES_MAX: &str = "5";

#[tokio::test]
async fn schemathesis_finds_no_fault_of_ours_and_no_answer_outside_the_document() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let program = tests.join(".venv/bin/schemathesis");
    assert!(program.exists(), "tests/run installs what this needs");
    let app = TestApp::start().await;
    let work = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::new(program);
    command
        .arg("--config-file")
        .arg(tests.join("schemathesis.toml"))
        .arg("run")
        .arg(format!("{}/api/v1/openapi.json", app.base))
        .arg(format!("--header=Authorization: Bearer {}", app.admin))
        .args(["--checks=all", "--phases=examples,coverage,fuzzing"])
        .args(["--seed=1", "--no-color", "--max-examples", EXAMPLES_MAX])
        .current_dir(work.path())
        .kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output());
    let output = output.await.expect("it ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("Operations:") || said.contains("Tested:"),
        "{said}"
    );
}
