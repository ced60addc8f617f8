//! Cursors belong to the list that gave them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

/// Every list, and how its cursor is spelt.
const LISTS: [&str; 10] = [
    "/api/v1/deliveries",
    "/api/v1/dead-letters",
    "/api/v1/events",
    "/api/v1/webhooks",
    "/api/v1/event-types",
    "/api/v1/workspaces",
    "/api/v1/api-keys",
    "/api/v1/profiles",
    "/api/v1/audit-log",
    "/api/v1/jobs",
];

async fn cursor_of(app: &TestApp, list: &str) -> Option<String> {
    let page = app.get(&format!("{list}?limit=1")).await;
    let cursor: Value = page.json(StatusCode::OK)["next_cursor"].take();
    cursor.as_str().map(str::to_owned)
}

/// Two of everything.
async fn filled(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(400));
    for number in 0..2 {
        let hook = json!({
            "url": receiver.url("/"), "event_types": ["*"], "retry_policy": {"delays": []},
        });
        app.post("/api/v1/webhooks", &hook)
            .await
            .json(StatusCode::CREATED);
        let workspace = json!({"name": format!("w{number}")});
        app.post("/api/v1/workspaces", &workspace)
            .await
            .json(StatusCode::CREATED);
        let key = json!({"name": "k", "workspace": "default", "scopes": ["events:read"]});
        app.post("/api/v1/api-keys", &key)
            .await
            .json(StatusCode::CREATED);
        let event_type = json!({"name": format!("a.b{number}")});
        app.post("/api/v1/event-types", &event_type)
            .await
            .json(StatusCode::CREATED);
        let event = json!({"type": "a.b0", "data": {}});
        app.post("/api/v1/events", &event)
            .await
            .json(StatusCode::ACCEPTED);
        let bulk = json!({"filter": {"event_type": "nothing"}});
        app.post("/api/v1/deliveries/retry", &bulk).await;
    }
    app.poll("/api/v1/dead-letters", |page| {
        page["data"].as_array().unwrap().len() >= 2
    })
    .await;
}

#[tokio::test]
async fn a_cursor_is_taken_by_its_own_list_and_by_no_other() {
    let app = TestApp::start().await;
    filled(&app).await;
    let mut given = Vec::new();
    for list in LISTS {
        if let Some(cursor) = cursor_of(&app, list).await {
            given.push((list, cursor));
        }
    }
    assert!(given.len() >= 9, "{given:?}");
    for (owner, cursor) in &given {
        for list in LISTS {
            let answer = app.get(&format!("{list}?cursor={cursor}")).await;
            if list == *owner {
                answer.json(StatusCode::OK);
            } else {
                answer.invalid("cursor");
            }
        }
    }
}

#[tokio::test]
async fn where_a_consumer_goes_on_polling_is_no_place_of_another_list() {
    let app = TestApp::start().await;
    filled(&app).await;
    let page = app.get("/api/v1/events?order=asc&limit=1").await;
    let page = page.json(StatusCode::OK);
    let after = page["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("/api/v1/events?after={after}")).await;
    assert_eq!(
        rest.json(StatusCode::OK)["data"].as_array().unwrap().len(),
        1
    );
    let foreign = cursor_of(&app, "/api/v1/deliveries").await.unwrap();
    for cursor in [foreign.clone(), format!("a{foreign}")] {
        let answer = app.get(&format!("/api/v1/events?after={cursor}")).await;
        answer.invalid("after");
    }
    // One that was given before cursors named their list.
    let old = app.get("/api/v1/events?after=ac_1").await;
    assert_eq!(
        old.json(StatusCode::OK)["data"].as_array().unwrap().len(),
        1
    );
}
