//! What signals do to a running server: which stop it, which have it read something again, and which
//! leave it alone.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::process::{Running, Server, hookpost, serve, stdout_of};
use crate::app::eventually;
use crate::receiver::{Receiver, Reply};

fn key(data_dir: &std::path::Path) -> String {
    let data_dir = data_dir.to_str().unwrap();
    stdout_of(&["key", "create", "--name", "t", "--data-dir", data_dir])
}

/// A profile of the operator's own.
fn profile(description: &str) -> String {
    format!(
        "name = \"house\"\ndescription = \"{description}\"\n\
         envelope = [{{ name = \"type\", from = \"type\" }}, {{ name = \"data\", from = \"data\" }}]\n\
         [signature]\nheader = \"x-signature\"\nencoding = \"hex\"\n\
         content = \"{{body}}\"\nkey = \"utf8\"\n\
         [secret]\ngenerate = \"hex64\"\n"
    )
}

#[tokio::test]
async fn signals_that_ask_for_nothing_leave_the_server_running() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let key = key(dir.path());
    let named = [
        Signal::HUP,
        Signal::ALARM,
        Signal::USR1,
        Signal::USR2,
        Signal::PIPE,
        Signal::VTALARM,
        Signal::PROF,
        Signal::IO,
        Signal::XCPU,
        Signal::XFSZ,
        Signal::POWER,
        Signal::STKFLT,
        Signal::URG,
        Signal::WINCH,
        Signal::CONT,
        Signal::CHILD,
    ];
    for signal in named {
        server.signal(signal);
        let event = json!({"type": "a.b", "data": {"after": format!("{signal:?}")}});
        server.post(&key, "/events", &event, 202).await;
    }
    for number in ["34", "35", "50", "64"] {
        server.signal_number(number);
        server
            .post(&key, "/events", &json!({"type": "a.b", "data": {}}), 202)
            .await;
    }
    server.signal(Signal::TERM);
    assert_eq!(server.exit().await.code(), Some(0));
}

#[tokio::test]
async fn every_signal_that_stops_it_lets_attempts_finish_and_exits_0() {
    for signal in [Signal::QUIT, Signal::INT, Signal::TERM] {
        let dir = tempfile::tempdir().unwrap();
        let receiver = Receiver::start().await;
        receiver.answer(Reply::status(200).after(Duration::from_millis(400)));
        let server = Server::start(dir.path());
        let key = key(dir.path());
        let webhook = json!({"url": receiver.url("/"), "event_types": ["*"]});
        server.post(&key, "/webhooks", &webhook, 201).await;
        let event = json!({"type": "a.b", "data": {}});
        server.post(&key, "/events", &event, 202).await;
        receiver.wait_for(1).await;
        server.signal(signal);
        assert_eq!(server.exit().await.code(), Some(0), "{signal:?}");
        let server = Server::start(dir.path());
        let page = server.poll(&key, "/deliveries", |_| true).await;
        assert_eq!(page["data"][0]["status"], "delivered", "{signal:?}");
    }
}

#[tokio::test]
async fn the_second_signal_ends_it_at_once_whichever_two_they_are() {
    for (first, second) in [
        (Signal::QUIT, Signal::QUIT),
        (Signal::TERM, Signal::INT),
        (Signal::INT, Signal::QUIT),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let receiver = Receiver::start().await;
        receiver.answer(Reply::hang());
        let server = Server::start(dir.path());
        let key = key(dir.path());
        let webhook = json!({"url": receiver.url("/"), "event_types": ["*"], "timeout": "60s"});
        server.post(&key, "/webhooks", &webhook, 201).await;
        let event = json!({"type": "a.b", "data": {}});
        server.post(&key, "/events", &event, 202).await;
        receiver.wait_for(1).await;
        server.signal(first);
        while server.caller().publish(&key, &event).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Neither of these is asking twice.
        server.signal(Signal::HUP);
        server.signal(Signal::USR1);
        let asked = Instant::now();
        server.signal(second);
        assert_ne!(server.exit().await.code(), Some(0));
        assert!(asked.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn a_hangup_has_profiles_and_the_log_level_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let data_dir = dir.path().join("data");
    let mut command = serve(&data_dir);
    command.args(["--listen", "127.0.0.1:0"]);
    let server = Server::spawn_into(&mut command, std::fs::File::create(&log).unwrap());
    let key = key(&data_dir);
    let said = |what: &str| std::fs::read_to_string(&log).unwrap().contains(what);
    let until_said = async |what: &str| {
        eventually(async || said(what).then_some(()).ok_or(what.to_owned())).await;
    };
    std::fs::create_dir(data_dir.join("profiles")).unwrap();
    let file = data_dir.join("profiles").join("house.toml");
    std::fs::write(&file, profile("the first")).unwrap();
    server.signal(Signal::HUP);
    let first = server.poll(&key, "/profiles/house", |_| true).await;
    assert_eq!(first["description"], "the first");

    // What makes no sense changes nothing.
    std::fs::write(&file, "name = 7").unwrap();
    std::fs::write(data_dir.join("hookpost.toml"), "log = \"loud\"").unwrap();
    server.signal(Signal::HUP);
    until_said("the wire profiles stay as they are").await;
    until_said("the log level stays as it is").await;
    let kept = server.poll(&key, "/profiles/house", |_| true).await;
    assert_eq!(kept["description"], "the first");

    std::fs::write(&file, profile("the second")).unwrap();
    std::fs::write(data_dir.join("hookpost.toml"), "log = \"error\"").unwrap();
    server.signal(Signal::HUP);
    let second = |found: &serde_json::Value| found["description"] == "the second";
    server.poll(&key, "/profiles/house", second).await;
    server.signal(Signal::TERM);
    assert_eq!(server.exit().await.code(), Some(0));
    assert!(!said("\"stopped\""), "the level is error by now");
}

#[test]
fn the_end_of_its_terminal_ends_the_demo_and_its_directory() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = hookpost(&["demo", "--port", "0"]);
    let mut demo = Running::start(command.env("TMPDIR", temporary.path()));
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("Ctrl-C ends it.")));
    demo.signal(Signal::HUP);
    assert_eq!(demo.0.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}
