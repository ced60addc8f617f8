//! Receivers that hang, drip, break off or do not speak HTTP.

use super::*;

#[tokio::test]
async fn silence_ends_with_the_timeout() {
    let hangs =
        serve(|mut stream| async move { while request(&mut stream).await.is_some() {} }).await;
    let never_reads = serve(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let slow_head = dripping("HTTP/1.1 200", b" ", Duration::from_millis(20)).await;
    let endless_interim = dripping(
        "",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        Duration::from_millis(1),
    )
    .await;
    for address in [hangs, never_reads, slow_head, endless_interim] {
        let failure = failure(&client(), &format!("http://{address}/"), TIMEOUT).await;
        assert_eq!(failure.kind, FailureKind::Timeout);
        assert_eq!(failure.message, "no answer came within 300ms");
    }
    // A TLS handshake that never goes on is no answer either.
    let failure = failure(&client(), &format!("https://{never_reads}/"), TIMEOUT).await;
    assert_eq!(failure.kind, FailureKind::Timeout);
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_cut_and_the_status_stands() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
    let drips = dripping(HEAD, b"x", Duration::from_millis(20)).await;
    let stops = dripping(HEAD, b"", PATIENCE).await;
    let breaks_off = serve(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        stream.write_all(b"part").await.unwrap();
    })
    .await;
    let bad_chunk =
        answering("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\nnonsense\r\n")
            .await;
    for address in [drips, stops, breaks_off, bad_chunk] {
        let exchange = post(&client(), &format!("http://{address}/"), TIMEOUT).await;
        assert!(exchange.duration < TIMEOUT + Duration::from_secs(1));
        let reply = exchange.result.unwrap();
        assert_eq!((reply.status, reply.body_truncated), (200, true));
        assert!(reply.body.len() < 1_000);
    }
}

#[tokio::test]
async fn answers_that_are_not_http_are_protocol_failures() {
    let endless_head = dripping("HTTP/1.1 200 OK\r\n", &[b'x'; 65_536], Duration::ZERO).await;
    let failure_of = async |address: SocketAddr| {
        failure(&client(), &format!("http://{address}/"), PATIENCE).await
    };
    let too_large = failure_of(endless_head).await;
    assert_eq!(
        too_large.kind,
        FailureKind::Protocol,
        "{}",
        too_large.message
    );
    for answer in [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "hello\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let failure = failure_of(answering(answer).await).await;
        assert_eq!(
            failure.kind,
            FailureKind::Protocol,
            "{answer:?}: {}",
            failure.message
        );
        assert!(
            failure
                .message
                .starts_with("the answer is not acceptable HTTP")
        );
    }
}

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let address = answering(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n\
         HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let reply = post(&client(), &format!("http://{address}/"), PATIENCE)
        .await
        .result
        .unwrap();
    assert_eq!(reply.status, 202);
    // Nobody asked to switch, so this is a final answer, and not a 2xx.
    let switching = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let address = answering(switching).await;
    let exchange = post(&client(), &format!("http://{address}/"), TIMEOUT).await;
    assert!(exchange.duration < TIMEOUT + Duration::from_secs(1));
    assert_eq!(exchange.result.unwrap().status, 101);
}

#[tokio::test]
async fn broken_connections_are_told_apart() {
    let closes = serve(|mut stream| async move {
        request(&mut stream).await;
    })
    .await;
    let closes_midway = serve(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nx-a").await.unwrap();
    })
    .await;
    let resets = serve(|mut stream| async move {
        request(&mut stream).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let nobody = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        listener.local_addr().unwrap()
    };
    let check = async |address: SocketAddr, words: &str| {
        let failure = failure(&client(), &format!("http://{address}/"), PATIENCE).await;
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (FailureKind::Connect, words)
        );
    };
    check(
        closes,
        "the receiver closed the connection before an answer came",
    )
    .await;
    check(
        closes_midway,
        "the receiver closed the connection before an answer came",
    )
    .await;
    check(resets, "the connection was reset").await;
    check(nobody, "the connection was refused").await;
}

/// A hand-written receiver that sends a body with every answer, also with a 204, which has none; it
/// comes late enough to meet the connection's next request.
async fn sending_too_much() -> SocketAddr {
    const NOTHING: &[u8] = b"HTTP/1.1 204 No Content\r\ncontent-length: 11\r\n\r\n";
    const WELL: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    serve(|mut stream| async move {
        let mut late: &[u8] = b"";
        while let Some(asked) = request(&mut stream).await {
            let well = asked.starts_with("POST /well");
            let answer = [late, if well { WELL } else { NOTHING }].concat();
            if stream.write_all(&answer).await.is_err() {
                return;
            }
            late = if well { b"" } else { b"hello world" };
        }
    })
    .await
}

#[tokio::test]
async fn a_receiver_that_sends_too_much_spoils_no_neighbours_answer() {
    let receiver = sending_too_much().await;
    let client = client();
    for _ in 0..30 {
        for (path, status) in [("nothing", 204), ("well", 200)] {
            let url = format!("http://{receiver}/{path}");
            let exchange = post(&client, &url, Duration::from_secs(5)).await;
            assert_eq!(exchange.result.unwrap().status, status, "{path}");
        }
    }
}
