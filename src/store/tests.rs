//! The store as a whole: one writer, many readers, what is heard of a commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use rusqlite::Connection;

mod corrupt;
mod erased;
mod full;
mod held;
mod plans;
mod running;
pub(in crate::store) mod samples;
mod turns;

use super::vault::KeySource;
use super::*;
use crate::domain::event::{EventKind, NewEvent};
use crate::domain::id::WorkspaceId;
use crate::entropy;
use crate::store::Read;

/// Text of so many bytes, but for up to 63 more, in which nothing repeats itself: it takes as much room where it
/// is stored.
pub(crate) fn noise(bytes: usize) -> String {
    let part = |_| BASE64_URL_SAFE.encode(entropy::bytes::<48>());
    (0..bytes.div_ceil(64)).map(part).collect()
}

pub(in crate::store) struct Fixture {
    pub(in crate::store) store: Store,
    pub(in crate::store) dir: tempfile::TempDir,
}

pub(in crate::store) fn options(dir: &Path) -> OpenOptions {
    let key = KeySource::File(dir.join("master.key"));
    OpenOptions {
        data_dir: dir.to_owned(),
        key,
        clock: Clock::System,
    }
}

pub(in crate::store) fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&options(dir.path())).unwrap();
    Fixture { store, dir }
}

pub(in crate::store) fn new_event(data: &str) -> NewEvent {
    NewEvent {
        given_id: None,
        consumer: None,
        kind: EventKind::Published,
        event_type: "score.changed".into(),
        occurred_at: None,
        data: data.into(),
        context: None,
        schedule: None,
        keep: None,
    }
}

pub(in crate::store) fn default_workspace(conn: &Read<'_>) -> WorkspaceId {
    workspaces::find_named(conn, workspaces::DEFAULT_NAME)
        .unwrap()
        .unwrap()
        .id
}

fn publish(store: &Store, data: &'static str) -> Result<i64, StoreError> {
    store.write_blocking(move |tx| {
        let workspace = default_workspace(tx);
        Ok(events::insert(tx, workspace, new_event(data), 0)?.id.seq())
    })
}

fn event_count(store: &Store) -> i64 {
    let count = |conn: &Read<'_>| {
        conn.connection()
            .query_row("SELECT count(*) FROM events", [], |row| row.get(0))
            .map_err(StoreError::from)
    };
    store.read_blocking(count).unwrap()
}

#[tokio::test]
async fn a_blocking_write_works_on_a_thread_that_drives_a_runtime() {
    let Fixture { store, dir: _dir } = fixture();
    publish(&store, "{}").unwrap();
    assert_eq!(event_count(&store), 1);
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let Fixture { store, dir } = fixture();
    let seq = publish(&store, r#"{"a":1.0}"#).unwrap();
    store.close();
    drop(store);
    let store = Store::open(&options(dir.path())).unwrap();
    let found = store
        .read_blocking(move |conn| events::find(conn, seq))
        .unwrap()
        .unwrap();
    assert_eq!(&*found.event.data, r#"{"a":1.0}"#);
}

#[test]
fn a_second_process_is_refused_and_learns_who_has_the_directory() {
    let Fixture { store: _store, dir } = fixture();
    let refused = Store::open(&options(dir.path())).err().unwrap().to_string();
    assert!(
        refused.contains(&std::process::id().to_string()),
        "{refused}"
    );
}

#[test]
fn a_newer_database_is_refused_untouched() {
    let Fixture { store, dir } = fixture();
    store.close();
    drop(store);
    let database = dir.path().join("hookpost.db");
    let conn = Connection::open(&database).unwrap();
    // Of a later version that keeps another kind of journal: opening it the usual way would tell.
    conn.execute_batch("PRAGMA user_version = 999; PRAGMA journal_mode = DELETE;")
        .unwrap();
    drop(conn);
    let before = std::fs::read(&database).unwrap();
    let refused = Store::open(&options(dir.path())).err().unwrap();
    assert!(
        matches!(refused, OpenError::Newer { version: 999, .. }),
        "{refused}"
    );
    assert!(std::fs::read(&database).unwrap() == before, "not a byte");
}

#[test]
fn somebody_elses_file_is_refused_untouched() {
    let check = |expect: &str, make: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("hookpost.db");
        make(&database);
        let before = std::fs::read(&database).unwrap();
        let refused = Store::open(&options(dir.path())).err().unwrap();
        assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
        assert!(refused.to_string().contains(expect), "{refused}");
        assert!(std::fs::read(&database).unwrap() == before, "not a byte");
        let names = |dir: &Path| -> Vec<_> {
            let entries = std::fs::read_dir(dir).unwrap();
            entries.map(|entry| entry.unwrap().file_name()).collect()
        };
        assert!(!names(dir.path()).contains(&"master.key".into()));
    };
    let with = |sql: &'static str| {
        move |database: &Path| {
            let conn = Connection::open(database).unwrap();
            conn.execute_batch(sql).unwrap();
        }
    };
    check("no SQLite database", &|path| {
        std::fs::write(path, "x").unwrap();
    });
    check("no SQLite database", &|path| {
        std::fs::write(path, vec![0; 8192]).unwrap();
    });
    check("other tables", &with("CREATE TABLE places (url TEXT)"));
    check(
        "other tables",
        &with("PRAGMA journal_mode = WAL; CREATE TABLE webhooks (url TEXT)"),
    );
    check(
        "application id is 252006674",
        &with("PRAGMA application_id = 252006674; CREATE TABLE t (a)"),
    );
    // Its version means nothing to hookpost.
    check(
        "other tables",
        &with("PRAGMA user_version = 77; CREATE TABLE t (a)"),
    );
}

#[test]
fn a_database_of_before_they_were_marked_is_taken_and_marked() {
    let Fixture { store, dir } = fixture();
    store.close();
    drop(store);
    let database = dir.path().join("hookpost.db");
    let id = || {
        let conn = Connection::open(&database).unwrap();
        conn.query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0))
            .unwrap()
    };
    let marked = id();
    assert_ne!(marked, 0);
    let conn = Connection::open(&database).unwrap();
    conn.execute_batch("PRAGMA application_id = 0").unwrap();
    drop(conn);
    Store::open(&options(dir.path())).unwrap().close();
    assert_eq!(id(), marked);
}

#[test]
fn an_empty_file_and_an_empty_database_become_hookposts() {
    for sql in ["", "PRAGMA journal_mode = WAL;"] {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("hookpost.db");
        std::fs::File::create(&database).unwrap();
        let conn = Connection::open(&database).unwrap();
        conn.execute_batch(sql).unwrap();
        drop(conn);
        Store::open(&options(dir.path())).unwrap().close();
    }
}

#[test]
fn a_failing_job_is_undone_alone() {
    let Fixture { store, dir: _dir } = fixture();
    let failed: Result<(), StoreError> = store.write_blocking(|tx| {
        let workspace = default_workspace(tx);
        events::insert(tx, workspace, new_event("1"), 0)?;
        Err(StoreError::Overloaded)
    });
    assert!(matches!(failed, Err(StoreError::Overloaded)));
    publish(&store, "2").unwrap();
    assert_eq!(event_count(&store), 1);
}

#[test]
fn a_panicking_job_is_undone_and_the_writer_goes_on() {
    let Fixture { store, dir: _dir } = fixture();
    let failed: Result<(), StoreError> = store.write_blocking(|tx| {
        let workspace = default_workspace(tx);
        events::insert(tx, workspace, new_event("1"), 0)?;
        panic!("a bug in a job");
    });
    assert!(failed.is_err());
    publish(&store, "2").unwrap();
    assert_eq!(event_count(&store), 1);
}

#[test]
fn listeners_hear_of_a_commit_before_its_caller_does() {
    let Fixture { store, dir: _dir } = fixture();
    let heard = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&heard);
    store.on_commit(move |committed| {
        counter.fetch_add(usize::from(committed.activity), Ordering::SeqCst);
    });
    for expected in 1..=5 {
        publish(&store, "1").unwrap();
        assert_eq!(heard.load(Ordering::SeqCst), expected);
    }
}

#[test]
fn an_event_whose_row_was_changed_is_noticed() {
    let Fixture { store, dir } = fixture();
    let seq = publish(&store, r#"{"amount":1}"#).unwrap();
    let conn = Connection::open(dir.path().join("hookpost.db")).unwrap();
    conn.execute(r#"UPDATE events SET data = '{"amount":9}'"#, [])
        .unwrap();
    let found = store.read_blocking(move |conn| events::find(conn, seq));
    assert!(matches!(found, Err(StoreError::Damaged(_))));
}

#[test]
fn readers_cannot_write() {
    let Fixture { store, dir: _dir } = fixture();
    let refused = store.read_blocking(|conn| {
        conn.connection()
            .execute("DELETE FROM events", [])
            .map_err(StoreError::from)
    });
    assert!(refused.is_err());
}

#[test]
fn a_row_takes_no_room_for_what_it_does_not_have_at_its_end() {
    let Fixture { store, dir: _dir } = fixture();
    let built_with =
        store.read_blocking(|conn| conn.values::<String>("PRAGMA compile_options", []));
    let built_with = built_with.unwrap();
    assert!(
        built_with.iter().any(|own| own == "ENABLE_NULL_TRIM"),
        "{built_with:?}"
    );
}

#[test]
fn after_close_every_write_is_refused() {
    let Fixture { store, dir: _dir } = fixture();
    store.close();
    assert!(matches!(publish(&store, "1"), Err(StoreError::Stopped(_))));
}
