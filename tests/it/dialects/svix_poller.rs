//! Polling endpoints, as the later generation of Svix's clients asks for them: with offsets.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::svix::{svix, with_application};

#[tokio::test]
async fn a_consumer_commits_an_offset_and_gets_what_lies_behind_it() {
    let (app, _receiver) = with_application().await;
    let hook = json!({"kind": "poll", "event_types": ["*"], "consumer": "a",
        "template": {"n": "{{ /data/n }}", "by": "template"}});
    let made = app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    let sink = made["id"].as_str().unwrap().replace("wh_", "ep_");
    let send = async |n: u32| {
        let body = json!({"eventType": "t", "payload": {"n": n}, "eventId": format!("e.{n}")});
        let sent = svix(&app, Method::POST, "/app/a/msg", body).await;
        sent.json(StatusCode::ACCEPTED)
    };
    let sent = [send(1).await, send(2).await];
    let base = format!("/app/a/polling-endpoint/{sink}/consumer");
    let poll = async |who: &str| {
        let path = format!("{base}/{who}");
        svix(&app, Method::GET, &path, Value::Null)
            .await
            .json(StatusCode::OK)
    };
    let page = poll("one?limit=1&lease_duration_ms=1000").await;
    assert_eq!(page["done"], false);
    let first = &page["data"][0];
    assert_eq!(
        (&first["id"], &first["eventId"]),
        (&sent[0]["id"], &json!("e.1"))
    );
    assert_eq!(first["payload"], json!({"n": 1, "by": "template"}));
    let commit = json!({"offset": first["offset"]});
    let committed = svix(&app, Method::POST, &format!("{base}/one/commit"), commit).await;
    assert_eq!(committed.status, StatusCode::NO_CONTENT);
    let rest = poll("one").await;
    assert_eq!(
        (&rest["data"][0]["id"], &rest["done"]),
        (&sent[1]["id"], &json!(true))
    );
    let late = poll("late?starting_position=latest").await;
    assert_eq!(late["data"], json!([]));
    let third = send(3).await;
    let late = poll("late?starting_position=latest").await;
    assert_eq!(late["data"][0]["id"], third["id"]);
    let ahead = json!({"offset": 1_000_000});
    let ahead = svix(&app, Method::POST, &format!("{base}/one/commit"), ahead).await;
    assert_eq!(ahead.status, StatusCode::UNPROCESSABLE_ENTITY);
}
