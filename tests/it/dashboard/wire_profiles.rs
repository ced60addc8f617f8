//! `/wire-profiles`

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::Desk;
use crate::receiver::Receiver;

#[tokio::test]
async fn a_profile_of_the_gallery_is_added_and_webhooks_may_have_it() {
    let desk = Desk::open().await;
    let settings = desk.get("/settings").await;
    assert!(settings.contains("href=\"/wire-profiles\""), "{settings}");
    let page = desk.get("/wire-profiles").await;
    let add = "name=\"name\" value=\"github\"";
    assert!(page.contains(add) && page.contains("standard"), "{page}");
    let answer = desk.post("/wire-profiles", &[("name", "github")]).await;
    let (place, page) = desk.follow(&answer).await;
    assert_eq!(place, "/wire-profiles");
    assert!(
        page.contains("github was added") && !page.contains(add),
        "{page}"
    );
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url("/"), "event_types": ["*"], "profile": "github"});
    let made = desk.app.post("/api/v1/webhooks", &body).await;
    made.json(StatusCode::CREATED);
    let again = desk.post("/wire-profiles", &[("name", "github")]).await;
    let (_, page) = desk.follow(&again).await;
    assert!(
        page.contains("there is a profile called github already"),
        "{page}"
    );
    let unknown = desk.post("/wire-profiles", &[("name", "nobody")]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let unasked = desk.ask(Method::GET, "/wire-profiles?x=1").await;
    assert_eq!(unasked.status, StatusCode::UNPROCESSABLE_ENTITY);
}
