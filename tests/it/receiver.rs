//! A receiver of webhooks on loopback that does what a test tells it to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::app::PATIENCE;

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// When it had arrived.
    pub at: Instant,
}

/// How to answer one request.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    delay: Duration,
    hangs: bool,
}

/// A running receiver; it ends with the test.
#[derive(Clone)]
pub struct Receiver {
    base: String,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<Script>,
    received: Mutex<Vec<Received>>,
    arrived: Notify,
}

struct Script {
    next: VecDeque<Reply>,
    otherwise: Reply,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
            delay: Duration::ZERO,
            hangs: false,
        }
    }

    /// Takes the request and never answers.
    pub fn hang() -> Self {
        Self {
            hangs: true,
            ..Self::status(200)
        }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn body(self, body: &str) -> Self {
        Self {
            body: body.to_owned(),
            ..self
        }
    }

    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

impl Receiver {
    /// Answers 200 to everything until told otherwise.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            script: Mutex::new(Script {
                next: VecDeque::new(),
                otherwise: Reply::status(200),
            }),
            received: Mutex::default(),
            arrived: Notify::new(),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = Arc::clone(&serving);
                tokio::spawn(async move { converse(stream, &serving).await });
            }
        });
        Self { base, shared }
    }

    /// The URL of `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The answer to everything that the script does not cover.
    pub fn answer(&self, reply: Reply) -> &Self {
        self.shared.script.lock().unwrap().otherwise = reply;
        self
    }

    /// The answers to the next requests, in order.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) -> &Self {
        self.shared.script.lock().unwrap().next.extend(replies);
        self
    }

    /// What has arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Waits until `count` requests have arrived, and answers all that have.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let arrived = async {
            loop {
                let mut next = std::pin::pin!(self.shared.arrived.notified());
                next.as_mut().enable();
                let received = self.received();
                if received.len() >= count {
                    return received;
                }
                next.await;
            }
        };
        tokio::time::timeout(PATIENCE, arrived)
            .await
            .unwrap_or_else(|_| panic!("{} of {count} arrived", self.received().len()))
    }
}

impl Received {
    /// A header's text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// Every header, in the order in which they came.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The same with no header whose name begins with `prefix`.
    pub fn without(&self, prefix: &str) -> Self {
        let mut left = self.clone();
        let stays = |name: &str| !name.to_ascii_lowercase().starts_with(prefix);
        left.headers.retain(|(name, _)| stays(name));
        left
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn converse(mut stream: TcpStream, shared: &Shared) {
    let mut buffer = Vec::new();
    while let Some(received) = read_request(&mut stream, &mut buffer).await {
        let reply = {
            let mut script = shared.script.lock().unwrap();
            let scripted = script.next.pop_front();
            scripted.unwrap_or_else(|| script.otherwise.clone())
        };
        shared.received.lock().unwrap().push(received);
        shared.arrived.notify_waiters();
        if reply.hangs {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(reply.delay).await;
        if stream.write_all(&reply.bytes()).await.is_err() {
            return;
        }
    }
}

impl Reply {
    fn bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "HTTP/1.1 {} Scripted\r\ncontent-length: {}\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{head}\r\n{}", self.body).into_bytes()
    }
}

/// The next request of a connection; `None` where it was closed.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        fill(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap());
    let body_start = head_end + 4;
    while buffer.len() < body_start + length {
        fill(stream, buffer).await?;
    }
    let body = buffer[body_start..body_start + length].to_vec();
    buffer.drain(..body_start + length);
    Some(Received {
        method,
        path,
        headers,
        body,
        at: Instant::now(),
    })
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    match stream.read_buf(buffer).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(()),
    }
}
