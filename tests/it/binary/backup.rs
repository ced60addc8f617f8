//! Backups beside a running server, restoring them, and checking.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use reqwest::Method;

use super::process::{Server, complaint, run, stdout_of};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_backup_of_a_running_server_becomes_a_server_that_waits_before_it_sends() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    let file = dir.path().join("backup");
    let server = Server::start(&first);
    let create = ["key", "create", "--name", "k", "--data-dir", text(&first)];
    let key = stdout_of(&create);
    stdout_of(&["backup", text(&file), "--data-dir", text(&first)]);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = run(&["backup", text(&file), "--data-dir", text(&first)]);
    assert!(complaint(&again, 1).contains("never overwrites"));
    drop(server);
    let restored = run(&["restore", text(&file), "--data-dir", text(&second)]);
    assert!(restored.status.success(), "{restored:?}");
    assert!(
        String::from_utf8(restored.stderr)
            .unwrap()
            .contains("hookpost resume")
    );
    let onto = run(&["restore", text(&file), "--data-dir", text(&second)]);
    assert!(complaint(&onto, 1).contains("is not empty"));
    let server = Server::start(&second);
    let log = server.call(&key, Method::GET, "/audit-log", None).await;
    assert_eq!(log.unwrap().0.as_u16(), 200, "the key came along");
    stdout_of(&["resume", "--data-dir", text(&second)]);
    let (_, log) = server
        .call(&key, Method::GET, "/audit-log", None)
        .await
        .unwrap();
    assert_eq!(log["data"][0]["action"], "sending.resume", "{log:#}");
}

#[tokio::test]
async fn a_check_says_sound_beside_a_running_server_and_names_damage() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let check = ["check", "--data-dir", text(dir.path())];
    assert!(stdout_of(&check).starts_with("sound"));
    drop(server);
    stdout_of(&["workspace", "list", "--data-dir", text(dir.path())]);
    let database = dir.path().join("hookpost.db");
    let mut bytes = std::fs::read(&database).unwrap();
    assert!(bytes.len() > 8192, "the log was not written back");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 2048].fill(0x5a);
    std::fs::write(&database, bytes).unwrap();
    let output = run(&check);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[tokio::test]
async fn the_master_key_is_rotated_only_while_no_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let rotate = ["key", "rotate-master", "--data-dir", text(dir.path())];
    let server = Server::start(dir.path());
    assert!(complaint(&run(&rotate), 1).contains("in use by another hookpost"));
    drop(server);
    let before = std::fs::read(dir.path().join("master.key")).unwrap();
    stdout_of(&rotate);
    assert_ne!(
        before,
        std::fs::read(dir.path().join("master.key")).unwrap()
    );
    drop(Server::start(dir.path()));
}
