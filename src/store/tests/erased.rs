//! What was erased while somebody read: its log is cut later.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{Fixture, default_workspace, fixture, new_event};
use crate::store::*;

const MARK: &str = "zebrafish-4711";
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether a file of the data directory holds what was erased.
fn is_left(dir: &Path) -> bool {
    let files = std::fs::read_dir(dir)
        .unwrap()
        .map(|file| file.unwrap().path());
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes
            .windows(MARK.len())
            .any(|part| part == MARK.as_bytes())
    };
    files.into_iter().any(|path| holds(&path))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_read_during_an_erasure_is_cut_with_a_later_commit() {
    let Fixture { store, dir: _dir } = fixture();
    let insert = |tx: &mut WriteTx<'_>| {
        let workspace = default_workspace(tx);
        events::insert(tx, workspace, new_event(&format!("\"{MARK}\"")), 0)
    };
    let event = store.write(insert).await.unwrap();
    let (began, begins) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let reader = store.clone();
    let reading = std::thread::spawn(move || {
        reader.read_blocking(|conn| {
            let found = events::find(conn, event.id.seq())?;
            began.send(found.is_some()).unwrap();
            ends.recv().unwrap();
            Ok::<_, StoreError>(())
        })
    });
    assert!(begins.recv().unwrap());
    let seq = event.id.seq();
    store
        .write(move |tx| erasure::erase(tx, seq))
        .await
        .unwrap();
    assert!(is_left(store.data_dir()), "somebody still sees it");
    end.send(()).unwrap();
    reading.join().unwrap().unwrap();
    let since = Instant::now();
    while is_left(store.data_dir()) {
        assert!(since.elapsed() < PATIENCE, "the log is never cut");
        store.write(|_| Ok::<_, StoreError>(())).await.unwrap();
    }
}
