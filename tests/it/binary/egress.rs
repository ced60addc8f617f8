//! `--egress-proxy`, with tinyproxy and microsocks as the proxies.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::process::{Running, Server, complaint, run, serve, stdout_of};
use crate::app::PATIENCE;
use crate::receiver::{Receiver, Reply};

const LOGIN: &str = "hookpost:pass-word";

/// A port that nobody has just now.
fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}

/// Waits until somebody listens there.
fn listening(port: u16) {
    let deadline = Instant::now() + PATIENCE;
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "nobody listens on {port}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// tinyproxy on `port`, which asks for [`LOGIN`]; what it does stands in the file it answers.
fn tinyproxy(dir: &Path, port: u16) -> (Running, PathBuf) {
    let (file, log) = (dir.join("tinyproxy.conf"), dir.join("tinyproxy.log"));
    let (name, password) = LOGIN.split_once(':').unwrap();
    let settings = format!(
        "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Connect\nLogFile \"{}\"\n\
         BasicAuth {name} {password}\n",
        log.display()
    );
    std::fs::write(&file, settings).unwrap();
    let mut command = Command::new("tinyproxy");
    command.arg("-d").arg("-c").arg(&file);
    let running = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    listening(port);
    (running, log)
}

/// hookpost behind a proxy, and a key.
fn behind(dir: &Path, proxy: &str, log: impl std::io::Write + Send + 'static) -> (Server, String) {
    let mut command = serve(dir);
    command
        .args(["--listen", "127.0.0.1:0", "--allow-http", "--allow-private"])
        .arg("127.0.0.0/8")
        // Not on the command line, where everybody on the machine reads it.
        .env("HOOKPOST_EGRESS_PROXY", proxy);
    let server = Server::spawn_into(&mut command, log);
    let key = key(dir);
    (server, key)
}

fn key(dir: &Path) -> String {
    let dir = dir.to_str().unwrap();
    stdout_of(&["key", "create", "--name", "t", "--data-dir", dir])
}

async fn webhook(server: &Server, key: &str, more: Value) -> String {
    let mut body = json!({"event_types": ["*"], "retry_policy": {"delays": ["1h"]}});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let made = server.post(key, "/webhooks", &body, 201).await;
    made["id"].as_str().unwrap().to_owned()
}

/// Sends a test, and answers the delivery that it made.
async fn tested(server: &Server, key: &str, webhook: &str) -> Value {
    let tested = server
        .post(key, &format!("/webhooks/{webhook}/test"), &json!({}), 200)
        .await;
    let path = format!("/deliveries/{}", tested["delivery_id"].as_str().unwrap());
    server.call(key, Method::GET, &path, None).await.unwrap().1
}

#[tokio::test]
async fn everything_leaves_by_tinyproxy_but_what_an_operator_lets_out_directly() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let (proxy, log) = tinyproxy(dir.path(), port);
    let data = dir.path().join("data");
    let said = dir.path().join("said");
    let address = format!("http://{LOGIN}@127.0.0.1:{port}");
    let (server, key) = behind(&data, &address, std::fs::File::create(&said).unwrap());
    let (receiver, alerts) = (Receiver::start().await, Receiver::start().await);
    let tokens = Receiver::start().await;
    let token = json!({"access_token": "t", "token_type": "Bearer", "expires_in": 60});
    tokens.answer(Reply::status(200).body(&token.to_string()));
    let workspaces = server
        .call(&key, Method::GET, "/workspaces", None)
        .await
        .unwrap()
        .1;
    let workspace = format!(
        "/workspaces/{}",
        workspaces["data"][0]["id"].as_str().unwrap()
    );
    let told = json!({"alert_url": alerts.url("/alerts")});
    let told = server
        .call(&key, Method::PATCH, &workspace, Some(&told))
        .await;
    assert_eq!(told.unwrap().0, 200);
    let auth = json!({"type": "oauth2", "token_url": tokens.url("/token"), "client_id": "c",
        "client_secret": "s"});
    let made = webhook(
        &server,
        &key,
        json!({"url": receiver.url("/hook"), "auth": auth,
        "retry_policy": {"give_up_on": ["4xx"]}}),
    )
    .await;
    assert_eq!(tested(&server, &key, &made).await["status"], "delivered");
    receiver.answer(Reply::status(404));
    let event = json!({"type": "order.paid", "data": {"n": 1}});
    server.post(&key, "/events", &event, 202).await;
    alerts.wait_for(1).await;
    let seen = std::fs::read_to_string(&log).unwrap();
    for one in [&receiver, &alerts, &tokens] {
        let asked = format!(
            "CONNECT {} HTTP/1.1",
            one.url("").trim_start_matches("http://")
        );
        assert!(seen.contains(&asked), "{asked}\n{seen}");
    }
    let direct = Receiver::start().await;
    let around = webhook(
        &server,
        &key,
        json!({"url": direct.url("/"), "via": "direct"}),
    )
    .await;
    drop(proxy);
    let down = tested(&server, &key, &made).await;
    assert_eq!(down["last_error_kind"], "proxy", "{down}");
    assert_eq!(tested(&server, &key, &around).await["status"], "delivered");
    let said = std::fs::read_to_string(&said).unwrap();
    assert!(said.contains(&format!("http://127.0.0.1:{port}")), "{said}");
    assert!(!said.contains("pass-word"), "{said}");
}

#[tokio::test]
async fn a_closed_way_out_is_tried_again_and_held_against_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let address = format!("http://hookpost:wrong@127.0.0.1:{port}");
    let (_proxy, _log) = tinyproxy(dir.path(), port);
    let (server, key) = behind(&dir.path().join("data"), &address, std::io::sink());
    let receiver = Receiver::start().await;
    let made = webhook(
        &server,
        &key,
        json!({"url": receiver.url("/"),
        "disable_after_failures": 1, "retry_policy": {"delays": ["1s", "1h"], "jitter": false}}),
    )
    .await;
    let event = json!({"type": "order.paid", "data": {"n": 1}});
    server.post(&key, "/events", &event, 202).await;
    let twice = |page: &Value| page["data"][0]["attempt_count"] == 2;
    let page = server.poll(&key, "/deliveries", twice).await;
    let delivery = &page["data"][0];
    assert_eq!(delivery["status"], "retrying", "{delivery}");
    assert_eq!(delivery["last_error_kind"], "proxy");
    let words = "the egress proxy does not accept hookpost's credentials";
    assert_eq!(delivery["last_error"], words);
    let shown = server
        .call(&key, Method::GET, &format!("/webhooks/{made}"), None)
        .await;
    let shown = shown.unwrap().1;
    assert_eq!(
        (&shown["status"], &shown["consecutive_failures"]),
        (&json!("active"), &json!(0))
    );
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_socks_proxy_takes_addresses_and_says_what_is_down() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut command = Command::new("microsocks");
    let port_text = port.to_string();
    command.args([
        "-i",
        "127.0.0.1",
        "-p",
        &port_text,
        "-u",
        "hookpost",
        "-P",
        "pass-word",
    ]);
    let _proxy = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    listening(port);
    let address = format!("socks5://{LOGIN}@localhost:{port}");
    let (server, key) = behind(&dir.path().join("data"), &address, std::io::sink());
    let receiver = Receiver::start().await;
    let made = webhook(&server, &key, json!({"url": receiver.url("/")})).await;
    assert_eq!(tested(&server, &key, &made).await["status"], "delivered");
    let nobody = format!("http://127.0.0.1:{}/", free_port());
    let made = webhook(&server, &key, json!({"url": nobody})).await;
    let down = tested(&server, &key, &made).await;
    assert_eq!(down["last_error_kind"], "connect", "{down}");
    let wrong = dir.path().join("wrong");
    let address = format!("socks5://hookpost:wrong@127.0.0.1:{port}");
    let (server, key) = behind(&wrong, &address, std::io::sink());
    let made = webhook(&server, &key, json!({"url": receiver.url("/")})).await;
    let refused = tested(&server, &key, &made).await;
    assert_eq!(refused["last_error_kind"], "proxy", "{refused}");
}

#[test]
fn what_is_no_proxy_is_refused_at_start_and_not_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    for (wrong, words) in [
        (
            "ftp://me:s3cret@proxy",
            "must begin with http://, https:// or socks5://",
        ),
        (
            "http://me:s3cret@proxy/path",
            "neither path, query nor fragment",
        ),
        ("socks5h://me:s3cret@proxy", "socks5:// and not socks5h://"),
    ] {
        let said = run(&["serve", "--data-dir", data, "--egress-proxy", wrong]);
        let said = complaint(&said, 1);
        assert!(said.contains(words) && !said.contains("s3cret"), "{said}");
    }
    let mut help = super::process::hookpost(&["serve", "--help"]);
    let help = help
        .env("HOOKPOST_EGRESS_PROXY", "http://me:s3cret@proxy")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.contains("HOOKPOST_EGRESS_PROXY") && !help.contains("s3cret"),
        "{help}"
    );
}
