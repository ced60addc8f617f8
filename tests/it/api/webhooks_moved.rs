//! `PATCH /api/v1/webhooks/{id}`, and every other door by which a webhook's URL is led to another
//! origin: what the old receiver was trusted with does not follow by itself.

use hookpost::clock::Clock;
use hookpost::domain::api_key::Scope;
use hookpost::domain::profile::Profile;
use hookpost::domain::secret::Secret;
use hookpost::domain::signing::TOLERANCE_DEFAULT;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::dashboard::{Desk, between};
use crate::receiver::{Received, Receiver};

const WEBHOOKS: &str = "/api/v1/webhooks";
const SECRET: &str = "whsec_bm9ib2R5LWd1ZXNzZXMtdGhpcy1zZWNyZXQtMTIzNDU2Nzg=";

/// A webhook at `url` with two credentials and a header that anybody may read.
async fn create(app: &TestApp, url: &str) -> Value {
    let body = json!({"url": url, "event_types": ["*"], "secret": SECRET,
        "headers": {"authorization": "Bearer old", "x-api-key": "k-1", "x-env": "prod"}});
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED)
}

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap())
}

/// Whether the receiver that knows `secret` believes this.
fn fits(request: &Received, secret: &str) -> bool {
    let secret = Secret::new(secret.to_owned());
    let now = Clock::System.now();
    let (headers, body) = (request.headers(), &request.body);
    Profile::standard()
        .verify(&secret, headers, body, now, TOLERANCE_DEFAULT)
        .is_ok()
}

/// The headers of the next request to `receiver`, whose body its signature fits under `secret`.
async fn arrives(app: &TestApp, webhook: &Value, receiver: &Receiver, secret: &str) -> Vec<String> {
    let before = receiver.received().len();
    let test = format!("{}/test", path(webhook));
    let tested = app.post(&test, &json!({})).await.json(StatusCode::OK);
    assert_eq!(tested["success"], true, "{tested}");
    let received = receiver.wait_for(before + 1).await;
    let request = &received[before];
    assert!(fits(request, secret), "{:?}", request.headers());
    let pairs = request.headers().iter();
    pairs
        .map(|(name, value)| format!("{name}: {value}"))
        .collect()
}

#[tokio::test]
async fn a_changed_origin_needs_each_credential_again_and_none_follows_by_itself() {
    let app = TestApp::start().await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let webhook = create(&app, &old.url("/hook")).await;
    let elsewhere = new.url("/hook");
    let both = ["headers.authorization", "headers.x-api-key"];
    for (headers, at_fault) in [
        (json!(null), None),
        (
            json!({"authorization": "***", "x-api-key": "***"}),
            Some(&both[..]),
        ),
        (
            json!({"Authorization": "***", "x-env": "prod"}),
            Some(&both[..1]),
        ),
        (
            json!({"authorization": "Bearer new", "X-Api-Key": "***"}),
            Some(&both[1..]),
        ),
    ] {
        // Without a word on headers, all of them are kept.
        let body = match at_fault {
            None => json!({"url": elsewhere}),
            Some(_) => json!({"url": elsewhere, "headers": headers}),
        };
        let problem = app
            .patch(&path(&webhook), &body)
            .await
            .problem(422, "invalid");
        let named = problem["errors"].as_array().unwrap().iter();
        let named: Vec<&str> = named
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        let named: Vec<String> = named.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(named, at_fault.unwrap_or(&both), "{body}: {problem}");
    }
    let shown = app.get(&path(&webhook)).await.json(StatusCode::OK);
    assert_eq!(shown["url"], webhook["url"]);
    assert!(new.received().is_empty());
    // Given again, changed or left out: each is a decision.
    let body = json!({"url": elsewhere, "headers": {"authorization": "Bearer new", "x-env": "prod"},
        "secret": SECRET});
    let moved = app.patch(&path(&webhook), &body).await.json(StatusCode::OK);
    assert_eq!(moved["url"], elsewhere);
    let headers = arrives(&app, &webhook, &new, SECRET).await;
    assert!(
        headers.contains(&"authorization: Bearer new".to_owned()),
        "{headers:?}"
    );
    assert!(
        !headers.iter().any(|header| header.starts_with("x-api-key")),
        "{headers:?}"
    );
}

#[tokio::test]
async fn within_its_origin_a_url_moves_freely_and_keeps_what_it_has() {
    let app = TestApp::start().await;
    let port = {
        let receiver = Receiver::start().await;
        receiver.url("/")
    };
    let port = port
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    for (from, to, is_same) in [
        ("https://example.com/a", "https://example.com/b?c=d", true),
        ("https://example.com/a", "https://EXAMPLE.com:443/a", true),
        ("http://example.com/a", "HTTP://example.com:80/", true),
        ("https://example.com/a", "https://example.com:8443/a", false),
        ("https://example.com/a", "http://example.com/a", false),
        ("https://example.com/a", "https://api.example.com/a", false),
        ("https://example.com/a", "https://example.com./a", true),
        (
            "https://bücher.example.com/",
            "https://xn--bcher-kva.example.com/b",
            true,
        ),
        (
            &*format!("http://127.0.0.1:{port}/a"),
            &*format!("http://127.0.0.2:{port}/a"),
            false,
        ),
    ] {
        let webhook = create(&app, from).await;
        let answer = app.patch(&path(&webhook), &json!({"url": to})).await;
        let what = format!("{from} to {to}: {}", answer.text);
        if !is_same {
            answer.invalid("headers.authorization");
            continue;
        }
        assert_eq!(answer.status, StatusCode::OK, "{what}");
        let moved = answer.json(StatusCode::OK);
        assert_eq!(moved["headers"], webhook["headers"], "{what}");
        assert_eq!(moved["secret_rotated_at"], Value::Null, "{what}");
        assert!(moved.get("secret").is_none(), "{what}");
    }
    let webhook = create(&app, "https://example.com/").await;
    let with_user = json!({"url": "https://example.com@evil.example.net/", "headers": {}});
    app.patch(&path(&webhook), &with_user).await.invalid("url");
}

#[tokio::test]
async fn the_signing_secret_does_not_follow_unless_whoever_moves_the_url_knows_it() {
    let app = TestApp::start().await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let bare = json!({"url": old.url("/"), "event_types": ["*"], "secret": SECRET});
    let create = async || app.post(WEBHOOKS, &bare).await.json(StatusCode::CREATED);
    // Known: it stays, and only it. A secret that a rotation left valid ends.
    let kept = create().await;
    let given = json!({"secret": format!("{}OTg3", &SECRET[..SECRET.len() - 5])});
    let rotated = app
        .post(&format!("{}/rotate-secret", path(&kept)), &json!({}))
        .await;
    let rotated = rotated.json(StatusCode::OK);
    let present = rotated["secret"].as_str().unwrap();
    let body = json!({"url": new.url("/kept"), "secret": present});
    let moved = app.patch(&path(&kept), &body).await.json(StatusCode::OK);
    assert!(moved.get("secret").is_none(), "{moved}");
    assert_eq!(moved["previous_secret_expires_at"], Value::Null, "{moved}");
    arrives(&app, &kept, &new, present).await;
    assert!(!fits(new.received().last().unwrap(), SECRET));
    // Another: it takes its place at once.
    let replaced = create().await;
    let own = "whsec_YS1zZWNyZXQtdGhhdC1pcy1naXZlbi1mb3ItdGhlLW5ldy1vbmU=";
    let body = json!({"url": new.url("/replaced"), "secret": own});
    let moved = app
        .patch(&path(&replaced), &body)
        .await
        .json(StatusCode::OK);
    assert!(moved.get("secret").is_none() && moved["secret_rotated_at"].is_string());
    arrives(&app, &replaced, &new, own).await;
    assert!(!fits(new.received().last().unwrap(), SECRET));
    // None: a new one, which this answer alone shows.
    let made = create().await;
    let body = json!({"url": new.url("/made")});
    let moved = app.patch(&path(&made), &body).await.json(StatusCode::OK);
    let fresh = moved["secret"].as_str().unwrap();
    assert_ne!(fresh, SECRET);
    arrives(&app, &made, &new, fresh).await;
    assert!(!fits(new.received().last().unwrap(), SECRET));
    let shown = app.get(&path(&made)).await.json(StatusCode::OK);
    assert!(shown.get("secret").is_none() && shown["secret_rotated_at"].is_string());
    // What is no secret is refused, and at the old place it is not the place to say one.
    for (url, secret) in [
        (new.url("/x"), json!("short")),
        (old.url("/x"), given["secret"].clone()),
    ] {
        let webhook = create().await;
        let body = json!({"url": url, "secret": secret});
        app.patch(&path(&webhook), &body).await.invalid("secret");
    }
    let log = app.get("/api/v1/audit-log").await;
    assert!(log.text.contains("webhook.rotate_secret"), "{}", log.text);
}

#[tokio::test]
async fn a_dialect_moves_no_credential_either_and_shows_the_new_secret_once() {
    let app = TestApp::start().await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let token = app.key(&[Scope::WebhooksRead, Scope::WebhooksWrite]).await;
    let ask = |method: Method, path: String, body: Value| {
        let call = app.anonymous(method, &format!("/indigiarmor/v1/webhooks{path}"));
        call.bearer(&token).json(&body).send()
    };
    let made = ask(Method::POST, String::new(), json!({"url": old.url("/")})).await;
    let made = made.json(StatusCode::CREATED);
    let uuid = format!("/{}", made["webhook"]["id"].as_str().unwrap());
    let listed = app.get(WEBHOOKS).await.json(StatusCode::OK);
    let native = path(&listed["data"][0]);
    for (method, place) in [
        (Method::PUT, new.url("/put")),
        (Method::PATCH, old.url("/patch")),
    ] {
        let credential = json!({"headers": {"x-api-key": "k-1"}});
        app.patch(&native, &credential).await.json(StatusCode::OK);
        let body = json!({ "url": place });
        let refused = ask(method.clone(), uuid.clone(), body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains("x-api-key"), "{}", refused.text);
        let without = json!({"headers": {}});
        app.patch(&native, &without).await.json(StatusCode::OK);
        let moved = ask(method, uuid.clone(), body).await.json(StatusCode::OK);
        assert_eq!(moved["webhook"]["url"], place);
        assert!(moved["webhook"]["secret"].is_string(), "{moved}");
        assert_ne!(moved["webhook"]["secret"], made["webhook"]["secret"]);
    }
}

#[tokio::test]
async fn the_dashboard_says_beside_the_headers_which_are_needed_again_and_shows_the_new_secret() {
    let desk = Desk::open().await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let webhook = create(&desk.app, &old.url("/hook")).await;
    let page = format!("/webhooks/{}", webhook["id"].as_str().unwrap());
    let edit = format!("{page}/edit");
    let elsewhere = new.url("/hook");
    let send = async |headers: &str, secret: &str| {
        let fields = [
            ("url", &elsewhere[..]),
            ("event_types", "*"),
            ("profile", "standard"),
            ("format", "json"),
            ("headers", headers),
            ("retry", "profile"),
            ("secret", secret),
        ];
        desk.post(&edit, &fields).await
    };
    let refused = send("authorization: ***\nx-env: prod", "").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fault = between(&refused.text, "id=\"headers-fault\"", "</div>");
    assert!(
        fault.contains("authorization") && !fault.contains("x-env"),
        "{fault}"
    );
    let moved = send("authorization: Bearer new", "").await;
    let (place, shown) = desk.follow(&moved).await;
    assert_eq!(place, format!("{page}/settings"));
    assert!(shown.contains("Shown only now"), "{shown}");
    let secret = between(&shown, "title=\"whsec_", "\"").to_owned();
    arrives(&desk.app, &webhook, &new, &format!("whsec_{secret}")).await;
    // Moved on by who knows the secret, it keeps it.
    let further = old.url("/back");
    let fields = [
        ("url", &further[..]),
        ("event_types", "*"),
        ("profile", "standard"),
        ("format", "json"),
        ("retry", "profile"),
        ("secret", &*format!("whsec_{secret}")),
    ];
    let (_, shown) = desk.follow(&desk.post(&edit, &fields).await).await;
    assert!(!shown.contains("Shown only now"), "{shown}");
    arrives(&desk.app, &webhook, &old, &format!("whsec_{secret}")).await;
}

#[tokio::test]
async fn what_a_profile_says_in_headers_is_asked_of_nobody() {
    let app = TestApp::start().await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let body = json!({"url": old.url("/"), "profile": "airmy", "event_types": ["*"]});
    let webhook = app.post(WEBHOOKS, &body).await;
    let webhook = webhook.json(StatusCode::CREATED);
    let moved = app
        .patch(&path(&webhook), &json!({"url": new.url("/")}))
        .await;
    let moved = moved.json(StatusCode::OK);
    assert_ne!(moved["secret"], webhook["secret"]);
    // Together with its profile: the new secret is one of the new profile's.
    let body = json!({"url": old.url("/"), "profile": "standard"});
    let moved = app.patch(&path(&webhook), &body).await.json(StatusCode::OK);
    let secret = moved["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"), "{secret}");
    arrives(&app, &webhook, &old, secret).await;
}

#[tokio::test]
async fn the_present_secret_cannot_sign_with_another_kind_of_signature() {
    let app = TestApp::start().await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let body = json!({"url": old.url("/hook"), "event_types": ["*"], "secret": SECRET});
    let webhook = app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED);
    let both = json!({"url": new.url("/hook"), "secret": SECRET, "signature": "ed25519"});
    app.patch(&path(&webhook), &both).await.invalid("secret");
    let made_anew = json!({"url": new.url("/hook"), "signature": "ed25519"});
    let changed = app.patch(&path(&webhook), &made_anew).await;
    let changed = changed.json(StatusCode::OK);
    assert_eq!(changed["signature"], "ed25519", "{changed}");
    assert!(changed["secret"].as_str().unwrap().starts_with("whpk_"));
}
