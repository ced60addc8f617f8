//! Alerts by mail, with aiosmtpd as the server.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver as Lines, channel};
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use super::process::{Running, Server, complaint, run, serve, stdout_of};
use crate::app::PATIENCE;
use crate::receiver::{Receiver, Reply};

/// A running mail server.
struct Sink {
    port: u16,
    mails: Lines<Value>,
    _running: Running,
}

impl Sink {
    fn start(refusals: u32, files: &[&Path]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut command = Command::new(tests.join(".venv/bin/python"));
        command.arg(tests.join("it/binary/smtp_sink.py"));
        command
            .args([port.to_string(), refusals.to_string()])
            .args(files);
        let mut running = Running::start(&mut command);
        let lines = BufReader::new(running.0.stdout.take().unwrap());
        let (sent, mails) = channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                drop(sent.send(serde_json::from_str(&line).unwrap()));
            }
        });
        let deadline = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "no mail server");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Self {
            port,
            mails,
            _running: running,
        }
    }

    fn next(&self) -> Value {
        self.mails.recv_timeout(PATIENCE).unwrap()
    }
}

/// hookpost with a mail server, a key, and the path of its workspace, which is told by mail.
async fn told_by_mail(dir: &Path, smtp: &str, more: &[&str]) -> (Server, String, String) {
    let data = dir.join("data");
    let mut command = serve(&data);
    command
        .args(["--listen", "127.0.0.1:0", "--allow-http", "--allow-private"])
        .args(["127.0.0.0/8", "--public-url", "https://hooks.example.com"])
        .args(more)
        .env("HOOKPOST_SMTP_URL", smtp);
    let server = Server::spawn(&mut command);
    let data = data.to_str().unwrap();
    let key = stdout_of(&["key", "create", "--name", "t", "--data-dir", data]);
    let all = server
        .call(&key, Method::GET, "/workspaces", None)
        .await
        .unwrap()
        .1;
    let workspace = format!("/workspaces/{}", all["data"][0]["id"].as_str().unwrap());
    let told = json!({"alert_emails": ["ops@example.com"]});
    let told = server
        .call(&key, Method::PATCH, &workspace, Some(&told))
        .await
        .unwrap();
    assert_eq!(
        told.1["alert_emails"],
        json!(["ops@example.com"]),
        "{told:?}"
    );
    (server, key, workspace)
}

/// Makes a dead letter.
async fn give_up(server: &Server, key: &str, consumer: Option<&str>) {
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"], "label": "Orders",
        "retry_policy": {"delays": []}, "consumer": consumer});
    server.post(key, "/webhooks", &webhook, 201).await;
    let event = json!({"type": "order.paid", "data": {"n": 1}, "consumer": consumer});
    server.post(key, "/events", &event, 202).await;
    receiver.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_a_mail_with_a_link_and_the_delivery_says_that_it_was_sent() {
    let dir = tempfile::tempdir().unwrap();
    let sink = Sink::start(0, &[]);
    let smtp = format!("smtp://hookpost:pass-word@127.0.0.1:{}", sink.port);
    let (server, key, _) = told_by_mail(dir.path(), &smtp, &[]).await;
    give_up(&server, &key, None).await;
    let mail = sink.next();
    assert_eq!(mail["from"], "hookpost@hooks.example.com");
    assert_eq!(mail["to"], json!(["ops@example.com"]));
    assert_eq!(mail["login"], true);
    let text = mail["text"].as_str().unwrap().replace("=\r\n", "");
    assert!(
        text.contains("Subject: [hookpost] A delivery of order.paid to Orders"),
        "{text}"
    );
    assert!(
        text.contains("https://hooks.example.com/deliveries/dlv_"),
        "{text}"
    );
    let sent = |page: &Value| !page["data"][0]["alert_sent_at"].is_null();
    server.poll(&key, "/dead-letters", sent).await;
    let consumer = json!({"uid": "acme", "alert_email": "acme@example.com"});
    let made = server.post(&key, "/consumers", &consumer, 201).await;
    assert_eq!(made["alert_email"], "acme@example.com");
    give_up(&server, &key, Some("acme")).await;
    let mut mails = [sink.next(), sink.next()];
    mails.sort_by_key(|mail| mail["to"].to_string());
    let [theirs, ours] = mails;
    assert_eq!(theirs["to"], json!(["acme@example.com"]));
    assert_eq!(ours["to"], json!(["ops@example.com"]));
    // A customer is told what happened, and neither where the dashboard is nor what runs it.
    let text = theirs["text"].as_str().unwrap().replace("=\r\n", "");
    assert!(
        text.contains("Subject: A delivery of order.paid to Orders"),
        "{text}"
    );
    let body = text.split_once("\r\n\r\n").unwrap().1;
    assert!(!body.contains("hookpost"), "{text}");
    assert!(!body.contains("hooks.example.com"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn starttls_is_spoken_and_a_test_says_what_the_server_says() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, private) = (dir.path().join("c.pem"), dir.path().join("k.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&private, made.signing_key.serialize_pem()).unwrap();
    let sink = Sink::start(1, &[&certificate, &private]);
    let smtp = format!("smtp://hookpost:pass-word@127.0.0.1:{}", sink.port);
    let trust = [
        "--tls-ca-file",
        certificate.to_str().unwrap(),
        "--smtp-from",
        "alerts@example.org",
    ];
    let (server, key, workspace) = told_by_mail(dir.path(), &smtp, &trust).await;
    let test = format!("{workspace}/test-alert");
    let refused = server.post(&key, &test, &json!({}), 200).await;
    assert_eq!(refused["success"], false, "{refused}");
    let error = refused["emails"][0]["error"].as_str().unwrap();
    assert!(error.contains("451"), "{error}");
    let tested = server.post(&key, &test, &json!({}), 200).await;
    assert_eq!(tested["success"], true, "{tested}");
    let mail = sink.next();
    assert_eq!(
        (&mail["encrypted"], &mail["login"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(mail["from"], "alerts@example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_by_mail_is_checked_and_a_bad_server_refused_at_start() {
    let dir = tempfile::tempdir().unwrap();
    let sink = Sink::start(0, &[]);
    let smtp = format!("smtp://127.0.0.1:{}", sink.port);
    let (server, key, workspace) = told_by_mail(dir.path(), &smtp, &[]).await;
    for wrong in [
        json!(["ada"]),
        json!(["a@b.c", "a@b.c"]),
        json!(vec!["a@b.c"; 11]),
    ] {
        let said = json!({"alert_emails": wrong});
        let said = server
            .call(&key, Method::PATCH, &workspace, Some(&said))
            .await
            .unwrap();
        assert_eq!(said.0, 422, "{said:?}");
    }
    let data = dir.path().join("other");
    let data = data.to_str().unwrap();
    let said = run(&[
        "serve",
        "--data-dir",
        data,
        "--smtp-url",
        "http://me:s3cret@mail",
    ]);
    let said = complaint(&said, 1);
    assert!(
        said.contains("smtp://") && !said.contains("s3cret"),
        "{said}"
    );
}
