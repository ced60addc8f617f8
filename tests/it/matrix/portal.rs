//! Portal links: every route × what a link permits × ids of the platform and of another consumer.

use hookpost::domain::portal::Capability;
use hookpost::web::endpoint::{Access, BoundKeys, Endpoint};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Neighbours;
use crate::world::{api, ask, body, method, with_credential};

impl Neighbours {
    /// A link of a consumer of their workspace, made for the test, that permits `can`.
    async fn link(&self, uid: &str, can: &[&str]) -> String {
        let workspace = &self.theirs.name;
        let path = format!("/api/v1/consumers/{uid}");
        let put = ask(&self.app, workspace, Method::PUT, &path, &json!({})).await;
        assert!(put.status.is_success(), "{put:?}");
        let path = format!("{path}/portal-links");
        let made = ask(
            &self.app,
            workspace,
            Method::POST,
            &path,
            &json!({"can": can}),
        )
        .await;
        let made = made.json(StatusCode::CREATED);
        made["token"].as_str().unwrap().to_owned()
    }
}

fn is_shared(route: &Endpoint) -> bool {
    let of = |beginning| route.path.starts_with(beginning);
    let is_one = of("/api/v1/event-types") || of("/svix/api/v1/event-type");
    route.method.as_str() == "GET" && is_one
}

#[tokio::test]
async fn a_portal_token_reaches_nothing_of_anybody_else_on_any_route() {
    let near = Neighbours::meet().await;
    let all = Capability::ALL.map(Capability::as_str);
    let token = near.link("portal", &all).await;
    let url = near.receiver.url("/");
    let before = near.theirs_as_they_are().await;
    let (mut hidden, mut lists, mut refused) = (0, 0, 0);
    for route in api() {
        if route.access == Access::Public || is_shared(route) {
            continue;
        }
        let path = near.theirs.path(route);
        let sent = body(route, &near.theirs, &url);
        let call = near.app.anonymous(method(route), &path);
        let call = match &sent {
            Value::Null => call,
            sent => call.json(sent),
        };
        let answer = with_credential(call, route.path, &token).send().await;
        let what = format!("{} {}", route.method, route.path);
        near.assert_silent(&what, &format!("{path} {sent}"), &answer);
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
    let mut after = near.theirs_as_they_are().await;
    for page in after.iter_mut().filter(|page| page["data"].is_array()) {
        let data = page["data"].as_array_mut().unwrap();
        data.retain(|one| one["consumer_id"].is_null());
    }
    // The last is the list of jobs, in which the platform sees what its consumers began.
    assert_eq!(after[..after.len() - 1], before[..before.len() - 1]);
    assert!(
        hidden >= 45 && lists >= 13 && refused >= 20,
        "{hidden} {lists} {refused}"
    );
}

#[tokio::test]
async fn a_link_does_what_it_permits_and_nothing_else() {
    let near = Neighbours::meet().await;
    let url = near.receiver.url("/");
    let mut refused = 0;
    for one in Capability::ALL {
        let others: Vec<&str> = Capability::ALL
            .into_iter()
            .filter(|other| *other != one)
            .map(Capability::as_str)
            .collect();
        let (only, without) = (
            near.link("portal", &[one.as_str()]).await,
            near.link("portal", &others).await,
        );
        let admitted = api().filter(|route| route.bound_keys == BoundKeys::Admitted);
        for route in admitted {
            let needed = route.needed().expect("consumers' routes are some deed");
            let path = near.theirs.path(route);
            let sent = body(route, &near.theirs, &url);
            for (token, permits) in [(&only, needed == one), (&without, needed != one)] {
                let call = near.app.anonymous(method(route), &path);
                let call = match &sent {
                    Value::Null => call,
                    sent => call.json(sent),
                };
                let answer = with_credential(call, route.path, token).send().await;
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
