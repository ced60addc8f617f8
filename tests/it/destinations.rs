//! Where deliveries may go, at every door through which a URL comes in, and on the way out.

use hookpost::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, NAMES_A_PRIVATE_ADDRESS, TURNS_AFTER, TestApp};
use crate::dashboard::{between, sign_in};
use crate::receiver::Receiver;

/// What no name may lead to, and nobody outside may learn of.
const PRIVATE: &str = "10.77.0.1";

/// A URL for each rule; the tables beside the guard have the rest.
fn refused(app: &TestApp) -> Vec<String> {
    let own = app.base.clone();
    let mut urls: Vec<String> = [
        "http://169.254.169.254/latest/meta-data",
        "http://2852039166/",
        "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://[fd00::1]/",
        "http://user:word@example.com/",
        "http://example.com/#part",
        "http://printer.local/",
        "http://plain/",
        "http://example.com:22/",
        "ftp://example.com/",
        "http://exa mple.com/",
        "http:\\\\example.com\\",
        "http://example.com/\r\nhost: x",
    ]
    .map(str::to_owned)
    .into();
    urls.push(format!("{own}/loop"));
    urls.push(format!("http://{NAMES_A_PRIVATE_ADDRESS}/"));
    urls
}

/// A way in for a URL: how to ask, and what else the request says.
type Door = (Method, String, fn(&str) -> Value);

async fn doors(app: &TestApp, receiver: &Receiver) -> Vec<Door> {
    let good = json!({"url": receiver.url("/"), "event_types": ["*"]});
    let made = app.post("/api/v1/webhooks", &good).await;
    let id = made.json(StatusCode::CREATED)["id"].take();
    let mut theirs = good.clone();
    theirs["profile"] = json!("indigiarmor");
    let made = app.post("/api/v1/webhooks", &theirs).await;
    made.json(StatusCode::CREATED);
    let listed = app.get("/indigiarmor/v1/webhooks").await;
    let number = listed.json(StatusCode::OK)["webhooks"][0]["id"].to_string();
    let number = number.trim_matches('"');
    let workspace = app.default_workspace();
    let url: fn(&str) -> Value = |url| json!({"url": url});
    vec![
        (
            Method::POST,
            "/api/v1/webhooks".to_owned(),
            |url| json!({"url": url, "event_types": ["*"]}),
        ),
        (
            Method::PATCH,
            format!("/api/v1/webhooks/{}", id.as_str().unwrap()),
            url,
        ),
        (
            Method::POST,
            "/api/v1/events".to_owned(),
            |url| json!({"type": "a.b", "data": 1, "webhook_url": url}),
        ),
        (
            Method::PATCH,
            format!("/api/v1/workspaces/{workspace}"),
            |url| json!({"alert_url": url}),
        ),
        (
            Method::POST,
            "/api/v1/workspaces".to_owned(),
            |url| json!({"name": "w", "alert_url": url}),
        ),
        (
            Method::POST,
            "/armalo/api/v1/webhooks".to_owned(),
            |url| json!({"url": url, "events": ["score.updated"]}),
        ),
        (
            Method::POST,
            "/airmy/webhooks".to_owned(),
            |url| json!({"url": url, "events": ["task.completed"]}),
        ),
        (Method::POST, "/indigiarmor/v1/webhooks".to_owned(), url),
        (
            Method::PUT,
            format!("/indigiarmor/v1/webhooks/{number}"),
            url,
        ),
        (
            Method::PATCH,
            format!("/indigiarmor/v1/webhooks/{number}"),
            url,
        ),
        (
            Method::POST,
            "/veriswarm/v1/public/providers/webhooks".to_owned(),
            |url| json!({"callback_url": url, "event_types": ["*"]}),
        ),
    ]
}

async fn knock(app: &TestApp, (method, path, body): &Door, url: &str) -> Answer {
    let call = app.anonymous(method.clone(), path);
    let call = crate::world::with_credential(call, path, &app.admin);
    call.json(&body(url)).send().await
}

/// Everything that is stored, as its readers see it.
async fn stored(app: &TestApp) -> Vec<String> {
    let mut seen = Vec::new();
    for path in ["webhooks", "events", "deliveries", "workspaces"] {
        seen.push(app.get(&format!("/api/v1/{path}")).await.text);
    }
    seen
}

#[tokio::test]
async fn every_door_refuses_the_same_urls_and_stores_nothing() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let doors = doors(&app, &receiver).await;
    let before = stored(&app).await;
    let mut tried = 0;
    for door in &doors {
        for url in refused(&app) {
            // Publishing waits for no name server; the attempt is where a one-off's name is judged.
            if door.1 == "/api/v1/events" && url.contains(NAMES_A_PRIVATE_ADDRESS) {
                continue;
            }
            let answer = knock(&app, door, &url).await;
            let what = format!("{} {} {url}", door.0, door.1);
            let status = answer.status.as_u16();
            assert!(matches!(status, 400 | 422), "{what}: {answer:?}");
            assert!(answer.text.contains("url"), "{what}: {}", answer.text);
            assert!(!answer.text.contains(PRIVATE), "{what}: {}", answer.text);
            tried += 1;
        }
    }
    assert_eq!(stored(&app).await, before);
    assert!(receiver.received().is_empty());
    println!("{} doors, {tried} refusals", doors.len());
}

#[tokio::test]
async fn the_dashboards_forms_refuse_the_same_urls() {
    let app = TestApp::start().await;
    let cookie = sign_in(&app, "ada@example.com", Role::Owner).await;
    let call = app.anonymous(Method::GET, "/deliveries");
    let page = call.header("cookie", &cookie).send().await;
    let csrf = between(&page.text, "name=\"csrf\" value=\"", "\"");
    for url in refused(&app) {
        for (path, field) in [("/webhooks", "url"), ("/settings", "alert_url")] {
            let mut body = url::form_urlencoded::Serializer::new(String::new());
            body.extend_pairs([("csrf", csrf), (field, &url), ("name", "default")]);
            body.extend_pairs([("event_types", "*"), ("profile", "standard")]);
            let call = app.anonymous(Method::POST, path).header("cookie", &cookie);
            let call = call.header("content-type", "application/x-www-form-urlencoded");
            let answer = call.body(body.finish()).send().await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{path} {url}: {answer:?}"
            );
            assert!(
                answer.text.contains(&format!("{field}-fault")),
                "{path} {url}"
            );
            assert!(!answer.text.contains(PRIVATE), "{path} {url}");
        }
    }
    let listed = app.get("/api/v1/webhooks").await.json(StatusCode::OK);
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn a_name_that_turns_to_a_private_address_later_is_blocked_on_every_way_out() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let port = receiver.url("").rsplit(':').next().unwrap().to_owned();
    let register = async |name: &str, event_type: &str| {
        let url = format!("http://{name}.example.com:{port}/");
        let webhook = json!({"url": url, "event_types": [event_type]});
        let made = app.post("/api/v1/webhooks", &webhook).await;
        let id = made.json(StatusCode::CREATED)["id"].take();
        format!("/api/v1/webhooks/{}/test", id.as_str().unwrap())
    };
    // Good when it is saved, and for the connection of the test.
    let test = register(&format!("{TURNS_AFTER}2"), "never").await;
    let tested = app.post(&test, &json!({})).await.json(StatusCode::OK);
    assert_eq!(tested["success"], true, "{tested:#}");
    // Good when it is saved, and bad ever after.
    let test = register(&format!("{TURNS_AFTER}1"), "*").await;
    let tested = app.post(&test, &json!({})).await.json(StatusCode::OK);
    assert_eq!(tested["success"], false, "{tested:#}");
    assert_blocked(&app, tested["delivery_id"].as_str().unwrap()).await;
    let event = json!({"type": "a.b", "id": "one", "data": 1});
    let published = app.post("/api/v1/events", &event).await;
    published.json(StatusCode::ACCEPTED);
    let attempted = |page: &Value| page["data"][0]["attempt_count"] == 1;
    let path = "/api/v1/deliveries?event_id=one";
    let page = app.poll(path, attempted).await;
    assert_blocked(&app, page["data"][0]["id"].as_str().unwrap()).await;
    // Publishing waits for no name server; the attempt is where a one-off's name is judged.
    let once = format!("http://{NAMES_A_PRIVATE_ADDRESS}:{port}/");
    let event = json!({"type": "a.b", "id": "two", "data": 1, "webhook_url": once});
    let published = app.post("/api/v1/events", &event).await;
    published.json(StatusCode::ACCEPTED);
    let both = |page: &Value| {
        let rows = page["data"].as_array().unwrap();
        rows.len() == 2 && rows.iter().all(|row| row["attempt_count"] == 1)
    };
    let page = app.poll("/api/v1/deliveries?event_id=two", both).await;
    for row in page["data"].as_array().unwrap() {
        assert_blocked(&app, row["id"].as_str().unwrap()).await;
    }
    assert_eq!(receiver.received().len(), 1);
}

/// The last attempt was stopped here, and does not say where the name led.
async fn assert_blocked(app: &TestApp, delivery: &str) {
    let answer = app.get(&format!("/api/v1/deliveries/{delivery}")).await;
    let shown = answer.json(StatusCode::OK);
    let attempt = shown["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!(attempt["error_kind"], "blocked", "{shown:#}");
    assert_eq!(attempt["status_code"], Value::Null);
    assert_eq!(attempt["remote_addr"], Value::Null);
    assert!(!answer.text.contains(PRIVATE), "{}", answer.text);
}
