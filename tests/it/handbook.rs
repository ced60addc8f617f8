//! The handbook as the server hands it out.

use reqwest::{Method, StatusCode};

use crate::app::{Answer, TestApp};

/// The most bytes of a page.
const PAGE_BYTES_MAX: usize = 50 * 1024;

async fn read(app: &TestApp, path: &str) -> Answer {
    app.anonymous(Method::GET, path).send().await
}

/// The addresses that a page leads to.
fn links(page: &str) -> Vec<&str> {
    let after = page.split("href=\"").skip(1);
    after.filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn every_page_is_there_for_everybody_and_leads_to_every_other() {
    let app = TestApp::start().await;
    let reference = read(&app, "/docs").await;
    assert_eq!(reference.status, StatusCode::OK);
    let pages: Vec<&str> = links(&reference.text)
        .into_iter()
        .filter(|link| link.starts_with("/docs/"))
        .collect();
    assert_eq!(pages.len(), 8, "{pages:?}");
    for page in &pages {
        let answer = read(&app, page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        assert!(answer.text.len() <= PAGE_BYTES_MAX, "{page}");
        assert!(answer.header("content-type").starts_with("text/html"));
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'"),
            "{policy}"
        );
        assert!(!answer.text.contains("<script"), "{page}");
        let there = links(&answer.text);
        for other in pages.iter().filter(|other| **other != "/docs/search") {
            assert!(there.contains(other), "{page} does not lead to {other}");
        }
        for link in there.iter().filter(|link| link.starts_with('/')) {
            let path = link.split('#').next().unwrap();
            assert_eq!(
                read(&app, path).await.status,
                StatusCode::OK,
                "{page}: {link}"
            );
        }
    }
    let nothing = read(&app, "/docs/nothing").await;
    nothing.problem(404, "not_found");
}

#[tokio::test]
async fn the_search_finds_pages_and_operations_and_shows_a_query_as_text() {
    let app = TestApp::start().await;
    let found = read(&app, "/docs/search?q=warm+standby").await;
    let expect = "href=\"/docs/operations#a-warm-standby\"";
    assert!(found.text.contains(expect), "{}", found.text);
    let found = read(&app, "/docs/search?q=rotate-secret").await;
    assert!(found.text.contains("href=\"/docs#rotate"), "{}", found.text);
    let hostile = read(&app, "/docs/search?q=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert_eq!(hostile.status, StatusCode::OK);
    assert!(!hostile.text.contains("<script"), "{}", hostile.text);
    read(&app, "/docs/search?query=x")
        .await
        .problem(422, "invalid");
}
