//! Another process reads and does not stop: the log grows to its bound and no further, who that is
//! can be told, and all goes on once it has ended.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::{Fixture, event_count, fixture, new_event};
use crate::store::disk::disk;
use crate::store::outside::readers;
use crate::store::tests::{default_workspace, noise};
use crate::store::*;

/// The bound, and what a last transaction may add to it, in bytes.
const LOG_BYTES_MAX: u64 = (256 + 16) * 1024 * 1024;
/// What one write adds.
const EVENT_BYTES: usize = 10_000_000;
/// Far more writes than the bound has room for.
const WRITES: usize = 60;

/// Opens the database, reads from it, and stays where it is until its input ends.
const READ: &str = "
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.execute('BEGIN')
conn.execute('SELECT count(*) FROM events').fetchone()
print('reading', flush=True)
sys.stdin.read()
";

fn reader_of(store: &Store) -> Child {
    let mut child = Command::new("python3")
        .args(["-c", READ])
        .arg(store.data_dir().join(DATABASE_FILE))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut said).unwrap();
    assert_eq!(said, "reading\n");
    child
}

async fn add(store: &Store) -> Result<(), StoreError> {
    let text = format!("\"{}\"", noise(EVENT_BYTES));
    let insert = move |tx: &mut WriteTx<'_>| {
        let workspace = default_workspace(tx);
        events::insert(tx, workspace, new_event(&text), 0).map(drop)
    };
    store.write(insert).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_from_outside_makes_the_log_grow_to_its_bound_and_can_be_named() {
    let Fixture { store, dir: _dir } = fixture();
    let mut reader = reader_of(&store);
    let who = format!("python3 (process {})", reader.id());
    assert_eq!(readers(store.data_dir()), [who]);
    let mut written = 0;
    let refused = loop {
        match add(&store).await {
            Ok(()) => written += 1,
            Err(refused) => break refused,
        }
        assert!(written < WRITES, "the log has no bound");
    };
    assert!(matches!(refused, StoreError::LogHeld), "{refused}");
    let bytes = disk(store.data_dir()).unwrap().log_bytes;
    println!("refused at {} MiB", bytes >> 20);
    assert_eq!(event_count(&store), i64::try_from(written).unwrap());
    // What is under way already is still recorded.
    store.settle(|_| Ok::<_, StoreError>(())).await.unwrap();
    assert!(store.check_writable().await.is_err());

    reader.kill().unwrap();
    reader.wait().unwrap();
    while store.check_writable().await.is_err() {
        tokio::task::yield_now().await;
    }
    add(&store).await.unwrap();
    let bytes = disk(store.data_dir()).unwrap().log_bytes;
    assert!(bytes < LOG_BYTES_MAX / 2, "{bytes}");
}
