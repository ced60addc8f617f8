//! Backups on real files: whole, readable by nobody else, and restored into a post office.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::*;
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::session::{Channel, NewSession};
use crate::domain::webhook::WebhookKind;
use crate::store::instance::{self, Fact};
use crate::store::sessions;
use crate::store::tests::options;
use crate::store::tests::samples::{Office, event, office, webhook};
use crate::store::vault::KeySource;
use crate::store::{secrets, users};

fn filled() -> Office {
    let office = office();
    office.write(|tx| {
        let webhook = webhook(tx, WebhookKind::Registered)?;
        secrets::insert(tx, webhook, &Secret::new("whsec_abc".to_owned()))?;
        for _ in 0..50 {
            event(tx, "a")?;
        }
        let hash = Secret::new("$argon2id$…".to_owned());
        let user = users::insert(tx, "ada@example.com", &hash, Role::Owner)?.id;
        let new = NewSession {
            user,
            workspace_seq: 1,
            channel: Channel::Browser,
            user_agent: String::new(),
            mfa_verified_at: None,
        };
        sessions::insert(tx, &new, [7; 32]).map(drop)
    });
    office
}

fn entries(dir: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn key_file(dir: &Path) -> KeySource {
    KeySource::File(dir.join("master.key"))
}

#[test]
fn a_backup_becomes_the_same_post_office_with_sending_paused() {
    let office = filled();
    let away = tempfile::tempdir().unwrap();
    let file = away.path().join("monday.backup");
    let report = write(&office.store, &file).unwrap();
    let metadata = std::fs::metadata(&file).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(metadata.len(), report.bytes);
    assert_eq!(entries(away.path()), ["monday.backup"]);

    let data_dir = away.path().join("restored");
    restore(&file, &data_dir, &key_file(&data_dir)).unwrap();
    assert_eq!(
        entries(&data_dir),
        ["hookpost.db", "hookpost.lock", "master.key"]
    );
    let database = std::fs::read(data_dir.join(DATABASE_FILE)).unwrap();
    let key = std::fs::read_to_string(data_dir.join("master.key")).unwrap();
    let key = key.trim().as_bytes();
    assert!(!database.windows(key.len()).any(|part| part == key));

    let restored = Store::open(&options(&data_dir)).unwrap();
    let vault = Arc::clone(restored.vault());
    let live = restored.read_blocking(|conn| secrets::live(conn, &vault, 1, Timestamp::default()));
    assert_eq!(live.unwrap()[0].secret.expose(), "whsec_abc");
    let count = |sql: &str| {
        restored
            .read_blocking(|conn| {
                Ok::<i64, StoreError>(conn.connection().query_row(sql, [], |row| row.get(0))?)
            })
            .unwrap()
    };
    assert_eq!(count("SELECT count(*) FROM events"), 50);
    assert_eq!(count("SELECT count(*) FROM sessions"), 0);
    assert_eq!(
        count("SELECT count(*) FROM sqlite_schema WHERE name = 'backup_key'"),
        0
    );
    let paused = restored.read_blocking(|conn| instance::read(conn, Fact::SendingPaused));
    assert!(paused.unwrap().is_some());
    assert!(check(&data_dir).unwrap().is_sound());
}

#[test]
fn every_backup_under_load_is_whole_and_holds_what_was_accepted() {
    let office = filled();
    let store = &office.store;
    let away = tempfile::tempdir().unwrap();
    let (done, accepted) = (AtomicBool::new(false), AtomicI64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let seq = office.write(|tx| Ok(event(tx, "a")?.id.seq()));
                accepted.store(seq, Ordering::Release);
            }
        });
        for n in 0..5 {
            let before = accepted.load(Ordering::Acquire);
            let file = away.path().join(format!("{n}.backup"));
            write(store, &file).unwrap();
            let report = check::check_file(&file).unwrap();
            assert!(report.is_sound(), "{:?}", report.findings);
            assert!(i64::try_from(report.events).unwrap() >= before);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn nothing_is_ever_overwritten() {
    let office = filled();
    let away = tempfile::tempdir().unwrap();
    let file = away.path().join("backup");
    std::fs::write(&file, "precious").unwrap();
    let refused = write(&office.store, &file).unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(entries(away.path()), ["backup"]);

    let file = away.path().join("whole");
    write(&office.store, &file).unwrap();
    let occupied = tempfile::tempdir().unwrap();
    std::fs::write(occupied.path().join("notes.txt"), "precious").unwrap();
    let refused = restore(&file, occupied.path(), &key_file(occupied.path())).unwrap_err();
    assert!(refused.to_string().contains("notes.txt"), "{refused}");
    assert_eq!(entries(occupied.path()), ["notes.txt"]);
}

#[test]
fn a_failed_backup_leaves_nothing_behind() {
    let office = filled();
    let away = tempfile::tempdir().unwrap();
    let refused = write(&office.store, &away.path().join("no/such/backup"));
    assert!(matches!(refused, Err(BackupError::Files { .. })));
    std::fs::remove_file(office.dir.path().join(DATABASE_FILE)).unwrap();
    let refused = write(&office.store, &away.path().join("backup"));
    assert!(matches!(refused, Err(BackupError::Files { .. })));
    assert!(entries(away.path()).is_empty());
}

#[test]
fn what_is_no_backup_is_refused() {
    let office = filled();
    let away = tempfile::tempdir().unwrap();
    let data_dir = away.path().join("restored");
    let text = away.path().join("text");
    std::fs::write(
        &text,
        "not a database at all, but long enough to look like one",
    )
    .unwrap();
    let database = office.dir.path().join(DATABASE_FILE);
    for file in [text, database] {
        let refused = restore(&file, &data_dir, &key_file(&data_dir)).unwrap_err();
        assert!(matches!(refused, BackupError::NotABackup(_)), "{refused}");
        assert!(!data_dir.exists());
    }
    let missing = away.path().join("missing");
    let refused = restore(&missing, &data_dir, &key_file(&data_dir)).unwrap_err();
    assert!(refused.to_string().contains("missing"), "{refused}");
}

#[test]
fn a_damaged_or_newer_backup_is_refused() {
    let office = filled();
    let away = tempfile::tempdir().unwrap();
    let check = |name: &str, damage: &str| {
        let file = away.path().join(name);
        write(&office.store, &file).unwrap();
        let conn = Connection::open(&file).unwrap();
        conn.execute_batch(damage).unwrap();
        drop(conn);
        let data_dir = away.path().join("restored");
        let refused = restore(&file, &data_dir, &key_file(&data_dir)).unwrap_err();
        assert!(!data_dir.exists());
        refused
    };
    let refused = check("altered", "UPDATE events SET data = '1' WHERE seq = 7");
    assert!(refused.to_string().contains("event 7"), "{refused}");
    let refused = check("newer", "PRAGMA user_version = 999");
    assert!(
        matches!(refused, BackupError::Open(OpenError::Newer { .. })),
        "{refused}"
    );
    let refused = check("format", "UPDATE backup_key SET format = 2");
    assert!(matches!(refused, BackupError::NotABackup(_)), "{refused}");
    let other = "ab".repeat(32);
    let refused = check(
        "key",
        &format!("UPDATE backup_key SET master_key = '{other}'"),
    );
    assert!(matches!(refused, BackupError::Open(_)), "{refused}");
}

#[test]
fn a_key_from_outside_must_be_the_backups_own() {
    let office = filled();
    let away = tempfile::tempdir().unwrap();
    let file = away.path().join("backup");
    write(&office.store, &file).unwrap();
    let data_dir = away.path().join("restored");
    let other = KeySource::Text(Secret::new("ab".repeat(32)));
    assert!(restore(&file, &data_dir, &other).is_err());
    assert_eq!(entries(&data_dir), ["hookpost.lock"]);
    let own = KeySource::Text(office.store.vault().master_key().to_text());
    restore(&file, &data_dir, &own).unwrap();
    assert_eq!(entries(&data_dir), ["hookpost.db", "hookpost.lock"]);
}

#[test]
fn a_check_finds_what_is_wrong_while_the_store_is_open() {
    let office = filled();
    let dir = office.dir.path();
    let report = check(dir).unwrap();
    assert_eq!((report.events, report.is_sound()), (50, true));
    let conn = Connection::open(dir.join(DATABASE_FILE)).unwrap();
    conn.execute_batch(
        "PRAGMA foreign_keys = OFF;
         UPDATE events SET type = 'b' WHERE seq IN (3, 4);
         UPDATE webhook_secrets SET webhook_seq = 77;",
    )
    .unwrap();
    let findings = check(dir).unwrap().findings;
    assert_eq!(
        findings,
        [
            "row 1 of webhook_secrets refers to a missing row of webhooks",
            "event 3 is not what was once published",
            "event 4 is not what was once published",
        ]
    );
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(check(elsewhere.path()).is_err());
}
