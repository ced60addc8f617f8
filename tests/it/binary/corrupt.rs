//! A page of the database is not what was written to it: that is noticed in passing, writes stop
//! before harm spreads, health says so, and what is whole is read.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::json;

use super::process::{Server, complaint, run, stdout_of};

/// Overwrites the first page of an index or a table of a server that does not run.
fn spoil(data_dir: &Path, name: &str) {
    let path = data_dir.join("hookpost.db");
    let conn = rusqlite::Connection::open(&path).unwrap();
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    let page_bytes = number("PRAGMA page_size");
    let root = format!("SELECT rootpage FROM sqlite_schema WHERE name = '{name}'");
    let at = (number(&root) - 1) * page_bytes;
    drop(conn);
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[0xaa; 512]).unwrap();
}

/// A directory with events and a key, where `name` was spoilt, and a server on it.
async fn on_spoilt(dir: &Path, name: &str) -> (Server, String, String) {
    let server = Server::start(dir);
    let data_dir = dir.to_str().unwrap();
    let key = stdout_of(&["key", "create", "--name=t", "--data-dir", data_dir]);
    let event = json!({"type": "a.b", "data": 1});
    let made = server.post(&key, "/events", &event, 202).await;
    for _ in 0..20 {
        server.post(&key, "/events", &event, 202).await;
    }
    server.signal(Signal::TERM);
    server.exit().await;
    spoil(dir, name);
    let id = made["id"].as_str().unwrap().to_owned();
    (Server::start(dir), key, id)
}

/// Nothing is written any more, and whoever asks for the server's health learns it.
async fn stopped_writing(server: &Server, key: &str) {
    let event = json!({"type": "a.b", "data": 2});
    let refused = server.request(key, Method::POST, "/api/v1/events");
    let refused = refused.json(&event).send().await;
    refused.problem(503, "unavailable");
    assert!(!refused.header("retry-after").is_empty());
    let ready = server.request(key, Method::GET, "/readyz").send().await;
    let told = ready.problem(503, "unavailable");
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("corrupt"), "{detail}");
    assert!(detail.contains("hookpost check"), "{detail}");
    let alive = server.request(key, Method::GET, "/healthz").send().await;
    alive.json(StatusCode::OK);
}

#[tokio::test]
async fn a_read_that_meets_a_corrupt_page_stops_writes_and_health_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (server, key, id) = on_spoilt(dir.path(), "events_by_type").await;
    let ready = server.request(&key, Method::GET, "/readyz").send().await;
    ready.json(StatusCode::OK);
    let met = server.request(&key, Method::GET, "/api/v1/events?type=a.b");
    met.send().await.problem(503, "unavailable");
    stopped_writing(&server, &key).await;
    let path = format!("/events/{id}");
    let whole = server.call(&key, Method::GET, &path, None);
    assert_eq!(whole.await.unwrap().0, StatusCode::OK);
    let data_dir = dir.path().to_str().unwrap();
    server.signal(Signal::TERM);
    server.exit().await;
    let said = run(&["check", "--data-dir", data_dir]);
    assert_eq!(said.status.code(), Some(1), "{said:?}");
}

#[tokio::test]
async fn a_write_that_meets_a_corrupt_page_is_undone_and_writes_stop() {
    let dir = tempfile::tempdir().unwrap();
    let (server, key, _) = on_spoilt(dir.path(), "events_by_type").await;
    let event = json!({"type": "a.b", "data": 2});
    let met = server.request(&key, Method::POST, "/api/v1/events");
    met.json(&event).send().await.problem(503, "unavailable");
    stopped_writing(&server, &key).await;
    let listed = server.call(&key, Method::GET, "/events?limit=250", None);
    let (status, page) = listed.await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(page["data"].as_array().unwrap().len(), 21);
}

#[tokio::test]
async fn commands_on_a_corrupt_database_end_with_one_line_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (server, key, _) = on_spoilt(dir.path(), "events_by_type").await;
    let met = server.request(&key, Method::GET, "/api/v1/events?type=a.b");
    met.send().await.problem(503, "unavailable");
    let data_dir = dir.path().to_str().unwrap();
    let made = run(&["key", "create", "--name=k", "--data-dir", data_dir]);
    let said = complaint(&made, 1);
    assert!(said.contains("the database is corrupt"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
