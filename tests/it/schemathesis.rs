//! A published tool reads the OpenAPI document and tries to break hookpost with it.
//!
//! The tool is told ids of things that exist and who may do what, so that its requests get past the
//! doors; what it deletes is not what it looks at.

use std::path::Path;
use std::time::Duration;

use hookpost::api;
use hookpost::domain::role::Role;
use hookpost::web::audience::Audience;
use hookpost::web::endpoint::{Access, Endpoint};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::dashboard::sign_in_program;
use crate::receiver::{Receiver, Reply};
use crate::world::{World, ask};

/// How long the tool may take.
const DEADLINE: Duration = Duration::from_secs(170);
/// Generated requests per operation, on top of those that cover each rule of each schema.
const EXAMPLES_MAX: &str = "15";
/// Fewer cases than this would mean that the tool passed most of the document over.
const CASES_MIN: u32 = 3000;
/// Generated chains of requests, each going on with what the one before made.
const SCENARIOS_MAX: &str = "40";
/// Fewer requests than this would mean that hardly a link was followed.
const LINKED_CASES_MIN: u32 = 100;

/// Things for the tool to be about.
struct Things {
    app: TestApp,
    receiver: Receiver,
    world: World,
    /// Those that may be ended.
    doomed: World,
    doomed_event_type: String,
    doomed_letter: String,
    sessions: [String; 2],
}

impl Things {
    async fn make() -> Self {
        let app = TestApp::start().await;
        let receiver = Receiver::start().await;
        let world = World::make(&app, &receiver, "world").await;
        let doomed = World::make(&app, &receiver, "doomed").await;
        receiver.answer(Reply::status(200));
        let path = "/api/v1/event-types";
        let event_type = json!({"name": "doomed.type"});
        let made = ask(&app, &world.workspace, Method::POST, path, &event_type).await;
        made.json(StatusCode::CREATED);
        let path = "/api/v1/dead-letters";
        let letters = ask(&app, &world.workspace, Method::GET, path, &Value::Null).await;
        let letters = letters.json(StatusCode::OK);
        let doomed_letter = letters["data"].as_array().unwrap().iter().find_map(|one| {
            let id = one["id"].as_str().unwrap();
            (id != world.delivery).then(|| id.to_owned())
        });
        Self {
            doomed_event_type: "doomed.type".to_owned(),
            doomed_letter: doomed_letter.unwrap(),
            sessions: [
                sign_in_program(&app, "one@example.com", Role::Owner).await,
                sign_in_program(&app, "two@example.com", Role::Owner).await,
            ],
            app,
            receiver,
            world,
            doomed,
        }
    }

    /// What stands in the place of a path's parameter: things stay where they are looked at.
    fn id(&self, route: &Endpoint) -> Option<&str> {
        let ends = route.method == "DELETE" || route.path.ends_with("/revoke");
        match route.path {
            "/api/v1/webhooks/{id}" | "/api/v1/webhooks/{id}/revoke" if ends => {
                Some(&self.world.airmy_webhook)
            }
            "/api/v1/event-types/{name}" if ends => Some(&self.doomed_event_type),
            "/api/v1/dead-letters/{id}" if ends => Some(&self.doomed_letter),
            path if ends => self.doomed.id(path),
            path => self.world.id(path),
        }
    }

    /// What the tool is told about each operation.
    fn configuration(&self) -> String {
        let (workspace, url) = (&self.world.workspace, self.receiver.url("/"));
        let mut told = format!(
            "[dictionaries]\n\
             workspace = {{ values = ['{workspace}'] }}\n\
             url = {{ values = ['{url}'] }}\n\n\
             [parameters]\n\
             'header.Hookpost-Workspace' = {{ dictionary = 'workspace', probability = 0.9 }}\n\
             'body.url' = {{ dictionary = 'url', probability = 0.8 }}\n"
        );
        for route in api::AUDIENCE.endpoints() {
            told.push_str(&self.about(route));
        }
        told
    }

    fn about(&self, route: &Endpoint) -> String {
        let token = match (route.access, route.method.as_str()) {
            (Access::Session, "DELETE") => &self.sessions[0],
            (Access::Session, _) => &self.sessions[1],
            _ => &self.app.admin,
        };
        let mut told = format!(
            "\n[[operations]]\n\
             include-name = '{} {}'\n\
             headers = {{ Authorization = 'Bearer {token}' }}\n",
            route.method, route.path
        );
        if route.path == "/api/v1/events/batch" {
            // Each event of a batch is refused on its own, inside the answer.
            told += "checks.negative_data_rejection.expected-statuses = ['202', '4xx']\n";
        }
        if let Some(id) = self.id(route) {
            let name = if route.path.contains("{id}") {
                "id"
            } else {
                "name"
            };
            let version = match route.path.contains("{version}") {
                true => ", 'path.version' = '1'",
                false => "",
            };
            told.push_str(&format!(
                "parameters = {{ 'path.{name}' = '{id}'{version} }}\n"
            ));
        }
        told
    }
}

#[tokio::test]
async fn schemathesis_finds_no_fault_of_ours_and_no_answer_outside_the_document() {
    let things = Things::make().await;
    let told = things.configuration();
    let phases = ["--phases=examples,coverage,fuzzing", EXAMPLES_MAX];
    let said = try_to_break(&things.app, &told, phases).await;
    let cases = cases(&said);
    assert!(cases >= CASES_MIN, "{cases} cases: {said}");
}

#[tokio::test]
async fn schemathesis_follows_links_from_what_it_makes_and_finds_no_fault() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    // Nothing is told of what there is: what it makes is what it goes on with.
    let told = format!(
        "[headers]\nAuthorization = 'Bearer {}'\n\n\
         [dictionaries]\nurl = {{ values = ['{}'] }}\n\n[parameters]\n\
         'body.url' = {{ dictionary = 'url', probability = 0.8 }}\n",
        app.admin,
        receiver.url("/")
    );
    let phases = ["--phases=stateful", SCENARIOS_MAX];
    let said = try_to_break(&app, &told, phases).await;
    let cases = cases(&said);
    assert!(cases >= LINKED_CASES_MIN, "{cases} cases: {said}");
}

/// Runs the tool in these phases with so many examples; answers what it said.
async fn try_to_break(app: &TestApp, told: &str, [phases, examples]: [&str; 2]) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let program = tests.join(".venv/bin/schemathesis");
    assert!(program.exists(), "tests/run installs what this needs");
    let work = tempfile::tempdir().unwrap();
    let config = work.path().join("schemathesis.toml");
    let judges = std::fs::read_to_string(tests.join("schemathesis.toml")).unwrap();
    std::fs::write(&config, format!("{judges}{told}")).unwrap();
    let mut command = tokio::process::Command::new(program);
    command
        .arg("--config-file")
        .arg(config)
        .arg("run")
        .arg(format!("{}/api/v1/openapi.json", app.base))
        .args(["--checks=all", phases])
        .args(["--seed=2", "--no-color", "--max-examples", examples])
        .current_dir(work.path())
        .kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output());
    let output = output.await.expect("it ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    let (_, summary) = said.split_once(" SUMMARY ").expect("the tool sums up");
    println!("schemathesis, SUMMARY {summary}");
    summary.to_owned()
}

/// How many requests the tool made, as its summary says: `  2851 generated, 2851 passed`.
fn cases(summary: &str) -> u32 {
    let line = summary.lines().find(|line| line.contains(" generated, "));
    let count = line.and_then(|line| line.split_whitespace().next());
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}
