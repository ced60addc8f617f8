//! How dialects refuse: always JSON in their own style, with the fields as their clients know them.

use hookpost::domain::api_key::Scope;
use hookpost::domain::workspace::Plan;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Client, refusal};
use crate::app::TestApp;

/// Every dialect with the header of its credential and a path that takes a POST.
const DIALECTS: [(&str, &str, &str); 4] = [
    ("/armalo", "X-Pact-Key", "/api/v1/webhooks"),
    (
        "/veriswarm",
        "x-account-access-token",
        "/v1/public/providers/webhooks",
    ),
    ("/airmy", "authorization", "/webhooks"),
    ("/indigiarmor", "authorization", "/v1/webhooks"),
];

fn credential(header: &str, key: &str) -> String {
    match header {
        "authorization" => format!("Bearer {key}"),
        _ => key.to_owned(),
    }
}

#[tokio::test]
async fn a_base_path_ends_at_a_slash() {
    let app = TestApp::start().await;
    for path in ["/armaloo", "/armaloo/api/v1/webhooks", "/api/v1/armalo"] {
        let call = app.anonymous(Method::GET, path).bearer(&app.admin);
        call.send().await.problem(404, "not_found");
    }
    let call = app.anonymous(Method::GET, "/armalo").send().await;
    refusal(&call, 404);
}

#[tokio::test]
async fn whatever_is_refused_below_a_base_path_is_json_of_the_dialect() {
    let app = TestApp::start().await;
    let admin = app.admin.clone();
    for (base, header, path) in DIALECTS {
        let client = Client::new(&app, base, header, credential(header, &admin));
        client.refused((Method::GET, ""), None, 404).await;
        client
            .refused((Method::GET, "/nothing/here"), None, 404)
            .await;
        let call = app.anonymous(Method::PUT, &format!("{base}{path}"));
        let wrong = call
            .header(header, &credential(header, &admin))
            .send()
            .await;
        refusal(&wrong, 405);
        assert_eq!(
            wrong.header("allow"),
            "POST, GET, HEAD".replace("POST, GET", order(base))
        );
        let broken = |body: String| {
            let call = app.anonymous(Method::POST, &format!("{base}{path}"));
            call.header(header, &credential(header, &admin))
                .header("content-type", "application/json")
                .body(body)
        };
        let told = refusal(&broken("{\"url\":".to_owned()).send().await, 400);
        assert!(told["error"].as_str().unwrap().contains("line 1"), "{told}");
        refusal(&broken(" ".repeat(2 * 1024 * 1024)).send().await, 413);
        let unknown = json!({ "nonsense": 1 });
        let told = client
            .refused((Method::POST, path), Some(&unknown), 422)
            .await;
        assert_eq!(told["errors"][0]["field"], "nonsense");
    }
    let armox = Client::bearer(&app, "/armox", &admin);
    armox
        .refused((Method::POST, "/api/v1/jobs"), None, 405)
        .await;
    armox
        .refused((Method::GET, "/api/v1/nothing"), None, 404)
        .await;
}

/// IndigiArmor's table begins with the list.
fn order(base: &str) -> &'static str {
    match base {
        "/indigiarmor" => "GET, POST",
        _ => "POST, GET",
    }
}

#[tokio::test]
async fn credentials_come_in_the_documented_header_and_nowhere_else() {
    let app = TestApp::start().await;
    for (base, header, path) in DIALECTS {
        let path = format!("{base}{path}");
        let anonymous = app.anonymous(Method::GET, &path).send().await;
        let told = refusal(&anonymous, 401);
        let said = told["error"].as_str().unwrap().to_ascii_lowercase();
        assert!(said.contains(&header.to_ascii_lowercase()), "{said}");
        let wrong = credential(header, "hpk_nonsense");
        let wrong = app.anonymous(Method::GET, &path).header(header, &wrong);
        refusal(&wrong.send().await, 401);
        if header != "authorization" {
            let elsewhere = app.anonymous(Method::GET, &path).bearer(&app.admin);
            refusal(&elsewhere.send().await, 401);
        }
        let poor = app.key(&[Scope::EventsRead]).await;
        let poor = app
            .anonymous(Method::GET, &path)
            .header(header, &credential(header, &poor));
        let told = refusal(&poor.send().await, 403);
        assert!(
            told["error"].as_str().unwrap().contains("webhooks:"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn faults_name_the_fields_of_the_dialect() {
    let app = TestApp::start().await;
    let armalo = Client::new(&app, "/armalo", "X-Pact-Key", app.admin.clone());
    let body = json!({ "url": "https://a.example.com", "events": ["ok", "not ok"] });
    let path = "/api/v1/webhooks";
    let told = armalo.refused((Method::POST, path), Some(&body), 422).await;
    assert_eq!(told["errors"][0]["field"], "events[1]");
    let body = json!({ "url": "https://a.example.com", "events": ["ok"], "event_types": ["ok"] });
    let told = armalo.refused((Method::POST, path), Some(&body), 422).await;
    assert_eq!(told["errors"][0]["field"], "event_types");
    let body = json!({ "url": "http://10.0.0.1/", "events": ["ok"] });
    let told = armalo.refused((Method::POST, path), Some(&body), 422).await;
    assert_eq!(told["errors"][0]["field"], "url");
    let header = "x-account-access-token";
    let veriswarm = Client::new(&app, "/veriswarm", header, app.admin.clone());
    let body = json!({ "callback_url": "http://10.0.0.1/", "event_types": ["ok"] });
    let path = "/v1/public/providers/webhooks";
    let told = veriswarm
        .refused((Method::POST, path), Some(&body), 422)
        .await;
    assert_eq!(told["errors"][0]["field"], "callback_url");
    let airmy = Client::bearer(&app, "/airmy", &app.admin);
    let body = json!({ "url": "https://a.example.com", "events": ["ok"], "secret": "short" });
    let told = airmy
        .refused((Method::POST, "/webhooks"), Some(&body), 422)
        .await;
    assert_eq!(told["errors"][0]["field"], "secret");
}

#[tokio::test]
async fn an_action_takes_no_body_or_an_empty_one() {
    let app = TestApp::start().await;
    let header = "x-account-access-token";
    let client = Client::new(&app, "/veriswarm", header, app.admin.clone());
    let path = "/v1/public/providers/webhooks";
    let body = json!({ "callback_url": "https://a.example.com", "event_types": ["ok"] });
    let made = client.send(Method::POST, path, Some(&body)).await;
    let made = made.json(StatusCode::CREATED);
    let rotate = format!("{path}/{}/rotate-secret", made["id"]);
    let own = json!({ "secret": "a-secret-of-my-own" });
    let told = client
        .refused((Method::POST, &rotate), Some(&own), 422)
        .await;
    assert_eq!(told["errors"][0]["field"], "secret");
    for body in [None, Some(json!({}))] {
        let rotated = client.send(Method::POST, &rotate, body.as_ref()).await;
        rotated.json(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_plan_without_webhooks_is_told_so_everywhere() {
    let app = TestApp::start().await;
    let workspace = app.default_workspace();
    let change = move |tx: &mut hookpost::store::WriteTx<'_>| {
        let found = hookpost::store::workspaces::find(tx, workspace.seq())?;
        let changed = hookpost::domain::workspace::Workspace {
            plan: Plan::Free,
            ..found.unwrap()
        };
        hookpost::store::workspaces::update(tx, &changed)
    };
    app.store.write(change).await.unwrap();
    for (base, header, path) in DIALECTS {
        let client = Client::new(&app, base, header, credential(header, &app.admin));
        let body = client.example("create")["request"]["body"].clone();
        let told = client.refused((Method::POST, path), Some(&body), 403).await;
        assert_eq!(told["code"], "plan_required", "{base}");
    }
}

#[tokio::test]
async fn a_dialect_shows_the_webhooks_of_its_own_profile_only() {
    let app = TestApp::start().await;
    let admin = app.admin.clone();
    for (base, header, _) in DIALECTS {
        let client = Client::new(&app, base, header, credential(header, &admin));
        client.replay("create", &[]).await;
    }
    for (base, header, _) in DIALECTS {
        let client = Client::new(&app, base, header, credential(header, &admin));
        let listed = client.send(Method::GET, path_of(base), None).await;
        let listed = listed.json(StatusCode::OK);
        let webhooks = listed.get("webhooks").unwrap_or(&listed);
        assert_eq!(webhooks.as_array().unwrap().len(), 1, "{base}: {listed:#}");
    }
    let header = "x-account-access-token";
    let veriswarm = Client::new(&app, "/veriswarm", header, admin.clone());
    // The first webhook of all was Armalo's.
    let path = "/v1/public/providers/webhooks/1/revoke";
    veriswarm.refused((Method::POST, path), None, 404).await;
    for id in ["0", "-1", "99999999999999999999", "wh_1"] {
        let path = format!("/v1/public/providers/webhooks/{id}/revoke");
        veriswarm.refused((Method::POST, &path), None, 404).await;
    }
}

fn path_of(base: &str) -> &'static str {
    let found = DIALECTS.iter().find(|(known, ..)| *known == base);
    found.unwrap().2
}
