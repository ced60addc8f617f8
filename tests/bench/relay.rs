//! The measure of all things: a relay that takes events, signs them and sends them on, and stores
//! nothing. It runs in a process of its own, as hookpost does.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, Result};
use hookpost::domain::profile::Profile;
use hookpost::domain::signing::{AttemptToSign, SigningKey};
use hookpost::domain::time::Timestamp;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use crate::door::Door;
use crate::process::Process;

/// What its process is called with.
pub const ARGUMENT: &str = "--relay";
/// Requests that it has under way at most.
const IN_FLIGHT_MAX: usize = 512;

/// A running relay.
pub struct Relay {
    child: Child,
    addr: SocketAddr,
}

impl Relay {
    /// Starts one that sends each event to `url` so many times.
    pub async fn start(url: &str, copies: usize) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([ARGUMENT, url, &copies.to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let addr = BufReader::new(stdout).lines().next_line().await?;
        let addr = addr.context("the relay says where it listens")?.parse()?;
        Ok(Self { child, addr })
    }

    /// Where events are published to.
    pub fn door(&self) -> Door {
        Door {
            addr: self.addr,
            key: String::new(),
        }
    }

    /// Its process.
    pub fn process(&self) -> Result<Process> {
        Ok(Process(self.child.id().context("the relay is running")?))
    }

    /// Ends it.
    pub async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

struct Sending {
    client: reqwest::Client,
    profile: Arc<Profile>,
    key: SigningKey,
    url: String,
    copies: usize,
    slots: Arc<Semaphore>,
}

/// The relay's own process; ends when it is killed.
#[expect(
    clippy::disallowed_methods,
    reason = "the relay is what the guarded client is compared with"
)]
pub async fn serve(url: String, copies: usize) -> Result<()> {
    let profile = Profile::standard();
    let key = profile.signing_key(&profile.generate_secret([7; 32]))?;
    let sending = Data::new(Sending {
        client: reqwest::Client::builder().no_proxy().build()?,
        profile,
        key,
        url,
        copies,
        slots: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(sending.clone())
            .app_data(PayloadConfig::new(1024 * 1024))
            .route("/api/v1/events", actix_web::web::post().to(take))
    });
    let server = server.workers(2).bind("127.0.0.1:0")?;
    println!("{}", server.addrs()[0]);
    Ok(server.run().await?)
}

async fn take(sending: Data<Sending>, body: Bytes) -> HttpResponse {
    for _ in 0..sending.copies {
        let slot = Arc::clone(&sending.slots).acquire_owned().await;
        let (sending, body) = (sending.clone(), body.clone());
        actix_web::rt::spawn(async move {
            pass_on(&sending, body).await;
            drop(slot);
        });
    }
    HttpResponse::Accepted().body(r#"{"id":"evt_relayed"}"#)
}

async fn pass_on(sending: &Sending, body: Bytes) {
    let to_sign = AttemptToSign {
        event_version: None,
        event_id: "evt_relayed",
        event_type: "bench.relayed",
        workspace_id: "ws_relayed",
        delivery_id: "dlv_relayed",
        attempt_at: Timestamp::from_millis(1_767_225_600_000),
        body: &body,
    };
    let mut request = sending
        .client
        .post(&sending.url)
        .header("content-type", "application/json");
    let keys = std::slice::from_ref(&sending.key);
    for (name, value) in sending.profile.sign(keys, &to_sign) {
        request = request.header(name, value);
    }
    // What does not arrive is missed by whoever counts.
    drop(request.body(body).send().await);
}
