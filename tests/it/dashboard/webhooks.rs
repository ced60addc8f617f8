//! `/webhooks`

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use hookpost::domain::role::Role;

use super::{Desk, between, sign_in};
use crate::dialects::verify::published_snippet_judges;
use crate::receiver::{Receiver, Reply};

async fn register(desk: &Desk, url: &str) -> String {
    let answer = desk
        .post(
            "/webhooks",
            &[("url", url), ("label", "Shop"), ("event_types", "*")],
        )
        .await;
    let (place, _) = desk.follow(&answer).await;
    place
}

#[tokio::test]
async fn a_webhook_is_registered_and_its_secret_is_shown_once() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    assert!(desk.get("/webhooks").await.contains("No webhook yet"));
    let url = receiver.url("/hook");
    let fields = [
        ("url", url.as_str()),
        ("label", "Shop <b>"),
        ("event_types", "order.*\nuser.created"),
        ("profile", "standard"),
        ("headers", "x-env: prod\nAuthorization: Bearer s3cret"),
        ("retry", "custom"),
        ("delays", "1s, 5s"),
        ("timeout", "3s"),
        ("active", "on"),
    ];
    let answer = desk.post("/webhooks", &fields).await;
    let (place, page) = desk.follow(&answer).await;
    assert!(
        page.contains("Shown only now") && page.contains("whsec_"),
        "{page}"
    );
    assert!(page.contains("Shop &#60;b&#62;") && !page.contains("s3cret"));
    let again = desk.get(&place).await;
    assert!(!again.contains("Shown only now"));
    let id = place.trim_start_matches("/webhooks/");
    let stored = desk
        .app
        .get(&format!("/api/v1/webhooks/{id}"))
        .await
        .json(StatusCode::OK);
    assert_eq!(stored["event_types"], json!(["order.*", "user.created"]));
    assert_eq!(stored["retry_policy"]["delays"], json!(["1s", "5s"]));
    assert_eq!(stored["timeout"], "3s");
    assert!(desk.get("/webhooks").await.contains("Shop &#60;b&#62;"));
}

#[tokio::test]
async fn bad_input_is_kept_and_each_error_stands_beside_its_field() {
    let desk = Desk::open().await;
    let fields = [
        ("url", "ftp://\"><script>"),
        ("label", "Kept label"),
        ("event_types", "order.paid"),
        ("max_in_flight", "many"),
        ("metadata", "[1]"),
    ];
    let answer = desk.post("/webhooks", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = &answer.text;
    assert!(page.contains("value=\"Kept label\""));
    assert!(page.contains("id=\"max_in_flight-fault\"") && page.contains("id=\"metadata-fault\""));
    assert!(!page.contains("<script>"), "{page}");
    let fields = [("url", "http://10.0.0.1/"), ("event_types", "order paid!")];
    let answer = desk.post("/webhooks", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let described = between(&answer.text, "name=\"url\"", ">");
    assert!(described.contains("aria-invalid=\"true\""), "{described}");
    assert!(described.contains("url-fault"), "{described}");
}

#[tokio::test]
async fn settings_are_changed_and_masked_headers_stay() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let body =
        json!({"url": receiver.url("/"), "event_types": ["*"], "headers": {"x-api-key": "k"}});
    let made = desk
        .app
        .post("/api/v1/webhooks", &body)
        .await
        .json(StatusCode::CREATED);
    let id = made["id"].as_str().unwrap();
    let page = desk.get(&format!("/webhooks/{id}/edit")).await;
    assert!(page.contains("x-api-key: ***"), "{page}");
    let url = receiver.url("/");
    let fields = [
        ("url", url.as_str()),
        ("label", "New name"),
        ("event_types", "a.b"),
        ("headers", "x-api-key: ***\nx-two: 2"),
        ("retry", "profile"),
        ("metadata", "{\"a\":1}"),
    ];
    let answer = desk.post(&format!("/webhooks/{id}/edit"), &fields).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(
        page.contains("New name") && page.contains("Saved"),
        "{page}"
    );
    let stored = desk
        .app
        .get(&format!("/api/v1/webhooks/{id}"))
        .await
        .json(StatusCode::OK);
    assert_eq!(stored["headers"], json!({"x-api-key": "***", "x-two": "2"}));
    assert_eq!(stored["disable_after"], Value::Null);
}

#[tokio::test]
async fn a_test_shows_its_result_in_place() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let place = register(&desk, &receiver.url("/")).await;
    let answer = desk.post(&format!("{place}/test"), &[]).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(
        page.contains("The test arrived.") && page.contains("answered 200"),
        "{page}"
    );
    receiver.answer(Reply::status(500));
    let answer = desk.post(&format!("{place}/test"), &[("data", "{}")]).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(
        page.contains("The test failed.") && page.contains("answered 500"),
        "{page}"
    );
    let answer = desk.post(&format!("{place}/test"), &[("data", "{")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fault = between(&answer.text, "id=\"data-fault\"", "</div>");
    assert!(fault.contains("is not JSON"), "{fault}");
    assert!(answer.text.contains(">\n{</textarea>"), "{}", answer.text);
}

#[tokio::test]
async fn a_webhook_is_disabled_enabled_rotated_and_revoked_by_name() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let place = register(&desk, &receiver.url("/")).await;
    let step = async |action: &str, fields: &[(&str, &str)]| {
        let answer = desk.post(&format!("{place}/{action}"), fields).await;
        desk.follow(&answer).await.1
    };
    let asked = desk.post(&format!("{place}/disable"), &[]).await.text;
    assert!(asked.contains("0 deliveries that are waiting"), "{asked}");
    let sure = [("confirmed", "yes")];
    assert!(
        step("disable", &sure)
            .await
            .contains("a person disabled it")
    );
    assert!(step("enable", &[]).await.contains("Enabled"));
    let page = step("rotate-secret", &[("overlap", "1h")]).await;
    assert!(
        page.contains("Shown only now") && page.contains("valid until"),
        "{page}"
    );
    assert!(
        step("revoke", &[("confirm", "Shup")])
            .await
            .contains("Nothing was done")
    );
    let page = step("revoke", &[("confirm", "Shop")]).await;
    assert!(page.contains("Revoked for good"), "{page}");
    let refused = step("enable", &[]).await;
    assert!(refused.contains("Not done"), "{refused}");
    let (list, _) = {
        let answer = desk
            .post(&format!("{place}/delete"), &[("confirm", "Shop")])
            .await;
        desk.follow(&answer).await
    };
    assert_eq!(list, "/webhooks");
    let gone = desk.ask(Method::GET, &place).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_section_has_an_address_and_those_that_a_webhook_lacks_lead_to_its_page() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let place = register(&desk, &receiver.url("/")).await;
    desk.get(&place).await;
    for (section, shows) in [
        ("", "Latest deliveries"),
        ("/settings", "Danger zone"),
        ("/test", "One attempt, recorded, never retried"),
        ("/verify", "npm install standardwebhooks"),
        ("/secret", "never rotated"),
        ("/recover", "Puts back in line what it did not get"),
    ] {
        let page = desk.get(&format!("{place}{section}")).await;
        assert!(page.contains(shows), "{section}: {page}");
        let current = format!("href=\"{place}{section}\" aria-current=\"page\"");
        assert!(page.contains(&current), "{section}");
    }
    let old = [("confirm", "Shop")];
    let revoked = desk.post(&format!("{place}/revoke"), &old).await;
    desk.follow(&revoked).await;
    for gone in ["/test", "/secret", "/recover"] {
        let answer = desk.ask(Method::GET, &format!("{place}{gone}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{gone}");
        assert_eq!(answer.header("location"), place, "{gone}");
    }
    let viewer = sign_in(&desk.app, "bob@example.com", Role::Viewer).await;
    let call = desk.app.anonymous(Method::GET, &place);
    let call = call.header("cookie", &viewer).header("accept", "text/html");
    let page = call.send().await.text;
    assert!(page.contains(&format!("{place}/verify")));
    assert!(!page.contains(&format!("{place}/recover")), "{page}");
}

#[tokio::test]
async fn the_published_libraries_snippets_tell_a_delivery_from_a_forged_one() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url("/"), "event_types": ["*"]});
    let made = desk.app.post("/api/v1/webhooks", &body).await;
    let made = made.json(StatusCode::CREATED);
    let (id, secret) = (
        made["id"].as_str().unwrap(),
        made["secret"].as_str().unwrap(),
    );
    let event = json!({"type": "order.paid", "data": {"id": 7}});
    let published = desk.app.post("/api/v1/events", &event).await;
    published.json(StatusCode::ACCEPTED);
    let delivery = receiver.wait_for(1).await.remove(0);
    let page = desk.get(&format!("/webhooks/{id}/verify")).await;
    for library in ["standardwebhooks", "svix"] {
        for language in ["Node", "Python"] {
            let named = format!("aria-label=\"{language}, {library}\"");
            let code = between(&page, &named, "</pre>").trim_start_matches('>');
            published_snippet_judges(language, &plain(code), secret, &delivery);
        }
    }
    let armalo = json!({"url": receiver.url("/"), "event_types": ["*"], "profile": "armalo"});
    let made = desk.app.post("/api/v1/webhooks", &armalo).await;
    let made = made.json(StatusCode::CREATED);
    let verify = format!("/webhooks/{}/verify", made["id"].as_str().unwrap());
    let page = desk.get(&verify).await;
    assert!(!page.contains("standardwebhooks"), "{page}");
}

/// Text as it was before it became HTML.
fn plain(html: &str) -> String {
    let marks = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ];
    marks.iter().fold(html.to_owned(), |text, (mark, plain)| {
        text.replace(mark, plain)
    })
}
