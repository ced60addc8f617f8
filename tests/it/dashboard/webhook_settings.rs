//! What a webhook sends, how and with which proof, set without a script and seen before it is sent.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Desk;
use crate::receiver::Receiver;

/// Registers a webhook with more settings; answers its page's place.
async fn register(desk: &Desk, url: &str, more: &[(&str, &str)]) -> String {
    let own = [("url", url), ("event_types", "order.*"), ("active", "on")];
    let answer = desk.post("/webhooks", &[&own[..], more].concat()).await;
    let (place, _) = desk.follow(&answer).await;
    assert!(place.starts_with("/webhooks/wh_"), "{}", answer.text);
    place
}

async fn stored(desk: &Desk, place: &str) -> Value {
    let answer = desk.app.get(&format!("/api/v1{place}")).await;
    answer.json(StatusCode::OK)
}

async fn publish(desk: &Desk, id: &str, data: Value) {
    let event = json!({"type": "order.paid", "id": id, "data": data});
    let answer = desk.app.post("/api/v1/events", &event).await;
    answer.json(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_proof_is_set_never_shown_and_kept_where_its_field_is_left_empty() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let url = receiver.url("/");
    let basic = [
        ("auth_type", "basic"),
        ("auth_username", "ada"),
        ("auth_password", "s3cret-word"),
    ];
    let place = register(&desk, &url, &basic).await;
    let edit = format!("{place}/edit");
    for path in [&place, &edit] {
        let page = desk.get(path).await;
        assert!(!page.contains("s3cret-word"), "{path}");
    }
    assert!(desk.get(&edit).await.contains("value=\"ada\""));
    let kept = [
        ("url", url.as_str()),
        ("event_types", "order.*"),
        ("auth_type", "basic"),
        ("auth_username", "bob"),
        ("auth_password", ""),
    ];
    desk.follow(&desk.post(&edit, &kept).await).await;
    publish(&desk, "a", json!({})).await;
    let sent = receiver.wait_for(1).await;
    // bob:s3cret-word
    assert_eq!(
        sent[0].header("authorization"),
        "Basic Ym9iOnMzY3JldC13b3Jk"
    );
    let none = [
        ("url", url.as_str()),
        ("event_types", "order.*"),
        ("auth_type", "none"),
    ];
    desk.follow(&desk.post(&edit, &none).await).await;
    assert_eq!(stored(&desk, &place).await["auth"], Value::Null);
}

#[tokio::test]
async fn each_sort_of_proof_has_its_fields_and_a_fault_stands_beside_its_own() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let url = receiver.url("/");
    let oauth2 = [
        ("auth_type", "oauth2"),
        ("auth_token_url", &*receiver.url("/token")),
        ("auth_client_id", "me"),
        ("auth_client_secret", "s3cret-word"),
        ("auth_scope", "hooks"),
        ("auth_username", "of another sort"),
    ];
    let place = register(&desk, &url, &oauth2).await;
    let auth = &stored(&desk, &place).await["auth"];
    assert_eq!(
        (&auth["type"], &auth["scope"]),
        (&json!("oauth2"), &json!("hooks"))
    );
    let bearer = [("auth_type", "bearer"), ("auth_token", "t0ken-word")];
    let place = register(&desk, &url, &bearer).await;
    assert_eq!(stored(&desk, &place).await["auth"]["token"], "***");
    let check = async |more: &[(&str, &str)], field: &str| {
        let own = [("url", url.as_str()), ("event_types", "order.*")];
        let answer = desk.post("/webhooks", &[&own[..], more].concat()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{more:?}");
        assert!(
            answer.text.contains(&format!("id=\"{field}-fault\"")),
            "{more:?}"
        );
        assert!(!answer.text.contains("s3cret-word"), "{more:?}");
    };
    check(
        &[("auth_type", "basic"), ("auth_password", "s3cret-word")],
        "auth_username",
    )
    .await;
    check(&[("auth_type", "bearer")], "auth_token").await;
    check(
        &[("auth_type", "oauth2"), ("auth_client_id", "x")],
        "auth_token_url",
    )
    .await;
    let key = ("auth_private_key", "s3cret-word");
    check(
        &[("auth_type", "mtls"), ("auth_certificate", "no PEM"), key],
        "auth_certificate",
    )
    .await;
    check(&[("ca", "no PEM")], "ca").await;
}

#[tokio::test]
async fn batches_and_an_order_by_a_value_are_set_shown_and_taken_away() {
    let desk = Desk::open().await;
    let url = Receiver::start().await.url("/");
    let more = [
        ("batch_max", "50"),
        ("batch_wait", "2s"),
        ("ordered_by", "/data/customer"),
    ];
    let place = register(&desk, &url, &more).await;
    let set = stored(&desk, &place).await;
    assert_eq!(set["batch"], json!({"max": 50, "wait": "2s"}));
    assert_eq!(set["ordered_by"], "/data/customer");
    let page = desk.get(&format!("{place}/settings")).await;
    assert!(
        page.contains("up to 50 in one request, after 2s at most"),
        "{page}"
    );
    let edit = format!("{place}/edit");
    let own = [("url", url.as_str()), ("event_types", "order.*")];
    desk.follow(&desk.post(&edit, &own).await).await;
    let unset = stored(&desk, &place).await;
    assert_eq!(
        (&unset["batch"], &unset["ordered_by"]),
        (&Value::Null, &Value::Null)
    );
    for (field, wrong) in [
        ("batch_max", ("batch_wait", "2s")),
        ("batch_wait", ("batch_max", "50")),
    ] {
        let answer = desk.post(&edit, &[&own[..], &[wrong]].concat()).await;
        assert!(
            answer.text.contains(&format!("id=\"{field}-fault\"")),
            "{field}"
        );
    }
}

#[tokio::test]
async fn a_ready_template_is_chosen_and_its_request_seen_against_a_recent_event() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let url = receiver.url("/hook");
    let more = [
        ("ready", "ntfy"),
        ("filter", "{\"data.amount\": {\"$gte\": 100}}"),
    ];
    let place = register(&desk, &url, &more).await;
    assert!(stored(&desk, &place).await["template"].is_object());
    publish(&desk, "fits", json!({"amount": 100})).await;
    publish(&desk, "does-not", json!({"amount": 1})).await;
    receiver.wait_for(1).await;
    let path = format!("{place}/preview");
    let latest = desk.post(&path, &[]).await;
    assert_eq!(latest.status, StatusCode::OK, "{}", latest.text);
    assert!(
        latest.text.contains("It would not get this event:"),
        "{}",
        latest.text
    );
    assert!(latest.text.contains("data.amount"), "{}", latest.text);
    let fits = desk.post(&path, &[("event_id", "fits")]).await;
    assert!(
        fits.text.contains("It would get this event."),
        "{}",
        fits.text
    );
    assert!(fits.text.contains("webhook-signature"), "{}", fits.text);
    assert!(fits.text.contains(&format!("POST {url}")), "{}", fits.text);
    let test = desk.post(&path, &[("event_id", "*")]).await;
    assert_eq!(test.status, StatusCode::OK);
    assert_eq!(receiver.received().len(), 1, "nothing was sent");
}

#[tokio::test]
async fn how_long_data_is_kept_is_a_field_of_the_workspaces_settings() {
    let desk = Desk::open().await;
    let fields = [
        ("name", "default"),
        ("plan", "pro"),
        ("profile", "standard"),
    ];
    let keep = async |said: &str| {
        let answer = desk
            .post("/settings", &[&fields[..], &[("keep_data", said)]].concat())
            .await;
        (answer.status, answer.text)
    };
    assert_eq!(keep("until_delivered").await.0, StatusCode::SEE_OTHER);
    assert!(
        desk.get("/settings")
            .await
            .contains("value=\"until_delivered\"")
    );
    assert_eq!(keep("").await.0, StatusCode::SEE_OTHER);
    assert!(desk.get("/settings").await.contains("value=\"retention\""));
    let (status, text) = keep("forever").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("id=\"keep_data-fault\""), "{text}");
}

#[tokio::test]
async fn events_are_erased_after_their_number_was_confirmed() {
    let desk = Desk::open().await;
    for id in ["a", "b"] {
        publish(&desk, id, json!({"who": "ada"})).await;
    }
    let other = json!({"type": "user.left", "id": "c", "data": {}});
    let answer = desk.app.post("/api/v1/events", &other).await;
    answer.json(StatusCode::ACCEPTED);
    let page = desk.get("/events?type=order.paid").await;
    assert!(page.contains("Erase the data of all that match"), "{page}");
    let asked = desk.post("/events/erase", &[("type", "order.paid")]).await;
    assert!(
        asked.text.contains("Erase the data of 2 events?"),
        "{}",
        asked.text
    );
    let yes = [("type", "order.paid"), ("confirmed", "yes")];
    let (job, _) = desk.follow(&desk.post("/events/erase", &yes).await).await;
    assert!(job.starts_with("/jobs/job_"), "{job}");
    desk.app
        .poll(&format!("/api/v1{job}"), |job| job["status"] == "done")
        .await;
    let erased = async |id: &str| {
        let event = desk.app.get(&format!("/api/v1/events/{id}")).await;
        event.json(StatusCode::OK)["erased_at"].is_string()
    };
    assert!(erased("a").await && erased("b").await && !erased("c").await);
}
