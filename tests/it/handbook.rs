//! The handbook as the server hands it out.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookpost::domain::api_key::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::dashboard::between;

/// The most bytes of a page.
const PAGE_BYTES_MAX: usize = 50 * 1024;

async fn read(app: &TestApp, path: &str) -> Answer {
    app.anonymous(Method::GET, path).send().await
}

/// The addresses that a page leads to.
fn links(page: &str) -> Vec<&str> {
    let after = page.split("href=\"").skip(1);
    after.filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn every_page_is_there_for_everybody_and_leads_to_every_other() {
    let app = TestApp::start().await;
    let reference = read(&app, "/docs").await;
    assert_eq!(reference.status, StatusCode::OK);
    assert!(reference.text.contains("<form action=\"/docs/search\""));
    let mut pages = links(between(
        &reference.text,
        "<nav aria-label=\"Pages\">",
        "</nav>",
    ));
    assert_eq!(pages.len(), 11, "{pages:?}");
    pages.extend([
        "/docs/search?q=key",
        "/docs/publish_event",
        "/docs/EventBody",
    ]);
    for page in &pages {
        let answer = read(&app, page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        let bytes = answer.text.len();
        assert!(bytes <= PAGE_BYTES_MAX, "{page}: {bytes}");
        assert!(answer.header("content-type").starts_with("text/html"));
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'"),
            "{policy}"
        );
        assert!(!answer.text.contains("<script"), "{page}");
        let there = links(&answer.text);
        for other in &pages[..11] {
            assert!(there.contains(other), "{page} does not lead to {other}");
        }
        for link in there.iter().filter(|link| link.starts_with('/')) {
            let path = link.split('#').next().unwrap();
            assert_eq!(
                read(&app, path).await.status,
                StatusCode::OK,
                "{page}: {link}"
            );
        }
    }
    let nothing = read(&app, "/docs/nothing").await;
    nothing.problem(404, "not_found");
}

#[tokio::test]
async fn the_search_finds_pages_and_operations_and_shows_a_query_as_text() {
    let app = TestApp::start().await;
    let found = read(&app, "/docs/search?q=warm+standby").await;
    let expect = "href=\"/docs/operations#a-warm-standby\"";
    assert!(found.text.contains(expect), "{}", found.text);
    let found = read(&app, "/docs/search?q=rotate-secret").await;
    assert!(found.text.contains("href=\"/docs/rotate"), "{}", found.text);
    let found = read(&app, "/docs/search?q=consecutive_failures").await;
    assert!(
        found.text.contains("href=\"/docs/WebhookBody\""),
        "{}",
        found.text
    );
    let hostile = read(&app, "/docs/search?q=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert_eq!(hostile.status, StatusCode::OK);
    assert!(!hostile.text.contains("<script"), "{}", hostile.text);
    read(&app, "/docs/search?query=x")
        .await
        .problem(422, "invalid");
}

/// Text of a page as a reader copies it.
fn copied(html: &str) -> String {
    let signs = [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
    ];
    // The handbook's own pages name them otherwise.
    let named = [("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">")];
    let last = [("&#38;", "&"), ("&amp;", "&")];
    let all = signs.into_iter().chain(named).chain(last);
    all.fold(html.to_owned(), |text, (name, sign)| {
        text.replace(name, sign)
    })
}

/// What a program says that is given this code on standard input.
fn run(program: &str, arguments: &[&str], code: &str, key: &str) -> String {
    let mut command = Command::new(program);
    command.args(arguments).env("HOOKPOST_API_KEY", key);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(code.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{code}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_operation_has_a_page_and_its_samples_work_as_they_stand() {
    let app = TestApp::start().await;
    let document = app.get("/api/v1/openapi.json").await.json(StatusCode::OK);
    let paths = document["paths"].as_object().unwrap().values();
    let operations: Vec<&Value> = paths
        .flat_map(|methods| methods.as_object().unwrap().values())
        .collect();
    assert!(operations.len() > 90, "{}", operations.len());
    for own in operations {
        let id = own["operationId"].as_str().unwrap();
        let page = read(&app, &format!("/docs/{id}")).await;
        assert_eq!(page.status, StatusCode::OK, "{id}");
        assert!(page.text.len() <= PAGE_BYTES_MAX, "{id}");
        let is_public = own["security"].as_array().unwrap().is_empty();
        let samples = between(&page.text, "<h2 id=\"samples\">", "<h2");
        let shown = samples.matches("Bearer ").count();
        assert_eq!(shown, if is_public { 0 } else { 3 }, "{id}");
        let told = between(&page.text, "<h2 id=\"authentication\">", "<h2");
        let scope = own["x-required-scope"].as_str().unwrap_or_default();
        assert!(told.contains(scope), "{id}: {told}");
    }
    let key = app.key(&[Scope::EventsWrite, Scope::EventsRead]).await;
    for (id, status) in [("publish_event", "202"), ("list_events", "200")] {
        let page = read(&app, &format!("/docs/{id}")).await.text;
        let sample = |language: &str| {
            let begin = format!("aria-label=\"{language}\"><code>");
            let code = copied(between(&page, &begin, "</code>"));
            code.replace("https://hooks.example.com", &app.base)
        };
        let curl = format!("{} \\\n  -s -w ' %{{http_code}}'", sample("curl"));
        let said = run("sh", &[], &curl, &key);
        assert!(said.ends_with(status), "{id}: {said}");
        let module = ["--input-type=module", "-"];
        let said = run("node", &module, &sample("JavaScript"), &key);
        assert!(said.starts_with(status), "{id}: {said}");
        let said = run("python3", &["-"], &sample("Python"), &key);
        assert!(said.starts_with(status), "{id}: {said}");
    }
}

/// The first code of a page of the handbook in a language.
fn code_of(page: &str, language: &str) -> String {
    let begin = format!("<code class=\"language-{language}\">");
    copied(between(page, &begin, "</code>"))
}

#[tokio::test]
async fn the_guides_code_accepts_what_is_genuine_and_nothing_else() {
    let app = TestApp::start().await;
    let page = read(&app, "/docs/verifying").await.text;
    let vectors: Value = serde_json::from_str(include_str!("../vectors/wire.json")).unwrap();
    let case = &vectors["cases"][0];
    let body = case["body"].as_str().unwrap();
    let now = case["attempt_unix"].as_i64().unwrap();
    let (python, script) = (code_of(&page, "python"), code_of(&page, "js"));
    let with = |signature: &str| {
        let mut headers = case["headers"].clone();
        headers["webhook-signature"] = json!(signature);
        headers
    };
    let genuine = case["headers"]["webhook-signature"].as_str().unwrap();
    for (signature, body, now, expect) in [
        (genuine, body, now + 10, true),
        (&*format!("v1,AAAA {genuine}"), body, now - 10, true),
        (genuine, "{}", now, false),
        (genuine, body, now + 301, false),
        ("v1,AAAA v1,", body, now, false),
    ] {
        let given = json!({"secret": case["secrets"][0], "headers": with(signature),
            "body": STANDARD.encode(body), "now": now});
        let ask = "given = json.loads(sys.argv[1])\nprint(is_genuine(given['secret'], \
            given['headers'], base64.b64decode(given['body']), given['now']))";
        let code = format!("{python}\nimport json, sys\n{ask}");
        let said = run("python3", &["-", &given.to_string()], &code, "");
        assert_eq!(said.trim().to_lowercase(), expect.to_string(), "{given}");
        let ask = "console.log(isGenuine(given.secret, given.headers, \
            Buffer.from(given.body, 'base64'), given.now));";
        let code = format!("{script}\nconst given = {given};\n{ask}");
        let said = run("node", &["-"], &code, "");
        assert_eq!(said.trim(), expect.to_string(), "{given}");
    }
}
