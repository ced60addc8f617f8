//! A customer says where it is told that its webhooks need it.

use reqwest::StatusCode;
use serde_json::json;

use super::Guest;

#[tokio::test]
async fn a_customer_says_where_it_is_told_and_the_platform_sees_it() {
    let guest = Guest::come_in().await;
    let empty = guest.get("/portal/alerts").await;
    assert!(empty.contains("Where you are told"), "{empty}");
    let fields = [
        ("email", "ops@acme.example"),
        ("url", "http://127.0.0.1:9000/alerts"),
    ];
    let saved = guest.post("/portal/alerts", &fields).await;
    let (place, page) = guest.follow(&saved).await;
    assert_eq!(place, "/portal/alerts");
    assert!(
        page.contains("Saved.") && page.contains("ops@acme.example"),
        "{page}"
    );
    let consumer = guest.app.get("/api/v1/consumers/acme").await;
    let consumer = consumer.json(StatusCode::OK);
    assert_eq!(consumer["alert_email"], "ops@acme.example");
    assert_eq!(consumer["alert_url"], "http://127.0.0.1:9000/alerts");
    assert_eq!(consumer["name"], "Acme");
    for (field, wrong) in [("email", "nobody"), ("url", "http://10.0.0.1/")] {
        let refused = guest.post("/portal/alerts", &[(field, wrong)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(
            refused.text.contains(&format!("id=\"{field}-fault\"")),
            "{}",
            refused.text
        );
    }
    let cleared = guest
        .post("/portal/alerts", &[("email", ""), ("url", "")])
        .await;
    guest.follow(&cleared).await;
    let consumer = guest.app.get("/api/v1/consumers/acme").await;
    let consumer = consumer.json(StatusCode::OK);
    assert_eq!(
        (&consumer["alert_email"], &consumer["alert_url"]),
        (&json!(null), &json!(null))
    );
    let log = guest.app.get("/api/v1/audit-log?limit=10").await;
    let log = log.json(StatusCode::OK);
    let own = |entry: &&serde_json::Value| {
        entry["action"] == "consumer.update" && entry["actor"]["kind"] == "consumer"
    };
    assert!(
        log["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| own(&entry)),
        "{log:#}"
    );
}
