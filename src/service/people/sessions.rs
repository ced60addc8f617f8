//! Sessions: from a token to a person.
//!
//! Owns: comparing a presented token with what is stored, expiry, a bounded cache of session rows,
//! and what the second factor means for a session. Refuses: where tokens travel (`http::auth`).
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

use super::accounts::has_second_factor;
use super::{MfaDemand, PROOF_COUNTS, Refusal, SESSION_IDLE, SESSION_LASTS};
use crate::domain::api_key::{Scope, Scopes};
use crate::domain::id::{SessionId, UserId};
use crate::domain::role::Role;
use crate::domain::session::{Channel, Session};
use crate::domain::time::Timestamp;
use crate::domain::token::{Pepper, SessionToken};
use crate::domain::user::{SecondFactor, User};
use crate::service::{Actor, Proof, Service, SignedUser};
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

/// How far a person has come on the way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The password was right; the second factor is still to be shown.
    SecondFactor,
    /// Everybody here needs a second factor, and this person has none yet.
    Enrolment,
    /// In.
    Inside,
}

/// Somebody who signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The session at hand.
    pub session: SessionId,
    /// Who it is.
    pub user: UserId,
    /// The address that the person signs in with.
    pub email: String,
    /// What the person may do.
    pub role: Role,
    /// The workspace that the person is looking at.
    pub workspace_seq: i64,
    /// How far the person has come.
    pub stage: Stage,
    /// How fresh the second factor is.
    pub proof: Proof,
    /// The person's second factor.
    pub second_factor: SecondFactor,
    /// Whether the instance asks everybody for a second factor.
    pub mfa: MfaDemand,
    /// Recovery codes that are left.
    pub recovery_codes_left: usize,
}

impl Person {
    /// The person as the audit log knows it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User(SignedUser {
            id: self.user,
            proof: self.proof,
        })
    }

    /// What the person may do over the API.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        let looks = [
            Scope::EventsRead,
            Scope::WebhooksRead,
            Scope::DeliveriesRead,
        ];
        match self.role {
            Role::Viewer => looks.into_iter().collect(),
            Role::Operator => Scopes::workspace(),
            Role::Owner => Scopes::admin(),
        }
    }

    /// Until when the second factor that was shown counts as fresh.
    #[must_use]
    pub fn mfa_verified_until(&self) -> Option<Timestamp> {
        match self.proof {
            Proof::Fresh { until } => Some(until),
            Proof::Unasked | Proof::Due => None,
        }
    }

    /// Whether the person's second factor is in force.
    #[must_use]
    pub fn has_second_factor(&self) -> bool {
        match self.second_factor {
            SecondFactor::On { .. } => true,
            SecondFactor::Off | SecondFactor::Enrolling => false,
        }
    }
}

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
    async fn authenticate(
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
        match (has_second_factor(&self.user), self.mfa) {
            (true, _) if self.session.mfa_verified_at.is_none() => Stage::SecondFactor,
            (true, _) | (false, MfaDemand::Nobody) => Stage::Inside,
            (false, MfaDemand::Everybody) => Stage::Enrolment,
        }
    }

    fn proof(&self, now: Timestamp) -> Proof {
        let asked = has_second_factor(&self.user) || self.mfa == MfaDemand::Everybody;
        if !asked {
            return Proof::Unasked;
        }
        let until = self
            .session
            .mfa_verified_at
            .map(|at| at.after(PROOF_COUNTS))
            .filter(|until| *until > now && has_second_factor(&self.user));
        until.map_or(Proof::Due, |until| Proof::Fresh { until })
    }
}

impl Service {
    /// The person whose live session `token` is.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] where there is none on this channel.
    pub async fn person(&self, token: &SessionToken, channel: Channel) -> Result<Person, Refusal> {
        self.people().sessions.authenticate(token, channel).await
    }

    /// A person's live sessions, newest first.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the database cannot be read.
    pub async fn sessions(&self, person: &Person) -> Result<Vec<Session>, Refusal> {
        let (seq, now) = (person.user.seq(), self.clock().now());
        let live = move |session: &Session| {
            now.since(session.last_seen_at) < SESSION_IDLE
                && now.since(session.created_at) < SESSION_LASTS
        };
        self.store()
            .read(move |conn| {
                let mut found = sessions::of_user(conn, seq)?;
                found.retain(live);
                Ok(found)
            })
            .await
    }

    /// Changes the workspace that a person is looking at.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is no such workspace.
    pub async fn look_at(&self, person: &Person, workspace: &str) -> Result<(), Refusal> {
        let (session_seq, workspace) = (person.session.seq(), workspace.to_owned());
        self.store()
            .settle(move |tx| {
                let found = crate::store::workspaces::find_text(tx, &workspace)?;
                let found = found.ok_or(Refusal::NotFound("workspace"))?;
                Ok(sessions::set_workspace(tx, session_seq, found.id.seq())?)
            })
            .await
    }
}
