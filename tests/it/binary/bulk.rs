//! Many events in one go: cut into calls, gone on with after a failure, and followed without a gap.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use super::exits::on_terminal;
use super::process::{Running, complaint, hookpost};
use super::shell::Shell;
use crate::receiver::Receiver;

/// So many events of a type, one a line.
fn events(of: &str, count: usize) -> String {
    let event = |n| format!("{{\"type\":\"{of}\",\"data\":{{\"n\":{n}}}}}\n");
    (0..count).map(event).collect()
}

/// How many events there are.
fn published(shell: &Shell) -> usize {
    let (mut count, mut more) = (0, String::new());
    loop {
        let page = shell.json(&format!("events list --limit 250{more}"));
        count += page["data"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(cursor) => more = format!(" --cursor {cursor}"),
            None => return count,
        }
    }
}

#[test]
fn more_events_than_a_call_takes_are_sent_in_several_with_a_bar() {
    let shell = Shell::open();
    let file = shell.file("events.jsonl", &events("a.b", 1500));
    let shown = on_terminal(&shell, &format!("events send-many {file}"));
    assert!(shown.contains("] 1000 of 1500"), "{shown:?}");
    assert!(shown.contains("] 1500 of 1500"), "{shown:?}");
    assert!(shown.contains("1500 events accepted"), "{shown:?}");
    assert_eq!(published(&shell), 1500);
    let large = format!(
        "{{\"type\":\"a.b\",\"data\":\"{}\"}}\n",
        "a".repeat(200_000)
    );
    let file = shell.file("large.jsonl", &large.repeat(90));
    let sent = shell.json(&format!("events send-many {file}"));
    assert_eq!(sent["results"].as_array().unwrap().len(), 90);
    assert_eq!(published(&shell), 1590);
}

#[test]
fn a_server_that_takes_fewer_is_asked_again_and_what_it_refuses_is_told_by_its_place() {
    let shell = Shell::open_with(&["--batch-events-max", "400"]);
    let text = format!("{}{{\"type\":\"\",\"data\":1}}\n", events("a.b", 900));
    let file = shell.file("events.jsonl", &text);
    let output = shell.run(&["events", "send-many", &file]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "900 events accepted\n"
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("event 901: "), "{said}");
    assert!(said.ends_with("error: 1 event was refused\n"), "{said}");
    assert_eq!(published(&shell), 900);
}

/// Hands calls on to `server`, and swallows the answer to the `lost`th.
fn losing_proxy(server: &str, lost: usize) -> String {
    let upstream = server.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut calls = 0;
        for client in listener.incoming() {
            let mut client = BufReader::new(client.unwrap());
            while let Some(request) = message(&mut client) {
                calls += 1;
                let mut server = BufReader::new(TcpStream::connect(&upstream).unwrap());
                server.get_mut().write_all(&request).unwrap();
                let answer = message(&mut server).unwrap();
                if calls == lost {
                    break;
                }
                client.get_mut().write_all(&answer).unwrap();
            }
        }
    });
    url
}

/// The next message of HTTP, as it came; `None` at the end.
fn message(from: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    loop {
        let begun = bytes.len();
        if from.read_until(b'\n', &mut bytes).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&bytes[begun..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let begun = bytes.len();
    bytes.resize(begun + length, 0);
    from.read_exact(&mut bytes[begun..]).ok()?;
    Some(bytes)
}

#[test]
fn after_a_lost_answer_it_goes_on_where_it_says_and_publishes_nothing_twice() {
    let shell = Shell::open();
    let file = shell.file("events.jsonl", &events("a.b", 2500));
    let server = losing_proxy(&shell.server.url, 2);
    let mut command = hookpost(&["events", "send-many", &file, "--api-key", &shell.key]);
    let output = command.args(["--server", &server]).output().unwrap();
    let said = complaint(&output, 1);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("sent 1000 of 2500"), "{said}");
    let (_, go_on) = said.split_once("go on with ").unwrap();
    let (go_on, _) = go_on.split_once(':').unwrap();
    assert!(go_on.starts_with("--from 1001 --run "), "{said}");
    // The second call was taken, and nobody was told.
    assert_eq!(published(&shell), 2000);
    let rest = shell.json(&format!("events send-many {file} {go_on}"));
    assert_eq!(rest["results"].as_array().unwrap().len(), 1500);
    assert_eq!(published(&shell), 2500);
    let beyond = shell.complains(&format!("events send-many {file} --from 2501"));
    assert!(beyond.contains("none from 2501 on"), "{beyond}");
}

/// A tail that has told of a first event already, line by line.
fn tail(shell: &Shell, options: &[&str]) -> (Running, impl Iterator<Item = String>) {
    let mut tail = hookpost(&["deliveries", "tail"]);
    tail.args(["--server", &shell.server.url, "--api-key", &shell.key]);
    let mut tail = Running::start(tail.args(options));
    let lines = BufReader::new(tail.0.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.any(|line| line.contains("a.first") && line.contains("delivered")));
    (tail, lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_loses_nothing_of_a_burst() {
    let shell = Shell::open();
    let receiver = Receiver::start().await;
    shell.webhook(&receiver);
    shell.says("events send --type a.first --data 1");
    receiver.wait_for(1).await;
    let (_all, all) = tail(&shell, &["--json"]);
    let (_some, some) = tail(&shell, &["--type", "a.*", "--status", "delivered"]);
    let burst = format!("{}{}", events("a.burst", 600), events("a.other", 5));
    let file = shell.file("burst.jsonl", &burst);
    shell.says(&format!("events send-many {file}"));
    let mut delivered = BTreeSet::new();
    for line in all {
        let one: Value = serde_json::from_str(&line).unwrap();
        if one["event_type"] == "a.burst" && one["status"] == "delivered" {
            assert!(
                delivered.insert(one["id"].to_string()),
                "told twice: {line}"
            );
        }
        if delivered.len() == 600 {
            break;
        }
    }
    let mut told = BTreeSet::new();
    for line in some {
        // When, which, how it stands, attempts, the last answer, the type.
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(
            words[1].ends_with('Z') && words[2].starts_with("dlv_"),
            "{line}"
        );
        assert_eq!(words[3..6], ["delivered", "1", "200"], "{line}");
        assert!(told.insert(words[2].to_owned()), "told twice: {line}");
        if told.len() == 605 {
            break;
        }
    }
    let told: BTreeSet<String> = told.iter().map(|id| format!("\"{id}\"")).collect();
    assert!(delivered.is_subset(&told));
}
