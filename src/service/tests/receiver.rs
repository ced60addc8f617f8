//! A receiver on loopback that answers as it is told and remembers what arrived and when.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::PATIENCE;

/// A request that arrived.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    pub(super) at: Instant,
    pub(super) head: String,
    pub(super) body: String,
}

impl Arrived {
    /// The number in the event's data.
    pub(super) fn number(&self) -> u64 {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["data"]["number"].as_u64().unwrap()
    }

    /// A header's text.
    pub(super) fn header(&self, name: &str) -> &str {
        let named = |line: &&str| {
            let (own, _) = line.split_once(": ").unwrap_or_default();
            own.eq_ignore_ascii_case(name)
        };
        let line = self.head.lines().find(named).unwrap_or_default();
        line.split_once(": ").map_or("", |(_, value)| value)
    }
}

/// A running receiver; it ends with the test.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<(VecDeque<u16>, u16)>,
    under_way: Mutex<(usize, usize)>,
    delay: Mutex<Duration>,
    arrived: Mutex<Vec<Arrived>>,
    told: Notify,
}

impl Receiver {
    /// Answers 200 until told otherwise.
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            script: Mutex::new((VecDeque::new(), 200)),
            under_way: Mutex::default(),
            delay: Mutex::default(),
            arrived: Mutex::default(),
            told: Notify::new(),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&serving)));
            }
        });
        Self { url, shared }
    }

    /// What everything is answered that the script does not cover.
    pub(super) fn answer(&self, status: u16) {
        self.shared.script.lock().unwrap().1 = status;
    }

    /// What the next requests are answered.
    pub(super) fn script(&self, statuses: &[u16]) {
        self.shared.script.lock().unwrap().0.extend(statuses);
    }

    /// How long each answer takes.
    pub(super) fn delay(&self, delay: Duration) {
        *self.shared.delay.lock().unwrap() = delay;
    }

    /// The most requests that were under way at once.
    pub(super) fn most_at_once(&self) -> usize {
        self.shared.under_way.lock().unwrap().1
    }

    pub(super) fn arrived(&self) -> Vec<Arrived> {
        self.shared.arrived.lock().unwrap().clone()
    }

    /// Waits until `count` requests have arrived.
    pub(super) async fn wait_for(&self, count: usize) -> Vec<Arrived> {
        let waited = async {
            loop {
                let mut told = std::pin::pin!(self.shared.told.notified());
                told.as_mut().enable();
                let arrived = self.arrived();
                if arrived.len() >= count {
                    return arrived;
                }
                told.await;
            }
        };
        tokio::time::timeout(PATIENCE, waited)
            .await
            .unwrap_or_else(|_| panic!("{} of {count} arrived", self.arrived().len()))
    }
}

async fn converse(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut buffer = Vec::new();
    while let Some((head, body)) = read_request(&mut stream, &mut buffer).await {
        {
            let mut under_way = shared.under_way.lock().unwrap();
            under_way.0 += 1;
            under_way.1 = under_way.1.max(under_way.0);
        }
        let status = {
            let mut script = shared.script.lock().unwrap();
            let otherwise = script.1;
            script.0.pop_front().unwrap_or(otherwise)
        };
        let at = Instant::now();
        shared
            .arrived
            .lock()
            .unwrap()
            .push(Arrived { at, head, body });
        shared.told.notify_waiters();
        let delay = *shared.delay.lock().unwrap();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        shared.under_way.lock().unwrap().0 -= 1;
        let answer = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, String)> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if rest.len() >= length {
                let body = rest[..length].to_owned();
                buffer.drain(..head.len() + 4 + length);
                return Some((head.to_owned(), body));
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
