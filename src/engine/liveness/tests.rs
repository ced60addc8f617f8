//! An engine that works, hangs and ends, on threads of its own.

use tokio::runtime::{Builder, Runtime};

use super::super::alert::{AlertWays, Pages};
use super::super::{Engine, EngineParts, Paused};
use super::*;
use crate::clock::Clock;
use crate::net::{Client, ClientOptions, Guard, GuardOptions};
use crate::store::vault::KeySource;
use crate::store::{OpenOptions, Store};

/// How long an engine that hangs is waited for.
const MOMENT: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(20);

fn threads() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

fn parts(dir: &tempfile::TempDir) -> EngineParts {
    let options = OpenOptions {
        data_dir: dir.path().to_owned(),
        key: KeySource::File(dir.path().join("master.key")),
        clock: Clock::System,
    };
    let guard = Arc::new(Guard::new(GuardOptions::default()));
    EngineParts {
        store: Store::open(&options).unwrap(),
        client: Client::new(Arc::clone(&guard), &ClientOptions::default()).unwrap(),
        guard,
        clock: Clock::System,
        in_flight_max: 1,
        alerts: Arc::new(AlertWays {
            pages: Pages::at("https://hooks.example.com"),
            mailer: None,
        }),
    }
}

#[test]
fn it_answers_while_its_scheduler_runs_and_whoever_waits_learns_of_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let (mine, its) = (threads(), threads());
    let engine = Engine::start(parts(&dir), its.handle()).unwrap();
    let answer = || mine.block_on(engine.answers(PATIENCE));
    assert!(!answer().unwrap().paused);
    engine.set_paused(Paused::Yes);
    assert!(answer().unwrap().paused, "it is what it is now");
    let waiting = engine.clone();
    let waiting = mine.spawn(async move { waiting.ended().await });
    let many = (0..100).map(|_| engine.clone());
    let many = many.map(|own| mine.spawn(async move { own.answers(PATIENCE).await }));
    for asked in many.collect::<Vec<_>>() {
        assert!(mine.block_on(asked).unwrap().is_ok());
    }
    assert!(!waiting.is_finished());
    // The task goes with its threads, as it does when it panics.
    its.shutdown_background();
    let told = mine.block_on(async { timeout(PATIENCE, waiting).await });
    told.expect("its end is told").unwrap();
    assert_eq!(answer(), Err(EngineSilence::Ended));
}

#[test]
fn it_hangs_while_somebody_holds_the_lanes_and_keeps_nobody_who_asks() {
    let dir = tempfile::tempdir().unwrap();
    let (mine, its) = (threads(), threads());
    let engine = Engine::start(parts(&dir), its.handle()).unwrap();
    assert!(mine.block_on(engine.answers(PATIENCE)).is_ok());
    let held = engine.shared.lanes();
    let asked = mine.block_on(engine.answers(MOMENT));
    assert_eq!(asked, Err(EngineSilence::Hangs));
    drop(held);
    assert!(mine.block_on(engine.answers(PATIENCE)).is_ok());
    its.shutdown_background();
}

#[test]
fn one_that_was_never_started_says_so_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mine = threads();
    let engine = Engine::at_rest(parts(&dir), mine.handle());
    let asked = mine.block_on(engine.answers(PATIENCE));
    assert_eq!(asked, Err(EngineSilence::Ended));
}
