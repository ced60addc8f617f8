//! What hookpost hands to Prometheus and Grafana, held to Prometheus' own tool.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;

/// Runs promtool; what it says where it is not content is the test's failure.
fn promtool(arguments: &[&str], stdin: &str) {
    let mut child = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tests/run installs promtool");
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(stdin.as_bytes()).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !said.contains("error"),
        "{arguments:?}: {said}{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

async fn text(app: &TestApp, path: &str) -> String {
    let answer = app.anonymous(Method::GET, path).send().await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    answer.text
}

/// Every name of ours in a text.
fn names(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("hookpost_"))
        .collect()
}

#[tokio::test]
async fn promtool_has_nothing_to_say_about_the_numbers() {
    let app = TestApp::start().await;
    let webhook = json!({"url": "http://127.0.0.1:9000/", "event_types": ["*"]});
    app.post("/api/v1/webhooks", &webhook)
        .await
        .json(StatusCode::CREATED);
    app.post("/api/v1/events", &json!({"type": "a.b", "data": 1}))
        .await
        .json(StatusCode::ACCEPTED);
    let attempted = |page: &Value| page["data"][0]["attempt_count"] != 0;
    app.poll("/api/v1/deliveries", attempted).await;
    let scraped = text(&app, "/metrics").await;
    assert!(
        scraped.contains("hookpost_attempts_total{outcome="),
        "{scraped}"
    );
    promtool(&["check", "metrics"], &scraped);
}

/// The lines of a scrape that speak of webhooks one by one.
fn one_by_one(scraped: &str) -> Vec<&str> {
    let lines = scraped.lines();
    lines
        .filter(|line| line.starts_with("hookpost_webhook_"))
        .collect()
}

#[tokio::test]
async fn webhooks_are_told_of_one_by_one_as_far_as_asked_and_to_those_with_a_key() {
    let options = |most, ranges: Option<&str>| hookpost::web::HttpOptions {
        metrics_allow: ranges.map(|range| vec![range.parse().unwrap()]),
        metrics_webhooks: most,
        ..hookpost::web::HttpOptions::default()
    };
    let service = hookpost::service::ServiceOptions::default;
    let app = TestApp::start_as(options(2, None), service()).await;
    let receiver = crate::receiver::Receiver::start().await;
    receiver.answer(crate::receiver::Reply::status(500));
    let register = async |types: &str| {
        let webhook = json!({"url": receiver.url("/"), "event_types": [types]});
        let made = app.post("/api/v1/webhooks", &webhook).await;
        made.json(StatusCode::CREATED)["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let [first, second, failing] = [
        register("none.a").await,
        register("none.b").await,
        register("*").await,
    ];
    app.post("/api/v1/events", &json!({"type": "a.b", "data": 1}))
        .await
        .json(StatusCode::ACCEPTED);
    let attempted = |page: &Value| page["data"][0]["attempt_count"] != 0;
    app.poll("/api/v1/deliveries", attempted).await;
    assert_eq!(one_by_one(&text(&app, "/metrics").await), [""; 0]);
    let key = app
        .key(&[hookpost::domain::api_key::Scope::MetricsRead])
        .await;
    let scrape = async |app: &TestApp, accept: &str| {
        let call = app.anonymous(Method::GET, "/metrics").bearer(&key);
        let answer = call.header("accept", accept).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.text
    };
    let scraped = scrape(&app, "text/plain").await;
    let told = one_by_one(&scraped);
    let of = |id: &str| told.iter().filter(|line| line.contains(id)).count();
    assert_eq!([of(&failing), of(&first), of(&second)], [10, 10, 0]);
    let number = |start: &str, rest: &str| {
        let mut lines = told.iter().filter(|line| line.starts_with(start));
        let own = lines.find(|line| line.contains(&failing) && line.contains(rest));
        own.unwrap_or_else(|| panic!("{start} {rest}: {told:#?}"))
            .rsplit_once(' ')
            .unwrap()
            .1
    };
    assert_eq!(number("hookpost_webhook_active", ""), "1");
    assert_eq!(number("hookpost_webhook_consecutive_failures", ""), "1");
    assert_eq!(number("hookpost_webhook_deliveries", "\"retrying\""), "1");
    let lately = "hookpost_webhook_attempts_lately";
    assert_eq!(number(lately, "\"failed\""), "1");
    assert_eq!(number(lately, "\"delivered\""), "0");
    promtool(&["check", "metrics"], &scraped);
    let open = scrape(&app, "application/openmetrics-text").await;
    assert!(open.ends_with("# EOF\n") && open.matches("# EOF").count() == 1);
    let wrong = app.anonymous(Method::GET, "/metrics").bearer("hpk_wrong");
    wrong.send().await.problem(401, "unauthorized");
    let near = TestApp::start_as(options(1, Some("127.0.0.0/8")), service()).await;
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    near.post("/api/v1/webhooks", &webhook).await;
    assert_eq!(one_by_one(&text(&near, "/metrics").await).len(), 10);
}

#[tokio::test]
async fn alerts_and_dashboard_speak_of_numbers_that_there_are() {
    let app = TestApp::start().await;
    let scraped = text(&app, "/metrics").await;
    let dashboard = text(&app, "/metrics/dashboard.json").await;
    let document: Value = serde_json::from_str(&dashboard).unwrap();
    assert!(document["panels"].as_array().unwrap().len() > 10);
    let alerts = text(&app, "/metrics/alerts.yml").await;
    let there = names(&scraped);
    let family = |name: &str| {
        // A counter or histogram without a sample yet is described all the same.
        there.contains(name)
            || name
                .strip_suffix("_bucket")
                .is_some_and(|family| there.contains(family))
    };
    for name in names(&dashboard).union(&names(&alerts)) {
        assert!(family(name), "{name}: {scraped}");
    }
}

/// What Grafana puts in the place of its variables.
fn resolved(expression: &str) -> String {
    let instance = expression.replace("$instance", ".*");
    instance.replace("$__rate_interval", "5m")
}

#[tokio::test]
async fn each_expression_of_the_dashboard_is_one_that_prometheus_reads() {
    let app = TestApp::start().await;
    let dashboard = text(&app, "/metrics/dashboard.json").await;
    let document: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = document["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array());
    let expressions = targets
        .flatten()
        .map(|one| resolved(one["expr"].as_str().unwrap()));
    let rule = |(at, expr)| json!({"record": format!("expression:{at}"), "expr": expr});
    let rules: Vec<Value> = expressions.enumerate().map(rule).collect();
    assert!(rules.len() > 20, "{}", rules.len());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("expressions.yml");
    // JSON is YAML.
    let groups = json!({"groups": [{"name": "dashboard", "rules": rules}]});
    std::fs::write(&file, groups.to_string()).unwrap();
    promtool(&["check", "rules", file.to_str().unwrap()], "");
}

/// A rule, the numbers that make it fire, the minute until which all is quiet and that at which it fires.
type FiringCase = (
    &'static str,
    &'static [(&'static str, &'static str)],
    u32,
    u32,
);

#[rustfmt::skip]
const FIRING: &[FiringCase] = &[
    ("HookpostDown", &[("up{job=\"hookpost\"}", "1x10 0x10")], 10, 14),
    ("HookpostDeliveriesWait", &[("hookpost_oldest_due_seconds", "0x15 400x15")], 15, 22),
    ("HookpostFirstAttemptsLate", &[
        ("hookpost_publish_to_attempt_seconds_bucket{le=\"5\"}", "0+10x20 200x40"),
        ("hookpost_publish_to_attempt_seconds_bucket{le=\"10\"}", "0+10x60"),
        ("hookpost_publish_to_attempt_seconds_bucket{le=\"+Inf\"}", "0+10x60"),
    ], 20, 45),
    ("HookpostSendingPaused", &[("hookpost_sending_paused", "0x15 1x40")], 15, 33),
    ("HookpostMostAttemptsFail", &[
        ("hookpost_attempts_total{outcome=\"delivered\"}", "0+10x20 200x60"),
        ("hookpost_attempts_total{outcome=\"failed\"}", "0+1x20 30+10x60"),
    ], 20, 60),
    ("HookpostWebhooksDisabled", &[("hookpost_webhooks{status=\"disabled\"}", "2x20 3x20")], 20, 25),
    ("HookpostDeadLetters", &[("hookpost_dead_letters", "2x20 5x20")], 20, 30),
    ("HookpostAlertsUndelivered", &[("hookpost_alert_failures_total", "7x20 8x20")], 20, 25),
    ("HookpostSlowCommits", &[
        ("hookpost_commit_duration_seconds_bucket{le=\"0.5\"}", "0+10x20 200x40"),
        ("hookpost_commit_duration_seconds_bucket{le=\"1\"}", "0+10x60"),
        ("hookpost_commit_duration_seconds_bucket{le=\"+Inf\"}", "0+10x60"),
    ], 20, 45),
    ("HookpostRequestsFail", &[("hookpost_http_requests_total{class=\"5xx\"}", "0x20 0+60x30")], 20, 30),
    ("HookpostDiskLow", &[("hookpost_disk_free_bytes", "5000000000x20 500000000x20")], 20, 30),
    ("HookpostDiskFills", &[("hookpost_disk_free_bytes", "100000000000x60 100000000000-400000000x240")], 60, 290),
];

/// A rule's case as `promtool test rules` reads it.
fn case((rule, series, quiet, firing): &FiringCase) -> Value {
    let series = series
        .iter()
        .map(|(series, values)| json!({"series": series, "values": values}));
    let fires =
        format!("count(ALERTS{{alertname=\"{rule}\", alertstate=\"firing\"}}) or vector(0)");
    let expect = |minute: &u32, count: u32| {
        json!({"expr": fires, "eval_time": format!("{minute}m"),
            "exp_samples": [{"labels": "{}", "value": count}]})
    };
    json!({
        "interval": "1m", "input_series": series.collect::<Vec<_>>(),
        "promql_expr_test": [expect(quiet, 0), expect(firing, 1)],
    })
}

#[tokio::test]
async fn each_alert_is_quiet_until_it_should_fire_and_then_fires() {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("alerts.yml");
    let served = text(&app, "/metrics/alerts.yml").await;
    std::fs::write(&rules, &served).unwrap();
    promtool(&["check", "rules", rules.to_str().unwrap()], "");
    let named = served
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let tried = FIRING.iter().map(|(rule, ..)| *rule);
    assert_eq!(named.collect::<Vec<_>>(), tried.collect::<Vec<_>>());
    let cases = json!({
        "rule_files": ["alerts.yml"], "evaluation_interval": "1m",
        "tests": FIRING.iter().map(case).collect::<Vec<_>>(),
    });
    let file = dir.path().join("cases.yml");
    std::fs::write(&file, cases.to_string()).unwrap();
    promtool(&["test", "rules", file.to_str().unwrap()], "");
}
