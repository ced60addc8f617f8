//! The look-ups of a process: remembered for a moment, bounded, and shared.
//!
//! Owns: whose turn it is, and what was answered a moment ago. Refuses: judging answers
//! (`resolver`) and asking name servers (`dns`).
//!
//! # Why nobody waits for a stranger's name
//! A name whose server never answers holds its place until its budget is over. Places are shared out
//! by workspace (`turns`), so one that names thousands of such hosts waits for itself alone. And a
//! name that has been answered before has places of its own, which no new name can take: what works
//! goes on working whatever else is being looked for.
//!
//! # What is remembered
//! An answer for as long as its server allows, half a minute at most; that there was none, for a
//! second or two, so that a burst of deliveries asks once. Whoever finds an answer to be useless
//! says so, and the next one asks anew.
//!
//! # Threads of its own
//! Look-ups run on one thread beside everything else: nothing that they do, and nothing that keeps
//! the rest busy, touches the other. A look-up ends when its budget does, or when nobody waits for
//! it any more.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::net::dns::{FoundName, Lookup, Source};
use crate::net::resolve_error::{LOOKUP_BUDGET, ResolveError};
use crate::net::turns::LookupTurns;

/// Look-ups at once of names that nobody has seen answered, unless sockets are short.
pub(super) const LOOKUPS_MAX: usize = 256;
/// Names that are remembered.
const NAMES_MAX: usize = 10_000;

pub(super) type LookedUp = Result<Vec<IpAddr>, ResolveError>;

/// Whose look-up of which name. Workspaces never wait for each other's.
type LookupKey = (i64, Box<str>);

/// The look-ups.
pub(super) struct Lookups {
    source: Arc<Source>,
    runtime: Option<Runtime>,
    /// Places for names that have been answered before.
    familiar: LookupTurns,
    /// Places for all others.
    strange: LookupTurns,
    state: Mutex<LookupState>,
}

#[derive(Default)]
struct LookupState {
    known: HashMap<Box<str>, KnownName>,
    running: HashMap<LookupKey, Arc<watch::Sender<Option<LookedUp>>>>,
}

/// What is known of a name.
struct KnownName {
    answer: LookedUp,
    until: Instant,
}

impl Lookups {
    /// `at_once_max` bounds the look-ups of new names; as many of known ones may run beside them.
    pub(super) fn new(lookup: Lookup, at_once_max: usize) -> std::io::Result<Arc<Self>> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("look-ups")
            .enable_all()
            .build()?;
        Ok(Arc::new(Self {
            source: Arc::new(Source::new(lookup)),
            runtime: Some(runtime),
            familiar: LookupTurns::new(at_once_max),
            strange: LookupTurns::new(at_once_max),
            state: Mutex::default(),
        }))
    }

    /// The addresses of `name`, unchecked, within [`LOOKUP_BUDGET`].
    pub(super) async fn addresses(self: &Arc<Self>, name: &str, workspace: i64) -> LookedUp {
        if self.source.has_changed() {
            self.state().known.clear();
        }
        let mut receiver = match self.remembered_or_running(name, workspace) {
            Ok(answer) => return answer,
            Err(receiver) => receiver,
        };
        let answer = receiver.wait_for(Option::is_some).await;
        // The sender vanishes without an answer only if the look-up broke.
        let answer = answer.ok().and_then(|answer| answer.clone());
        answer.unwrap_or(Err(ResolveError::Failed("the look-up broke off")))
    }

    /// The addresses of `name` led to nobody, or to the wrong one. That there are none stays known
    /// for its moment.
    pub(super) fn forget(&self, name: &str) {
        if let Some(known) = self.state().known.get_mut(name)
            && known.answer.is_ok()
        {
            known.until = Instant::now();
        }
    }

    fn remembered_or_running(
        self: &Arc<Self>,
        name: &str,
        workspace: i64,
    ) -> Result<LookedUp, watch::Receiver<Option<LookedUp>>> {
        let mut state = self.state();
        let known = state.known.get(name);
        let is_familiar = known.is_some_and(|known| known.answer.is_ok());
        if let Some(known) = known.filter(|known| known.until > Instant::now()) {
            return Ok(known.answer.clone());
        }
        let asked: LookupKey = (workspace, name.into());
        if let Some(sender) = state.running.get(&asked) {
            return Err(sender.subscribe());
        }
        let (sender, receiver) = watch::channel(None);
        let sender = Arc::new(sender);
        state.running.insert(asked.clone(), Arc::clone(&sender));
        drop(state);
        let turns = if is_familiar {
            &self.familiar
        } else {
            &self.strange
        };
        let look_up = Arc::clone(self).look_up(asked, sender, turns.clone());
        if let Some(runtime) = &self.runtime {
            runtime.spawn(look_up);
        }
        Err(receiver)
    }

    /// Looks one name up and tells whoever waits for it, unless nobody does any more.
    async fn look_up(
        self: Arc<Self>,
        asked: LookupKey,
        sender: Arc<watch::Sender<Option<LookedUp>>>,
        turns: LookupTurns,
    ) {
        let running = Running {
            lookups: &self,
            asked: &asked,
        };
        let found = async {
            let turn = turns.take(asked.0).await;
            self.source.ask(&asked.1, turn).await
        };
        let budgeted = tokio::time::timeout(LOOKUP_BUDGET, found);
        let found = tokio::select! {
            found = budgeted => found.unwrap_or_else(|_| self.source.unanswered()),
            () = sender.closed() => return,
        };
        self.remember(&asked.1, &found);
        drop(running);
        sender.send_replace(Some(found.answer));
    }

    fn remember(&self, name: &str, found: &FoundName) {
        // What this machine lacked says nothing about the name.
        if matches!(found.answer, Err(ResolveError::Short(_))) {
            return;
        }
        let mut state = self.state();
        if state.known.len() >= NAMES_MAX && !state.known.contains_key(name) {
            let now = Instant::now();
            state.known.retain(|_, known| known.until > now);
            if state.known.len() >= NAMES_MAX {
                state.known.clear();
            }
        }
        let known = KnownName {
            answer: found.answer.clone(),
            until: Instant::now() + found.keep,
        };
        state.known.insert(name.into(), known);
    }

    /// How many are under way.
    #[cfg(test)]
    pub(super) fn running(&self) -> usize {
        self.state().running.len()
    }

    fn state(&self) -> MutexGuard<'_, LookupState> {
        // The maps are whole between any two statements, so a panic elsewhere did not break them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lookups {
    /// A runtime must not be waited for on a thread that serves another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Takes a look-up off the running ones, however it ends.
struct Running<'a> {
    lookups: &'a Lookups,
    asked: &'a LookupKey,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.lookups.state().running.remove(self.asked);
    }
}
