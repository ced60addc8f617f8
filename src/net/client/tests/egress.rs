//! The way out by a proxy: what it is asked, and whose fault it is where that leads nowhere.

use std::sync::Mutex;

use super::tls::{Certificates, acceptor, tls_receiver};
use super::*;
use crate::net::egress::EgressProxy;

/// What a proxy was asked, one head each.
type Asked = Arc<Mutex<Vec<String>>>;

fn by(proxy: &str, options: ClientOptions) -> Client {
    let script = |_: &str| Ok(vec![ip("127.0.0.1")]);
    let options = ClientOptions {
        lookup: Lookup::Scripted(Arc::new(script)),
        egress: Some(EgressProxy::parse(proxy).unwrap()),
        ..options
    };
    Client::new(guard(), &options).unwrap()
}

/// Reads one head, says `answer`, and answers what was asked.
async fn asked(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), answer: &str) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        head.push(byte[0]);
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8(head).unwrap()
}

/// Opens the way that it is asked for.
async fn lead_on(mut stream: impl AsyncRead + AsyncWrite + Unpin, seen: Asked) {
    let head = asked(&mut stream, "HTTP/1.1 200 Connection established\r\n\r\n").await;
    let to = head.split(' ').nth(1).unwrap().to_owned();
    seen.lock().unwrap().push(head);
    let mut onwards = TcpStream::connect(to).await.unwrap();
    let _ends = tokio::io::copy_bidirectional(&mut stream, &mut onwards).await;
}

async fn proxy() -> (SocketAddr, Asked) {
    let seen = Asked::default();
    let kept = Arc::clone(&seen);
    let address = serve(move |stream| lead_on(stream, Arc::clone(&kept))).await;
    (address, seen)
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_judged_address_and_the_receiver_hears_its_name() {
    let certificates = Certificates::new(&["hooks.example.com"]);
    let (encrypted, plain) = (tls_receiver(&certificates).await, answering(OK).await);
    let (address, seen) = proxy().await;
    let options = ClientOptions {
        extra_roots_pem: Some(certificates.authority_pem.clone().into_bytes()),
        ..ClientOptions::default()
    };
    let client = by(&format!("http://me:pass%20word@{address}"), options);
    for (scheme, receiver) in [("https", encrypted), ("http", plain)] {
        let url = format!("{scheme}://hooks.example.com:{}/", receiver.port());
        // The second goes by the connection of the first.
        for _ in 0..2 {
            let posted = post(&client, &url, PATIENCE).await;
            assert_eq!(posted.result.unwrap().status, 200, "{url}");
            assert_eq!(posted.remote_addr, Some(receiver));
        }
    }
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 2, "{seen:?}");
    for (head, receiver) in seen.iter().zip([encrypted, plain]) {
        let line = format!("CONNECT {receiver} HTTP/1.1\r\nHost: {receiver}\r\n");
        assert!(head.starts_with(&line), "{head}");
        assert!(
            head.contains("Proxy-Authorization: Basic bWU6cGFzcyB3b3Jk\r\n"),
            "{head}"
        );
        assert!(!head.contains("hooks.example.com"), "{head}");
    }
    // Another name than the certificate's is noticed behind a proxy too.
    let url = format!("https://other.example.com:{}/", encrypted.port());
    let failed = failure(&client, &url, PATIENCE).await;
    assert_eq!(failed.kind, FailureKind::Tls, "{failed:?}");
}

#[tokio::test]
async fn tls_up_to_the_proxy_may_hold_tls_with_the_receiver() {
    let certificates = Certificates::new(&["127.0.0.1", "hooks.example.com"]);
    let (encrypted, plain) = (tls_receiver(&certificates).await, answering(OK).await);
    let seen = Asked::default();
    let (acceptor, kept) = (acceptor(&certificates), Arc::clone(&seen));
    let address = serve(move |stream| {
        let (acceptor, kept) = (acceptor.clone(), Arc::clone(&kept));
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                lead_on(stream, kept).await;
            }
        }
    })
    .await;
    let options = ClientOptions {
        extra_roots_pem: Some(certificates.authority_pem.clone().into_bytes()),
        ..ClientOptions::default()
    };
    let trusting = by(&format!("https://{address}"), options);
    for url in [
        format!("https://hooks.example.com:{}/", encrypted.port()),
        format!("http://hooks.example.com:{}/", plain.port()),
    ] {
        let posted = post(&trusting, &url, PATIENCE).await;
        assert_eq!(posted.result.unwrap().status, 200, "{url}");
    }
    assert_eq!(seen.lock().unwrap().len(), 2);
    let strange = by(&format!("https://{address}"), ClientOptions::default());
    let url = format!("http://hooks.example.com:{}/", plain.port());
    let failed = failure(&strange, &url, PATIENCE).await;
    assert_eq!(failed.kind, FailureKind::Proxy, "{failed:?}");
}

#[tokio::test]
async fn what_a_proxy_refuses_is_told_apart_from_a_receiver_that_is_down() {
    let receiver = answering(OK).await;
    let check = async |answer: &'static str, kind: FailureKind, words: &str| {
        let address = serve(move |mut stream| async move {
            asked(&mut stream, answer).await;
            let _gone = stream.read_to_end(&mut Vec::new()).await;
        })
        .await;
        let client = by(&format!("http://{address}"), ClientOptions::default());
        let failed = failure(&client, &format!("http://{receiver}/"), PATIENCE).await;
        assert_eq!(failed.kind, kind, "{failed:?}");
        assert!(failed.message.contains(words), "{failed:?}");
    };
    use FailureKind::{Connect, Proxy};
    check("HTTP/1.1 407 No\r\n\r\n", Proxy, "asks for credentials").await;
    check("HTTP/1.1 403 No\r\n\r\n", Proxy, "it answered 403").await;
    check("HTTP/1.1 503 No\r\n\r\n", Proxy, "it answered 503").await;
    check("HTTP/1.1 502 No\r\n\r\n", Connect, "could not reach").await;
    check("SSH-2.0-OpenSSH\r\n\r\n", Proxy, "not what an HTTP proxy").await;
    // Nobody has said anything to the receiver yet, so this is not its answer.
    let early = "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    check(early, Proxy, "not what an HTTP proxy").await;
}

#[tokio::test]
async fn a_proxy_that_is_down_hangs_or_leaves_is_a_proxys_failure_within_the_timeout() {
    let receiver = answering(OK).await;
    let url = format!("http://{receiver}/");
    let gone = TcpListener::bind(ANYWHERE).await.unwrap();
    let down = gone.local_addr().unwrap();
    drop(gone);
    let hangs = serve(|mut stream| async move {
        let _gone = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let leaves = serve(|mut stream| async move {
        let _asked = stream.read(&mut [0; 4096]).await;
    })
    .await;
    for scheme in ["http", "socks5"] {
        for (address, words) in [
            (down, "no connection to the egress proxy"),
            (hangs, "in time"),
            (leaves, "closed the connection"),
        ] {
            let client = by(&format!("{scheme}://{address}"), ClientOptions::default());
            let failed = failure(&client, &url, TIMEOUT).await;
            assert_eq!(failed.kind, FailureKind::Proxy, "{scheme} {failed:?}");
            assert!(failed.message.contains(words), "{scheme} {failed:?}");
        }
    }
}

#[tokio::test]
async fn the_guard_judges_before_the_proxy_is_asked_and_some_go_around_it() {
    let receiver = answering(OK).await;
    let (address, seen) = proxy().await;
    let options = ClientOptions {
        lookup: Lookup::Scripted(Arc::new(|_: &str| Ok(vec![ip("10.0.0.1")]))),
        egress: Some(EgressProxy::parse(&format!("http://{address}")).unwrap()),
        ..ClientOptions::default()
    };
    let client = Client::new(guard(), &options).unwrap();
    let failed = failure(&client, "http://inside.example.com/", PATIENCE).await;
    assert_eq!(failed.kind, FailureKind::Blocked, "{failed:?}");
    let target = guard().check_url(&format!("http://{receiver}/")).unwrap();
    let direct = OutboundRequest {
        method: Method::POST,
        sender: SENDER,
        target: &target,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{\"type\":\"test\"}"),
        timeout: PATIENCE,
        tls: None,
        via: Via::Direct,
    };
    let posted = client.post(direct).await.unwrap();
    assert_eq!(posted.result.unwrap().status, 200);
    assert_eq!(seen.lock().unwrap().len(), 0);
}
