//! How lists say what they show: names instead of ids, colours for what is not as it should be, columns
//! that rows share, and refreshes of no more than what changed.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Desk, between};
use crate::receiver::{Receiver, Reply};

/// Registers a webhook that gives up at once and answers so; answers its id.
async fn hook(desk: &Desk, receiver: &Receiver, label: &str) -> String {
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "label": label,
        "retry_policy": {"delays": []}});
    let made = desk.app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    made["id"].as_str().unwrap().to_owned()
}

async fn publish(desk: &Desk, count: usize) {
    let events = vec![json!({"type": "order.paid", "data": {}}); count];
    let body = json!({ "events": events });
    let accepted = desk.app.post("/api/v1/events/batch", &body).await;
    assert!(accepted.status.is_success(), "{}", accepted.text);
}

async fn all_tried(desk: &Desk) {
    let tried = |stats: &Value| stats["counts"]["pending"] == 0;
    desk.app.poll("/api/v1/stats", tried).await;
}

#[tokio::test]
async fn a_webhook_of_which_some_attempts_fail_is_not_all_green() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    receiver.script([500, 500].map(Reply::status));
    let id = hook(&desk, &receiver, "Shop").await;
    publish(&desk, 11).await;
    receiver.wait_for(11).await;
    all_tried(&desk).await;
    let list = desk.get("/webhooks").await;
    let figure = "<td class=\"tight r n warn\"><a class=\"over\" href=\"/deliveries?webhook_id=";
    let (_, figure) = list
        .split_once(figure)
        .expect("a rate that leads to its deliveries");
    assert!(
        figure.starts_with(&format!("{id}&amp;last=24h&amp;tests=counted\">81.8 %")),
        "{list}"
    );
    let page = desk.get(&format!("/webhooks/{id}")).await;
    let figure = format!("<dd class=\"n warn\"><a href=\"/deliveries?webhook_id={id}&#38;since=");
    let (_, figure) = page
        .split_once(&figure)
        .expect("a rate that leads to its deliveries");
    assert!(
        figure
            .split_once("\">")
            .is_some_and(|(_, rest)| rest.starts_with("81.8 %")),
        "{page}"
    );
}

#[tokio::test]
async fn attention_and_causes_are_tables_whose_rows_share_columns() {
    let desk = Desk::open().await;
    let (shop, crm) = (Receiver::start().await, Receiver::start().await);
    shop.answer(Reply::status(500));
    crm.answer(Reply::status(410));
    hook(&desk, &shop, "Shop").await;
    hook(&desk, &crm, "CRM").await;
    publish(&desk, 1).await;
    shop.wait_for(1).await;
    crm.wait_for(1).await;
    all_tried(&desk).await;
    for (path, caption) in [
        ("/", "Webhooks that need attention"),
        ("/dead-letters", "Dead letters by webhook and cause"),
    ] {
        let page = desk.get(path).await;
        let table = between(&page, caption, "</table>");
        assert!(table.contains("Shop") && table.contains("CRM"), "{table}");
        let rows = table.split("<tr>").skip(2);
        let cells: Vec<usize> = rows.map(|row| row.matches("<td").count()).collect();
        assert_eq!(cells.len(), 2, "{table}");
        assert_eq!(cells[0], cells[1], "{table}");
    }
}

#[tokio::test]
async fn the_audit_log_calls_webhooks_and_people_by_their_names() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let id = hook(&desk, &receiver, "Shop <b>").await;
    let page = desk.get("/audit-log").await;
    let place = format!("href=\"/webhooks/{id}\" title=\"{id}\">Shop &#60;b&#62;<");
    assert!(page.contains(&place), "{page}");
    assert!(page.contains(">ada@example.com<"), "{page}");
    assert!(page.contains(">session of ada@example.com<"), "{page}");
}

#[tokio::test]
async fn the_audit_log_calls_workspaces_consumers_and_jobs_by_their_names() {
    let desk = Desk::open().await;
    let staging = json!({"name": "staging <b>"});
    let staging = desk.app.post("/api/v1/workspaces", &staging).await;
    let staging = staging.json(StatusCode::CREATED)["id"].clone();
    let acme = json!({"uid": "acme-42", "name": "Acme & Co"});
    let acme = desk.app.post("/api/v1/consumers", &acme).await;
    let acme = acme.json(StatusCode::CREATED)["id"].clone();
    let only = json!({"uid": "only-uid"});
    desk.app.post("/api/v1/consumers", &only).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    hook(&desk, &receiver, "Shop").await;
    publish(&desk, 2).await;
    all_tried(&desk).await;
    let all = json!({"filter": {}});
    let begun = desk.app.post("/api/v1/dead-letters/discard", &all).await;
    let job = begun.json(StatusCode::ACCEPTED)["job_id"].clone();
    let page = desk.get("/audit-log").await;
    for (id, name, leads) in [
        (&staging, "staging &#60;b&#62;", ""),
        (&acme, "Acme &#38; Co", "/consumers/"),
        (&job, "Discarding dead letters", "/jobs/"),
    ] {
        let id = id.as_str().unwrap();
        assert!(page.contains(&format!("title=\"{id}\">{name}<")), "{page}");
        let link = format!("href=\"{leads}{id}\"");
        assert!(leads.is_empty() || page.contains(&link), "{page}");
    }
    assert!(page.contains(">only-uid<"), "{page}");
}

#[tokio::test]
async fn the_audit_logs_detail_has_names_for_ids_and_leaves_out_what_is_nothing() {
    let desk = Desk::open().await;
    let acme = json!({"uid": "acme-42", "name": "Acme & Co"});
    let acme = desk.app.post("/api/v1/consumers", &acme).await;
    let acme = acme.json(StatusCode::CREATED)["id"].clone();
    let workspace = desk.app.default_workspace().to_string();
    for key in [
        json!({"name": "plain", "scopes": ["events:read"], "workspace": "default"}),
        json!({"name": "bound", "scopes": ["events:read"], "workspace": "default", "consumer": "acme-42"}),
    ] {
        let made = desk.app.post("/api/v1/api-keys", &key).await;
        made.json(StatusCode::CREATED);
    }
    let receiver = Receiver::start().await;
    let id = hook(&desk, &receiver, "Shop").await;
    let path = format!("/api/v1/webhooks/{id}/rotate-secret");
    let overlap = json!({"overlap": "90m"});
    desk.app.post(&path, &overlap).await.json(StatusCode::OK);
    let page = desk.get("/audit-log").await;
    let details: Vec<&str> = page
        .split("<td class=\"wide long soft small\">")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect();
    let all = details.join("\n");
    assert!(all.contains("consumer: Acme &#38; Co"), "{all}");
    assert!(
        all.contains("name: plain, scopes: events:read, workspace: default"),
        "{all}"
    );
    assert!(all.contains("overlap: 1 h 30 min"), "{all}");
    for raw in [acme.as_str().unwrap(), &workspace, "none", "null", "{", "["] {
        assert!(!all.contains(raw), "{raw}: {all}");
    }
}

#[tokio::test]
async fn a_refresh_sends_the_regions_that_changed_and_nothing_around_them() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    hook(&desk, &receiver, "Shop").await;
    let ask = |tag: String| {
        let call = desk.app.anonymous(Method::GET, "/webhooks");
        let call = call.header("cookie", &desk.cookie);
        let call = call.header("hookpost-live", "1");
        call.header("if-none-match", &tag).send()
    };
    let first = ask("\"none\"".to_owned()).await;
    let both = first.text.contains("id=\"tabs\"") && first.text.contains("id=\"rows\"");
    assert!(both && !first.text.contains("<html"), "{}", first.text);
    let tag = first.header("etag").to_owned();
    assert_eq!(ask(tag.clone()).await.status, StatusCode::NOT_MODIFIED);
    publish(&desk, 1).await;
    receiver.wait_for(1).await;
    all_tried(&desk).await;
    let changed = ask(tag).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert!(changed.text.contains("id=\"rows\""), "{}", changed.text);
    assert!(!changed.text.contains("id=\"tabs\""), "{}", changed.text);
}
