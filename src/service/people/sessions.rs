//! Sessions: from a token to a person.
//!
//! Owns: comparing a presented token with what is stored, expiry, a bounded cache of session rows,
//! and what the second factor means for a session. Refuses: where tokens travel (`web::auth`).
//!
//! # Why a cache may answer for the database
//! As with API keys: every commit that changes access empties it, on the writer's thread, before
//! the one who asked for the change gets an answer. A session that was ended is refused by the very
//! next request.
//!
//! # Why a sign of life is recorded once a minute
//! Each page view would otherwise be a flushed write. Memory knows the exact instant; the database
//! lags at most a minute behind, which is what a restart may shorten idle time by.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::person::{Person, Stage};
use super::{MfaDemand, PROOF_COUNTS, Refusal, SESSION_IDLE, SESSION_LASTS};
use crate::domain::session::{Channel, Session};
use crate::domain::time::Timestamp;
use crate::domain::token::{Pepper, SessionToken};
use crate::domain::user::User;
use crate::service::Proof;
use crate::store::instance::{self, Fact};
use crate::store::sessions;
use crate::store::users;
use crate::store::vault::Purpose;
use crate::store::{Read, Store, StoreError};

/// Sessions kept in memory at most; then all are forgotten.
const CACHED_SESSIONS_MAX: usize = 10_000;

/// One sentence for every way in which a session can be over.
const ENDED: Refusal =
    Refusal::Unauthorized("this session has ended or never existed: sign in again");

pub(super) struct Sessions {
    store: Store,
    pepper: Pepper,
    mfa: MfaDemand,
    cache: Arc<RwLock<SessionCache>>,
}

#[derive(Default)]
struct SessionCache {
    /// Counts the commits that changed access.
    generation: u64,
    known: HashMap<i64, Arc<KnownSession>>,
}

/// A session's row, its person, and the last sign of life.
struct KnownSession {
    session: Session,
    user: User,
    mfa: MfaDemand,
    seen_ms: AtomicI64,
    recorded_ms: AtomicI64,
}

impl Sessions {
    pub(super) fn new(store: Store, mfa: MfaDemand) -> Self {
        let cache: Arc<RwLock<SessionCache>> = Arc::default();
        let heard = Arc::clone(&cache);
        store.on_commit(move |committed| {
            if committed.access_changed {
                let mut cache = heard.write().unwrap_or_else(PoisonError::into_inner);
                cache.generation += 1;
                cache.known.clear();
            }
        });
        Self {
            pepper: store.vault().pepper(Purpose::Sessions),
            store,
            mfa,
            cache,
        }
    }

    /// The person whose live session `token` is, on the channel that it was made for.
    pub(super) async fn authenticate(
        &self,
        token: &SessionToken,
        channel: Channel,
    ) -> Result<Person, Refusal> {
        let known = match self.cached(token) {
            Some(known) => known,
            None => self.load(token).await?.ok_or(ENDED)?,
        };
        let session = &known.session;
        let now = self.store.clock().now();
        let genuine = session.id == token.id()
            && session.hash == token.hash(&self.pepper)
            && session.channel == channel;
        if !genuine || known.user.disabled_at.is_some() || known.has_expired(now) {
            return Err(ENDED);
        }
        self.see(&known, now);
        Ok(known.person(now))
    }

    /// The person of a token that was made a moment ago.
    pub(super) async fn reload(&self, token: &SessionToken) -> Result<Person, Refusal> {
        let known = self.load(token).await?.ok_or(ENDED)?;
        Ok(known.person(self.store.clock().now()))
    }

    fn cached(&self, token: &SessionToken) -> Option<Arc<KnownSession>> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        cache.known.get(&token.id().seq()).cloned()
    }

    async fn load(&self, token: &SessionToken) -> Result<Option<Arc<KnownSession>>, StoreError> {
        let (id, demanded) = (token.id(), self.mfa);
        let generation = {
            let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
            cache.generation
        };
        let read = move |conn: &Read<'_>| {
            let Some(session) = sessions::find(conn, id)? else {
                return Ok(None);
            };
            let user = users::find(conn, session.user.seq())?;
            let mfa = match instance::read(conn, Fact::MfaRequired)? {
                Some(_) => MfaDemand::Everybody,
                None => demanded,
            };
            Ok::<_, StoreError>(user.map(|user| Arc::new(KnownSession::new(session, user, mfa))))
        };
        let Some(known) = self.store.read(read).await? else {
            return Ok(None);
        };
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.generation == generation {
            if cache.known.len() >= CACHED_SESSIONS_MAX {
                cache.known.clear();
            }
            cache.known.insert(id.seq(), Arc::clone(&known));
        }
        Ok(Some(known))
    }

    /// Records a sign of life, without letting the request wait for it.
    fn see(&self, known: &KnownSession, now: Timestamp) {
        known.seen_ms.fetch_max(now.millis(), Ordering::Relaxed);
        let recorded_ms = known.recorded_ms.load(Ordering::Relaxed);
        let as_recorded = Session {
            last_seen_at: Timestamp::from_millis(recorded_ms),
            ..known.session.clone()
        };
        let turn = &known.recorded_ms;
        if !sessions::is_stale(&as_recorded, now)
            || turn
                .compare_exchange(
                    recorded_ms,
                    now.millis(),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_err()
        {
            return;
        }
        let (store, seq) = (self.store.clone(), known.session.id.seq());
        tokio::spawn(async move {
            if let Err(error) = store.settle(move |tx| sessions::touch(tx, seq)).await {
                tracing::debug!(%error, "a session's sign of life was not recorded");
            }
        });
    }
}

impl KnownSession {
    fn new(session: Session, user: User, mfa: MfaDemand) -> Self {
        let seen_ms = session.last_seen_at.millis();
        Self {
            session,
            user,
            mfa,
            seen_ms: AtomicI64::new(seen_ms),
            recorded_ms: AtomicI64::new(seen_ms),
        }
    }

    fn has_expired(&self, now: Timestamp) -> bool {
        let seen_at = Timestamp::from_millis(self.seen_ms.load(Ordering::Relaxed));
        now.since(seen_at) >= SESSION_IDLE || now.since(self.session.created_at) >= SESSION_LASTS
    }

    fn person(&self, now: Timestamp) -> Person {
        Person {
            session: self.session.id,
            user: self.user.id,
            email: self.user.email.clone(),
            role: self.user.role,
            workspace_seq: self.session.workspace_seq,
            stage: self.stage(),
            proof: self.proof(now),
            second_factor: self.user.second_factor,
            mfa: self.mfa,
            recovery_codes_left: self.user.recovery_codes_left,
        }
    }

    fn stage(&self) -> Stage {
        match (self.user.second_factor.is_on(), self.mfa) {
            (true, _) if self.session.mfa_verified_at.is_none() => Stage::SecondFactor,
            (true, _) | (false, MfaDemand::Nobody) => Stage::Inside,
            (false, MfaDemand::Everybody) => Stage::Enrolment,
        }
    }

    fn proof(&self, now: Timestamp) -> Proof {
        let asked = self.user.second_factor.is_on() || self.mfa == MfaDemand::Everybody;
        if !asked {
            return Proof::Unasked;
        }
        let until = self
            .session
            .mfa_verified_at
            .map(|at| at.after(PROOF_COUNTS))
            .filter(|until| *until > now && self.user.second_factor.is_on());
        until.map_or(Proof::Due, |until| Proof::Fresh { until })
    }
}
