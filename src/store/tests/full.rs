//! Room that ends in the middle of a transaction.

use std::sync::mpsc::{Receiver, Sender, channel};

use futures_util::future::join_all;

use super::{Fixture, event_count, fixture, new_event};
use crate::store::tests::{default_workspace, noise};
use crate::store::*;

/// Pages that the database may have; as many as it has now where `None`.
fn room(store: &Store, pages: Option<i64>) {
    let set = move |tx: &mut WriteTx<'_>| {
        let now: i64 = tx.value("PRAGMA page_count", [])?;
        let sql = format!("PRAGMA max_page_count = {}", pages.unwrap_or(now));
        tx.value::<i64>(&sql, []).map(drop)
    };
    store.write_blocking(set).unwrap();
}

pub(super) fn add(tx: &mut WriteTx<'_>, bytes: usize) -> Result<(), StoreError> {
    let workspace = default_workspace(tx);
    let text = format!("\"{}\"", noise(bytes));
    events::insert(tx, workspace, new_event(&text), 0).map(drop)
}

/// Holds the writer up, so that what comes meanwhile shares one transaction.
pub(super) fn hold_up(
    store: &Store,
) -> (Sender<()>, tokio::task::JoinHandle<Result<(), StoreError>>) {
    let (go_on, wait): (Sender<()>, Receiver<()>) = channel();
    let (begun, has_begun) = channel();
    let own = store.clone();
    let held = tokio::spawn(async move {
        let held = move |_: &mut WriteTx<'_>| {
            begun.send(()).unwrap();
            wait.recv().unwrap();
            Ok(())
        };
        own.settle(held).await
    });
    has_begun.recv().unwrap();
    (go_on, held)
}

#[tokio::test(flavor = "multi_thread")]
async fn room_that_ends_within_a_transaction_is_told_to_all_of_it_and_stops_nobody_else() {
    let Fixture { store, dir: _dir } = fixture();
    room(&store, None);
    for sizes in [
        [10, 10_000_000, 10],
        [10_000_000, 10, 10],
        [10, 10, 10_000_000],
    ] {
        let before = event_count(&store);
        let (go_on, held) = hold_up(&store);
        let jobs = sizes.map(|bytes| store.settle(move |tx| add(tx, bytes)));
        let (answers, ()) = tokio::join!(join_all(jobs), async { go_on.send(()).unwrap() });
        held.await.unwrap().unwrap();
        let mut kept = 0;
        for (answer, bytes) in answers.into_iter().zip(sizes) {
            match answer {
                Ok(()) => {
                    assert_eq!(bytes, 10);
                    kept += 1;
                }
                Err(refused) => {
                    assert_eq!(refused.obstacle(), Some(Obstacle::Full), "{refused}");
                }
            }
        }
        assert_eq!(event_count(&store), before + kept, "{sizes:?}");
        room(&store, Some(1_000_000));
        store.settle(|tx| add(tx, 10)).await.unwrap();
        assert_eq!(event_count(&store), before + kept + 1);
        room(&store, None);
    }
}

/// What a job answers: its own refusal, or the store's.
#[derive(Debug, PartialEq, Eq)]
enum Refused {
    ByItself,
    ByTheStore,
}

impl From<StoreError> for Refused {
    fn from(_: StoreError) -> Self {
        Self::ByTheStore
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_rests_on_what_was_never_committed_is_not_given() {
    let Fixture { store, dir: _dir } = fixture();
    let (go_on, held) = hold_up(&store);
    // It is found to be impossible only when it is committed.
    let impossible = |tx: &mut WriteTx<'_>| {
        tx.run("PRAGMA defer_foreign_keys = ON", [])?;
        tx.run("UPDATE webhooks SET workspace_seq = 99", [])?;
        tx.run(
            "INSERT INTO event_types (workspace_seq, name, created_at, updated_at)
             VALUES (99, 'a', 0, 0)",
            [],
        )?;
        Ok::<(), StoreError>(())
    };
    let looks = |tx: &mut WriteTx<'_>| {
        let seen: i64 = tx.value("SELECT count(*) FROM event_types", [])?;
        if seen == 1 {
            Err(Refused::ByItself)
        } else {
            Ok(())
        }
    };
    let (first, second, ()) = tokio::join!(store.settle(impossible), store.settle(looks), async {
        go_on.send(()).unwrap();
    });
    held.await.unwrap().unwrap();
    first.unwrap_err();
    assert_eq!(second, Err(Refused::ByTheStore));
    store.check_writable().await.unwrap();
}
