//! Texts that go out in the place of a payload, and the native events that they are.

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
