//! The signals that hookpost takes over from the system.
//!
//! Owns: what each of them means. Refuses: acting on it (`app`), except for the second request to
//! stop.
//!
//! | signal | meaning |
//! |---|---|
//! | TERM, INT, QUIT | stop: let attempts in flight finish, exit 0; the second one ends at once |
//! | HUP | read again what can be read again; the demo stops, because its terminal is gone |
//! | ALRM, USR1, USR2, IO, PROF, PWR, STKFLT, VTALRM, XCPU, XFSZ, real-time ones | nothing |
//!
//! # Why signals that mean nothing are taken over
//! The system's own answer to them is to end the process at once. Whoever sends one by mistake, such
//! as a script for another daemon, should not end a post office. PIPE is ignored by the runtime, and
//! a file that grows too large (XFSZ) becomes an error of the write that made it so.
//!
//! # Why a thread of its own
//! Whoever asks twice does not want to wait: not for attempts, nor for a start that reads a large
//! database, nor for an end that folds its log. So nothing else runs where signals are heard.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, watch};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To stop; by this signal.
    Stop(&'static str),
    /// To read again what can be read again.
    Reload,
}

/// What was asked for and not taken yet.
pub(super) struct Signals {
    stop: watch::Receiver<Option<&'static str>>,
    reload: Arc<Notify>,
}

impl Signals {
    /// Takes the signals over from the system.
    pub(super) fn listen() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let ears = {
            let _entered = runtime.enter();
            ignore_others()?;
            Ears::open()?
        };
        let (stopping, stop) = watch::channel(None);
        let reload = Arc::new(Notify::new());
        let reloading = Arc::clone(&reload);
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(ears.hear(&stopping, &reloading)))?;
        Ok(Self { stop, reload })
    }

    /// Waits for the next thing that is asked for. Several requests to read again are one.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            biased;
            stop = self.stop.wait_for(Option::is_some) => {
                let signal = stop.ok().and_then(|signal| *signal);
                Asked::Stop(signal.unwrap_or("no more signals"))
            }
            () = self.reload.notified() => Asked::Reload,
        }
    }
}

struct Ears {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hangup: Signal,
}

impl Ears {
    fn open() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn hear(mut self, stop: &watch::Sender<Option<&'static str>>, reload: &Notify) {
        loop {
            match self.next().await {
                // The database survives it.
                Asked::Stop(_) if stop.borrow().is_some() => std::process::exit(1),
                Asked::Stop(signal) => {
                    stop.send_replace(Some(signal));
                }
                Asked::Reload => reload.notify_one(),
            }
        }
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Asked::Stop("SIGINT"),
            _ = self.quit.recv() => Asked::Stop("SIGQUIT"),
            _ = self.hangup.recv() => Asked::Reload,
        }
    }
}

/// A signal that is taken over once stays taken over, whether or not anybody listens.
fn ignore_others() -> std::io::Result<()> {
    use rustix::process::Signal as S;
    let everywhere = [
        S::ALARM,
        S::USR1,
        S::USR2,
        S::VTALARM,
        S::PROF,
        S::XCPU,
        S::XFSZ,
        S::IO,
    ];
    for other in everywhere {
        drop(signal(SignalKind::from_raw(other.as_raw()))?);
    }
    ignore_linux()
}

#[cfg(target_os = "linux")]
fn ignore_linux() -> std::io::Result<()> {
    use rustix::process::Signal as S;
    for other in [S::POWER, S::STKFLT] {
        drop(signal(SignalKind::from_raw(other.as_raw()))?);
    }
    for other in REAL_TIME {
        // A C library that keeps the first one for itself does not let it be taken over.
        drop(signal(SignalKind::from_raw(other)));
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn ignore_linux() -> std::io::Result<()> {
    Ok(())
}

/// The numbers of the real-time signals.
#[cfg(target_os = "linux")]
const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;
