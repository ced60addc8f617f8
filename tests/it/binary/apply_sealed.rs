//! `hookpost apply` and what does not read back: it is named, and sent where that is asked for.

use serde_json::{Value, json};

use super::shell::Shell;
use crate::receiver::Receiver;

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER_SECRET: &str = "whsec_HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn certificate() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[track_caller]
fn apply(shell: &Shell, hook: &Value, options: &str) -> Value {
    let file = shell.file("state.json", &json!({"webhooks": [hook]}).to_string());
    shell.json(&format!("apply {file} {options}"))
}

fn fields(told: &Value) -> Vec<&str> {
    let changes = told["changes"].as_array().unwrap().iter();
    let fields = changes.flat_map(|change| change["fields"].as_array().unwrap());
    fields
        .map(|field| field["field"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_these_is_named_and_sent_where_that_is_asked_for() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let ((first, first_key), (second, second_key)) = (certificate(), certificate());
    let mtls = |certificate: &str, key: &str| json!({"auth": {"type": "mtls", "certificate": certificate, "private_key": key}});
    let oauth = |secret: &str| {
        let url = "https://idp.example/token";
        json!({"auth": {"type": "oauth2", "token_url": url, "client_id": "c", "client_secret": secret}})
    };
    let rows = [
        (
            json!({"headers": {"Authorization": "Bearer a"}}),
            json!({"headers": {"Authorization": "Bearer b"}}),
            json!(["headers.authorization"]),
        ),
        (
            json!({"auth": {"type": "bearer", "token": "a"}}),
            json!({"auth": {"type": "bearer", "token": "b"}}),
            json!(["auth.token"]),
        ),
        (oauth("a"), oauth("b"), json!(["auth.client_secret"])),
        (json!({"ca": first}), json!({"ca": second}), json!(["ca"])),
        (
            mtls(&first, &first_key),
            mtls(&second, &second_key),
            json!(["auth.certificate", "auth.private_key"]),
        ),
        (
            json!({"secret": SECRET}),
            json!({"secret": OTHER_SECRET}),
            json!(["secret"]),
        ),
    ];
    for (at, (before, after, not_compared)) in rows.into_iter().enumerate() {
        let hook = |fields: &Value| {
            let mut hook = fields.clone();
            hook["label"] = json!(format!("row {at}"));
            hook["url"] = json!(receiver.url("/"));
            hook["event_types"] = json!(["*"]);
            hook
        };
        apply(&shell, &hook(&before), "");
        let told = apply(&shell, &hook(&after), "");
        let named =
            json!([{"kind": "webhook", "name": format!("row {at}"), "fields": not_compared}]);
        assert_eq!(
            told,
            json!({"applied": true, "changes": [], "not_compared": named})
        );
        let told = apply(&shell, &hook(&after), "--send-sealed");
        let (field, _) = after.as_object().unwrap().iter().next().unwrap();
        assert_eq!(fields(&told), [field], "{told:#}");
        assert_eq!(told["not_compared"], json!([]));
        assert_eq!(
            told["changes"][0]["fields"][0]["to"],
            if field == "ca" {
                json!(second)
            } else {
                json!("***")
            }
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_read_what_was_not_compared_and_what_was_sent_arrives() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    let hook = |key: &str, secret: &str| {
        json!({"label": "Shop", "url": receiver.url("/"), "event_types": ["*"], "secret": secret,
            "headers": {"x-api-key": key, "x-env": "prod"}})
    };
    apply(&shell, &hook("one", SECRET), "");
    let file = shell.file(
        "state.json",
        &json!({"webhooks": [hook("two", OTHER_SECRET)]}).to_string(),
    );
    let expect = "? webhook Shop: not compared, for they do not read back: secret, headers.x-api-key\n  \
                  --send-sealed sends them, whatever is there\nnothing to change\n";
    assert_eq!(shell.says(&format!("apply {file}")), expect);
    let sent = shell.says(&format!("apply {file} --send-sealed"));
    assert!(!sent.contains("two"), "{sent}");
    assert!(
        sent.contains("    headers: ***\n") && sent.ends_with("2 changes\n"),
        "{sent}"
    );
    shell.says("events send --type a --data 1");
    let received = &receiver.wait_for(1).await[0];
    assert_eq!(received.header("x-api-key"), "two");
    // Both sign within the overlap.
    assert_eq!(received.header("webhook-signature").split(' ').count(), 2);
    // A secret that signs already is no change, which the attempt shows.
    let told = apply(&shell, &hook("two", OTHER_SECRET), "--send-sealed");
    assert_eq!(fields(&told), ["headers"], "{told:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_another_origin_goes_what_the_file_says_and_a_new_secret_is_told() {
    let shell = Shell::open();
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let hook = |at: &Receiver| json!({"label": "Shop", "url": at.url("/"), "event_types": ["*"], "headers": {"x-api-key": "k"}});
    let made = apply(&shell, &hook(&old), "");
    let told = apply(&shell, &hook(&new), "");
    assert_eq!(fields(&told), ["url", "headers"], "{told:#}");
    let (first, second) = (&made["changes"][0]["secret"], &told["changes"][0]["secret"]);
    assert!(second.is_string() && first != second, "{told:#}");
    // Said in the file, it is the one that signs from then on, and nothing is made up.
    let mut back = hook(&old);
    back["secret"] = json!(SECRET);
    let told = apply(&shell, &back, "");
    assert_eq!(fields(&told), ["url", "headers", "secret"], "{told:#}");
    assert_eq!(told["changes"][0]["secret"], Value::Null);
}
