//! Users and their second factors on a real database.

use super::*;
use crate::domain::user::{SecondFactor, User};
use crate::store::Store;
use crate::store::tests::{Fixture, fixture};

fn make(store: &Store, email: &'static str) -> Result<User, StoreError> {
    let hash = Secret::new("$argon2id$…".to_owned());
    store.write_blocking(move |tx| insert(tx, email, &hash, Role::Owner))
}

fn read(store: &Store, seq: i64) -> User {
    let found = store.read_blocking(|conn| find(conn, seq)).unwrap();
    found.unwrap()
}

#[test]
fn addresses_are_compared_without_regard_to_case() {
    let Fixture { store, dir: _dir } = fixture();
    let ada = make(&store, "Ada@example.com").unwrap();
    assert!(make(&store, "ada@EXAMPLE.com").is_err());
    let found = store
        .read_blocking(|conn| find_by_email(conn, "ADA@example.com"))
        .unwrap();
    let found = found.unwrap();
    assert_eq!((found.id, &*found.email), (ada.id, "Ada@example.com"));
    assert_eq!(store.read_blocking(count).unwrap(), 1);
}

#[test]
fn a_step_opens_once_and_never_after_a_later_one() {
    let Fixture { store, dir: _dir } = fixture();
    let seq = make(&store, "ada@example.com").unwrap().id.seq();
    let step = |step| {
        store
            .write_blocking(move |tx| advance_totp_step(tx, seq, step))
            .unwrap()
    };
    assert!(!step(1), "no factor is in force yet");
    let enrolled = store.write_blocking(move |tx| {
        enrol_totp(tx, seq, &TotpSeed::new([7; 20]))?;
        confirm_totp(tx, seq, 10, &[])
    });
    assert!(enrolled.unwrap());
    let steps: Vec<bool> = [9, 10, 11, 11, 10, 13].into_iter().map(step).collect();
    assert_eq!(steps, [false, false, true, false, false, true]);
}

#[test]
fn a_second_factor_is_enrolled_confirmed_and_taken_away() {
    let Fixture { store, dir: _dir } = fixture();
    let seq = make(&store, "ada@example.com").unwrap().id.seq();
    assert_eq!(read(&store, seq).second_factor, SecondFactor::Off);
    let seed = TotpSeed::new([7; 20]);
    store
        .write_blocking(move |tx| enrol_totp(tx, seq, &seed))
        .unwrap();
    assert_eq!(read(&store, seq).second_factor, SecondFactor::Enrolling);
    let vault = std::sync::Arc::clone(store.vault());
    let opened = store
        .read_blocking(move |conn| totp_seed(conn, &vault, seq))
        .unwrap();
    assert_eq!(opened.unwrap().expose(), &[7; 20]);
    let hashes = [TokenHash::from_bytes([1; 32])];
    let confirm = || store.write_blocking(move |tx| confirm_totp(tx, seq, 10, &hashes).map(drop));
    confirm().unwrap();
    let confirmed = read(&store, seq);
    assert!(matches!(confirmed.second_factor, SecondFactor::On { .. }));
    assert_eq!(confirmed.recovery_codes_left, 1);
    store.write_blocking(move |tx| clear_totp(tx, seq)).unwrap();
    let cleared = read(&store, seq);
    assert_eq!(cleared.second_factor, SecondFactor::Off);
    assert_eq!(cleared.recovery_codes_left, 0);
}

#[test]
fn a_recovery_code_opens_once() {
    let Fixture { store, dir: _dir } = fixture();
    let seq = make(&store, "ada@example.com").unwrap().id.seq();
    let hashes = [[1; 32], [2; 32]].map(TokenHash::from_bytes);
    store
        .write_blocking(move |tx| set_recovery_hashes(tx, seq, &hashes))
        .unwrap();
    let spend = |byte| {
        let typed = TokenHash::from_bytes([byte; 32]);
        store
            .write_blocking(move |tx| use_recovery_code(tx, seq, typed))
            .unwrap()
    };
    assert_eq!([spend(2), spend(2), spend(3)], [true, false, false]);
    assert_eq!(read(&store, seq).recovery_codes_left, 1);
}

#[test]
fn only_owners_who_may_sign_in_count_as_owners() {
    let Fixture { store, dir: _dir } = fixture();
    let [first, second, third] =
        ["a@x.org", "b@x.org", "c@x.org"].map(|email| make(&store, email).unwrap().id.seq());
    store
        .write_blocking(move |tx| {
            set_role(tx, first, Role::Viewer)?;
            set_disabled(tx, second, Some(tx.now()))
        })
        .unwrap();
    assert_eq!(store.read_blocking(count_owners).unwrap(), 1);
    store.write_blocking(move |tx| delete(tx, third)).unwrap();
    assert_eq!(store.read_blocking(count_owners).unwrap(), 0);
}
