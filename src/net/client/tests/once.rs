//! An attempt is one request, whatever comes back.

use super::*;

#[tokio::test]
async fn a_late_answer_that_is_not_http_is_a_protocol_failure() {
    let requests = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&requests);
    let address = serve(move |mut stream| {
        let asked = Arc::clone(&asked);
        async move {
            request(&mut stream).await;
            asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1500)).await;
            let _gone = stream.write_all(b"hello\r\n\r\n").await;
        }
    })
    .await;
    let url = format!("http://{address}/");
    let failure = failure(&client(), &url, Duration::from_secs(2)).await;
    assert_eq!(failure.kind, FailureKind::Protocol);
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

type OddAnswer = (&'static str, String);

fn lined(lines: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{lines}content-length: 0\r\n\r\n")
}

fn many(count: usize) -> String {
    (0..count).map(|n| format!("x-{n}: 1\r\n")).collect()
}

fn long(count: usize) -> String {
    format!("x: {}\r\n", "x".repeat(50_000)).repeat(count)
}

/// Header lines that break a rule and leave no doubt about the status.
fn odd_headers() -> Vec<OddAnswer> {
    vec![
        ("a space before the colon", lined("x : a\r\n")),
        ("a tab before the colon", lined("x\t: a\r\n")),
        ("a space in a name", lined("x y: a\r\n")),
        ("odd bytes in a name", lined("x@y(: a\r\n")),
        ("a name that is not ASCII", lined("ä: a\r\n")),
        ("no name", lined(": a\r\n")),
        ("a folded header", lined("x: a\r\n b\r\n")),
        ("a header folded with a tab", lined("x: a\r\n\tb\r\n")),
        ("a control byte in a value", lined("x: a\u{1}b\r\n")),
        ("DEL in a value", lined("x: a\u{7f}b\r\n")),
        ("a carriage return in a value", lined("x: a\rb\r\n")),
        ("bare line feeds", lined("x: a\n").replace('\r', "")),
        (
            "a name of 70,000 bytes",
            lined(&format!("{}: 1\r\n", "x".repeat(70_000))),
        ),
        ("101 headers", lined(&many(101))),
        ("1,000 headers", lined(&many(1000))),
        ("6,000 headers", lined(&many(6000))),
        ("a head of 250,000 bytes", lined(&long(5))),
        ("the same length twice", lined("content-length: 0\r\n")),
    ]
}

/// First lines of the same kind.
fn odd_first_lines() -> Vec<OddAnswer> {
    let then = "content-length: 0\r\n\r\n";
    vec![
        ("no reason", format!("HTTP/1.1 200\r\n{then}")),
        ("HTTP/1.0", format!("HTTP/1.0 200 OK\r\n{then}")),
        ("HTTP/2 in letters", format!("HTTP/2 200\r\n{then}")),
        ("small letters", format!("http/1.1 200 OK\r\n{then}")),
        ("two spaces", format!("HTTP/1.1  200 OK\r\n{then}")),
        (
            "a control byte in the reason",
            format!("HTTP/1.1 200 \u{1}\r\n{then}"),
        ),
    ]
}

/// What leaves a doubt. Of these curl reads the last three.
fn doubtful() -> Vec<OddAnswer> {
    vec![
        ("a line without a colon", lined("no colon\r\n")),
        ("a last line without a colon", lined("x: a\r\nno colon\r\n")),
        ("a header folded onto nothing", lined(" folded\r\n")),
        ("NUL in a value", lined("x: a\0b\r\n")),
        ("a head of 1 MiB", lined(&long(21))),
        (
            "a line of 1 MiB",
            lined(&format!("x: {}\r\n", "x".repeat(1 << 20))),
        ),
        ("an unknown version", "HTTP/1.2 200 OK\r\n\r\n".to_owned()),
        (
            "a status of four digits",
            "HTTP/1.1 2000 OK\r\n\r\n".to_owned(),
        ),
        (
            "a status of two digits",
            "HTTP/1.1 20 OK\r\n\r\n".to_owned(),
        ),
        ("Icecast", "ICY 200 OK\r\n\r\n".to_owned()),
        ("SSH", "SSH-2.0-OpenSSH_9.9\r\n".to_owned()),
        ("SMTP", "220 mail ready\r\n".to_owned()),
        ("POP3", "+OK POP3 ready\r\n".to_owned()),
        ("JSON", "{\"ok\":true}\r\n\r\n".to_owned()),
        (
            "two lengths",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(),
        ),
        (
            "a length with a sign",
            "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nab".to_owned(),
        ),
        (
            "two lengths and another answer",
            format!("HTTP/1.1 500 No\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{OK}"),
        ),
    ]
}

/// Answers, and whether they are read as a 200. curl 7.88.1 reads the same, but for the last three
/// that are doubtful.
fn odd_answers() -> Vec<(&'static str, Vec<u8>, bool)> {
    let latin = b"HTTP/1.1 200 Gr\xfcn\r\nx: \xe4\r\ncontent-length: 0\r\n\r\n".to_vec();
    let read = odd_headers().into_iter().chain(odd_first_lines());
    let read = read.map(|(name, answer)| (name, answer.into_bytes(), true));
    let doubtful = doubtful().into_iter();
    let doubtful = doubtful.map(|(name, answer)| (name, answer.into_bytes(), false));
    let latin = [("bytes that are not UTF-8", latin, true)];
    read.chain(latin).chain(doubtful).collect()
}

fn check_odd(name: &str, exchange: Posted, is_read: bool) {
    match exchange.result {
        Ok(reply) => assert_eq!((reply.status, is_read), (200, true), "{name}"),
        Err(failure) => {
            assert!(!is_read, "{name}: {failure:?}");
            assert_eq!(failure.kind, FailureKind::Protocol, "{name}: {failure:?}");
        }
    }
}

#[tokio::test]
async fn an_odd_answer_on_a_new_connection_is_one_request_and_read_as_curl_reads_it() {
    for (name, answer, is_read) in odd_answers() {
        let receiver = Counted::answering(answer).await;
        let exchange = post(&client(), &receiver.url(), PATIENCE).await;
        check_odd(name, exchange, is_read);
        let seen = (receiver.connections(), receiver.requests());
        assert_eq!(seen, (1, 1), "{name}");
    }
}

#[tokio::test]
async fn an_odd_answer_on_a_connection_that_is_used_again_is_one_request_too() {
    for (name, answer, is_read) in odd_answers() {
        let answers = [OK.as_bytes().to_vec(), answer];
        let receiver = Counted::answering_in_turn(answers).await;
        let client = client();
        let first = post(&client, &receiver.url(), PATIENCE).await;
        assert_eq!(first.result.unwrap().status, 200);
        let exchange = post(&client, &receiver.url(), PATIENCE).await;
        check_odd(name, exchange, is_read);
        let seen = (receiver.connections(), receiver.requests());
        assert_eq!(seen, (1, 2), "{name}");
    }
}

#[tokio::test]
async fn an_odd_answer_is_read_the_same_in_small_pieces() {
    for (name, answer, is_read) in odd_answers() {
        // Long ones in larger pieces.
        let piece = answer.len().div_ceil(100).max(1);
        let answer: Arc<[u8]> = answer.into();
        let address = serve(move |mut stream| {
            let answer = Arc::clone(&answer);
            async move {
                stream.set_nodelay(true).unwrap();
                request(&mut stream).await;
                for piece in answer.chunks(piece) {
                    if stream.write_all(piece).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
                // The answer is over; its connection is not.
                request(&mut stream).await;
            }
        })
        .await;
        let exchange = post(&client(), &format!("http://{address}/"), PATIENCE).await;
        check_odd(name, exchange, is_read);
    }
}

#[tokio::test]
async fn what_an_odd_answer_says_beside_its_status_is_kept() {
    let answer = "HTTP/1.1 503 No\r\nx y: 1\r\nRetry-After: 7\r\ncontent-length: 4\r\n\r\nbusy";
    let receiver = Counted::answering(answer).await;
    let client = client();
    let exchange = post(&client, &receiver.url(), PATIENCE).await;
    let reply = exchange.result.unwrap();
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("7"))
    );
    assert_eq!(reply.body, b"busy");
    let odd_success = "HTTP/1.1 200 OK\r\nx y: 1\r\ncontent-length: 0\r\n\r\n";
    let receiver = Counted::answering(odd_success).await;
    for _ in 0..3 {
        let exchange = post(&client, &receiver.url(), PATIENCE).await;
        assert_eq!(exchange.result.unwrap().status, 200);
    }
    // Where it ends was not judged, so nothing follows it on its connection.
    let seen = (receiver.connections(), receiver.requests());
    assert_eq!(seen, (3, 3));
}

#[tokio::test]
async fn a_banner_before_any_request_is_no_answer() {
    for banner in ["SSH-2.0-OpenSSH_9.9\r\n", "220 mail ready\r\n", "{}"] {
        let receiver = Counted::greeting(banner).await;
        let failure = failure(&client(), &receiver.url(), PATIENCE).await;
        assert_eq!(
            failure.kind,
            FailureKind::Protocol,
            "{banner:?}: {failure:?}"
        );
        assert_eq!(receiver.connections(), 1, "{banner:?}");
        assert!(receiver.requests() <= 1, "{banner:?}");
    }
}

#[tokio::test]
async fn a_new_connection_that_ends_without_an_answer_is_one_request() {
    for half in ["", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nx-a: 1\r\n"] {
        let receiver = Counted::closing_after(1, half).await;
        let failure = failure(&client(), &receiver.url(), PATIENCE).await;
        assert_eq!(failure.kind, FailureKind::Connect, "{half:?}");
        let seen = (receiver.connections(), receiver.requests());
        assert_eq!(seen, (1, 1), "{half:?}");
    }
}

#[tokio::test]
async fn half_an_answer_on_a_connection_that_is_used_again_is_not_asked_for_twice() {
    for half in ["H", "HTTP/1.1 200 OK\r\nx-a: 1\r\n"] {
        let receiver = Counted::answering_in_turn([OK, half]).await;
        let client = client();
        post(&client, &receiver.url(), PATIENCE)
            .await
            .result
            .unwrap();
        let failure = failure(&client, &receiver.url(), PATIENCE).await;
        assert_eq!(failure.kind, FailureKind::Connect, "{half:?}");
        let seen = (receiver.connections(), receiver.requests());
        assert_eq!(seen, (1, 2), "{half:?}");
    }
}
