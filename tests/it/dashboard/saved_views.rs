//! `/saved-views`: lists under a name.

use hookpost::domain::role::Role;
use reqwest::StatusCode;

use super::{Desk, sign_in};

const QUERY: &str = "status=exhausted&event_type=order.*";

fn view<'a>(name: &'a str, query: &'a str) -> [(&'a str, &'a str); 3] {
    [("path", "/deliveries"), ("name", name), ("query", query)]
}

#[tokio::test]
async fn a_narrowed_list_is_kept_under_a_name_and_forgotten() {
    let desk = Desk::open().await;
    assert!(!desk.get("/deliveries").await.contains("Save this view"));
    let narrowed = format!("/deliveries?{QUERY}");
    assert!(desk.get(&narrowed).await.contains("Save this view"));
    let saved = desk
        .post("/saved-views", &view("Orders <gone>", QUERY))
        .await;
    let (place, page) = desk.follow(&saved).await;
    assert_eq!(place, narrowed);
    assert!(page.contains("Orders &#60;gone&#62;") && !page.contains("Save this view"));
    assert!(
        desk.get("/deliveries")
            .await
            .contains("Orders &#60;gone&#62;")
    );
    assert!(!desk.get("/dead-letters").await.contains("Orders"));

    // The same name again means the new query.
    desk.post("/saved-views", &view("Orders <gone>", "status=canceled"))
        .await;
    let page = desk.get("/deliveries").await;
    assert!(page.contains("/deliveries?status=canceled") && !page.contains("order.%2A"));
    let forgotten = [("path", "/deliveries"), ("name", "Orders <gone>")];
    desk.post("/saved-views/forget", &forgotten).await;
    assert!(
        !desk
            .get("/deliveries?status=pending")
            .await
            .contains("Orders")
    );
}

#[tokio::test]
async fn views_are_their_persons_own_and_bounded() {
    let mut desk = Desk::open().await;
    for number in 0..12 {
        let name = format!("View {number}");
        desk.post("/saved-views", &view(&name, QUERY)).await;
    }
    let one_more = desk.post("/saved-views", &view("One more", QUERY)).await;
    let (_, page) = desk.follow(&one_more).await;
    assert!(page.contains("forget one first"), "{page}");
    for (name, query) in [
        ("", QUERY),
        ("x", &*"y".repeat(3000)),
        (&*"n".repeat(61), QUERY),
    ] {
        let refused = desk.post("/saved-views", &view(name, query)).await;
        let (_, page) = desk.follow(&refused).await;
        assert!(page.contains("must"), "{page}");
    }
    let elsewhere = [("path", "/people"), ("name", "x"), ("query", "a=b")];
    let refused = desk.post("/saved-views", &elsewhere).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    desk.cookie = sign_in(&desk.app, "grace@example.com", Role::Viewer).await;
    assert!(!desk.get("/deliveries").await.contains("View 1"));
}
