//! The signals that ask hookpost to end.
//!
//! Owns: SIGTERM (service managers) and SIGINT (Ctrl-C). Refuses: deciding what follows.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both signals.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes both over from the system, which would end the process at once.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one and says which it was.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
