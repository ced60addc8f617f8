//! What a process does that nobody wants anything of: nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use super::process::{Server, stdout_of, workspace_key};

/// How long is looked at once.
const WINDOW: Duration = Duration::from_secs(5);
/// Times that threads may wake in it: once a second.
const WAKES_MAX: u64 = 5;
/// How often is looked: what a start and a request leave behind is over by then.
const WINDOWS_MAX: u32 = 12;

/// How often each of the process's threads went to sleep by itself so far.
fn sleeps(id: u32) -> BTreeMap<OsString, u64> {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let sleeps = threads.filter_map(|thread| {
        let thread = thread.unwrap();
        // A thread may end while it is looked at.
        let status = std::fs::read_to_string(thread.path().join("status")).ok()?;
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        Some((thread.file_name(), line.trim().parse().unwrap()))
    });
    sleeps.collect()
}

/// How often threads woke between two looks.
fn wakes(before: &BTreeMap<OsString, u64>, after: &BTreeMap<OsString, u64>) -> u64 {
    let woke = |(thread, sleeps): (&OsString, &u64)| sleeps - before.get(thread).unwrap_or(&0);
    after.iter().map(woke).sum()
}

#[tokio::test]
async fn a_process_without_work_sleeps() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let key = workspace_key(dir.path());
    let send = ["events", "send", "--type=a.b", "--data={}", "--server"];
    stdout_of(&[&send[..], &[&server.url, "--api-key", &key]].concat());
    let mut seen = Vec::new();
    for _ in 0..WINDOWS_MAX {
        let before = sleeps(server.id());
        tokio::time::sleep(WINDOW).await;
        seen.push(wakes(&before, &sleeps(server.id())));
        if seen.last().is_some_and(|wakes| *wakes <= WAKES_MAX) {
            return;
        }
    }
    panic!("it woke {seen:?} times in {WINDOW:?} each");
}
