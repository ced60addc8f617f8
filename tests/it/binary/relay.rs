//! `hookpost relay`: rows of a platform's outbox become events, each once, whatever happens in between.

mod mariadb;
mod postgres;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reqwest::{Method, StatusCode};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::process::{Running, Server, complaint, hookpost, stdout_of};
use crate::app::eventually;
use crate::receiver::Receiver;

/// hookpost with a webhook, and the address of a platform's database.
struct Platform {
    dir: tempfile::TempDir,
    server: Server,
    key: String,
    database: String,
}

impl Platform {
    fn start(database: impl FnOnce(&Path) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let server = Server::start(&data);
        let create = ["key", "create", "--name", "relay", "--data-dir"];
        let key = stdout_of(&[&create[..], &[data.to_str().unwrap()]].concat());
        let database = database(dir.path());
        Self {
            dir,
            server,
            key,
            database,
        }
    }

    /// With an outbox in a SQLite file, which the table was made in that `--schema` prints.
    fn on_sqlite() -> (Self, Connection) {
        let platform = Self::start(|dir| format!("sqlite:{}", file(dir).display()));
        let conn = Connection::open(file(platform.dir.path())).unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        conn.execute_batch(&platform.schema()).unwrap();
        (platform, conn)
    }

    fn schema(&self) -> String {
        stdout_of(&["relay", "--schema", "--database", &self.database])
    }

    fn relay(&self, more: &[&str]) -> Command {
        let mut command = hookpost(&["relay", "--server", &self.server.url]);
        command.args(["--database", &self.database]).args(more);
        command.env("HOOKPOST_API_KEY", &self.key);
        command
    }

    /// What a relay that ends by itself says.
    #[track_caller]
    fn relays(&self, more: &[&str]) -> String {
        let output = self.relay(&[&["--once"], more].concat()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    async fn webhook(&self, receiver: &Receiver) {
        let webhook = json!({
            "url": receiver.url("/hook"), "event_types": ["*"], "ordered": true,
        });
        self.server
            .post(&self.key, "/webhooks", &webhook, 201)
            .await;
    }

    async fn event(&self, id: &str) -> Value {
        let path = format!("/events/{id}");
        let (status, event) = self
            .server
            .call(&self.key, Method::GET, &path, None)
            .await
            .unwrap();
        assert_eq!(status, StatusCode::OK, "{id}");
        event
    }
}

fn file(dir: &Path) -> PathBuf {
    dir.join("platform.db")
}

fn insert(conn: &Connection, id: &str, event_type: &str, data: &str) {
    let statement = "INSERT INTO hookpost_outbox (id, type, data) VALUES (?1, ?2, ?3)";
    conn.execute(statement, params![id, event_type, data])
        .unwrap();
}

fn count(conn: &Connection, condition: &str) -> i64 {
    let statement = format!("SELECT count(*) FROM hookpost_outbox WHERE {condition}");
    conn.query_row(&statement, [], |row| row.get(0)).unwrap()
}

/// The places of what arrived, in the order in which it did.
fn places(receiver: &Receiver) -> Vec<u64> {
    let received = receiver.received();
    let place = |one: &crate::receiver::Received| one.json()["data"]["n"].as_u64().unwrap();
    received.iter().map(place).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_relays_on_one_file_publish_each_row_once_and_in_order() {
    let (platform, conn) = Platform::on_sqlite();
    let receiver = Receiver::start().await;
    platform.webhook(&receiver).await;
    for n in 0..100 {
        insert(
            &conn,
            &format!("order-{n}"),
            "order.paid",
            &format!("{{\"n\":{n}}}"),
        );
    }
    let relays = [(), ()].map(|()| {
        let mut relay = platform.relay(&["--once", "--batch", "7"]);
        relay.stdout(Stdio::null()).spawn().unwrap()
    });
    for mut relay in relays {
        assert!(relay.wait().unwrap().success());
    }
    receiver.wait_for(100).await;
    assert_eq!(places(&receiver), (0..100).collect::<Vec<u64>>());
    assert_eq!(count(&conn, "published_at IS NULL"), 0);
}

#[tokio::test]
async fn rows_become_events_in_order_with_their_ids_and_their_bytes() {
    let (platform, conn) = Platform::on_sqlite();
    let receiver = Receiver::start().await;
    platform.webhook(&receiver).await;
    for n in 0..25 {
        let data = format!("{{\"n\":{n},\"price\":1.0,\"big\":12345678901234567890}}");
        insert(&conn, &format!("order-{n}"), "order.paid", &data);
    }
    conn.execute_batch(
        "UPDATE hookpost_outbox SET occurred_at = '2026-03-16T10:05:00.000Z' WHERE id = 'order-3'",
    )
    .unwrap();
    assert_eq!(platform.relays(&["--batch", "10"]), "25 events");
    let received = receiver.wait_for(25).await;
    assert_eq!(places(&receiver), (0..25).collect::<Vec<u64>>());
    let body = String::from_utf8(received[3].body.clone()).unwrap();
    assert!(
        body.contains("\"price\":1.0,\"big\":12345678901234567890"),
        "{body}"
    );
    assert!(body.contains("2026-03-16T10:05:00.000Z"), "{body}");
    assert_eq!(received[3].header("webhook-id"), "order-3");
    assert_eq!(count(&conn, "published_at IS NULL"), 0);
    assert_eq!(platform.relays(&[]), "0 events");
    // Published, but killed before it was marked: the same again.
    conn.execute_batch("UPDATE hookpost_outbox SET published_at = NULL")
        .unwrap();
    assert_eq!(platform.relays(&["--delete"]), "25 events");
    assert_eq!(count(&conn, "true"), 0);
    insert(&conn, "order-25", "order.paid", "{\"n\":25}");
    assert_eq!(platform.relays(&[]), "1 event");
    receiver.wait_for(26).await;
    assert_eq!(places(&receiver), (0..26).collect::<Vec<u64>>());
}

#[tokio::test]
async fn what_is_refused_for_good_is_said_beside_its_row_and_holds_up_nobody() {
    let (platform, conn) = Platform::on_sqlite();
    insert(&conn, "good-1", "a.b", "{\"n\":1}");
    insert(&conn, "not json", "a.b", "{\"n\":");
    insert(&conn, "no id!", "a.b", "{\"n\":3}");
    insert(&conn, "bad-type", "a b", "{\"n\":4}");
    insert(&conn, "good-2", "a.b", "{\"n\":5}");
    let output = platform.relay(&["--once"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 3, "{said}");
    assert_eq!(count(&conn, "published_at IS NOT NULL"), 2);
    assert_eq!(count(&conn, "error IS NOT NULL"), 3);
    platform.event("good-2").await;
    // Mended and emptied, the row is tried again.
    conn.execute_batch(
        "UPDATE hookpost_outbox SET data = '{\"n\":2}', id = 'mended', error = NULL WHERE id = 'not json'",
    )
    .unwrap();
    assert_eq!(platform.relays(&[]), "1 event");
    assert_eq!(platform.event("mended").await["data"], json!({"n": 2}));
}

/// Kills a relay wherever it is, again and again, while the platform goes on inserting rows: in the end each
/// is an event, once and in order.
async fn survives_kills(
    platform: &Platform,
    execute: impl Fn(&str),
    published: impl AsyncFn() -> u64,
) {
    const ROWS: u64 = 300;
    let receiver = Receiver::start().await;
    platform.webhook(&receiver).await;
    let (mut next, mut kills) = (0, 0);
    while published().await < ROWS {
        let before = published().await;
        let mut command = platform.relay(&["--batch", "3", "--poll", "10ms"]);
        let relay = Running::start(command.stderr(Stdio::null()));
        // The kill comes wherever it is by then.
        for _ in 0..4 {
            let row = |n| format!("('row-{n}', 'a.b', '{{\"n\":{n}}}')");
            let rows: Vec<String> = (next..ROWS.min(next + 5)).map(row).collect();
            if !rows.is_empty() {
                let rows = rows.join(", ");
                execute(&format!(
                    "INSERT INTO hookpost_outbox (id, type, data) VALUES {rows}"
                ));
                next = ROWS.min(next + 5);
            }
        }
        eventually(async || match published().await {
            now if now > before => Ok(()),
            now => Err(format!("{now} are published")),
        })
        .await;
        drop(relay);
        kills += 1;
    }
    receiver.wait_for(usize::try_from(ROWS).unwrap()).await;
    assert_eq!(
        places(&receiver),
        (0..ROWS).collect::<Vec<_>>(),
        "after {kills} kills"
    );
    assert!(kills > 5, "{kills}");
}

#[tokio::test]
async fn killed_again_and_again_it_loses_nothing_and_publishes_nothing_twice() {
    let (platform, conn) = Platform::on_sqlite();
    let published = async || count(&conn, "published_at IS NOT NULL").unsigned_abs();
    survives_kills(
        &platform,
        |rows| conn.execute_batch(rows).unwrap(),
        published,
    )
    .await;
}

#[tokio::test]
async fn it_waits_while_hookpost_is_away_and_says_what_is_wrong() {
    let (platform, conn) = Platform::on_sqlite();
    insert(&conn, "early", "a.b", "{\"n\":1}");
    let mut wrong = hookpost(&["relay", "--once", "--server", "http://127.0.0.1:9"]);
    wrong.args(["--database", &platform.database, "--api-key", "hpk_x"]);
    let said = complaint(&wrong.output().unwrap(), 1);
    assert!(said.contains("no answer from"), "{said}");
    assert_eq!(count(&conn, "published_at IS NULL AND error IS NULL"), 1);
    let nowhere = hookpost(&["relay", "--once", "--database", "sqlite:/nonexistent/x.db"])
        .env("HOOKPOST_API_KEY", "hpk_x")
        .output()
        .unwrap();
    assert!(complaint(&nowhere, 1).contains("the outbox"));
    for (flag, value) in [("--table", "a;b"), ("--batch", "0"), ("--batch", "1001")] {
        let output = platform.relay(&[flag, value]).output().unwrap();
        complaint(&output, 2);
    }
    let output = hookpost(&["relay", "--schema", "--database", "oracle:x"])
        .output()
        .unwrap();
    assert!(complaint(&output, 1).contains("sqlite:, postgres://"));
    // A relay that runs on publishes what comes later by itself.
    let _relay = Running::start(&mut platform.relay(&["--poll", "50ms"]));
    insert(&conn, "late", "a.b", "{\"n\":2}");
    eventually(async || match count(&conn, "published_at IS NULL") {
        0 => Ok(()),
        left => Err(format!("{left} wait")),
    })
    .await;
    platform.event("late").await;
}
