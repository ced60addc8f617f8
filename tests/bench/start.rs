//! What every benchmark begins with.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context, Result};

/// What every client of the HTTP library needs, TLS or not.
pub fn install_crypto() {
    // A second installation would only say that there is one already.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// Runs a benchmark if it was asked for, for at most `patience`.
pub fn start(name: &str, patience: Duration, work: impl Future<Output = Result<()>>) -> Result<()> {
    // `cargo test` builds and starts benchmarks too; only `cargo bench` passes this flag.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("run with: cargo bench --bench {name}");
        return Ok(());
    }
    install_crypto();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(async {
            let done = tokio::time::timeout(patience, work).await;
            done.with_context(|| format!("not done within {} s", patience.as_secs()))?
        })
}
