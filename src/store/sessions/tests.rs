//! Sessions on a real database.

use std::time::Duration;

use super::*;
use crate::clock::Clock;
use crate::domain::id::UserId;
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::session::{Channel, NewSession, Session};
use crate::store::tests::options;
use crate::store::{OpenOptions, Read, Store, users};

struct Fixture {
    store: Store,
    clock: Clock,
    user: UserId,
    _dir: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp::from_millis(1_773_655_500_000));
    let options = OpenOptions {
        clock: clock.clone(),
        ..options(dir.path())
    };
    let store = Store::open(&options).unwrap();
    let hash = Secret::new("$argon2id$…".to_owned());
    let user = store
        .write_blocking(move |tx| users::insert(tx, "ada@example.com", &hash, Role::Owner))
        .unwrap();
    Fixture {
        store,
        clock,
        user: user.id,
        _dir: dir,
    }
}

impl Fixture {
    fn sign_in(&self) -> (SessionId, SessionToken) {
        let new = NewSession {
            user: self.user,
            workspace_seq: 1,
            channel: Channel::Browser,
            user_agent: "Firefox".to_owned(),
            mfa_verified_at: None,
        };
        self.store
            .write_blocking(move |tx| insert(tx, &new, crate::entropy::bytes()))
            .unwrap()
    }

    fn find(&self, id: SessionId) -> Option<Session> {
        self.store.read_blocking(|conn| find(conn, id)).unwrap()
    }

    fn count(&self) -> usize {
        let seq = self.user.seq();
        let read = |conn: &Read<'_>| of_user(conn, seq);
        self.store.read_blocking(read).unwrap().len()
    }
}

#[test]
fn a_session_is_found_by_its_token_until_the_token_is_renewed() {
    let fixture = fixture();
    let (id, first) = fixture.sign_in();
    let pepper = fixture.store.vault().pepper(Purpose::Sessions);
    assert_eq!(fixture.find(id).unwrap().hash, first.hash(&pepper));
    let second = fixture
        .store
        .write_blocking(move |tx| renew(tx, id, [9; 32]))
        .unwrap();
    let found = fixture.find(id).unwrap();
    assert_eq!(found.hash, second.hash(&pepper));
    assert_ne!(found.hash, first.hash(&pepper));
}

#[test]
fn a_sign_of_life_is_written_once_a_minute() {
    let fixture = fixture();
    let (id, _) = fixture.sign_in();
    let check = |after: u64, moves: bool| {
        fixture.clock.advance(Duration::from_secs(after));
        let before = fixture.find(id).unwrap();
        assert_eq!(is_stale(&before, fixture.clock.now()), moves);
        fixture
            .store
            .write_blocking(move |tx| touch(tx, id.seq()))
            .unwrap();
        let seen = fixture.find(id).unwrap().last_seen_at;
        assert_eq!(seen == fixture.clock.now(), moves, "after {after} s");
    };
    check(59, false);
    check(1, true);
    check(30, false);
    check(3600, true);
}

#[test]
fn one_session_too_many_ends_the_oldest() {
    let fixture = fixture();
    let (first, _) = fixture.sign_in();
    for _ in 0..SESSIONS_OF_USER_MAX {
        fixture.sign_in();
    }
    assert!(fixture.find(first).is_none());
    assert_eq!(fixture.count(), 50);
}

#[test]
fn signing_out_everywhere_may_keep_the_session_that_asked() {
    let fixture = fixture();
    let [(first, _), (second, _), (third, _)] = [(); 3].map(|()| fixture.sign_in());
    let seq = fixture.user.seq();
    assert!(
        fixture
            .store
            .write_blocking(move |tx| delete(tx, first.seq()))
            .unwrap()
    );
    let ended = fixture
        .store
        .write_blocking(move |tx| delete_all(tx, seq, Some(third)));
    assert_eq!(ended.unwrap(), 1);
    assert!(fixture.find(second).is_none() && fixture.find(third).is_some());
    let ended = fixture
        .store
        .write_blocking(move |tx| delete_all(tx, seq, None));
    assert_eq!((ended.unwrap(), fixture.count()), (1, 0));
}

#[test]
fn pruning_is_bounded_and_a_deleted_user_has_no_sessions() {
    let fixture = fixture();
    for _ in 0..5 {
        fixture.sign_in();
    }
    fixture.clock.advance(Duration::from_secs(7200));
    let (last, _) = fixture.sign_in();
    let before = fixture.clock.now().before(Duration::from_secs(60));
    let pruned = [3, 3, 3].map(|limit| {
        fixture
            .store
            .write_blocking(move |tx| prune(tx, before, limit))
            .unwrap()
    });
    assert_eq!(pruned, [3, 2, 0]);
    assert!(fixture.find(last).is_some());
    let seq = fixture.user.seq();
    fixture
        .store
        .write_blocking(move |tx| users::delete(tx, seq))
        .unwrap();
    assert!(fixture.find(last).is_none());
}
