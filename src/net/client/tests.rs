//! The client against real receivers on loopback, most of them badly behaved.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::domain::outcome::FailureKind;
use crate::net::address::AddressRefusal;
use crate::net::guard::GuardOptions;
use crate::net::own::OwnAddresses;
use crate::net::resolver::LOOKUPS_MAX;

/// Short, so that receivers that never answer cost little.
const TIMEOUT: Duration = Duration::from_millis(300);
/// For receivers that answer at once, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

fn guard() -> Arc<Guard> {
    guard_with(&["127.0.0.0/8"])
}

fn guard_with(ranges: &[&str]) -> Arc<Guard> {
    Arc::new(Guard::new(GuardOptions {
        allow_http: true,
        allow_private: ranges.iter().map(|range| range.parse().unwrap()).collect(),
        own: OwnAddresses::Machine,
    }))
}

fn client() -> Client {
    Client::new(guard(), &ClientOptions::default()).unwrap()
}

fn scripted(
    guard: Arc<Guard>,
    script: impl Fn(&str) -> Result<Vec<IpAddr>, ResolveError> + Send + Sync + 'static,
) -> Client {
    let lookup = Lookup::Scripted(Arc::new(script));
    Client::new(
        guard,
        &ClientOptions {
            lookup,
            ..Default::default()
        },
    )
    .unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

async fn post(client: &Client, url: &str, timeout: Duration) -> Exchange {
    let target = client.inner.guard.check_url(url).unwrap();
    let body = Bytes::from_static(b"{\"type\":\"test\"}");
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("webhook-id", HeaderValue::from_static("evt_1"));
    client
        .post(OutboundRequest {
            target: &target,
            headers,
            body,
            timeout,
        })
        .await
}

/// The failure of a POST, after checking that it came within the timeout and a second, and that its
/// words hold no address.
async fn failure(client: &Client, url: &str, timeout: Duration) -> Failure {
    let exchange = post(client, url, timeout).await;
    assert!(
        exchange.duration < timeout + Duration::from_secs(1),
        "{:?}",
        exchange.duration
    );
    let failure = exchange.result.expect_err(url);
    assert!(
        !failure.message.contains("127.0.0.1"),
        "{}",
        failure.message
    );
    failure
}

/// Reads one request whole, as far as these tests send any; `None` at the connection's end.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut text = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream
            .read(&mut buffer)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        text.extend_from_slice(&buffer[..count]);
        if text.ends_with(b"\"test\"}") {
            return String::from_utf8(text).ok();
        }
    }
}

/// A receiver with a conversation of its own per connection; the task ends with the test.
async fn serve<F>(talk: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream));
        }
    });
    address
}

/// Answers every request of a connection with `answer` and keeps the connection open.
async fn answering(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer: Arc<[u8]> = answer.into().into();
    serve(move |stream| answer_all(stream, Arc::clone(&answer))).await
}

async fn answer_all(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Arc<[u8]>) {
    while request(&mut stream).await.is_some() {
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// Answers with `head` and then with `piece` again and again, after a pause each.
async fn dripping(head: &'static str, piece: impl Into<Vec<u8>>, pause: Duration) -> SocketAddr {
    let piece: Arc<[u8]> = piece.into().into();
    serve(move |mut stream| {
        let piece = Arc::clone(&piece);
        async move {
            request(&mut stream).await;
            let mut sent = stream.write_all(head.as_bytes()).await;
            while sent.is_ok() {
                tokio::time::sleep(pause).await;
                sent = stream.write_all(&piece).await;
            }
        }
    })
    .await
}

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

#[tokio::test]
async fn the_request_is_one_plain_post_with_the_bytes_given() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
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
    let headers: String = (0..500).map(|n| format!("x-{n}: 1\r\n")).collect();
    for answer in [
        "SSH-2.0-OpenSSH_9.9\r\n".to_owned(),
        "hello\r\n\r\n".to_owned(),
        "HTTP/1.1 abc OK\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(),
        "HTTP/9.9 200 OK\r\n\r\n".to_owned(),
        "\0\0\0\0\0\0\0\0\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{headers}\r\n"),
    ] {
        let failure = failure_of(answering(answer.clone()).await).await;
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

#[tokio::test]
async fn broken_tls_is_a_tls_failure() {
    let plain = serve(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        // Stay until the client has seen it and gone, so that no reset overtakes the answer.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let closes = serve(|mut stream| async move {
        let _ = stream.read(&mut [0; 16_384]).await;
    })
    .await;
    let unknown_authority = tls_receiver(&Certificates::new(&["127.0.0.1"])).await;
    let check = async |address: SocketAddr, words: &str| {
        let failure = failure(&client(), &format!("https://{address}/"), PATIENCE).await;
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (FailureKind::Tls, words)
        );
    };
    check(
        plain,
        "the TLS connection failed: the receiver does not speak TLS",
    )
    .await;
    check(
        closes,
        "the receiver closed the connection during the TLS handshake",
    )
    .await;
    let words = "the TLS connection failed: the certificate comes from an unknown authority";
    check(unknown_authority, words).await;
}

/// A certificate authority and a receiver's certificate signed by it.
struct Certificates {
    authority_pem: String,
    chain: rustls::pki_types::CertificateDer<'static>,
    key: rustls::pki_types::PrivateKeyDer<'static>,
}

impl Certificates {
    fn new(names: &[&str]) -> Self {
        let mut authority = rcgen::CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
        let issuer = rcgen::Issuer::new(authority, authority_key);
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let chain = certificate.der().clone();
        Self {
            authority_pem,
            chain,
            key: key.serialize_der().try_into().unwrap(),
        }
    }
}

/// Speaks TLS and answers 200 to everything.
async fn tls_receiver(certificates: &Certificates) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificates.chain.clone()],
            certificates.key.clone_key(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                answer_all(stream, Arc::from(answer.as_slice())).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_operators_authority_is_trusted_for_its_own_names_only() {
    let certificates = Certificates::new(&["127.0.0.1", "hooks.example.com"]);
    let address = tls_receiver(&certificates).await;
    let options = ClientOptions {
        extra_roots_pem: Some(certificates.authority_pem.clone().into_bytes()),
        lookup: Lookup::Scripted(Arc::new(|_| Ok(vec![ip("127.0.0.1")]))),
        ..Default::default()
    };
    let client = Client::new(guard(), &options).unwrap();
    let port = address.port();
    for host in ["127.0.0.1", "hooks.example.com"] {
        let url = format!("https://{host}:{port}/");
        assert_eq!(
            post(&client, &url, PATIENCE).await.result.unwrap().status,
            200,
            "{host}"
        );
    }
    let failure = failure(
        &client,
        &format!("https://other.example.com:{port}/"),
        PATIENCE,
    )
    .await;
    assert_eq!(failure.kind, FailureKind::Tls);
    assert_eq!(
        failure.message,
        "the TLS connection failed: the certificate is for another name"
    );
}

#[test]
fn a_file_without_certificates_is_refused_at_start() {
    for pem in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let extra_roots_pem = Some(pem.as_bytes().to_vec());
        let options = ClientOptions {
            extra_roots_pem,
            ..Default::default()
        };
        let error = Client::new(guard(), &options).err().expect(pem);
        assert!(
            error.to_string().starts_with("the extra root certificates"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_name_with_one_bad_address_is_refused_whole() {
    let check = async |answer: &'static [&str], expect: Option<FailureKind>| {
        let client = scripted(guard_with(&[]), |_| {
            Ok(answer.iter().map(|text| ip(text)).collect())
        });
        let target = client
            .inner
            .guard
            .check_url("http://hooks.example.com/")
            .unwrap();
        let blocked = client.check_destination(&target).await.is_err();
        assert_eq!(blocked, expect == Some(FailureKind::Blocked), "{answer:?}");
        if let Some(kind) = expect {
            let failure = failure(&client, "http://hooks.example.com/", TIMEOUT).await;
            assert_eq!(failure.kind, kind, "{answer:?}: {}", failure.message);
            assert!(
                !answer
                    .iter()
                    .any(|address| failure.message.contains(address))
            );
        }
    };
    let blocked = Some(FailureKind::Blocked);
    check(&["127.0.0.1"], blocked).await;
    check(&["93.184.216.34", "10.0.0.1"], blocked).await;
    check(&["10.0.0.1", "93.184.216.34"], blocked).await;
    check(&["2606:4700::1", "::ffff:169.254.169.254"], blocked).await;
    // Also where it stands behind more addresses than are ever tried.
    const NINE: &[&str] = &[
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "8.8.8.8",
        "192.168.0.1",
    ];
    check(NINE, blocked).await;
    check(&[], Some(FailureKind::Dns)).await;
    check(&["93.184.216.34"], None).await;
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_caught_on_the_answer_that_is_used() {
    let address = answering("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let port = address.await.port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    // Good for the check at creation and the first attempt, bad ever after.
    let client = scripted(guard_with(&["127.0.0.1/32"]), move |_| {
        let earlier = counted.fetch_add(1, Ordering::SeqCst);
        Ok(vec![ip(if earlier < 2 {
            "127.0.0.1"
        } else {
            "127.0.0.2"
        })])
    });
    let url = format!("http://hooks.example.com:{port}/");
    let target = client.inner.guard.check_url(&url).unwrap();
    client.check_destination(&target).await.unwrap();
    let exchange = post(&client, &url, PATIENCE).await;
    assert_eq!(exchange.result.unwrap().status, 200);
    assert_eq!(
        exchange.remote_addr,
        Some(SocketAddr::new(ip("127.0.0.1"), port))
    );
    // One look-up for the check and one for the connection: none between check and connect.
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(
        failure(&client, &url, PATIENCE).await.kind,
        FailureKind::Blocked
    );
}

#[tokio::test]
async fn hookposts_own_port_is_refused_by_number_and_by_name() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let port = address.port();
    let guard = guard();
    let client = scripted(Arc::clone(&guard), |_| Ok(vec![ip("127.0.0.1")]));
    let named = client
        .inner
        .guard
        .check_url(&format!("http://127.0.0.1:{port}/"))
        .unwrap();
    let url = format!("http://hooks.example.com:{port}/");
    assert_eq!(
        post(&client, &url, PATIENCE).await.result.unwrap().status,
        200
    );
    guard.set_own_ports(vec![port]);
    let refusal = Failure::blocked(AddressRefusal::OwnPort);
    assert_eq!(failure(&client, &url, PATIENCE).await, refusal);
    // A target that was made before the port was known is judged again.
    let request = OutboundRequest {
        target: &named,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: PATIENCE,
    };
    assert_eq!(client.post(request).await.result.unwrap_err(), refusal);
}

#[tokio::test]
async fn opened_loopback_can_be_called_as_localhost_without_a_look_up() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let client = scripted(guard(), |name| panic!("{name} was looked up"));
    let url = format!("http://localhost:{}/", address.port());
    assert_eq!(
        post(&client, &url, PATIENCE).await.result.unwrap().status,
        200
    );
}

#[tokio::test]
async fn names_that_lead_nowhere_are_dns_failures() {
    let client = scripted(guard(), |_| {
        Err(ResolveError::Failed("no such name".to_owned()))
    });
    let nowhere = failure(&client, "https://hooks.example.com/", PATIENCE).await;
    assert_eq!(nowhere.kind, FailureKind::Dns);
    assert_eq!(
        nowhere.message,
        "the host name could not be resolved: no such name"
    );
    let client = scripted(guard(), |_| panic!("a look-up may break"));
    let broken = failure(&client, "https://hooks.example.com/", PATIENCE).await;
    assert_eq!(broken.kind, FailureKind::Dns);
}

#[tokio::test]
async fn a_slow_name_is_looked_up_once_and_holds_up_nobody_else() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let client = scripted(guard(), move |name| {
        if name == "slow.example.com" {
            counted.fetch_add(1, Ordering::SeqCst);
            // Ends with the test, when the other half is dropped.
            let _ = held.lock().unwrap().recv();
        }
        Ok(vec![ip("127.0.0.1")])
    });
    let slow = format!("http://slow.example.com:{}/", address.port());
    let waiting = (0..200).map(|_| failure(&client, &slow, TIMEOUT));
    for failure in futures_util::future::join_all(waiting).await {
        assert_eq!(failure.kind, FailureKind::Timeout);
    }
    let quick = format!("http://quick.example.com:{}/", address.port());
    assert_eq!(
        post(&client, &quick, PATIENCE).await.result.unwrap().status,
        200
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    drop(release);
}

#[tokio::test]
async fn look_ups_are_bounded_and_the_bound_is_given_back() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let client = scripted(guard(), move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        // Ends when the other half is dropped; only one waits inside, the others for the lock.
        let _ = held.lock().unwrap().recv();
        Ok(vec![ip("127.0.0.1")])
    });
    let url = |n: usize| format!("http://n{n}.example.com:{}/", address.port());
    let urls: Vec<String> = (0..2 * LOOKUPS_MAX).map(url).collect();
    let waiting = urls.iter().map(|url| failure(&client, url, TIMEOUT));
    for failure in futures_util::future::join_all(waiting).await {
        assert_eq!(failure.kind, FailureKind::Timeout);
    }
    let all_started = async {
        while asked.load(Ordering::SeqCst) < LOOKUPS_MAX {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, all_started).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), LOOKUPS_MAX);
    drop(release);
    assert_eq!(
        post(&client, &url(0), PATIENCE)
            .await
            .result
            .unwrap()
            .status,
        200
    );
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
    let test = "net::client::tests::a_proxy_in_the_environment_is_ignored";
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
