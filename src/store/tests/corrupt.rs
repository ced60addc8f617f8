//! Pages that are not what was written to them.

use std::io::{Seek, SeekFrom, Write};

use super::samples::{Office, event, office};
use crate::domain::event::EventFilter;
use crate::domain::page::Limit;
use crate::store::tests::options;
use crate::store::*;

/// An office whose index of events by type is rubbish.
fn spoilt() -> (Store, tempfile::TempDir) {
    let office = office();
    for _ in 0..20 {
        office.write(|tx| event(tx, "a.b").map(drop));
    }
    let root = office.number("SELECT rootpage FROM sqlite_schema WHERE name = 'events_by_type'");
    let page_bytes = office.number("SELECT page_size FROM pragma_page_size");
    let Office { store, dir, .. } = office;
    store.close();
    drop(store);
    let path = dir.path().join(DATABASE_FILE);
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let at = u64::try_from((root - 1) * page_bytes).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[0xaa; 512]).unwrap();
    (Store::open(&options(dir.path())).unwrap(), dir)
}

fn by_type(store: &Store) -> Result<usize, StoreError> {
    let filter = EventFilter {
        workspace_seq: 1,
        event_types: vec!["a.b".to_owned()],
        ..EventFilter::default()
    };
    let read = |conn: &Read<'_>| events::list(conn, &filter, Limit::clamped(50));
    store.read_blocking(read).map(|page| page.items.len())
}

fn add_nothing(store: &Store) -> Result<(), StoreError> {
    store.write_blocking(|_| Ok(()))
}

#[test]
fn a_read_that_meets_a_corrupt_page_stops_writes_and_what_is_whole_is_read() {
    let (store, _dir) = spoilt();
    add_nothing(&store).unwrap();
    assert_eq!(
        by_type(&store).unwrap_err().obstacle(),
        Some(Obstacle::Failed)
    );
    let refused = add_nothing(&store).unwrap_err();
    assert!(matches!(refused, StoreError::Stopped(_)), "{refused}");
    let found = store.read_blocking(|conn| events::find(conn, 7)).unwrap();
    assert!(found.is_some());
}

#[test]
fn a_write_that_meets_a_corrupt_page_is_undone_with_all_that_shared_its_commit() {
    let (store, _dir) = spoilt();
    let refused = store.write_blocking(|tx| event(tx, "a.b").map(drop));
    let refused = refused.unwrap_err();
    assert!(matches!(refused, StoreError::Stopped(_)), "{refused}");
    let refused = add_nothing(&store).unwrap_err();
    assert!(matches!(refused, StoreError::Stopped(_)), "{refused}");
}
