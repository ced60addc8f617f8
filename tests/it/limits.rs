//! What hookpost bears, and what it says when it is asked for more: real sockets that are slow,
//! greedy or many.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use hookpost::domain::api_key::Scope;
use hookpost::service::ServiceOptions;
use hookpost::web::extract::{BODY_BYTES_MAX, DATA_DEPTH_MAX};
use hookpost::web::limits::STRANGERS_BODY_BYTES_MAX;
use hookpost::web::{HttpOptions, Limits};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{PATIENCE, TestApp};
use crate::receiver::Receiver;

/// A deadline that tests do not wait long for. The server reads its clock twice a second, so that a
/// head's deadline may come half a second early.
const SHORT: Duration = Duration::from_millis(1200);
/// What a deadline is at least.
const SHORT_MIN: Duration = Duration::from_millis(600);

async fn bounded(limits: Limits) -> TestApp {
    let http = HttpOptions {
        limits,
        ..HttpOptions::default()
    };
    TestApp::start_as(http, ServiceOptions::default()).await
}

/// A connection to the app that gives up after [`PATIENCE`].
fn connect(app: &TestApp) -> TcpStream {
    let stream = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// What arrives until the other side closes; a reset is a close.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&bytes)),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The head and the body of one answer, as far as its `content-length` says.
fn one_answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 1];
    loop {
        assert_eq!(stream.read(&mut piece).unwrap(), 1, "closed: {bytes:?}");
        bytes.push(piece[0]);
        if let Some((head, body)) = String::from_utf8_lossy(&bytes).split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return format!("{head}\r\n\r\n{body}");
            }
        }
    }
}

/// Sends a byte now and again until the other side has had enough; answers how long that took.
fn drip(stream: &mut TcpStream) -> Duration {
    let began = Instant::now();
    stream
        .set_read_timeout(Some(Duration::from_millis(30)))
        .unwrap();
    while began.elapsed() < PATIENCE {
        let sent = stream.write(b"x");
        let closed = match stream.read(&mut [0; 1024]) {
            Ok(count) => count == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
        if closed || sent.is_err() {
            return began.elapsed();
        }
    }
    panic!("it was borne for {PATIENCE:?}");
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

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
    // A reset may overtake the answer; either way nothing was served.
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
}

#[tokio::test]
async fn bodies_are_bounded_whether_or_not_they_are_announced() {
    let app = TestApp::start().await;
    let large = "x".repeat(BODY_BYTES_MAX + 1);
    let webhooks = || {
        app.call(Method::POST, "/api/v1/webhooks")
            .header("content-type", "application/json")
    };
    let announced = webhooks().body(large.clone()).send().await;
    let told = announced.problem(413, "too_large");
    assert!(told["detail"].as_str().unwrap().contains("1 MiB"), "{told}");
    let pieces = [large[..BODY_BYTES_MAX].to_owned(), "y".to_owned()].map(Ok::<_, std::io::Error>);
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let streamed = webhooks().body(stream).send().await;
    streamed.problem(413, "too_large");
    let data = json!({"type": "a.b", "data": "x".repeat(256 * 1024)});
    let event = app.post("/api/v1/events", &data).await;
    let told = event.problem(413, "too_large");
    assert!(
        told["detail"].as_str().unwrap().contains("262144"),
        "{told}"
    );
    let packed = webhooks().header("content-encoding", "gzip").body("{}");
    packed.send().await.problem(415, "unsupported_media_type");
    let listed = app.get("/api/v1/events").await.json(StatusCode::OK);
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn strangers_may_say_little() {
    let app = TestApp::start().await;
    let long = "x".repeat(STRANGERS_BODY_BYTES_MAX + 1);
    let session = app.anonymous(Method::POST, "/api/v1/sessions");
    session
        .json(&json!({"email": long, "password": "x"}))
        .send()
        .await
        .problem(413, "too_large");
    for path in ["/sign-in", "/setup"] {
        let form = app.anonymous(Method::POST, path);
        let answer = form.body(format!("email={long}")).send().await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
}

/// Text, because trees of such depth are what overflows stacks.
fn nested(depth: usize) -> String {
    format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
}

#[tokio::test]
async fn data_may_be_nested_only_so_deep_wherever_it_is_taken() {
    let app = TestApp::start().await;
    let post = |path: &str, body: String| {
        let call = app.call(Method::POST, path);
        call.header("content-type", "application/json")
            .body(body)
            .send()
    };
    let event = |depth| format!(r#"{{"type": "a.b", "data": {}}}"#, nested(depth));
    let fine = post("/api/v1/events", event(DATA_DEPTH_MAX)).await;
    fine.json(StatusCode::ACCEPTED);
    let told = post("/api/v1/events", event(DATA_DEPTH_MAX + 1))
        .await
        .invalid("data");
    assert!(told["detail"].as_str().unwrap().contains("64"), "{told}");
    let very_deep = nested(100_000);
    for (path, body, field) in [
        (
            "/api/v1/events/batch",
            format!(r#"{{"events": [{{"type": "a.b", "data": {very_deep}}}]}}"#),
            "data",
        ),
        (
            "/api/v1/webhooks",
            format!(r#"{{"url": "https://example.com/", "metadata": {very_deep}}}"#),
            "metadata",
        ),
        (
            "/api/v1/event-types",
            format!(r#"{{"name": "a.b", "example": {very_deep}}}"#),
            "example",
        ),
        (
            "/airmy/webhooks",
            format!(r#"{{"url": {very_deep}}}"#),
            "url",
        ),
        (
            "/api/v1/sessions",
            "[".repeat(STRANGERS_BODY_BYTES_MAX),
            "body",
        ),
    ] {
        let answer = post(path, body).await;
        // Each event of a batch is refused on its own.
        assert!(
            answer.text.contains("\"status\":422") || path.starts_with("/airmy"),
            "{path}: {}",
            answer.text
        );
        assert!(answer.text.contains(field), "{path}: {}", answer.text);
        assert!(
            answer.text.contains("nested deeper"),
            "{path}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn bodies_beyond_the_budget_are_told_to_come_again() {
    let app = bounded(Limits {
        body_budget_kib: 256,
        ..Limits::default()
    })
    .await;
    let key = app.admin.clone();
    let head = format!(
        "POST /api/v1/webhooks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: 1000000\r\n\r\n"
    );
    let mut greedy = connect(&app);
    let greedy = blocking(move || {
        greedy.write_all(head.as_bytes()).unwrap();
        greedy.write_all(&vec![b' '; 250 * 1024]).unwrap();
        greedy
    })
    .await;
    let body = json!({"type": "a.b", "data": "x".repeat(200 * 1024)});
    let deadline = Instant::now() + PATIENCE;
    let refused = loop {
        let answer = app.post("/api/v1/events", &body).await;
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            break answer;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
    };
    refused.problem(503, "overloaded");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    // Small ones still pass, and once the greedy one is gone so do large ones.
    let small = json!({"type": "a.b", "data": 1});
    app.post("/api/v1/events", &small)
        .await
        .json(StatusCode::ACCEPTED);
    greedy.shutdown(Shutdown::Both).unwrap();
    loop {
        let answer = app.post("/api/v1/events", &body).await;
        if answer.status == StatusCode::ACCEPTED {
            break;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
    }
}

#[tokio::test]
async fn an_address_has_a_rate_whatever_it_asks_for_and_whoever_it_says_it_is() {
    let app = bounded(Limits {
        address_rate: Some(3.0),
        ..Limits::default()
    })
    .await;
    let ask = |path: &str, forwarded: &str| {
        let call = app.anonymous(Method::GET, path).bearer("hpk_guess");
        call.header("x-forwarded-for", forwarded)
            .header("x-account-access-token", "guess")
            .send()
    };
    let deadline = Instant::now() + PATIENCE;
    // Each kind of path in turn, until the bucket is empty at one of them.
    for path in [
        "/api/v1/webhooks",
        "/sign-in",
        "/veriswarm/v1/public/providers/webhooks",
        "/healthz",
    ] {
        let mut count = 0_u32;
        let refused = loop {
            count += 1;
            let answer = ask(path, &format!("203.0.113.{count}")).await;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                break answer;
            }
            assert!(
                Instant::now() < deadline,
                "{path}: {count} were let through"
            );
        };
        assert_eq!(refused.header("retry-after"), "1", "{path}");
        assert!(refused.header("content-type").contains("json"), "{path}");
    }
}

#[tokio::test]
async fn a_key_has_the_rate_that_the_operator_gives_to_all() {
    let app = bounded(Limits {
        key_rate: Some(2.0),
        ..Limits::default()
    })
    .await;
    let key = app.key(&[Scope::EventsRead]).await;
    let deadline = Instant::now() + PATIENCE;
    let refused = loop {
        let call = app.anonymous(Method::GET, "/api/v1/events").bearer(&key);
        let answer = call.send().await;
        assert_eq!(answer.header("ratelimit-limit"), "2");
        if answer.status != StatusCode::OK {
            break answer;
        }
        assert!(Instant::now() < deadline, "no limit");
    };
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    // Another key has a bucket of its own.
    app.get("/api/v1/events").await.json(StatusCode::OK);
}

#[tokio::test]
async fn tests_of_webhooks_are_counted_by_the_minute_and_by_workspace() {
    let options = ServiceOptions {
        tests_per_minute: 2,
        ..ServiceOptions::default()
    };
    let app = TestApp::start_as(HttpOptions::default(), options).await;
    let receiver = Receiver::start().await;
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"], "profile": "airmy"});
    let made = app
        .post("/api/v1/webhooks", &webhook)
        .await
        .json(StatusCode::CREATED);
    let id = made["id"].as_str().unwrap();
    let path = format!("/api/v1/webhooks/{id}/test");
    for _ in 0..2 {
        app.post(&path, &json!({})).await.json(StatusCode::OK);
    }
    let refused = app.post(&path, &json!({})).await;
    refused.problem(429, "rate_limited");
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    // A dialect is no way around it.
    let theirs = format!("/airmy/webhooks/{id}/test");
    let refused = app.post(&theirs, &json!({})).await;
    assert_eq!(
        refused.status,
        StatusCode::TOO_MANY_REQUESTS,
        "{}",
        refused.text
    );
    assert!(!refused.header("retry-after").is_empty());
    app.post("/api/v1/workspaces", &json!({"name": "second"}))
        .await
        .json(StatusCode::CREATED);
    let in_second = |path: &str, body: &Value| {
        app.call(Method::POST, path)
            .header("hookpost-workspace", "second")
            .json(body)
            .send()
    };
    let made = in_second("/api/v1/webhooks", &webhook)
        .await
        .json(StatusCode::CREATED);
    let path = format!("/api/v1/webhooks/{}/test", made["id"].as_str().unwrap());
    in_second(&path, &json!({})).await.json(StatusCode::OK);
    assert_eq!(receiver.wait_for(3).await.len(), 3);
}
