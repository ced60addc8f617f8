//! What never becomes a request is refused in the form of every refusal.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::app::TestApp;
use crate::binary::tls::serve_https;

use super::*;

/// More than is listened to after a refusal and than the kernel holds on both sides.
const SENT_BYTES_MAX: usize = 64 * hookpost::web::unparsed::LINGER_BYTES_MAX;

/// The answers to `sent`, until the server closes.
async fn answers(app: &TestApp, sent: &'static str) -> Vec<(String, Value)> {
    let mut stream = connect(app);
    blocking(move || answers_on(&mut stream, sent)).await
}

/// As [`answers`], on a connection that is there.
fn answers_on(stream: &mut (impl Read + Write), sent: &str) -> Vec<(String, Value)> {
    stream.write_all(sent.as_bytes()).unwrap();
    stream.flush().unwrap();
    let mut said = rest(stream);
    let mut answers = Vec::new();
    while !said.is_empty() {
        let (head, after) = said.split_once("\r\n\r\n").expect("an answer has a head");
        let length = head.lines().find_map(|line| {
            let length = line.strip_prefix("content-length: ")?;
            Some(length.parse::<usize>().unwrap())
        });
        let (body, more) = after.split_at(length.unwrap());
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        answers.push((head.to_owned(), body));
        said = more.to_owned();
    }
    answers
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.unwrap_or_else(|| panic!("no {name} in {head}")).1
}

#[track_caller]
fn is_problem((head, body): &(String, Value), status: u16, code: &str) {
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    assert_eq!(header(head, "content-type"), "application/problem+json");
    assert_eq!(header(head, "x-content-type-options"), "nosniff");
    assert_eq!(header(head, "connection"), "close");
    assert!(header(head, "x-request-id").starts_with("req_"), "{head}");
    assert!(header(head, "date").ends_with("GMT"), "{head}");
    assert_eq!(body["status"], status);
    assert_eq!(body["code"], code);
    assert!(body["detail"].is_string() && body["title"].is_string());
}

/// Each of these, on a connection of its own, is answered once: it cannot be read.
async fn are_malformed(requests: &[&'static str]) {
    let app = TestApp::start().await;
    for sent in requests {
        let answers = answers(&app, sent).await;
        assert_eq!(answers.len(), 1, "{sent:?}: {answers:?}");
        is_problem(&answers[0], 400, "malformed");
    }
}

#[tokio::test]
async fn what_cannot_be_parsed_is_a_problem_with_a_request_id() {
    are_malformed(&[
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n",
        "GET /healthz HTTP/9.9\r\nhost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\r\nbroken header\r\n\r\n",
        "POST /api/v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n",
        "POST /api/v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n",
    ])
    .await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_a_problem_with_a_request_id() {
    let app = TestApp::start().await;
    let long = "y".repeat(128 * 1024);
    let sent = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {long}\r\n\r\n");
    let answers = answers(&app, sent.leak()).await;
    assert_eq!(answers.len(), 1, "{answers:?}");
    is_problem(&answers[0], 431, "too_large");
}

#[tokio::test]
async fn what_came_before_it_on_the_same_connection_is_answered_as_ever() {
    let app = TestApp::start().await;
    let sent = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\nnonsense\r\n\r\n";
    let answers = answers(&app, sent).await;
    assert_eq!(answers.len(), 3, "{answers:?}");
    for (head, _) in &answers[..2] {
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    }
    is_problem(&answers[2], 400, "malformed");
    let ids: std::collections::HashSet<&str> = answers
        .iter()
        .map(|(head, _)| header(head, "x-request-id"))
        .collect();
    assert_eq!(ids.len(), 3, "each answer has an id of its own");
}

#[tokio::test]
async fn who_sends_on_after_a_refusal_gets_it_nevertheless_and_is_closed() {
    let app = TestApp::start().await;
    let mut stream = connect(&app);
    let sent = blocking(move || {
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"nonsense\r\n\r\n").unwrap();
        let piece = [b'x'; 4096];
        let mut sent = 0;
        // At some time the other side is gone.
        while sent < SENT_BYTES_MAX && stream.write_all(&piece).is_ok() {
            sent += piece.len();
        }
        sent
    })
    .await;
    assert!(sent < SENT_BYTES_MAX, "{sent}");
}

#[tokio::test]
async fn a_line_of_a_head_that_ends_with_a_bare_line_feed_is_refused() {
    are_malformed(&[
        "GET /healthz HTTP/1.1\nhost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\r\n\n",
        "GET /healthz HTTP/1.1\nhost: x\n\n",
        "\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: b\nx-c: d\r\n\r\n",
    ])
    .await;
}

#[tokio::test]
async fn line_feeds_of_a_body_are_nobodys_business_and_what_follows_it_is_watched() {
    let app = TestApp::start().await;
    let good = "POST /a/b HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n\n\n\r\n";
    let pieces =
        "POST /a/b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n\n\n\r\n0\r\n\r\n";
    for body in [good, pieces] {
        let well = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let sent: &'static str = format!("{body}{well}").leak();
        let told = answers(&app, sent).await;
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[1].0.starts_with("HTTP/1.1 200 "), "{told:?}");
        let sent: &'static str = format!("{body}GET /healthz HTTP/1.1\nhost: x\r\n\r\n").leak();
        let told = answers(&app, sent).await;
        assert_eq!(told.len(), 2, "{told:?}");
        is_problem(&told[1], 400, "malformed");
    }
}

#[tokio::test]
async fn over_tls_it_is_refused_alike() {
    let dir = tempfile::tempdir().unwrap();
    let (server, cert) = serve_https(dir.path());
    let mut roots = RootCertStore::empty();
    let own = CertificateDer::from_pem_file(cert).unwrap();
    roots.add(own).unwrap();
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let place = server.url.trim_start_matches("https://").to_owned();
    let ask = |sent: String| {
        let (config, place) = (Arc::clone(&config), place.clone());
        blocking(move || {
            let name = "127.0.0.1".try_into().unwrap();
            let session = ClientConnection::new(config, name).unwrap();
            let stream = TcpStream::connect(place).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            answers_on(&mut StreamOwned::new(session, stream), &sent)
        })
    };
    let long = "y".repeat(128 * 1024);
    let well = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for (sent, before, status, code) in [
        ("nonsense\r\n\r\n".to_owned(), 0, 400, "malformed"),
        (
            well.replace("host: x", "host: a\r\nhost: b"),
            0,
            400,
            "malformed",
        ),
        (
            well.replace("host: x", &format!("host: x\r\nx-long: {long}")),
            0,
            431,
            "too_large",
        ),
        (format!("{well}{well}nonsense\r\n\r\n"), 2, 400, "malformed"),
    ] {
        let told = ask(sent).await;
        assert_eq!(told.len(), before + 1, "{told:?}");
        for (head, _) in &told[..before] {
            assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        }
        is_problem(&told[before], status, code);
    }
}
