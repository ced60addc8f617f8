//! Exit codes, help, and the commands that need no server.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use rustix::process::Signal;

use super::process::{Running, hookpost, run};

/// The published test vector of Standard Webhooks: `signature_only` is signed at a fixed time.
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[test]
fn wrong_usage_exits_2_and_help_exits_0_on_every_level() {
    let check = |arguments: &[&str], code: i32| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {output:?}");
    };
    check(&[], 2);
    check(&["fly"], 2);
    check(&["serve", "--listen", "nowhere"], 2);
    check(&["key"], 2);
    check(&["key", "create"], 2);
    check(&["verify", "--header", "no colon", "--secret", "x"], 2);
    let at = |at| ["verify", "--secret", "x", "--at", at];
    check(&at("20260316T100500Z"), 2);
    check(&at("2026-03-16T10:05:00Z[UTC]"), 2);
    check(&at("2026-03-16T10:05:00+24:00"), 2);
    check(&["--help"], 0);
    check(&["--version"], 0);
    for command in [
        "serve",
        "demo",
        "listen",
        "key",
        "workspace",
        "user",
        "verify",
        "webhooks",
        "events",
        "deliveries",
        "dead-letters",
        "completions",
    ] {
        check(&[command, "--help"], 0);
    }
    check(&["key", "create", "--help"], 0);
    check(&["completions", "bash"], 0);
}

#[test]
fn a_captured_delivery_is_genuine_or_it_is_said_why_not() {
    let vectors = include_str!("../../vectors/wire.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let case = &vectors["cases"][0];
    let check = |body: &str, options: &[&str], code: i32, expect: &str| {
        let mut command = hookpost(&["verify", "--profile", "standard", "--secret", SECRET]);
        command.args(options);
        for (name, value) in case["headers"].as_object().unwrap() {
            command.args(["--header", &format!("{name}: {}", value.as_str().unwrap())]);
        }
        command.stdin(Stdio::piped());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(body.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains(expect), "{said}");
    };
    let body = case["body"].as_str().unwrap();
    let fits = "genuine: the standard signature fits";
    let soon = ["--at", "2026-03-16T10:05:10Z", "--tolerance", "5m"];
    let later = ["--at", "2026-03-16T11:05:10Z", "--tolerance", "5m"];
    check(body, &soon, 0, fits);
    check("{}", &soon, 1, "not genuine: no signature fits");
    check(body, &later, 1, "not genuine: the timestamp");
    check("{}", &later, 1, "not genuine: no signature fits");
    // What was captured may be old; that is said, but makes nothing false.
    check(body, &[], 0, fits);
    check(body, &[], 0, "receivers refuse it now");
    check("{}", &[], 1, "not genuine: no signature fits");
}

#[tokio::test]
async fn listen_prints_what_arrives_and_whether_its_signature_holds() {
    let mut listen = Running::start(&mut hookpost(&[
        "listen",
        "--port",
        "0",
        "--secret",
        SECRET,
        "--fail-first",
        "1",
        "--status",
        "202",
    ]));
    let mut lines = BufReader::new(listen.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let url = first.strip_prefix("listening on ").unwrap().to_owned();
    let http = crate::app::http_client();
    for status in [500, 202] {
        let answer = http
            .post(&url)
            .body("{\"type\":\"a.b\"}")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status);
    }
    listen.signal(Signal::INT);
    let printed: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(listen.0.wait().unwrap().code(), Some(0));
    let printed = printed.join("\n");
    assert!(printed.contains("POST /  a.b"), "{printed}");
    assert!(
        printed.contains("DOES NOT HOLD (standard): the header webhook-signature is missing"),
        "{printed}"
    );
    assert!(
        printed.contains("answered 500") && printed.contains("answered 202"),
        "{printed}"
    );
}
