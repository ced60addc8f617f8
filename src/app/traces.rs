//! Spans on their way to a collector.
//!
//! Owns: gathering them, sending them, and what happens while the collector is away. Refuses: making
//! them, and their form (`telemetry`).
//!
//! # Why this client has no guard
//! The collector is the operator's own, named on the command line, and mostly on a private address.
//! Tenants have no say in it, so it is called as the command line calls hookpost's own API.

use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::read;
use crate::config::Config;
use crate::net::{HeaderName, HeaderValue, RestClient, RestMethod};
use crate::telemetry::traces::{self, TraceSpan, otlp};

/// The most spans of one call.
const BATCH_SPANS_MAX: usize = 512;
/// How long a span waits for others at most.
const GATHER: Duration = Duration::from_secs(1);
/// How long one call may take.
const CALL_DEADLINE: Duration = Duration::from_secs(10);
/// How often one batch is tried at most.
const TRIES_MAX: u32 = 4;
/// How long the second try waits; each further one twice as long.
const BACK_OFF: Duration = Duration::from_secs(1);
/// How long the last spans may take when hookpost stops.
const LAST_DEADLINE: Duration = Duration::from_secs(3);

/// Sends spans until it is stopped.
pub(super) struct Exporter {
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

struct Collector {
    client: RestClient,
    headers: Vec<(HeaderName, HeaderValue)>,
    spans: Receiver<TraceSpan>,
    is_away: bool,
}

impl Exporter {
    /// Starts it where the configuration names a collector.
    ///
    /// # Errors
    /// Where a header is none, or TLS can't be set up.
    pub(super) fn start(config: &Config, runtime: &Handle) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &config.otlp_endpoint else {
            return Ok(None);
        };
        let roots = config.tls_ca_file.as_deref().map(read).transpose()?;
        let client = RestClient::new(endpoint.clone(), roots.as_deref())?;
        let headers = config.otlp_headers.iter().map(|text| header(text));
        let headers = headers.collect::<anyhow::Result<_>>()?;
        let Some(spans) = traces::open() else {
            return Ok(None);
        };
        let collector = Collector {
            client,
            headers,
            spans,
            is_away: false,
        };
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(collector.serve(stopped));
        Ok(Some(Self { task, stop }))
    }

    /// Sends what still waits, for a moment at most, and ends.
    pub(super) async fn stop(self) {
        // Where it has ended by itself, nobody has to be told.
        let _told = self.stop.send(());
        if tokio::time::timeout(LAST_DEADLINE, self.task)
            .await
            .is_err()
        {
            tracing::warn!("the last spans did not reach the collector");
        }
    }
}

/// `name=value`, as OpenTelemetry's own variables write headers.
fn header(text: &str) -> anyhow::Result<(HeaderName, HeaderValue)> {
    let (name, value) = text
        .split_once('=')
        .context("a header for the collector is name=value")?;
    let name = HeaderName::try_from(name.trim())
        .ok()
        .context("a header for the collector has a name that none can have")?;
    let mut value = HeaderValue::try_from(value.trim())
        .with_context(|| format!("the value of {name} can't be sent"))?;
    value.set_sensitive(true);
    ensure!(
        name != "content-type",
        "content-type is not for others to set"
    );
    Ok((name, value))
}

impl Collector {
    async fn serve(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut batch = Vec::with_capacity(BATCH_SPANS_MAX);
        loop {
            tokio::select! {
                count = self.spans.recv_many(&mut batch, BATCH_SPANS_MAX) => if count == 0 { return },
                _ = &mut stopped => break,
            }
            if batch.len() < BATCH_SPANS_MAX {
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    _ = &mut stopped => break,
                }
            }
            self.gather(&mut batch);
            tokio::select! {
                () = self.send(&batch) => batch.clear(),
                _ = &mut stopped => break,
            }
        }
        // What still waits has the deadline of who stops.
        loop {
            self.gather(&mut batch);
            if batch.is_empty() {
                return;
            }
            self.send(&batch).await;
            batch.clear();
        }
    }

    /// Fills the batch with what waits.
    fn gather(&mut self, batch: &mut Vec<TraceSpan>) {
        while batch.len() < BATCH_SPANS_MAX
            && let Ok(span) = self.spans.try_recv()
        {
            batch.push(span);
        }
    }

    /// Sends a batch, or loses it.
    async fn send(&mut self, batch: &[TraceSpan]) {
        let body = otlp::body(batch);
        let mut pause = BACK_OFF;
        for attempt in 1..=TRIES_MAX {
            match self.call(body.clone()).await {
                Ok(()) => return self.is_there(),
                Err(refusal) if refusal.is_final || attempt == TRIES_MAX => {
                    self.is_away(&refusal.reason);
                    break;
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        traces::lose(batch.len() as u64);
    }

    async fn call(&self, body: Vec<u8>) -> Result<(), ExportRefusal> {
        let call = self
            .client
            .call(RestMethod::Post, otlp::PATH, &self.headers, Some(body));
        let retry = |reason: String| ExportRefusal {
            reason,
            is_final: false,
        };
        match tokio::time::timeout(CALL_DEADLINE, call).await {
            Err(_) => Err(retry("no answer in time".to_owned())),
            Ok(Err(error)) => Err(retry(error.to_string())),
            Ok(Ok(reply)) => match reply.status {
                200..=299 => Ok(()),
                status => Err(ExportRefusal {
                    reason: format!("it answered {status}"),
                    // As OTLP says: these may be tried again, all others not.
                    is_final: !matches!(status, 429 | 502 | 503 | 504),
                }),
            },
        }
    }

    /// Says once that the collector is away.
    fn is_away(&mut self, reason: &str) {
        if !self.is_away {
            tracing::warn!(reason, "spans don't reach the collector");
        }
        self.is_away = true;
    }

    fn is_there(&mut self) {
        let lost = traces::lost();
        if lost > 0 {
            tracing::warn!(lost, "spans were left out");
        }
        if self.is_away {
            tracing::info!("spans reach the collector again");
        }
        self.is_away = false;
    }
}

/// Why a batch was not taken.
struct ExportRefusal {
    reason: String,
    /// Whether it is refused for good.
    is_final: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_written_as_opentelemetry_writes_them() {
        let (name, value) = header("api-key = a=b").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("api-key", "a=b"));
        for wrong in ["", "alone", "a b=c", "content-type=text/plain", "a=\u{7}"] {
            assert!(header(wrong).is_err(), "{wrong:?}");
        }
    }
}
