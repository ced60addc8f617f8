//! The client against real receivers on loopback, most of them badly behaved.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::net::guard::GuardOptions;

/// For receivers that answer at once, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(10);

fn guard() -> Arc<Guard> {
    let allow_private = vec!["127.0.0.0/8".parse().unwrap()];
    Arc::new(Guard::new(GuardOptions {
        allow_http: true,
        allow_private,
        ..Default::default()
    }))
}

fn client_with(guard: Arc<Guard>, options: &ClientOptions) -> Client {
    Client::new(guard, options).unwrap()
}

fn client() -> Client {
    client_with(guard(), &ClientOptions::default())
}

async fn post_with(client: &Client, url: &str, timeout: Duration) -> Exchange {
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

/// Reads a request whole, as far as these tests send any; `None` at the connection's end.
async fn request(stream: &mut TcpStream) -> Option<String> {
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

/// A receiver that answers every request on every connection with `answer`, and then keeps quiet.
async fn receiver(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer: Arc<[u8]> = answer.into().into();
    serve(move |mut stream| {
        let answer = Arc::clone(&answer);
        async move {
            while request(&mut stream).await.is_some() {
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
            }
        }
    })
    .await
}

/// A receiver with a conversation of its own per connection.
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

#[tokio::test]
async fn an_answer_comes_back_whole() {
    let address = receiver("HTTP/1.1 201 Created\r\nX-A: 1\r\ncontent-length: 2\r\n\r\nok").await;
    let exchange = post_with(&client(), &format!("http://{address}/hook"), PATIENCE).await;
    assert_eq!(exchange.remote_addr, Some(address));
    let reply = exchange.result.unwrap();
    assert_eq!((reply.status, reply.header("x-a")), (201, Some("1")));
    assert_eq!(
        (reply.body.as_slice(), reply.body_truncated),
        (b"ok".as_slice(), false)
    );
}
