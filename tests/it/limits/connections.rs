//! Connections: slow heads and bodies, silence, too many at once, heads without end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use hookpost::web::Limits;
use reqwest::StatusCode;
use serde_json::json;

use crate::app::TestApp;

use super::*;

#[tokio::test]
async fn a_head_that_does_not_arrive_is_a_408() {
    let app = bounded(Limits {
        head_deadline: SHORT,
        ..Limits::default()
    })
    .await;
    let mut stream = connect(&app);
    let answer = blocking(move || {
        let began = Instant::now();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ")
            .unwrap();
        let answer = rest(&mut stream);
        assert!(began.elapsed() >= SHORT_MIN, "{:?}", began.elapsed());
        answer
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"code\":\"timeout\""), "{answer}");
    assert!(answer.contains("x-request-id: "), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_a_408_and_nothing_is_stored() {
    let app = bounded(Limits {
        body_deadline: SHORT,
        ..Limits::default()
    })
    .await;
    let mut stream = connect(&app);
    let key = app.admin.clone();
    let answer = blocking(move || {
        let head = format!(
            "POST /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: 400\r\n\r\n{{\"type\":\"a.b\","
        );
        stream.write_all(head.as_bytes()).unwrap();
        rest(&mut stream)
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"code\":\"timeout\""), "{answer}");
    let stored = app.get("/api/v1/events").await.json(StatusCode::OK);
    assert_eq!(stored["data"], json!([]));
}

#[tokio::test]
async fn a_connection_that_drips_after_its_first_request_is_closed() {
    let app = bounded(Limits {
        head_deadline: SHORT,
        keep_alive: SHORT,
        ..Limits::default()
    })
    .await;
    let mut stream = connect(&app);
    blocking(move || {
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
        assert!(one_answer(&mut stream).starts_with("HTTP/1.1 200"));
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nx-slow: ")
            .unwrap();
        assert!(drip(&mut stream) >= SHORT_MIN);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_rests_between_requests_is_kept_and_one_that_rests_for_good_is_not() {
    let app = bounded(Limits {
        keep_alive: SHORT,
        ..Limits::default()
    })
    .await;
    let mut stream = connect(&app);
    blocking(move || {
        for _ in 0..3 {
            stream
                .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
                .unwrap();
            assert!(one_answer(&mut stream).starts_with("HTTP/1.1 200"));
        }
        assert_eq!(rest(&mut stream), "");
    })
    .await;
}

#[tokio::test]
async fn who_is_refused_before_the_body_is_not_read_to_its_end() {
    let app = TestApp::start().await;
    let mut stream = connect(&app);
    let answer = blocking(move || {
        let head = "POST /api/v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{";
        stream.write_all(head.as_bytes()).unwrap();
        rest(&mut stream)
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn more_connections_than_the_cap_wait_until_others_are_done() {
    let app = bounded(Limits {
        connections_max: 4,
        head_deadline: SHORT,
        ..Limits::default()
    })
    .await;
    let mut silent: Vec<TcpStream> = (0..4).map(|_| connect(&app)).collect();
    for stream in &mut silent {
        stream.write_all(b"GET /").unwrap();
    }
    let mut late = connect(&app);
    blocking(move || {
        let ask = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        late.write_all(ask).unwrap();
        let answer = rest(&mut late);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
        // It was let in only because others had to go.
        let mut gone = 0;
        for stream in &mut silent {
            stream.set_nonblocking(true).unwrap();
            let mut piece = [0; 64];
            let said = stream.read(&mut piece);
            gone += usize::from(
                said.is_ok_and(|count| count == 0 || piece.starts_with(b"HTTP/1.1 408")),
            );
        }
        assert!(gone >= 1);
    })
    .await;
}

#[tokio::test]
async fn heads_without_end_are_refused() {
    let app = TestApp::start().await;
    let mut stream = connect(&app);
    let answer = blocking(move || {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").unwrap();
        let line = format!("x-long: {}\r\n", "y".repeat(4096));
        // The other side may close before everything was sent.
        for _ in 0..64 {
            if stream.write_all(line.as_bytes()).is_err() {
                break;
            }
        }
        rest(&mut stream)
    })
    .await;
    // What was sent too much is read and forgotten, so that no reset overtakes the answer.
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert!(answer.contains("\"code\":\"too_large\""), "{answer}");
}
