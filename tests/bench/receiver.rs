//! A receiver that costs as little as possible: it reads a request, answers 200, counts.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const THROTTLED: &[u8] = b"HTTP/1.1 429 Too Many\r\nretry-after: 20\r\ncontent-length: 0\r\n\r\n";
const BROKEN: &[u8] = b"HTTP/1.1 500 Broken\r\ncontent-length: 0\r\n\r\n";

/// The receiver; runs on threads of the benchmark itself.
pub struct Receiver {
    addr: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    count: AtomicUsize,
    broken: AtomicBool,
    throttles: AtomicBool,
    silent: AtomicBool,
    arrivals: Mutex<HashMap<usize, Instant>>,
    more: Notify,
}

impl Receiver {
    /// Listens on a free port of loopback.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let seen = Arc::new(Seen::default());
        let counting = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&counting)));
            }
        });
        Ok(Self { addr, seen })
    }

    /// A URL of this receiver.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Starts counting anew.
    pub fn reset(&self) {
        self.seen.count.store(0, Ordering::SeqCst);
        self.seen
            .arrivals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Whether everything is answered 500 from now on.
    pub fn set_broken(&self, broken: bool) {
        self.seen.broken.store(broken, Ordering::SeqCst);
    }

    /// Everything is answered 429 from now on, with a wait of 20 s.
    pub fn set_throttling(&self) {
        self.seen.throttles.store(true, Ordering::SeqCst);
    }

    /// Nothing is answered from now on.
    pub fn set_silent(&self) {
        self.seen.silent.store(true, Ordering::SeqCst);
    }

    /// How many requests have arrived.
    pub fn count(&self) -> usize {
        self.seen.count.load(Ordering::SeqCst)
    }

    /// When each number arrived.
    pub fn arrivals(&self) -> HashMap<usize, Instant> {
        self.seen
            .arrivals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until `count` requests have arrived.
    pub async fn wait_for(&self, count: usize, patience: Duration) -> Result<()> {
        let all = async {
            loop {
                let more = self.seen.more.notified();
                if self.seen.count.load(Ordering::SeqCst) >= count {
                    return;
                }
                more.await;
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            bail!(
                "{} of {count} arrived",
                self.seen.count.load(Ordering::SeqCst)
            );
        }
        Ok(())
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Seen>) {
    let mut buffer = Vec::with_capacity(4096);
    loop {
        while let Some(length) = request_length(&buffer) {
            let arrived = Instant::now();
            if let Some(number) = number_in(&buffer[..length]) {
                let mut arrivals = seen.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
                arrivals.entry(number).or_insert(arrived);
            }
            buffer.drain(..length);
            seen.count.fetch_add(1, Ordering::SeqCst);
            seen.more.notify_waiters();
            if seen.silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let answer = if seen.broken.load(Ordering::SeqCst) {
                BROKEN
            } else if seen.throttles.load(Ordering::SeqCst) {
                THROTTLED
            } else {
                TAKEN
            };
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
        match stream.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// The bytes of the first whole request in `buffer`.
fn request_length(buffer: &[u8]) -> Option<usize> {
    let head = find(buffer, b"\r\n\r\n")? + 4;
    let at = find(&buffer[..head], b"content-length: ")? + b"content-length: ".len();
    let digits = buffer[at..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let length: usize = std::str::from_utf8(&buffer[at..at + digits])
        .ok()?
        .parse()
        .ok()?;
    (buffer.len() >= head + length).then_some(head + length)
}

fn number_in(request: &[u8]) -> Option<usize> {
    let at = find(request, b"\"number\":")? + b"\"number\":".len();
    let digits = request[at..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    std::str::from_utf8(&request[at..at + digits])
        .ok()?
        .parse()
        .ok()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
