//! What is sent, and what of an answer is kept.

use tokio::sync::mpsc::UnboundedReceiver;

use super::*;

#[tokio::test]
async fn an_answer_comes_back_whole() {
    let answer = "HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: 2\r\ncontent-length: 2\r\n\r\nok";
    let address = answering(answer).await;
    let exchange = post(&client(), &format!("http://{address}/hook"), PATIENCE).await;
    assert_eq!(exchange.remote_addr, Some(address));
    let reply = exchange.result.unwrap();
    assert_eq!((reply.status, reply.header("x-a")), (201, Some("1")));
    assert_eq!(reply.headers.len(), 3);
    assert_eq!(
        (reply.body.as_slice(), reply.body_truncated),
        (b"ok".as_slice(), false)
    );
}

/// A receiver that takes one request a connection, and tells of each.
async fn telling_receiver() -> (SocketAddr, UnboundedReceiver<String>) {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(move |mut stream| {
        let sender = sender.clone();
        async move {
            sender.send(request(&mut stream).await.unwrap()).unwrap();
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await
                .unwrap();
        }
    })
    .await;
    (address, receiver)
}

#[tokio::test]
async fn the_request_is_one_plain_post_with_the_bytes_given() {
    let (address, mut receiver) = telling_receiver().await;
    let url = format!("http://{address}/hook?a=1");
    assert_eq!(
        post(&client(), &url, PATIENCE).await.result.unwrap().status,
        204
    );
    let text = receiver.recv().await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines.remove(0), "POST /hook?a=1 HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: {address}");
    let agent = format!("user-agent: {USER_AGENT}");
    let expected = [
        "accept: */*",
        "content-length: 15",
        "content-type: application/json",
        &host,
        &agent,
        "webhook-id: evt_1",
    ];
    assert_eq!(
        (lines.as_slice(), body),
        (expected.as_slice(), "{\"type\":\"test\"}")
    );
}

#[tokio::test]
async fn path_and_query_are_sent_byte_by_byte() {
    let (address, mut receiver) = telling_receiver().await;
    let client = client();
    for (given, sent) in [
        ("/a/%2e%2e/c?q='x'", "/a/%2e%2e/c?q='x'"),
        ("/a/../b/./c", "/a/../b/./c"),
        ("/%7Euser/%c3%a4", "/%7Euser/%c3%a4"),
        ("/ä?ö", "/%C3%A4?%C3%B6"),
        ("?a=1", "/?a=1"),
        ("", "/"),
        ("//double//", "//double//"),
    ] {
        post(&client, &format!("http://{address}{given}"), PATIENCE)
            .await
            .result
            .unwrap();
        let text = receiver.recv().await.unwrap();
        assert_eq!(
            text.lines().next(),
            Some(format!("POST {sent} HTTP/1.1").as_str())
        );
    }
}

#[tokio::test]
async fn connections_are_used_again() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let address = serve(move |stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        answer_all(
            stream,
            Arc::from(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".as_slice()),
        )
    })
    .await;
    let client = client();
    for _ in 0..20 {
        let reply = post(&client, &format!("http://{address}/"), PATIENCE)
            .await
            .result
            .unwrap();
        assert_eq!(reply.status, 200);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_body_is_kept_up_to_its_cap() {
    let cap = ClientOptions::default().reply_body_bytes_max;
    let check = async |bytes: usize, kept: usize, truncated: bool| {
        let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").into_bytes();
        answer.resize(answer.len() + bytes, b'x');
        let address = answering(answer).await;
        let reply = post(&client(), &format!("http://{address}/"), PATIENCE)
            .await
            .result
            .unwrap();
        assert_eq!(
            (reply.body.len(), reply.body_truncated),
            (kept, truncated),
            "{bytes}"
        );
    };
    check(0, 0, false).await;
    check(cap, cap, false).await;
    check(cap + 1, cap, true).await;
    check(cap * 100, cap, true).await;
    const HEAD: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let endless = dripping(HEAD, format!("100\r\n{:256}\r\n", "x"), Duration::ZERO).await;
    let reply = post(&client(), &format!("http://{endless}/"), PATIENCE)
        .await
        .result
        .unwrap();
    assert_eq!(
        (reply.status, reply.body.len(), reply.body_truncated),
        (200, cap, true)
    );
}

#[tokio::test]
async fn a_compressed_body_is_not_unpacked() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(0), 10_000_000),
        &mut packer,
    )
    .unwrap();
    let bomb = packer.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        bomb.len()
    );
    let address = answering([head.as_bytes(), &bomb].concat()).await;
    let reply = post(&client(), &format!("http://{address}/"), PATIENCE)
        .await
        .result
        .unwrap();
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert_eq!(reply.body, bomb[..reply.body.len()]);
    assert_eq!(reply.body.len(), bomb.len().min(16 * 1024));
}

#[tokio::test]
async fn headers_are_kept_within_bounds() {
    let kib_64 = format!(
        "HTTP/1.1 200 OK\r\nx-a: {}\r\nx-b: 1\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    let address = answering(kib_64).await;
    let reply = post(&client(), &format!("http://{address}/"), TIMEOUT)
        .await
        .result
        .unwrap();
    assert_eq!(reply.headers, [("x-b".to_owned(), "1".to_owned())]);

    let lines: String = (0..90).map(|n| format!("x-{n}: 1\r\n")).collect();
    let many = format!("HTTP/1.1 200 OK\r\n{lines}content-length: 0\r\n\r\n");
    let address = answering(many).await;
    let reply = post(&client(), &format!("http://{address}/"), PATIENCE)
        .await
        .result
        .unwrap();
    assert_eq!(reply.headers.len(), REPLY_HEADERS_MAX);

    let odd = b"HTTP/1.1 200 OK\r\nx-a: \xff\xfe\r\ncontent-length: 0\r\n\r\n";
    let address = answering(*odd).await;
    let reply = post(&client(), &format!("http://{address}/"), PATIENCE)
        .await
        .result
        .unwrap();
    assert_eq!(reply.header("x-a"), Some("\u{fffd}\u{fffd}"));
}

#[tokio::test]
async fn redirects_are_answers_and_never_followed() {
    let called = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&called);
    let elsewhere = serve(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {}
    })
    .await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n"
        );
        let address = answering(answer).await;
        let reply = post(&client(), &format!("http://{address}/"), PATIENCE)
            .await
            .result
            .unwrap();
        assert_eq!(reply.status, status);
    }
    assert_eq!(called.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn cookies_are_not_remembered() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(move |mut stream| {
        let sender = sender.clone();
        async move {
            while let Some(text) = request(&mut stream).await {
                sender.send(text).unwrap();
                let answer = b"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer).await.unwrap();
            }
        }
    })
    .await;
    let client = client();
    for _ in 0..2 {
        post(&client, &format!("http://{address}/"), PATIENCE)
            .await
            .result
            .unwrap();
        let text = receiver.recv().await.unwrap();
        assert!(
            !text.contains("cookie") && !text.contains("referer"),
            "{text}"
        );
    }
}

/// The environment can't be changed safely inside one process, so this test runs itself again.
#[test]
fn a_proxy_in_the_environment_is_ignored() {
    const MARK: &str = "HOOKPOST_TEST_BEHIND_PROXY";
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    if std::env::var_os(MARK).is_some() {
        runtime.block_on(async {
            let address = answering(answer).await;
            let exchange = post(&client(), &format!("http://{address}/"), PATIENCE).await;
            assert_eq!(exchange.remote_addr, Some(address));
            assert_eq!(exchange.result.unwrap().status, 200);
        });
        return;
    }
    let proxied = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&proxied);
    let proxy = runtime.block_on(serve(move |stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        answer_all(stream, Arc::from(answer.as_bytes()))
    }));
    let proxy = format!("http://{proxy}");
    let test = "net::client::tests::answers::a_proxy_in_the_environment_is_ignored";
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", test]).env(MARK, "1");
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ] {
        again.env(name, &proxy);
    }
    let output = again.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    assert_eq!(proxied.load(Ordering::SeqCst), 0);
}
