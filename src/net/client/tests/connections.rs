//! Which connection carries a request, and how often a request is sent.

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A receiver that counts its connections and its requests.
struct Counted {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Counted {
    /// Answers `answers` requests of a connection with `answer` and closes it without a word.
    async fn closing_after(answers: usize, answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let (made, asked) = (Arc::clone(&connections), Arc::clone(&requests));
        let address = serve(move |mut stream| {
            made.fetch_add(1, Ordering::SeqCst);
            let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
            async move {
                for _ in 0..answers {
                    if request(&mut stream).await.is_none() {
                        return;
                    }
                    asked.fetch_add(1, Ordering::SeqCst);
                    let _gone = stream.write_all(&answer).await;
                }
            }
        })
        .await;
        Self {
            address,
            connections,
            requests,
        }
    }

    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::closing_after(usize::MAX, answer).await
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn an_answer_that_breaks_http_is_one_request() {
    let lines = |count: usize| -> String { (0..count).map(|n| format!("x-{n}: 1\r\n")).collect() };
    for answer in [
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(),
        "SSH-2.0-OpenSSH_9.9\r\n".to_owned(),
        "+OK POP3 ready\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", lines(500)),
        format!("HTTP/1.1 200 OK\r\nx-a: {}\r\n\r\n", "x".repeat(1 << 20)),
    ] {
        let receiver = Counted::answering(answer.clone()).await;
        let failure = failure(&client(), &receiver.url(), PATIENCE).await;
        let shown: String = answer.chars().take(60).collect();
        assert_eq!(failure.kind, FailureKind::Protocol, "{shown:?}");
        assert_eq!(receiver.requests(), 1, "{shown:?}");
    }
}

#[tokio::test]
async fn what_curl_reads_as_an_answer_is_one() {
    let lines: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
    for answer in [
        "HTTP/1.1 200 OK\r\nx : a\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{lines}content-length: 0\r\n\r\n"),
        "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ] {
        let receiver = Counted::answering(answer.clone()).await;
        let exchange = post(&client(), &receiver.url(), PATIENCE).await;
        let shown: String = answer.chars().take(60).collect();
        assert_eq!(exchange.result.expect(&shown).status, 200);
        assert_eq!(receiver.requests(), 1, "{shown:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_closes_after_each_answer_costs_no_attempt() {
    let receiver = Counted::closing_after(1, OK).await;
    let client = client();
    let mut failed = 0;
    for _ in 0..500 {
        failed += usize::from(
            post(&client, &receiver.url(), PATIENCE)
                .await
                .result
                .is_err(),
        );
    }
    println!("closed after each answer: {failed} of 500 failed");
    assert_eq!((failed, receiver.requests()), (0, 500));
    assert_eq!(client.inner.pool.resting(), 0, "it is remembered");
}

#[tokio::test]
async fn a_connection_that_ends_when_it_is_used_again_costs_no_attempt() {
    // Reads the second request of a connection and closes instead of answering.
    let address = serve(|mut stream| async move {
        if request(&mut stream).await.is_some() {
            stream.write_all(OK.as_bytes()).await.unwrap();
            let _second = request(&mut stream).await;
        }
    })
    .await;
    let client = client();
    for _ in 0..100 {
        let exchange = post(&client, &format!("http://{address}/"), PATIENCE).await;
        assert_eq!(exchange.result.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_connection_rests_no_longer_than_its_receiver_announces() {
    let check = async |announced: &str, connections: usize| {
        let answer = format!("HTTP/1.1 200 OK\r\n{announced}content-length: 0\r\n\r\n");
        let receiver = Counted::answering(answer).await;
        let client = client();
        for _ in 0..3 {
            post(&client, &receiver.url(), PATIENCE)
                .await
                .result
                .unwrap();
        }
        assert_eq!(receiver.connections(), connections, "{announced:?}");
    };
    check("", 1).await;
    check("keep-alive: timeout=60\r\n", 1).await;
    check("keep-alive: timeout=0\r\n", 3).await;
    check("keep-alive: timeout=60, max=0\r\n", 3).await;
    check("connection: close\r\n", 3).await;
}

#[tokio::test]
async fn senders_never_share_a_connection() {
    let receiver = Counted::answering(OK).await;
    let client = client();
    for round in 1..=2 {
        for (workspace, webhook) in [(1, 1), (1, 2), (2, 3)] {
            let sender = Sender { workspace, webhook };
            post_as(&client, sender, &receiver.url(), PATIENCE)
                .await
                .result
                .unwrap();
        }
        assert_eq!(receiver.connections(), 3, "round {round}");
    }
}

#[tokio::test]
async fn what_a_receiver_sends_unasked_is_nobodys_answer() {
    let unasked = "HTTP/1.1 500 Sorry\r\ncontent-length: 0\r\n\r\n";
    let receiver = Counted::answering(format!("{OK}{unasked}")).await;
    let client = client();
    for _ in 0..100 {
        let exchange = post(&client, &receiver.url(), PATIENCE).await;
        assert_eq!(exchange.result.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_failed_answer_retires_its_connection_and_the_name_is_judged_anew() {
    let old = Counted::answering("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await;
    let new = TcpListener::bind((ip("127.0.0.2"), old.address.port()))
        .await
        .unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = new.accept().await {
            tokio::spawn(answer_all(stream, Arc::from(OK.as_bytes())));
        }
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let client = scripted(guard(), move |_| {
        let moved = counted.fetch_add(1, Ordering::SeqCst) > 0;
        Ok(vec![ip(if moved { "127.0.0.2" } else { "127.0.0.1" })])
    });
    let url = format!("http://hooks.example.com:{}/", old.address.port());
    let first = post(&client, &url, PATIENCE).await.result.unwrap();
    let second = post(&client, &url, PATIENCE).await.result.unwrap();
    assert_eq!((first.status, second.status), (503, 200));
}

#[tokio::test]
async fn a_connection_is_not_used_when_it_is_a_minute_old() {
    let receiver = Counted::answering(OK).await;
    let client = client();
    let url = receiver.url();
    post(&client, &url, PATIENCE).await.result.unwrap();
    assert_eq!(client.inner.pool.resting(), 1);
    client.inner.pool.age(Duration::from_secs(61));
    post(&client, &url, PATIENCE).await.result.unwrap();
    post(&client, &url, PATIENCE).await.result.unwrap();
    assert_eq!(receiver.connections(), 2);
}

/// An address that takes connections until its queue is full, and then says nothing to anybody.
async fn silent(address: IpAddr, port: u16) -> (TcpListener, Vec<TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(address, port)).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut queued = Vec::new();
    let target = listener.local_addr().unwrap();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(target)).await
    {
        queued.push(stream);
    }
    (listener, queued)
}

#[tokio::test]
async fn a_dead_first_address_does_not_use_up_a_short_timeout() {
    let receiver = Counted::answering(OK).await;
    let _silent = silent(ip("127.0.0.2"), receiver.address.port()).await;
    let url = format!("http://hooks.example.com:{}/", receiver.address.port());
    for timeout in [1, 4] {
        let client = scripted(guard(), |_| Ok(vec![ip("127.0.0.2"), ip("127.0.0.1")]));
        let exchange = post(&client, &url, Duration::from_secs(timeout)).await;
        assert_eq!(exchange.result.unwrap().status, 200, "{timeout} s");
    }
}

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

#[tokio::test]
async fn resting_connections_are_bounded_in_all_and_give_way() {
    let receivers = futures_util::future::join_all((0..20).map(|_| Counted::answering(OK))).await;
    let options = ClientOptions {
        sockets_max: 8,
        ..Default::default()
    };
    let client = Client::new(guard(), &options).unwrap();
    for _ in 0..3 {
        let posts = receivers.iter().map(|receiver| async {
            post(&client, &receiver.url(), PATIENCE)
                .await
                .result
                .unwrap()
                .status
        });
        let statuses = futures_util::future::join_all(posts).await;
        assert_eq!(statuses, vec![200; 20]);
        assert!(client.inner.pool.resting() <= 8);
    }
}
