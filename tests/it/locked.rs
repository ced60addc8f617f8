//! Another process holds the database's lock for seconds: whoever writes is told so and when to come
//! back, whoever reads notices nothing, and all goes on by itself.

use futures_util::future::join_all;
use hookpost::domain::api_key::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::binary::process::{Server, complaint, run, stdout_of};
use crate::dashboard::{Desk, between};
use crate::dialects::Client;
use crate::receiver::{Receiver, Reply};

/// Takes the database's write lock, as another process would, until this is dropped.
fn lock(app: &TestApp) -> rusqlite::Connection {
    let other = rusqlite::Connection::open(app.store.data_dir().join("hookpost.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[tokio::test]
async fn a_locked_database_refuses_writes_for_a_while_and_loses_nothing() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    let made = app.post("/api/v1/webhooks", &hook).await;
    let id = made.json(StatusCode::CREATED)["id"].clone();
    let path = format!("/api/v1/webhooks/{}", id.as_str().unwrap());
    let event = json!({"type": "a.b", "data": 1});
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let delivered = |page: &Value| page["data"][0]["status"] == "delivered";
    app.poll("/api/v1/deliveries", delivered).await;

    let other = lock(&app);
    let named = json!({"name": "a name"});
    let with_id = json!({"type": "a.b", "data": 1, "id": "once"});
    let doors: [(Method, &str, &Value); 7] = [
        (Method::POST, "/api/v1/events", &event),
        (Method::POST, "/api/v1/events", &with_id),
        (
            Method::POST,
            "/api/v1/events/batch",
            &json!({"events": [{"type": "a", "data": 1}]}),
        ),
        (Method::POST, "/api/v1/webhooks", &hook),
        (Method::PATCH, &path, &json!({"label": "another"})),
        (Method::DELETE, &path, &json!({})),
        (Method::POST, "/api/v1/workspaces", &named),
    ];
    let asked = doors.iter().map(|(method, path, body)| {
        let call = app.call(method.clone(), path);
        if *method == Method::DELETE {
            call.send()
        } else {
            call.json(body).send()
        }
    });
    let reads = [
        "/api/v1/events",
        "/api/v1/deliveries",
        "/api/v1/webhooks",
        "/healthz",
    ];
    let (refused, read) = tokio::join!(
        join_all(asked),
        join_all(reads.iter().map(|path| app.get(path)))
    );
    for answer in read {
        answer.json(StatusCode::OK);
    }
    for (answer, (method, path, _)) in refused.iter().zip(&doors) {
        println!("{method} {path}");
        answer.problem(503, "overloaded");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    drop(other);

    let again = app.post("/api/v1/events", &with_id).await;
    again.json(StatusCode::ACCEPTED);
    let both = |page: &Value| {
        let rows = page["data"].as_array().unwrap();
        rows.len() == 2 && rows.iter().all(|row| row["status"] == "delivered")
    };
    app.poll("/api/v1/deliveries", both).await;
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn a_locked_database_is_told_to_other_systems_programs_too() {
    let app = TestApp::start().await;
    let key = app.key(&[Scope::WebhooksWrite]).await;
    let bearer = format!("Bearer {key}");
    let systems = [
        ("/airmy", "authorization", &bearer),
        ("/armalo", "X-Pact-Key", &key),
        ("/indigiarmor", "authorization", &bearer),
        ("/veriswarm", "x-account-access-token", &key),
    ];
    let other = lock(&app);
    let asked = systems.map(|(base, header, value)| {
        let client = Client::new(&app, base, header, value.clone());
        async move {
            let example = client.example("create")["request"].clone();
            let path = example["path"].as_str().unwrap();
            client.send(Method::POST, path, example.get("body")).await
        }
    });
    for (answer, (base, ..)) in join_all(asked).await.iter().zip(systems) {
        println!("{base}: {}", answer.text);
        answer.json(StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    drop(other);
}

#[tokio::test]
async fn a_locked_database_leaves_the_dashboard_readable_and_its_forms_say_that_it_is_busy() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    let made = desk.app.post("/api/v1/webhooks", &hook).await;
    let id = made.json(StatusCode::CREATED)["id"].clone();
    let path = format!("/webhooks/{}", id.as_str().unwrap());
    let csrf = desk.csrf().await;

    let other = lock(&desk.app);
    for page in ["/", "/webhooks", "/deliveries", path.as_str()] {
        desk.get(page).await;
    }
    let ended = desk
        .post_raw(
            &format!("{path}/disable"),
            &[("csrf", &csrf), ("confirmed", "yes")],
        )
        .await;
    let (_, page) = desk.follow(&ended).await;
    let told = between(&page, "class=\"flash bad\"", "</div>");
    assert!(told.contains("hookpost is busy"), "{told}");
    let then = desk.app.get(&format!("/api/v1{path}")).await;
    assert_eq!(then.json(StatusCode::OK)["status"], "active");
    drop(other);

    let sure = [("confirmed", "yes")];
    let again = desk.post(&format!("{path}/disable"), &sure).await;
    desk.follow(&again).await;
    let now = desk.app.get(&format!("/api/v1{path}")).await;
    assert_eq!(now.json(StatusCode::OK)["status"], "disabled");
}

#[tokio::test]
async fn a_locked_database_is_told_to_every_documented_request_of_veriswarm_that_writes() {
    let app = TestApp::start().await;
    let key = app
        .key(&[Scope::WebhooksWrite, Scope::DeliveriesWrite])
        .await;
    let receiver = Receiver::start().await;
    let client = Client::new(&app, "/veriswarm", "x-account-access-token", key);
    let created = client.create_for("callback_url", &receiver.url("/")).await;
    let id = created["id"].to_string();
    let other = lock(&app);
    let asked = ["create", "rotate", "test", "revoke"].map(|name| {
        let (example, client, id) = (client.example(name)["request"].clone(), &client, &id);
        async move {
            let path = example["path"].as_str().unwrap().replace("{webhook}", id);
            client.send(Method::POST, &path, example.get("body")).await
        }
    });
    let reads = ["list", "deliveries", "summary"].map(|name| {
        let path = client.example(name)["request"]["path"].as_str().unwrap();
        client.send(Method::GET, path, None)
    });
    let (refused, read) = tokio::join!(join_all(asked), join_all(reads));
    for answer in read {
        answer.json(StatusCode::OK);
    }
    for answer in refused {
        println!("{}", answer.text);
        answer.json(StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    drop(other);
    client.replay("rotate", &[("webhook", &id)]).await;
}

#[tokio::test]
async fn commands_on_a_locked_database_end_with_one_line_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().to_str().unwrap();
    let server = Server::start(dir.path());
    let key = stdout_of(&["key", "create", "--name=t", "--data-dir", data_dir]);
    let database = dir.path().join("hookpost.db");
    let other = rusqlite::Connection::open(database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let make = ["key", "create", "--name=k", "--data-dir", data_dir];
    let send = ["events", "send", "--type=a.b", "--data={}", "--server"];
    let send = [&send[..], &[&server.url, "--api-key", &key]].concat();
    let list = ["events", "list", "--server", &server.url, "--api-key", &key];
    for line in [&make[..], &send] {
        let said = complaint(&run(line), 1);
        assert!(said.contains("hookpost is busy"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert!(run(&list).status.success(), "who reads notices nothing");
    server.kill();
    // Without a server the command waits for the lock by itself, and says what it waited for.
    let said = complaint(&run(&make), 1);
    assert!(said.contains("busy") || said.contains("locked"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    drop(other);
    stdout_of(&make);
}
