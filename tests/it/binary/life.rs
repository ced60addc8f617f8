//! Starting, stopping, and who may have the data directory.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::process::{Server, complaint, serve, stdout_of, workspace_key};
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn an_empty_directory_is_enough_and_only_the_owner_can_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("deep").join("data");
    let server = Server::start(&data_dir);
    let mode = |path: &std::path::Path| {
        let metadata = std::fs::metadata(path).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(&data_dir), 0o700);
    for file in [
        "hookpost.db",
        "hookpost.sock",
        "hookpost.lock",
        "master.key",
    ] {
        assert_eq!(mode(&data_dir.join(file)), 0o600, "{file}");
    }
    assert!(server.url.starts_with("http://127.0.0.1:"));
    assert!(!server.url.ends_with(":0"));
}

#[tokio::test]
async fn a_set_up_link_is_printed_until_there_is_a_user() {
    let dir = tempfile::tempdir().unwrap();
    let first = Server::start(dir.path());
    let link = first.next_line().unwrap();
    assert!(
        link.contains(&format!("{}/setup?token=", first.url)),
        "{link}"
    );
    drop(first);
    let data_dir = dir.path().to_str().unwrap();
    stdout_of(&[
        "user",
        "create",
        "--email",
        "a@example.com",
        "--data-dir",
        data_dir,
    ]);
    let second = Server::start(dir.path());
    second.signal(Signal::TERM);
    assert_eq!(second.next_line(), None);
}

#[tokio::test]
async fn a_name_is_listened_at_as_well_as_an_address() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::spawn(serve(dir.path()).args(["--listen", "localhost:0"]));
    let port = server.url.rsplit(':').next().unwrap();
    assert_ne!(port, "0");
    let health = format!("http://localhost:{port}/healthz");
    let answer = crate::app::http_client().get(health).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    drop(server);
    let nowhere = serve(dir.path())
        .args(["--listen", "no-such-name.invalid:80"])
        .output();
    let complaint = complaint(&nowhere.unwrap(), 1);
    assert!(
        complaint.contains("cannot listen on no-such-name.invalid:80"),
        "{complaint}"
    );
}

#[tokio::test]
async fn whoever_listens_everywhere_is_told_how_people_get_in() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::spawn(serve(dir.path()).args(["--listen", "0.0.0.0:0"]));
    let port = server.url.rsplit(':').next().unwrap();
    let local = format!("http://127.0.0.1:{port}");
    let link = server.next_line().unwrap();
    assert!(link.contains(&format!("{local}/setup?token=")), "{link}");
    let usable = link.rsplit(' ').next().unwrap();
    let answer = crate::app::http_client().get(usable).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let hint = server.next_line().unwrap();
    for way in [
        "ssh -L",
        "--tls-cert",
        "--public-url",
        "--insecure-dashboard",
    ] {
        assert!(hint.contains(way), "{hint}");
    }
    assert!(hint.contains(&local), "{hint}");
}

#[tokio::test]
async fn it_starts_reads_and_prints_the_link_while_another_process_holds_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let first = Server::start(dir.path());
    let key = workspace_key(dir.path());
    let event = json!({"type": "thing.happened", "data": {}});
    first.post(&key, "/events", &event, 202).await;
    first.signal(Signal::TERM);
    assert_eq!(first.exit().await.code(), Some(0));
    let other = rusqlite::Connection::open(dir.path().join("hookpost.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asked = Instant::now();
    let server = Server::start(dir.path());
    let link = server.next_line().unwrap();
    assert!(link.contains("/setup?token="), "{link}");
    let link = link.rsplit(' ').next().unwrap();
    let answer = crate::app::http_client().get(link).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let page = server.poll(&key, "/events", |_| true).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert!(asked.elapsed() < Duration::from_secs(4), "nobody waited");
    other.execute_batch("ROLLBACK").unwrap();
    server.post(&key, "/events", &event, 202).await;
}

/// `hookpost serve` in a namespace of its own, whose data directory has only 60 MiB; `None` where
/// this machine lets nobody make one.
fn serve_on_a_small_disk(dir: &std::path::Path) -> Option<std::process::Command> {
    let namespace = || {
        let mut command = super::process::hookpost_in("unshare");
        command.args(["--map-root-user", "--mount"]);
        command
    };
    if !namespace().arg("true").status().is_ok_and(|s| s.success()) {
        return None;
    }
    let mut command = namespace();
    command.args([
        "sh",
        "-c",
        "mount -t tmpfs -o size=60m tmpfs \"$1\" && exec \"$0\" serve --listen 127.0.0.1:0 --data-dir \"$1\"",
        env!("CARGO_BIN_EXE_hookpost"),
    ]);
    command.arg(dir);
    Some(command)
}

#[tokio::test]
async fn with_hardly_any_room_it_starts_and_lets_people_in() {
    let dir = tempfile::tempdir().unwrap();
    let Some(mut command) = serve_on_a_small_disk(dir.path()) else {
        eprintln!("no namespace can be made here; nothing was tried");
        return;
    };
    let server = Server::spawn(&mut command);
    let link = server.next_line().unwrap();
    let link = link.rsplit(' ').next().unwrap();
    let (address, token) = link.split_once("?token=").unwrap();
    let http = crate::app::http_client();
    let answer = http.get(link).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("token", token)
        .append_pair("email", "a@example.com")
        .append_pair("password", "nine purple trains at dawn")
        .finish();
    let owner = http.post(address).body(form).send().await.unwrap();
    assert_eq!(owner.status(), 303, "{}", owner.text().await.unwrap());
    let cookie = owner.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();
    let dashboard = http.get(format!("{}/", server.url));
    let dashboard = dashboard.header("cookie", cookie).send().await.unwrap();
    assert_eq!(dashboard.status(), 200);
    // Only ingest waits.
    let ready = http.get(format!("{}/readyz", server.url)).send().await;
    let ready = ready.unwrap();
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.unwrap().contains("storage_low"));
}

#[tokio::test]
async fn somebody_elses_database_is_refused_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("hookpost.db");
    let foreign = rusqlite::Connection::open(&database).unwrap();
    foreign.execute_batch("CREATE TABLE places (url)").unwrap();
    drop(foreign);
    let before = std::fs::read(&database).unwrap();
    for line in ["serve --listen 127.0.0.1:0", "key create --name k"] {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.extend(["--data-dir", dir.path().to_str().unwrap()]);
        let complaint = complaint(&super::process::run(&words), 1);
        assert!(complaint.contains("is not hookpost's"), "{complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
    assert!(std::fs::read(&database).unwrap() == before, "not a byte");
}

#[tokio::test]
async fn sigterm_lets_attempts_finish_and_exits_0() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200).after(Duration::from_millis(400)));
    let server = Server::start(dir.path());
    let key = workspace_key(dir.path());
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    server.post(&key, "/webhooks", &webhook, 201).await;
    let event = json!({"type": "thing.happened", "data": {}});
    server.post(&key, "/events", &event, 202).await;
    receiver.wait_for(1).await;
    let asked = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.exit().await.code(), Some(0));
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    let server = Server::start(dir.path());
    let page = server.poll(&key, "/deliveries", |_| true).await;
    assert_eq!(page["data"][0]["status"], "delivered", "{page:#}");
    assert_eq!(page["data"][0]["attempt_count"], 1);
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn an_attempt_that_the_grace_period_cuts_off_is_recorded_and_repeated_without_blame() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let serve = || {
        let mut command = serve(dir.path());
        command.args(["--listen", "127.0.0.1:0", "--allow-http", "--allow-private"]);
        command.args(["127.0.0.0/8", "--shutdown-grace", "300ms"]);
        Server::spawn(&mut command)
    };
    let server = serve();
    let key = workspace_key(dir.path());
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"], "timeout": "60s"});
    let webhook = server.post(&key, "/webhooks", &webhook, 201).await;
    let event = json!({"type": "thing.happened", "data": {}});
    receiver.answer(Reply::hang());
    server.post(&key, "/events", &event, 202).await;
    receiver.wait_for(1).await;
    server.signal(Signal::TERM);
    assert_eq!(server.exit().await.code(), Some(0));
    receiver.answer(Reply::status(200));
    let server = serve();
    let delivered = |page: &Value| page["data"][0]["status"] == "delivered";
    let page = server.poll(&key, "/deliveries", delivered).await;
    let path = format!("/deliveries/{}", page["data"][0]["id"].as_str().unwrap());
    let shown = server.poll(&key, &path, |_| true).await;
    let attempts = shown["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{shown:#}");
    let cut_off = attempts.iter().find(|own| own["number"] == 1).unwrap();
    assert_eq!(cut_off["error_kind"], "connect");
    let said = cut_off["error"].as_str().unwrap();
    assert!(said.contains("the sender stopped"), "{said}");
    assert!(cut_off["duration_ms"].as_u64().unwrap() >= 200);
    let path = format!("/webhooks/{}", webhook["id"].as_str().unwrap());
    let now = server.poll(&key, &path, |_| true).await;
    assert_eq!(now["consecutive_failures"], 0, "{now:#}");
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.answer(Reply::hang());
    let server = Server::start(dir.path());
    let key = workspace_key(dir.path());
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"], "timeout": "60s"});
    server.post(&key, "/webhooks", &webhook, 201).await;
    let event = json!({"type": "thing.happened", "data": {}});
    server.post(&key, "/events", &event, 202).await;
    receiver.wait_for(1).await;
    server.signal(Signal::INT);
    // The first signal is taken before the second can be sent: afterwards nobody is let in.
    while server.caller().publish(&key, &event).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let asked = Instant::now();
    server.signal(Signal::INT);
    assert_ne!(server.exit().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let _server = Server::start(dir.path());
    let asked = Instant::now();
    let output = serve(dir.path())
        .args(["--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2));
    let complaint = complaint(&output, 1);
    assert!(complaint.contains("hookpost.lock"), "{complaint}");
    assert!(
        complaint.contains("in use by another hookpost"),
        "{complaint}"
    );
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
}
