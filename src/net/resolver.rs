//! Host names to addresses, every one of them checked.
//!
//! Owns: the look-up with its budget and bounds, and the judgement of the answers. Refuses: being
//! asked without a guard; there is no way to an unchecked address.
//!
//! # One bad address spoils the name
//! A name that answers with a public and a private address is either broken or an attack; using
//! only its good half would make the outcome depend on the order of answers.
//!
//! # Checked is connected
//! The client connects to exactly the addresses that come out here. There is no second look-up
//! that could answer differently (DNS rebinding).
//!
//! # What tenants and operators learn
//! The error that leaves this room names no address: a tenant could map the network behind hookpost
//! with it. Which address was refused is logged at debug level, for the operator.
//!
//! # Threads of its own
//! `getaddrinfo` blocks for as long as a slow name server likes. On tokio's shared pool it would
//! starve whatever else blocks, and hold up the process's end. Here each look-up has a short-lived
//! thread, at most [`LOOKUPS_MAX`] together and one per name: whoever asks for a name that is
//! being looked up waits for the same answer.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::net::address::AddressRefusal;
use crate::net::guard::{Guard, PortKind};

/// How long a name may take, with the wait for a free thread.
pub(super) const LOOKUP_BUDGET: Duration = Duration::from_secs(5);
/// Look-ups that may run at once.
pub(super) const LOOKUPS_MAX: usize = 128;
/// Addresses of one name that are tried; all are checked.
const ADDRESSES_MAX: usize = 8;
/// Stack of a look-up's thread, in bytes: glibc's resolver keeps its buffers there.
const THREAD_STACK_BYTES: usize = 512 * 1024;

/// Why a name led nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// An answer may not be called.
    #[error("an address of the host is not allowed")]
    Blocked(AddressRefusal),
    /// The system's resolver said no; its words.
    #[error("{0}")]
    Failed(String),
    /// The name exists but has no address.
    #[error("the name has no address")]
    Empty,
    /// No answer within the budget.
    #[error("no answer within {} s", LOOKUP_BUDGET.as_secs())]
    TimedOut,
}

/// What a name means, as said by a test.
pub type Script = Arc<dyn Fn(&str) -> Result<Vec<IpAddr>, ResolveError> + Send + Sync>;

/// Where answers come from.
#[derive(Clone, Default)]
pub enum Lookup {
    /// The system's resolver: hosts file, name servers, whatever the machine is set up for.
    #[default]
    System,
    /// A function; it may block like the system's resolver.
    Scripted(Script),
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Scripted(_) => "Scripted",
        })
    }
}

impl Lookup {
    fn ask(&self, name: &str) -> Answer {
        match self {
            Self::Scripted(script) => script(name),
            Self::System => match (name, 0).to_socket_addrs() {
                Ok(addresses) => Ok(addresses.map(|address| address.ip()).collect()),
                Err(error) => Err(ResolveError::Failed(words_of(&error))),
            },
        }
    }
}

/// "failed to lookup address information: Name or service not known" → the second half.
fn words_of(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.rsplit(": ")
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

type Answer = Result<Vec<IpAddr>, ResolveError>;

/// The look-ups of a process: bounded, one per name at a time.
pub(super) struct Lookups {
    source: Lookup,
    free: Arc<Semaphore>,
    running: Mutex<HashMap<String, watch::Receiver<Option<Answer>>>>,
}

impl Lookups {
    pub(super) fn new(source: Lookup) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(LOOKUPS_MAX));
        Arc::new(Self {
            source,
            free,
            running: Mutex::default(),
        })
    }

    /// The addresses of `name`, unchecked, within [`LOOKUP_BUDGET`].
    async fn addresses(self: &Arc<Self>, name: &str) -> Answer {
        let answer = tokio::time::timeout(LOOKUP_BUDGET, async {
            let mut receiver = self.join_or_start(name).await?;
            let answer = receiver.wait_for(Option::is_some).await;
            // The sender vanishes without an answer only if the look-up's thread died.
            let answer = answer.ok().and_then(|answer| answer.clone());
            answer.unwrap_or_else(|| Err(ResolveError::Failed("the look-up broke off".to_owned())))
        });
        answer.await.unwrap_or(Err(ResolveError::TimedOut))
    }

    async fn join_or_start(
        self: &Arc<Self>,
        name: &str,
    ) -> Result<watch::Receiver<Option<Answer>>, ResolveError> {
        if let Some(receiver) = self.running().get(name) {
            return Ok(receiver.clone());
        }
        let permit = Arc::clone(&self.free).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let mut running = self.running();
        // Somebody else may have started it while this one waited for a thread.
        if let Some(receiver) = running.get(name) {
            return Ok(receiver.clone());
        }
        let (sender, receiver) = watch::channel(None);
        self.start(name.to_owned(), sender, permit)?;
        running.insert(name.to_owned(), receiver.clone());
        Ok(receiver)
    }

    /// The thread removes itself from the running ones when it ends; the caller holds the lock, so
    /// that it can't do so before it was added.
    fn start(
        self: &Arc<Self>,
        name: String,
        sender: watch::Sender<Option<Answer>>,
        permit: OwnedSemaphorePermit,
    ) -> Result<(), ResolveError> {
        let lookups = Arc::clone(self);
        let thread = std::thread::Builder::new()
            .name("look-up".to_owned())
            .stack_size(THREAD_STACK_BYTES)
            .spawn(move || {
                let done = Running {
                    lookups: &lookups,
                    name: &name,
                };
                let answer = lookups.source.ask(&name);
                drop(done);
                // Nobody is left to hear it where all who asked ran out of time.
                sender.send_replace(Some(answer));
                drop(permit);
            });
        thread
            .map(|_| ())
            .map_err(|_| ResolveError::Failed("no thread could be started".to_owned()))
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Option<Answer>>>> {
        // The map is whole between any two statements, so a panic elsewhere did not break it.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a name off the running ones, also where the look-up panics.
struct Running<'a> {
    lookups: &'a Lookups,
    name: &'a str,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.lookups.running().remove(self.name);
    }
}

/// Resolves names for one kind of port and lets only allowed answers out.
#[derive(Clone)]
pub(super) struct Resolver {
    guard: Arc<Guard>,
    lookups: Arc<Lookups>,
    port: PortKind,
}

impl Resolver {
    pub(super) fn new(guard: Arc<Guard>, lookups: Arc<Lookups>, port: PortKind) -> Self {
        Self {
            guard,
            lookups,
            port,
        }
    }

    /// The checked addresses of `name`, in the order of the answer, at most [`ADDRESSES_MAX`].
    pub(super) async fn resolve(&self, name: &str) -> Answer {
        if name == "localhost" {
            return self.check(name, self.guard.localhost().to_vec());
        }
        self.check(name, self.lookups.addresses(name).await?)
    }

    fn check(&self, name: &str, mut addresses: Vec<IpAddr>) -> Answer {
        for ip in &addresses {
            if let Err(refusal) = self.guard.check_address_of(*ip, self.port) {
                tracing::debug!(host = name, address = %ip, %refusal, "destination blocked");
                return Err(ResolveError::Blocked(refusal));
            }
        }
        if addresses.is_empty() {
            return Err(ResolveError::Empty);
        }
        addresses.truncate(ADDRESSES_MAX);
        Ok(addresses)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = Self::resolve(&resolver, name.as_str()).await?;
            // Port 0 stands for "the URL's port" in reqwest's contract.
            let sockets = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(sockets) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_resolver_is_asked_and_its_words_are_cut_to_the_point() {
        let answer = Lookup::System.ask("localhost").unwrap();
        assert!(!answer.is_empty() && answer.iter().all(IpAddr::is_loopback));
        let error = std::io::Error::other("failed to lookup address information: Name unknown");
        assert_eq!(words_of(&error), "name unknown");
    }
}
