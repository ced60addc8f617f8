//! Secrets with recognisable texts go through everything, and are then looked for everywhere.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::app::PATIENCE;
use crate::binary::process::{Server, serve, stdout_of};
use crate::receiver::Receiver;

/// A signing secret: base64 of 32 bytes, as Standard Webhooks write it.
const SECRET: &str = "whsec_U0VOVElORUxzaWduaW5nc2VjcmV0MDEyMzQ1Njc4OTA=";
const ONE_OFF: &str = "whsec_U0VOVElORUxvbmVvZmZzZWNyZXQ5ODc2NTQzMjEwISE=";
const CREDENTIAL: &str = "Bearer SENTINEL-header-credential";
const QUERY: &str = "SENTINEL-query-token";
const PAYLOAD: &str = "SENTINEL-payload";

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

/// Looks for each text in the bytes of each file.
#[track_caller]
fn assert_absent(files: &[PathBuf], texts: &[&str]) {
    for file in files {
        let bytes = std::fs::read(file).unwrap();
        for text in texts {
            let found = bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes());
            assert!(!found, "{text} stands in {}", file.display());
        }
    }
}

#[tokio::test]
async fn no_secret_reaches_the_log_the_database_or_a_backup_even_at_trace_level() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log, backup) = (
        dir.path().join("data"),
        dir.path().join("log"),
        dir.path().join("backup"),
    );
    let receiver = Receiver::start().await;
    let mut command = serve(&data);
    command.args([
        "--listen=127.0.0.1:0",
        "--allow-http",
        "--allow-private=127.0.0.0/8",
    ]);
    command.arg("--log=trace");
    let server = Server::spawn_into(&mut command, std::fs::File::create(&log).unwrap());
    let data_dir = data.to_str().unwrap();
    let key = stdout_of(&[
        "key",
        "create",
        "--name=k",
        "--scope=admin",
        "--data-dir",
        data_dir,
    ]);
    let webhook = json!({
        "url": receiver.url(&format!("/?token={QUERY}")), "event_types": ["*"],
        "secret": SECRET, "headers": {"authorization": CREDENTIAL},
    });
    let made = server.post(&key, "/webhooks", &webhook, 201).await;
    let id = made["id"].as_str().unwrap();
    server
        .post(&key, &format!("/webhooks/{id}/test"), &json!({}), 200)
        .await;
    let event = json!({
        "type": "a.b", "data": {"x": PAYLOAD},
        "webhook_url": receiver.url("/one-off"), "webhook_secret": ONE_OFF,
    });
    server.post(&key, "/events", &event, 202).await;
    receiver.wait_for(2).await;
    let path = format!("/webhooks/{id}/rotate-secret");
    let rotated = server.post(&key, &path, &json!({}), 200).await;
    let fresh = rotated["secret"].as_str().unwrap().to_owned();
    let refused = json!({"type": "a.b", "data": 1, "webhook_secret": ONE_OFF, "nonsense": SECRET});
    server.post(&key, "/events", &refused, 422).await;
    stdout_of(&["backup", backup.to_str().unwrap(), "--data-dir", data_dir]);

    let bare = |secret: &'static str| secret.trim_start_matches("whsec_");
    let secrets = [
        bare(SECRET),
        bare(ONE_OFF),
        CREDENTIAL,
        &key,
        &fresh,
        "SENTINELsigning",
    ];
    let mut kept = files(&data);
    assert!(kept.iter().any(|file| file.ends_with("hookpost.db-wal")));
    kept.push(backup);
    assert_absent(&kept, &secrets);
    server.signal(Signal::TERM);
    assert!(server.exit().await.success());
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !std::fs::read_to_string(&log).unwrap().contains("stopped") {
        assert!(tokio::time::Instant::now() < deadline, "nothing was logged");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_absent(&[log], &[&secrets[..], &[QUERY, PAYLOAD]].concat());
}
