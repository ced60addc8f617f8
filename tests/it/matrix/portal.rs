//! Portal links: every route × what a link permits × ids of the platform and of another consumer.

use hookpost::domain::portal::Capability;
use hookpost::web::endpoint::{Access, BoundKeys, Endpoint};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Neighbours;
use crate::app::Answer;
use crate::world::{api, ask, body, method, with_credential};

/// A consumer of theirs that has nothing yet, and a link of it.
struct LinkHolder {
    id: String,
    token: String,
}

impl Neighbours {
    /// A link of a consumer of their workspace, made for the test, that permits `can`.
    async fn link(&self, uid: &str, can: &[&str]) -> LinkHolder {
        let workspace = &self.theirs.name;
        let path = format!("/api/v1/consumers/{uid}");
        let put = ask(&self.app, workspace, Method::PUT, &path, &json!({})).await;
        assert!(put.status.is_success(), "{put:?}");
        let consumer: Value = serde_json::from_str(&put.text).unwrap();
        let path = format!("{path}/portal-links");
        let body = json!({"can": can});
        let made = ask(&self.app, workspace, Method::POST, &path, &body).await;
        let made = made.json(StatusCode::CREATED);
        LinkHolder {
            id: consumer["id"].as_str().unwrap().to_owned(),
            token: made["token"].as_str().unwrap().to_owned(),
        }
    }

    /// What a route answers to a token that asks for what is theirs.
    async fn asked_by(&self, token: &str, route: &Endpoint) -> (String, Answer) {
        let path = self.theirs.path(route);
        let sent = body(route, &self.theirs, &self.receiver.url("/"));
        let call = self.app.anonymous(method(route), &path);
        let call = match &sent {
            Value::Null => call,
            sent => call.json(sent),
        };
        let answer = with_credential(call, route.path, token).send().await;
        (format!("{path} {sent}"), answer)
    }
}

fn is_shared(route: &Endpoint) -> bool {
    let of = |beginning| route.path.starts_with(beginning);
    let is_one = of("/api/v1/event-types") || of("/svix/api/v1/event-type");
    route.method.as_str() == "GET" && is_one
}

fn all() -> Vec<&'static str> {
    Capability::ALL.map(Capability::as_str).to_vec()
}

#[tokio::test]
async fn a_portal_token_reaches_nothing_of_the_platforms_on_any_route() {
    reach_nothing(Neighbours::meet().await).await;
}

#[tokio::test]
async fn a_portal_token_reaches_nothing_of_another_consumers_on_any_route() {
    reach_nothing(Neighbours::with_another_customer().await).await;
}

async fn reach_nothing(near: Neighbours) {
    let guest = near.link("portal", &all()).await;
    let before = near.theirs_as_they_are().await;
    let (mut hidden, mut lists, mut refused) = (0, 0, 0);
    for route in api() {
        if route.access == Access::Public || is_shared(route) {
            continue;
        }
        let (asked, answer) = near.asked_by(&guest.token, route).await;
        let what = format!("{} {}", route.method, route.path);
        near.assert_silent(&what, &asked, &answer);
        // A webhook of its own says where it lives; what is kept from it does not.
        if !answer.status.is_success() {
            near.assert_discreet(&what, &answer);
        }
        if route.access == Access::Session {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}: {answer:?}");
        } else if route.path.contains('{') {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}: {answer:?}");
            hidden += 1;
        } else if route.bound_keys == BoundKeys::Admitted {
            assert!(answer.status.is_success(), "{what}: {answer:?}");
            lists += 1;
        } else {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}: {answer:?}");
            refused += 1;
        }
    }
    near.assert_untouched(&before, &guest.id).await;
    assert!(
        hidden >= 45 && lists >= 13 && refused >= 20,
        "{hidden} {lists} {refused}"
    );
}

#[tokio::test]
async fn no_filter_of_the_api_leads_a_portal_token_to_anybody_else() {
    let near = Neighbours::with_another_customer().await;
    let guest = near.link("portal", &all()).await;
    let is_list = |route: &&Endpoint| {
        let is_get = route.method.as_str() == "GET" && !route.path.contains('{');
        is_get && route.bound_keys == BoundKeys::Admitted && !is_shared(route)
    };
    let (mut asked, mut narrowed) = (0, 0);
    for route in api().filter(is_list) {
        for path in near.attempts(route.path) {
            let call = near.app.anonymous(Method::GET, &path);
            let call = with_credential(call, route.path, &guest.token);
            let answer = call.send().await;
            near.assert_silent(&path, &path, &answer);
            asked += 1;
            if answer.status == StatusCode::OK && route.path.starts_with("/api/") {
                let page = answer.json(StatusCode::OK);
                let rows = page["data"].as_array().map_or(0, Vec::len);
                let own = usize::from(route.path == "/api/v1/consumers");
                assert!(rows <= own, "{path}: {page:#}");
                narrowed += 1;
            }
        }
    }
    println!("filters of a portal token: {asked} requests, {narrowed} of them answered");
    assert!(asked > 500 && narrowed > 100, "{asked} {narrowed}");
    let theirs = &near.theirs;
    for bulk in [
        "deliveries/retry",
        "dead-letters/retry",
        "dead-letters/discard",
        "dead-letters/restore",
    ] {
        for filter in [
            json!({"webhook_id": theirs.webhook}),
            json!({"event_id": theirs.event}),
            json!({"job_id": theirs.job}),
            json!({"consumer": theirs.consumer}),
            json!({"event_type": "*"}),
        ] {
            let call = near.app.anonymous(Method::POST, &format!("/api/v1/{bulk}"));
            let chosen = json!({"filter": filter});
            let answer = call.bearer(&guest.token).json(&chosen).send().await;
            let what = format!("{bulk} {chosen}");
            near.assert_silent(&what, &what, &answer);
            assert_eq!(answer.json(StatusCode::ACCEPTED)["matched"], 0, "{what}");
        }
    }
}

#[tokio::test]
async fn once_its_links_are_ended_a_token_opens_no_route() {
    let near = Neighbours::meet().await;
    let guest = near.link("portal", &all()).await;
    let path = "/api/v1/consumers/portal/portal-links";
    let workspace = &near.theirs.name;
    let ended = ask(&near.app, workspace, Method::DELETE, path, &Value::Null).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let mut refused = 0;
    for route in api().filter(|route| route.access != Access::Public) {
        let (asked, answer) = near.asked_by(&guest.token, route).await;
        let what = format!("{} {}", route.method, route.path);
        // What is for people alone looks at no other credential.
        let expect = match route.access {
            Access::Session => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        };
        assert_eq!(answer.status, expect, "{what}: {answer:?}");
        near.assert_silent(&what, &asked, &answer);
        refused += 1;
    }
    assert!(refused > 100, "{refused}");
}

#[tokio::test]
async fn a_link_does_what_it_permits_and_nothing_else() {
    let near = Neighbours::meet().await;
    let mut refused = 0;
    for one in Capability::ALL {
        let others: Vec<&str> = Capability::ALL
            .into_iter()
            .filter(|other| *other != one)
            .map(Capability::as_str)
            .collect();
        let (only, without) = (
            near.link("portal", &[one.as_str()]).await.token,
            near.link("portal", &others).await.token,
        );
        let admitted = api().filter(|route| route.bound_keys == BoundKeys::Admitted);
        for route in admitted {
            let needed = route.needed().expect("consumers' routes are some deed");
            for (token, permits) in [(&only, needed == one), (&without, needed != one)] {
                let (_, answer) = near.asked_by(token, route).await;
                let told = answer.status == StatusCode::FORBIDDEN;
                assert_eq!(
                    told, !permits,
                    "{} {}: {answer:?}",
                    route.method, route.path
                );
                refused += usize::from(told);
            }
        }
    }
    assert!(refused > 100, "{refused}");
}
