//! What holds on every path: problems, request ids, credentials, bodies.

use hookpost::api;
use hookpost::domain::api_key::Scope;
use hookpost::web::audience::Audience;
use hookpost::web::endpoint::Access;
use reqwest::{Method, StatusCode};

use crate::app::TestApp;

/// A path of a route with something in the place of its parameters.
fn filled(path: &str) -> String {
    path.replace("{id}", "wh_00000000000000000000000000")
        .replace("{name}", "nothing")
}

#[tokio::test]
async fn paths_that_lead_nowhere_and_methods_that_do_not_exist_are_problems() {
    let app = TestApp::start().await;
    app.get("/api/v1/nothing").await.problem(404, "not_found");
    app.get("/nothing").await.problem(404, "not_found");
    let wrong = app.delete("/api/v1/audit-log").await;
    wrong.problem(405, "method_not_allowed");
    assert_eq!(wrong.header("allow"), "GET, HEAD");
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_takes_over_a_plain_one() {
    let app = TestApp::start().await;
    let call = || app.call(Method::GET, "/api/v1/audit-log");
    let mine = call().header("x-request-id", "abc-123").send().await;
    assert_eq!(mine.header("x-request-id"), "abc-123");
    let odd = call().header("x-request-id", "a b\"<").send().await;
    assert!(odd.header("x-request-id").starts_with("req_"));
    let (one, two) = (call().send().await, call().send().await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    assert_eq!(one.header("x-content-type-options"), "nosniff");
    assert_eq!(one.header("cache-control"), "no-store");
}

#[tokio::test]
async fn every_gated_route_asks_for_credentials_and_for_its_own_scope() {
    let app = TestApp::start().await;
    let mut keys = Vec::new();
    for scope in Scope::ALL
        .into_iter()
        .filter(|scope| *scope != Scope::Admin)
    {
        keys.push((scope, app.key(&[scope]).await));
    }
    for route in api::AUDIENCE.endpoints() {
        let Access::Scope(needed) = route.access else {
            continue;
        };
        let path = filled(route.path);
        let what = format!("{} {path}", route.method);
        let anonymous = app.anonymous(route.method.as_str().parse().unwrap(), &path);
        let refused = anonymous.send().await;
        refused.problem(401, "unauthorized");
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
        for (scope, key) in &keys {
            let method: Method = route.method.as_str().parse().unwrap();
            let answer = app.anonymous(method, &path).bearer(key).send().await;
            if *scope == needed {
                let status = answer.status.as_u16();
                assert!(![401, 403].contains(&status), "{what} as {scope}: {status}");
                assert!(status < 500, "{what} as {scope}: {}", answer.text);
            } else {
                let problem = answer.problem(403, "forbidden");
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.contains(needed.as_str()), "{what}: {detail}");
            }
        }
    }
}

#[tokio::test]
async fn keys_that_are_mistyped_malformed_or_unknown_are_all_told_the_same() {
    let app = TestApp::start().await;
    let mistyped = match app.admin.split_at(40) {
        (before, after) if after.starts_with('A') => format!("{before}B{}", &after[1..]),
        (before, after) => format!("{before}A{}", &after[1..]),
    };
    let foreign = TestApp::start().await;
    for header in [
        "Bearer",
        "Bearer ",
        "Bearer hpk_",
        "Basic dXNlcjpwYXNz",
        &format!("Bearer {mistyped}"),
        &format!("Bearer {}", foreign.admin),
        &format!("Bearer {}x", app.admin),
    ] {
        let call = app.anonymous(Method::GET, "/api/v1/audit-log");
        let answer = call.header("authorization", header).send().await;
        answer.problem(401, "unauthorized");
    }
    let call = app.anonymous(Method::GET, "/api/v1/audit-log");
    let header = format!("bearer {}", app.admin);
    let answer = call.header("authorization", &header).send().await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn queries_with_unknown_repeated_or_bad_parameters_are_refused_by_name() {
    let app = TestApp::start().await;
    for (query, field) in [
        ("?limt=3", "limt"),
        ("?limit=0", "limit"),
        ("?limit=251", "limit"),
        ("?limit=many", "limit"),
        ("?limit=1&limit=2", "limit"),
        ("?cursor=nonsense", "cursor"),
        // Of a list that there is not.
        ("?cursor=cz_1", "cursor"),
    ] {
        let answer = app.get(&format!("/api/v1/audit-log{query}")).await;
        answer.invalid(field);
    }
}
