//! Texts that go out in the place of a payload, how long payloads are kept, and the native events that they are.

use std::time::Duration;

use hookpost::domain::time::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::svix::{svix, with_application};
use super::verify::accepted_everywhere;

#[tokio::test]
async fn a_raw_payload_is_what_receivers_get_signed_and_under_its_own_type() {
    let (app, receiver) = with_application().await;
    let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let hook = json!({"url": receiver.url("/"), "uid": "main", "secret": secret});
    let made = svix(&app, Method::POST, "/app/a/endpoint", hook).await;
    made.json(StatusCode::CREATED);
    let xml = json!({"content-type": "application/xml; charset=utf-8"});
    let plain = json!({"Content-Type": "text/plain"});
    for (count, (text, headers, kind, shown)) in [
        (
            "<a>\u{e9}\n\"</a>",
            xml,
            "application/xml; charset=utf-8",
            json!({"rawPayload": "<a>\u{e9}\n\"</a>"}),
        ),
        (
            "{ \"n\" : 1.50 }",
            Value::Null,
            "application/json",
            json!({"n": 1.5}),
        ),
        (
            "[1",
            json!({}),
            "application/json",
            json!({"rawPayload": "[1"}),
        ),
        ("", plain, "text/plain", json!({"rawPayload": ""})),
    ]
    .into_iter()
    .enumerate()
    {
        let given = json!({"rawPayload": text, "headers": headers, "later": 1});
        let sent = json!({"eventType": "t", "payload": {}, "transformationsParams": given});
        let sent = svix(&app, Method::POST, "/app/a/msg", sent).await;
        let sent = sent.json(StatusCode::ACCEPTED);
        assert_eq!(sent["payload"], shown);
        let received = receiver.wait_for(count + 1).await.remove(count);
        assert_eq!(String::from_utf8_lossy(&received.body), text);
        assert_eq!(received.header("content-type"), kind);
        // The clients' own verifiers read JSON only.
        if text.starts_with('{') {
            accepted_everywhere("svix", secret, &received.without("webhook-"));
        }
        let path = format!("/app/a/msg/{}", sent["id"].as_str().unwrap());
        let found = svix(&app, Method::GET, &path, Value::Null).await;
        assert_eq!(found.json(StatusCode::OK)["payload"], shown);
        let raw = svix(&app, Method::GET, &format!("{path}/raw"), Value::Null).await;
        assert_eq!(raw.json(StatusCode::OK)["payload"], text);
    }
}

#[tokio::test]
async fn a_text_with_a_content_type_goes_out_as_itself_where_data_goes_out_alone() {
    let (app, receiver) = with_application().await;
    let hook = |more: Value| {
        let mut hook = json!({"url": receiver.url("/"), "event_types": ["*"]});
        hook.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        hook
    };
    for more in [
        json!({"url": receiver.url("/alone"), "format": "data"}),
        json!({"url": receiver.url("/envelope")}),
        json!({"url": receiver.url("/batch"), "format": "data", "batch": {"max": 1, "wait": "1s"}}),
        json!({"url": receiver.url("/template"), "format": "data", "template": {"t": "{{ /data }}"}}),
    ] {
        let made = app.post("/api/v1/webhooks", &hook(more)).await;
        made.json(StatusCode::CREATED);
    }
    let event = json!({"type": "t", "data": "<a/>", "content_type": "text/xml", "id": "x-1"});
    let sent = app.post("/api/v1/events", &event).await;
    sent.json(StatusCode::ACCEPTED);
    let got = receiver.wait_for(4).await;
    let at = |path: &str| got.iter().find(|one| one.path == path).unwrap();
    let text = |path: &str| String::from_utf8_lossy(&at(path).body).into_owned();
    assert_eq!(
        (text("/alone").as_str(), at("/alone").header("content-type")),
        ("<a/>", "text/xml")
    );
    assert!(text("/envelope").ends_with("\"data\":\"<a/>\"}"));
    assert_eq!(text("/batch"), "[\"<a/>\"]");
    assert_eq!(text("/template"), "{\"t\":\"<a/>\"}");
    for path in ["/envelope", "/batch", "/template"] {
        assert_eq!(
            at(path).header("content-type"),
            "application/json",
            "{path}"
        );
    }
    let shown = app.get("/api/v1/events/x-1").await.json(StatusCode::OK);
    assert_eq!(
        (&shown["data"], &shown["content_type"]),
        (&json!("<a/>"), &json!("text/xml"))
    );
    let same = app.post("/api/v1/events", &event).await;
    same.json(StatusCode::OK);
    let other = json!({"type": "t", "data": "<a/>", "content_type": "text/plain", "id": "x-1"});
    app.post("/api/v1/events", &other)
        .await
        .problem(409, "conflict");
    for (field, data, content_type) in [
        ("data", json!({}), "text/xml"),
        ("content_type", json!("x"), "xml"),
        ("content_type", json!("x"), "text/xml\r\nx: y"),
    ] {
        let wrong = json!({"type": "t", "data": data, "content_type": content_type});
        app.post("/api/v1/events", &wrong).await.invalid(field);
    }
}

#[tokio::test]
async fn a_payload_is_kept_for_the_days_or_hours_that_were_said() {
    let (app, _receiver) = with_application().await;
    let send = async |more: Value| {
        let mut message = json!({"eventType": "t", "payload": {}});
        let own = message.as_object_mut().unwrap();
        own.extend(more.as_object().unwrap().clone());
        svix(&app, Method::POST, "/app/a/msg", message).await
    };
    let (days, hours) = ("payloadRetentionPeriod", "payloadRetentionHours");
    for (field, said, kept) in [
        (days, 5, 5 * 24),
        (days, 90, 90 * 24),
        (hours, 1, 1),
        (hours, 2160, 2160),
    ] {
        let sent = send(json!({field: said})).await.json(StatusCode::ACCEPTED);
        let path = format!("/api/v1/events/{}", sent["id"].as_str().unwrap());
        let event = app.get(&path).await.json(StatusCode::OK);
        let at = |member: &str| Timestamp::parse(event[member].as_str().unwrap()).unwrap();
        let long = at("keep_data_until").since(at("created_at"));
        assert_eq!(long, Duration::from_secs(kept * 3600), "{field} {said}");
    }
    for (field, wrong, message) in [
        (days, json!({days: 4}), "must be from 5 to 90 days"),
        (days, json!({days: 91}), "must be from 5 to 90 days"),
        (hours, json!({hours: 0}), "must be from 1 to 2160 hours"),
        (hours, json!({hours: 2161}), "must be from 1 to 2160 hours"),
        (hours, json!({days: 5, hours: 1}), "can't be given together"),
    ] {
        let told = send(wrong).await.json(StatusCode::UNPROCESSABLE_ENTITY);
        let fault = &told["detail"][0];
        assert_eq!(fault["loc"], json!(["body", field]));
        assert!(fault["msg"].as_str().unwrap().contains(message), "{told}");
    }
}
