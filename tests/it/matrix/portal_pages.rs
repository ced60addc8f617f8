//! Customers in front of the portal: every page and form × ids of the platform and of other customers.

use hookpost::portal;
use hookpost::web::audience::Audience;
use hookpost::web::endpoint::{Access, Endpoint};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Neighbours;
use crate::app::Answer;
use crate::dashboard::between;
use crate::portal::{cookies, pair, path_of};
use crate::world::{ask, method};

/// What ends the visit itself.
const NOT_TRIED: &str = "/portal/leave";

impl Neighbours {
    /// A customer of their workspace, in the portal: its id and its cookie.
    async fn guest(&self, uid: &str) -> (String, String) {
        let workspace = &self.theirs.name;
        let path = format!("/api/v1/consumers/{uid}");
        let put = ask(&self.app, workspace, Method::PUT, &path, &json!({})).await;
        assert!(put.status.is_success(), "{put:?}");
        let consumer: Value = serde_json::from_str(&put.text).unwrap();
        let path = format!("{path}/portal-links");
        let made = ask(&self.app, workspace, Method::POST, &path, &json!({})).await;
        let made = made.json(StatusCode::CREATED);
        let opened = self.app.anonymous(Method::GET, &path_of(&made));
        let cookie = pair(&cookies(&opened.send().await)[0]).to_owned();
        (consumer["id"].as_str().unwrap().to_owned(), cookie)
    }
}

impl Neighbours {
    /// Fails where an answer names the workspace, or a key of it.
    #[track_caller]
    pub(super) fn assert_discreet(&self, what: &str, answer: &Answer) {
        let theirs = &self.theirs;
        for hidden in [&theirs.name, &theirs.workspace, &theirs.key] {
            let told = answer.text.contains(hidden.as_str());
            assert!(!told, "{what} tells {hidden}: {answer:?}");
        }
    }
}

/// What the form needs to get as far as looking for what it is about.
fn fields(near: &Neighbours, route: &Endpoint) -> String {
    match route.path {
        "/portal/dead-letters" => format!("action=retry&id={}", near.theirs.delivery),
        "/portal/webhooks/{id}/edit" => format!("url={}&event_types=*", near.receiver.url("/")),
        "/portal/webhooks/{id}/recover" => "last=7d&include=missed".to_owned(),
        "/portal/events/{id}/replay" => format!("webhook_id={}", near.theirs.webhook),
        _ => String::new(),
    }
}

#[tokio::test]
async fn no_page_and_no_form_of_the_portal_shows_or_changes_anything_of_the_platforms() {
    show_nothing(Neighbours::meet().await).await;
}

#[tokio::test]
async fn no_page_and_no_form_of_the_portal_shows_or_changes_anything_of_another_consumers() {
    show_nothing(Neighbours::with_another_customer().await).await;
}

async fn show_nothing(near: Neighbours) {
    let (guest, cookie) = near.guest("visitor").await;
    let page = near.app.anonymous(Method::GET, "/portal");
    let page = page.header("cookie", &cookie).send().await;
    let csrf = between(&page.text, "name=\"csrf\" value=\"", "\"").to_owned();
    let before = near.theirs_as_they_are().await;
    let (mut foreign, mut open, mut nobody) = (0, 0, 0);
    for route in portal::AUDIENCE.endpoints() {
        if route.path == NOT_TRIED || route.access == Access::Public {
            continue;
        }
        let what = format!("{} {}", route.method, route.path);
        let path = near.theirs.path(route);
        let asked = async |cookie: &str| {
            let call = near.app.anonymous(method(route), &path);
            let call = call.header("cookie", cookie);
            match method(route) {
                Method::POST => {
                    let call = call.header("content-type", "application/x-www-form-urlencoded");
                    let form = format!("csrf={csrf}&{}", fields(&near, route));
                    call.body(form).send().await
                }
                _ => call.send().await,
            }
        };
        let answer = asked("").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        nobody += 1;
        let answer = asked(&cookie).await;
        near.assert_discreet(&what, &answer);
        let is_catalogue = route.path.starts_with("/portal/event-types");
        if is_catalogue {
            // The catalogue is what all of a platform's customers subscribe to.
            assert_eq!(answer.status, StatusCode::OK, "{what}: {answer:?}");
            continue;
        }
        if route.path.contains('{') {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}: {answer:?}");
            near.assert_silent(&what, "", &answer);
            foreign += 1;
        } else {
            assert!(answer.status.as_u16() < 500, "{what}: {answer:?}");
            let mut form = fields(&near, route);
            if route.path == "/portal/webhooks" || route.path == "/portal/webhooks/new" {
                // The form says what event types mean.
                form.push_str(&near.theirs.mark);
            }
            near.assert_silent(&what, &form, &answer);
            open += 1;
        }
    }
    near.assert_untouched(&before, &guest).await;
    assert!(
        foreign >= 18 && open >= 8 && nobody >= 28,
        "{foreign} {open} {nobody}"
    );
}

/// Pages that show the catalogue, in which all of a platform's customers see the same.
const CATALOGUE: [&str; 2] = ["/portal/event-types", "/portal/webhooks/new"];

#[tokio::test]
async fn no_filter_of_the_portals_pages_leads_to_anybody_else() {
    let near = Neighbours::with_another_customer().await;
    let (_, cookie) = near.guest("visitor").await;
    let (mut asked, mut shown) = (0, 0);
    let pages = portal::AUDIENCE.endpoints().into_iter().filter(|route| {
        let is_page = route.method.as_str() == "GET" && route.access != Access::Public;
        is_page && !route.path.contains('{') && !CATALOGUE.contains(&route.path)
    });
    for route in pages {
        for path in near.attempts(route.path) {
            let call = near.app.anonymous(Method::GET, &path);
            let answer = call.header("cookie", &cookie).send().await;
            near.assert_silent(&path, &path, &answer);
            near.assert_discreet(&path, &answer);
            asked += 1;
            shown += usize::from(answer.status == StatusCode::OK);
        }
    }
    println!("filters of the portal's pages: {asked} requests, {shown} of them answered");
    assert!(asked > 500 && shown >= 10, "{asked} {shown}");
}

#[tokio::test]
async fn once_its_links_are_ended_a_session_opens_no_page_and_no_form() {
    let near = Neighbours::meet().await;
    let (_, cookie) = near.guest("visitor").await;
    let path = "/api/v1/consumers/visitor/portal-links";
    let workspace = &near.theirs.name;
    let ended = ask(&near.app, workspace, Method::DELETE, path, &Value::Null).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let mut refused = 0;
    for route in portal::AUDIENCE.endpoints() {
        if route.access == Access::Public {
            continue;
        }
        let call = near.app.anonymous(method(route), &near.theirs.path(route));
        let answer = call.header("cookie", &cookie).send().await;
        let what = format!("{} {}", route.method, route.path);
        assert_eq!(
            answer.status,
            StatusCode::UNAUTHORIZED,
            "{what}: {answer:?}"
        );
        near.assert_silent(&what, "", &answer);
        near.assert_discreet(&what, &answer);
        refused += 1;
    }
    assert!(refused >= 28, "{refused}");
}
