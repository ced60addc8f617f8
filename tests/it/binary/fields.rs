//! Fields of the API that flags say: what is sent is what the server then has.
//!
//! That every field has a flag is proved by `coverage`; here, that what is behind them arrives.

use serde_json::{Value, json};

use super::process::complaint;
use super::shell::Shell;
use crate::receiver::Receiver;

/// The smallest PNG: one transparent pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0,
    0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T',
    0x78, 0xda, 0x63, 0x64, 0x60, 0xf8, 0x5f, 0x0f, 0, 0x02, 0x87, 0x01, 0x80, 0xeb, 0x47, 0xba,
    0x92, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[test]
fn settings_of_the_portal_are_said_and_taken_back() {
    let shell = Shell::open();
    let logo = shell.dir.path().join("logo.png");
    std::fs::write(&logo, PNG).unwrap();
    let logo = logo.display();
    let update = "settings update --portal-origins https://a.example,https://b.example \
                  --webhooks-per-consumer 3 --retention-keep-latest 7";
    let looks = r##"--branding {"name":"Acme","accent":"#4c55c4"}"##;
    let now = shell.json(&format!("{update} {looks} --logo-file {logo}"));
    assert_eq!(
        now["portal_origins"],
        json!(["https://a.example", "https://b.example"])
    );
    assert_eq!(now["webhooks_per_consumer"], 3);
    assert_eq!(now["retention"]["keep_latest"], 7);
    assert_eq!(now["branding"]["name"], "Acme");
    assert_eq!(now["branding"]["logo_type"], "image/png");
    let shown = shell.says("settings show");
    assert!(
        shown.contains("Acme") && shown.contains("https://b.example"),
        "{shown}"
    );
    let none = "settings update --branding null --portal-origins= --webhooks-per-consumer null \
                --retention-keep-latest null";
    let now = shell.json(none);
    assert_eq!(now["branding"]["name"], Value::Null);
    assert_eq!(now["branding"]["logo_type"], Value::Null);
    assert_eq!(now["portal_origins"], json!([]));
    assert_eq!(now["webhooks_per_consumer"], 50);
    assert_eq!(now["retention"]["keep_latest"], Value::Null);
    let both = format!("settings update --branding null --logo-file {logo}");
    let both: Vec<&str> = both.split(' ').collect();
    complaint(&shell.run(&both), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_goes_to_one_receiver_more_and_is_found_by_what_it_says() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let url = receiver.url("/once");
    let send = "events send --type a.first --data 1 --channel eu --tag red";
    shell.says(&format!(
        "{send} --webhook-url {url} --webhook-secret {SECRET} --profile armox"
    ));
    let received = &receiver.wait_for(1).await[0];
    assert_eq!(received.path, "/once");
    assert!(received.header("x-armox-signature").starts_with("sha256="));
    shell.says("events send --type a.second --data 2 --channel us --tag blue");
    let types = |line: &str| -> Vec<Value> {
        let list = shell.json(line)["data"].clone();
        let list = list.as_array().unwrap().iter();
        list.map(|one| one["type"].clone()).collect()
    };
    assert_eq!(types("events list --channel eu"), ["a.first"]);
    assert_eq!(types("events list --tag blue"), ["a.second"]);
    assert_eq!(types("events list --order asc"), ["a.first", "a.second"]);
    let first = shell.json("events list --order asc --limit 1");
    let after = first["next_cursor"].as_str().unwrap();
    let rest = format!("events list --order asc --after {after}");
    assert_eq!(types(&rest), ["a.second"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_tested_previewed_and_set_with_every_field() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let url = receiver.url("/");
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&key).unwrap().pem();
    let file = shell.file("ca.pem", &pem);
    let create = format!("webhooks create --url {url} --event-type order.* --active false");
    let made = shell.json(&format!("{create} --ca {file} --aliases true"));
    assert_eq!(made["status"], "disabled");
    assert_eq!(
        (&made["aliases"], &made["ca"]),
        (&json!(true), &json!("***"))
    );
    let id = made["id"].as_str().unwrap();
    let update = format!("webhooks update {id} --active true --aliases null --ca null");
    let now = shell.json(&format!("{update} --timeout null --rate-limit 2.5"));
    assert_eq!(now["status"], "active");
    assert_eq!((&now["aliases"], &now["ca"]), (&Value::Null, &Value::Null));
    assert_eq!(now["rate_limit"], 2.5);
    let none = shell.complains(&format!("webhooks update {id} --ca {file}.none"));
    assert!(none.contains("cannot read"), "{none}");

    shell.says(&format!(
        "webhooks test {id} --event-type order.paid --data {{\"n\":1.0}}"
    ));
    let body = String::from_utf8(receiver.wait_for(1).await[0].body.clone()).unwrap();
    assert!(
        body.contains("order.paid") && body.contains("1.0"),
        "{body}"
    );
    let event = r#"{"type":"order.sent","data":{"n":2.0}}"#;
    let previewed = shell.says(&format!("webhooks preview {id} --event {event}"));
    assert!(
        previewed.contains("order.sent") && previewed.contains("2.0"),
        "{previewed}"
    );
    let rotated = shell.json(&format!("webhooks rotate-secret {id} --signature ed25519"));
    assert!(
        rotated["secret"].as_str().unwrap().starts_with("whpk_"),
        "{rotated}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_workspaces_are_made_with_every_field() {
    let shell = Shell::open();
    let create =
        "workspaces create --name acme --strict-event-types true --keep-data until_delivered";
    let made = shell.json(create);
    assert_eq!(made["strict_event_types"], true);
    assert_eq!(made["keep_data"], "until_delivered");
    let id = made["id"].as_str().unwrap();
    let rotated = shell.json(&format!("workspaces rotate-secret {id} --secret {SECRET}"));
    assert_eq!(rotated["secret"], SECRET);

    shell.says("api-keys create --name here --scope events:read");
    shell.says("api-keys create --name there --scope events:read --rate-limit 5 --workspace acme");
    let names = |line: &str| -> Vec<Value> {
        let list = shell.json(line)["data"].clone();
        let list = list.as_array().unwrap().iter();
        list.map(|one| one["name"].clone()).collect()
    };
    assert_eq!(names("api-keys list"), ["there", "here", "k"]);
    assert_eq!(names("api-keys list --workspace acme"), ["there"]);
    let there = shell.json("api-keys list --workspace acme");
    assert_eq!(there["data"][0]["rate_limit"], 5.0);
    assert_eq!(there["data"][0]["workspace_id"], id);
    shell.says("event-types create a.b --workspace acme");
    shell.says("event-types create a.c");
    let log = shell.json("audit-log --workspace acme");
    let log = log["data"].as_array().unwrap();
    assert!(
        !log.is_empty() && log.iter().all(|one| one["workspace_id"] == id),
        "{log:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn earlier_attempts_of_a_delivery_are_shown_when_asked_for() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    shell.webhook(&receiver);
    shell.says("events send --type a.b --data 1");
    let done = |page: &Value| page["data"][0]["status"] == "delivered";
    let list = shell.server.poll(&shell.key, "/deliveries", done).await;
    let id = list["data"][0]["id"].as_str().unwrap();
    shell.says(&format!("deliveries retry {id}"));
    let twice = |page: &Value| page["attempt_count"] == 2;
    let path = format!("/deliveries/{id}");
    shell.server.poll(&shell.key, &path, twice).await;
    let shown = shell.says(&format!("deliveries show {id} --attempts-before 2"));
    assert!(
        shown.contains("attempt 1") && !shown.contains("attempt 2"),
        "{shown}"
    );
}
