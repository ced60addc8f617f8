//! The client against real receivers on loopback, most of them badly behaved.

mod answers;
mod broken;
mod connections;
mod counted;
mod egress;
mod moves;
mod name_servers;
mod names;
mod once;
mod races;
mod tls;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderMap, HeaderValue};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use counted::{Counted, OK};

use super::*;
use crate::domain::outcome::FailureKind;
use crate::domain::webhook::Via;
use crate::net::address::AddressRefusal;
use crate::net::dns::Lookup;
use crate::net::guard::GuardOptions;
use crate::net::lookups::LOOKUPS_MAX;
use crate::net::options::USER_AGENT;
use crate::net::own::OwnAddresses;
use crate::net::reply::REPLY_HEADERS_MAX;
use crate::net::sender::Sender;

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

/// Whose requests these are, unless a test says otherwise.
const SENDER: Sender = Sender {
    workspace: 1,
    webhook: 1,
};

async fn post(client: &Client, url: &str, timeout: Duration) -> Posted {
    post_as(client, SENDER, url, timeout).await
}

async fn post_as(client: &Client, sender: Sender, url: &str, timeout: Duration) -> Posted {
    let target = client.inner.guard.check_url(url).unwrap();
    let body = Bytes::from_static(b"{\"type\":\"test\"}");
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("webhook-id", HeaderValue::from_static("evt_1"));
    client
        .post(OutboundRequest {
            method: Method::POST,
            sender,
            target: &target,
            headers,
            body,
            timeout,
            tls: None,
            via: Via::Usual,
        })
        .await
        .unwrap()
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

/// Where most receivers are: on loopback, at any port.
const ANYWHERE: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A receiver with a conversation of its own per connection; the task ends with the test.
async fn serve<F>(talk: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    serve_at(ANYWHERE, talk).await
}

/// The same at a place of the test's choice.
async fn serve_at<F>(
    place: (IpAddr, u16),
    talk: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(place).await.unwrap();
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
