//! Publishers: keep-alive connections that send one event at a time and read the answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::door::Door;
use crate::load::{DATA_BYTES, data, shares};

/// Publishes `events` events over `clients` connections.
pub async fn publish(
    door: &Door,
    event_type: &str,
    events: usize,
    clients: usize,
    bytes: usize,
) -> Result<()> {
    let mut workers = tokio::task::JoinSet::new();
    for share in shares(events, clients) {
        let mut connection = Connection::open(door).await?;
        let event_type = event_type.to_owned();
        workers.spawn(async move {
            for number in share {
                connection
                    .publish(&event_type, &data(number, bytes))
                    .await?;
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    Ok(())
}

/// Posts `count` bodies to `path` over `clients` connections; each must be answered with `status`.
pub async fn post(
    door: &Door,
    path: &'static str,
    status: u16,
    count: usize,
    clients: usize,
    body: impl Fn(usize) -> String + Clone + Send + 'static,
) -> Result<()> {
    let mut workers = tokio::task::JoinSet::new();
    for share in shares(count, clients) {
        let mut connection = Connection::open(door).await?;
        let body = body.clone();
        workers.spawn(async move {
            for number in share {
                let answered = connection.post(path, &body(number)).await?;
                if answered != status {
                    bail!("{path} answered {answered}");
                }
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    Ok(())
}

/// Publishes one event after the other, `pace` a second; answers when each was sent.
pub async fn publish_paced(
    door: &Door,
    event_type: &str,
    events: usize,
    pace: u32,
) -> Result<HashMap<usize, Instant>> {
    let mut connection = Connection::open(door).await?;
    let mut tick = tokio::time::interval(Duration::from_secs(1) / pace);
    let mut sent = HashMap::new();
    for number in 0..events {
        tick.tick().await;
        sent.insert(number, Instant::now());
        connection
            .publish(event_type, &data(number, DATA_BYTES))
            .await?;
    }
    Ok(sent)
}

/// Publishes one event after the other, `pace` a second, until `stop` says so; answers how long each
/// publish call took from the instant at which it was to be made.
pub async fn publish_until(
    door: &Door,
    event_type: &str,
    pace: u32,
    stop: &AtomicBool,
) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(door).await?;
    let mut tick = tokio::time::interval(Duration::from_secs(1) / pace);
    let mut took = Vec::new();
    while !stop.load(Ordering::Acquire) {
        let planned = tick.tick().await;
        let data = data(took.len(), DATA_BYTES);
        connection.publish(event_type, &data).await?;
        took.push(planned.elapsed());
    }
    Ok(took)
}

struct Connection {
    stream: TcpStream,
    head: String,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(door: &Door) -> Result<Self> {
        let stream = TcpStream::connect(door.addr).await?;
        stream.set_nodelay(true)?;
        let head = format!(
            " HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\n",
            door.key
        );
        Ok(Self {
            stream,
            head,
            buffer: Vec::with_capacity(2048),
        })
    }

    async fn publish(&mut self, event_type: &str, data: &str) -> Result<()> {
        let body = format!(r#"{{"type":"{event_type}","data":{data}}}"#);
        let status = self.post("/api/v1/events", &body).await?;
        if status != 202 {
            bail!("a publish call answered {status}");
        }
        Ok(())
    }

    async fn post(&mut self, path: &str, body: &str) -> Result<u16> {
        let (head, length) = (&self.head, body.len());
        let request = format!("POST {path}{head}content-length: {length}\r\n\r\n{body}");
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<u16> {
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the connection was closed");
            }
            let text = std::str::from_utf8(&self.buffer).context("an answer is UTF-8")?;
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .context("an answer has a length")?;
            if body.len() >= length.parse::<usize>()? {
                return Ok(head.get(9..12).context("an answer has a status")?.parse()?);
            }
        }
    }
}
