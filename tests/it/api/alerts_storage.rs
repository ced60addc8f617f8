//! The disk has little room left: who is told, and how often.
//!
//! The test runs itself a second time in a namespace of its own, whose directory for temporary files is a
//! small disk.

use std::process::Command;
use std::time::Duration;

use hookpost::clock::Clock;
use reqwest::StatusCode;
use serde_json::json;

use crate::app::TestApp;
use crate::receiver::Receiver;

/// Says that this is the second run, on the small disk.
const INSIDE: &str = "HOOKPOST_TEST_ON_A_SMALL_DISK";
const NAME: &str =
    "api::alerts_storage::a_disk_that_fills_is_told_of_once_and_again_after_there_was_room";
const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_disk_that_fills_is_told_of_once_and_again_after_there_was_room() {
    if std::env::var_os(INSIDE).is_some() {
        return on_the_small_disk().await;
    }
    let namespace = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount"]);
        command
    };
    if !namespace()
        .arg("true")
        .status()
        .is_ok_and(|done| done.success())
    {
        eprintln!("no namespace can be made here; nothing was tried");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut again = namespace();
    again.args([
        "sh",
        "-c",
        "mount -t tmpfs -o size=260m tmpfs \"$2\" && exec \"$0\" --exact \"$1\" --nocapture",
    ]);
    again
        .arg(std::env::current_exe().unwrap())
        .arg(NAME)
        .arg(dir.path());
    again.env("TMPDIR", dir.path()).env(INSIDE, "1");
    let output = again.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{output:?}"
    );
}

async fn on_the_small_disk() {
    let clock = Clock::manual(Clock::System.now());
    let app = TestApp::start_at(clock.clone()).await;
    let alerts = Receiver::start().await;
    let workspace = format!("/api/v1/workspaces/{}", app.default_workspace());
    let target = json!({"alert_url": alerts.url("/alerts")});
    app.patch(&workspace, &target).await.json(StatusCode::OK);
    let ballast = std::env::temp_dir().join("ballast");
    let fill = |mib: usize| std::fs::write(&ballast, vec![7; mib * MIB]).unwrap();
    let look = async || app.service.engine().tell_due().await.unwrap();
    look().await;
    fill(150);
    look().await;
    let told = alerts.wait_for(1).await.remove(0).json();
    assert_eq!(told["type"], "storage.low");
    let data = &told["data"];
    let floor = 64 * MIB as u64;
    assert_eq!(data["refused_below_bytes"], floor);
    let free = data["free_bytes"].as_u64().unwrap();
    assert!((floor..2 * floor).contains(&free), "{data}");
    // It is told once, and reminded of after a day.
    clock.advance(Duration::from_secs(3600));
    look().await;
    assert_eq!(alerts.received().len(), 1);
    clock.advance(Duration::from_secs(24 * 3600));
    look().await;
    alerts.wait_for(2).await;

    // Below the floor events are refused, and somebody is still told; what comes after there was room
    // is news.
    std::fs::remove_file(&ballast).unwrap();
    look().await;
    fill(210);
    look().await;
    let told = alerts.wait_for(3).await.remove(2).json();
    assert!(
        told["data"]["free_bytes"].as_u64().unwrap() < floor,
        "{told}"
    );
}
