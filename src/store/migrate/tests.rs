//! Climbing from a sample of each released schema, whole and killed half way.

use std::path::Path;

use super::*;
use crate::domain::consumer::Purview;
use crate::domain::delivery::{Delivery, Status};
use crate::domain::event::EventFilter;
use crate::domain::job::JobStatus;
use crate::domain::page::{Limit, Order};
use crate::domain::secret::Secret;
use crate::domain::user::SecondFactor;
use crate::store::directory::DATABASE_FILE;
use crate::store::vault::KeySource;
use crate::store::{
    OpenOptions, Read, Store, StoreError, attempts, deliveries, event_types, events, jobs, keys,
    secrets, sessions, stats, users, webhooks, workspaces,
};

/// The first schema, and rows of a post office in it.
const FIRST: &str = include_str!("../migrations/0001_post_office.sql");
const SAMPLE: &str = include_str!("sample_1.sql");

#[test]
fn the_ladder_can_be_climbed() {
    Migrations::from_slice(LADDER).validate().unwrap();
}

/// A data directory of the first schema.
fn sample() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let conn = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    conn.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")
        .unwrap();
    conn.execute_batch(FIRST).unwrap();
    conn.execute_batch(SAMPLE).unwrap();
    conn.execute_batch("PRAGMA user_version = 1;").unwrap();
    dir
}

fn opened(dir: &Path) -> Store {
    let options = OpenOptions {
        key: KeySource::Text(Secret::new("5e".repeat(32))),
        ..crate::store::tests::options(dir)
    };
    Store::open(&options).unwrap()
}

fn texts(conn: &Read<'_>, sql: &str) -> Vec<String> {
    let mut statement = conn.connection().prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Every row of the sample is there and says what it said.
fn check_rows(store: &Store) {
    let now = crate::domain::time::Timestamp::from_millis(1_773_655_500_000);
    let page = Limit::clamped(50);
    let read = |conn: &Read<'_>| {
        let office = workspaces::find_named(conn, "default")?.unwrap();
        let seq = office.id.seq();
        let vault = store.vault();
        let hooks = webhooks::list(conn, vault, Purview::workspace(seq), None, page, now)?.items;
        assert_eq!(hooks.len(), 3);
        for hook in &hooks {
            assert_eq!(hook.settings.headers[0].value().expose(), "Bearer sample");
        }
        assert_eq!(secrets::live(conn, vault, 1, now)?.len(), 2);
        let filter = EventFilter {
            workspace_seq: seq,
            order: Order::Ascending,
            ..EventFilter::default()
        };
        assert_eq!(events::list(conn, &filter, page)?.items.len(), 1);
        assert_eq!(events::misses(conn, 1, 10)?.len(), 1);
        let made = deliveries::of_event(conn, 1, 100)?;
        assert_eq!(made.len(), 8);
        // Later schemas know further ones.
        for status in Status::ALL
            .into_iter()
            .filter(|own| *own != Status::Scheduled)
        {
            let stands = |one: &&Delivery| one.progress.status == status;
            let found = made.iter().find(stands).unwrap();
            let tried = attempts::latest_of(conn, found.id.seq(), None)?.items;
            assert_eq!(tried.len(), usize::from(status != Status::Pending));
        }
        assert_eq!(stats::counts(conn, 1)?.pending, 1);
        let job = jobs::find(conn, 1)?.unwrap();
        assert_eq!((job.status, job.total), (JobStatus::Running, 3));
        assert_eq!(keys::count(conn)?, 1);
        let user = users::find_by_email(conn, "owner@example.com")?.unwrap();
        assert!(matches!(user.second_factor, SecondFactor::On { .. }));
        assert!(users::totp_seed(conn, vault, user.id.seq())?.is_some());
        assert_eq!(sessions::of_user(conn, user.id.seq())?.len(), 1);
        assert_eq!(event_types::names(conn, seq)?.len(), 1);
        assert_eq!(
            texts(conn, "SELECT action FROM audit_log"),
            ["webhook.create"]
        );
        // Of before consumers were told apart, none is a consumer's.
        let consumers = "SELECT action FROM audit_log WHERE consumer_seq IS NOT NULL";
        assert!(texts(conn, consumers).is_empty());
        assert_eq!(texts(conn, "SELECT key FROM idempotency"), ["once"]);
        Ok::<_, StoreError>(())
    };
    store.read_blocking(read).unwrap();
}

/// Columns that say yes or no, and will say nothing else.
const SWITCHES: [&str; 4] = [
    "archived",
    "ordered",
    "response_truncated",
    "strict_event_types",
];

/// Nothing is wrong with the file, and no table lists the states that it may hold.
fn check_schema(store: &Store) {
    let read = |conn: &Read<'_>| {
        assert_eq!(texts(conn, "PRAGMA integrity_check"), ["ok"]);
        assert!(texts(conn, "SELECT 'x' FROM pragma_foreign_key_check").is_empty());
        let sql = "SELECT sql FROM sqlite_schema WHERE sql LIKE '%CHECK%'";
        for table in texts(conn, sql) {
            let mut checks = table.split("CHECK (").skip(1);
            let is_switch = |check: &str| {
                let switch = check.split_once(" IN (0, 1)");
                switch.is_some_and(|(column, _)| SWITCHES.contains(&column))
            };
            assert!(checks.all(is_switch), "{table}");
        }
        Ok::<_, StoreError>(())
    };
    store.read_blocking(read).unwrap();
}

#[test]
fn a_post_office_of_the_first_schema_is_read_whole() {
    let dir = sample();
    let store = opened(dir.path());
    check_schema(&store);
    check_rows(&store);
    store.close();
    drop(store);
    check_rows(&opened(dir.path()));
}

/// The names of the files in a directory that begin with `prefix`.
fn named(dir: &Path, prefix: &str) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(prefix)).collect()
}

#[test]
fn an_upgrade_keeps_the_database_as_it_was_and_an_older_binary_can_go_on_with_it() {
    let dir = sample();
    let before = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    let schema = "SELECT group_concat(sql) FROM (SELECT sql FROM sqlite_schema ORDER BY name)";
    let schema_before: String = before.query_row(schema, [], |row| row.get(0)).unwrap();
    drop(before);
    opened(dir.path()).close();
    assert_eq!(named(dir.path(), "hookpost-v"), ["hookpost-v1.db"]);
    let kept = Connection::open(dir.path().join("hookpost-v1.db")).unwrap();
    let version: i64 = kept
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    let schema_kept: String = kept.query_row(schema, [], |row| row.get(0)).unwrap();
    assert_eq!((version, schema_kept), (1, schema_before));
    let hooks: i64 = kept
        .query_row("SELECT count(*) FROM webhooks", [], |row| row.get(0))
        .unwrap();
    assert!(hooks > 0);
    drop(kept);
    // Putting it back and coming here again finds everything.
    let (copy, database) = (
        dir.path().join("hookpost-v1.db"),
        dir.path().join(DATABASE_FILE),
    );
    std::fs::rename(copy, database).unwrap();
    check_rows(&opened(dir.path()));
}

/// Another program that opens the database, believes itself the last one if nobody holds a lock on
/// it, and then removes the log.
const LOOK: &str = "
import fcntl, struct, sys
shared = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0x40000002, 510, 0)
with open(sys.argv[1], 'r+b') as file:
    held = struct.unpack('hhqqi4x', fcntl.fcntl(file, fcntl.F_GETLK, shared))
    print('held' if held[0] != fcntl.F_UNLCK else 'free')
";

#[test]
fn after_an_upgrade_other_programs_see_that_the_database_is_in_use() {
    let dir = sample();
    let _store = opened(dir.path());
    assert_eq!(named(dir.path(), "hookpost-v"), ["hookpost-v1.db"]);
    let looked = std::process::Command::new("python3")
        .args(["-c", LOOK])
        .arg(dir.path().join(DATABASE_FILE))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&looked.stdout);
    assert_eq!(said, "held\n", "{looked:?}");
}

#[test]
fn neither_a_first_start_nor_a_later_one_keeps_a_copy_and_an_empty_file_waives_it() {
    let dir = tempfile::tempdir().unwrap();
    opened(dir.path()).close();
    opened(dir.path()).close();
    assert!(named(dir.path(), "hookpost-v").is_empty());
    let dir = sample();
    let waiver = dir.path().join("hookpost-v1.db");
    std::fs::write(&waiver, "").unwrap();
    check_rows(&opened(dir.path()));
    assert_eq!(std::fs::metadata(&waiver).unwrap().len(), 0);
}

#[test]
fn a_state_that_is_added_needs_no_other_table() {
    let dir = sample();
    let store = opened(dir.path());
    let work = |tx: &mut crate::store::WriteTx<'_>| {
        tx.run("UPDATE deliveries SET status = 9 WHERE seq = 1", [])
    };
    assert_eq!(store.write_blocking(work).unwrap(), 1);
}

/// What a kill leaves: the files as they are in the middle of the transaction.
fn copied(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("{DATABASE_FILE}{suffix}");
        std::fs::copy(dir.join(&name), copy.path().join(&name)).unwrap();
    }
    copy
}

/// What was climbed before, and a rung that is killed on every of its statements.
fn check_killed(climbed: &str, rung: &str) {
    let statements: Vec<&str> = rung.split_inclusive(";\n").collect();
    assert!(statements.len() > 10);
    for killed_after in 1..=statements.len() {
        let dir = sample();
        let conn = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
        conn.execute_batch(climbed).unwrap();
        // Nothing is held back in memory that a kill would take along.
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA cache_size = 1; BEGIN IMMEDIATE;")
            .unwrap();
        let (done, _) = statements.split_at(killed_after);
        conn.execute_batch(&done.concat()).unwrap();
        let left = copied(dir.path());
        let store = opened(left.path());
        check_schema(&store);
        check_rows(&store);
    }
}

#[test]
fn a_climb_that_is_killed_half_way_is_begun_anew() {
    let states = include_str!("../migrations/0002_no_lists_of_states.sql");
    check_killed("", states);
    let climbed = format!("BEGIN; {states} PRAGMA user_version = 2; COMMIT;");
    check_killed(&climbed, include_str!("../migrations/0003_consumers.sql"));
}
