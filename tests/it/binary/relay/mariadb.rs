//! The same with a real MariaDB, started for the test in a directory of its own.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Platform, places, survives_kills};
use crate::app::{PATIENCE, eventually};
use crate::binary::process::{Running, complaint};
use crate::receiver::Receiver;

/// A running server; it ends with the test.
struct MariadbServer {
    child: Child,
    dir: tempfile::TempDir,
}

/// Whoever runs the tests may be root, whom the server takes only if it is told so.
fn as_whoever(command: &mut Command) -> &mut Command {
    match rustix::process::geteuid().is_root() {
        true => command.arg("--user=root"),
        false => command,
    }
}

impl MariadbServer {
    fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), &["--skip-networking"])
    }

    fn start_in(dir: tempfile::TempDir, options: &[&str]) -> Self {
        let data = dir.path().join("data");
        let data = format!("--datadir={}", data.display());
        let mut install = Command::new("mariadb-install-db");
        install.args(["--no-defaults", "--auth-root-authentication-method=normal"]);
        install
            .args(["--skip-test-db", &data])
            .stdout(Stdio::null());
        let made = as_whoever(&mut install).stderr(Stdio::null()).status();
        assert!(
            made.expect("tests/run installs mariadb-server-core")
                .success()
        );
        let socket = format!("--socket={}", dir.path().join("socket").display());
        let pid = format!("--pid-file={}", dir.path().join("pid").display());
        let mut serve = Command::new("mariadbd");
        serve
            .args(["--no-defaults", &data, &socket, &pid])
            .args(options);
        serve.args([
            "--innodb-flush-log-at-trx-commit=0",
            "--default-time-zone=+05:00",
        ]);
        let child = as_whoever(&mut serve)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, dir };
        let until = Instant::now() + PATIENCE;
        while server.try_sql("mysql", "SELECT 1").is_err() {
            assert!(Instant::now() < until, "mariadb does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server.try_sql("mysql", "CREATE DATABASE shop").unwrap();
        server
    }

    /// Its address, over the socket in its directory.
    fn address(&self) -> String {
        let socket = self.dir.path().join("socket");
        let socket = socket.to_str().unwrap().replace('/', "%2F");
        format!("mariadb://root@localhost/shop?socket={socket}")
    }

    fn client(&self, database: &str) -> Command {
        let mut command = Command::new("mariadb");
        command.args([
            "--no-defaults",
            "--skip-column-names",
            "--batch",
            "--user=root",
        ]);
        command.arg(format!(
            "--socket={}",
            self.dir.path().join("socket").display()
        ));
        command.arg("--default-character-set=utf8mb4").arg(database);
        command
    }

    /// What statements answer, or what is said against them.
    fn try_sql(&self, database: &str, statements: &str) -> Result<String, String> {
        let output = self
            .client(database)
            .args(["-e", statements])
            .output()
            .unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
            false => Err(String::from_utf8(output.stderr).unwrap()),
        }
    }

    #[track_caller]
    fn sql(&self, statements: &str) -> String {
        self.try_sql("shop", statements).unwrap()
    }

    /// Returns once as many rows as `expect` meet a condition.
    async fn rows_come_to(&self, condition: &str, expect: &str) {
        let statement = format!("SELECT count(*) FROM hookpost_outbox WHERE {condition}");
        eventually(async || match self.sql(&statement) {
            count if count == expect => Ok(()),
            count => Err(format!("{count} rows: {condition}")),
        })
        .await;
    }
}

impl Drop for MariadbServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A session that stays open.
struct Session {
    child: Child,
    stdin: ChildStdin,
}

impl Session {
    fn of(server: &MariadbServer) -> Self {
        let mut command = server.client("shop");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        Self { child, stdin }
    }

    fn say(&mut self, statements: &str) {
        writeln!(self.stdin, "{statements}").unwrap();
        self.stdin.flush().unwrap();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const WAITS: &str = "published_at IS NULL AND error IS NULL";

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_published_in_order_and_one_that_commits_late_is_not_lost() {
    let mariadb = MariadbServer::start();
    let platform = Platform::start(|_| mariadb.address());
    mariadb.sql(&platform.schema());
    let receiver = Receiver::start().await;
    platform.webhook(&receiver).await;
    mariadb.sql(
        "INSERT INTO hookpost_outbox (id, type, data) \
         SELECT CONCAT('row-', seq), 'a.b', JSON_OBJECT('n', seq, 'text', 'ä€😀') \
         FROM seq_0_to_249 ORDER BY seq",
    );
    assert_eq!(platform.relays(&["--batch", "100"]), "250 events");
    let received = receiver.wait_for(250).await;
    assert_eq!(places(&receiver), (0..250).collect::<Vec<u64>>());
    assert_eq!(received[7].json()["data"]["text"], "ä€😀");
    assert_eq!(received[7].header("webhook-id"), "row-7");

    // The first of two transactions takes the earlier position and commits later.
    let relay = Running::start(&mut platform.relay(&["--poll", "20ms"]));
    let mut late = Session::of(&mariadb);
    late.say(
        "SET autocommit = 0; INSERT INTO hookpost_outbox (id, type, data) \
         VALUES ('late', 'a.b', '{\"n\": 250}'); SELECT GET_LOCK('inserted', 0);",
    );
    eventually(
        async || match mariadb.sql("SELECT IS_USED_LOCK('inserted')").as_str() {
            "NULL" => Err("nothing was inserted yet".to_owned()),
            _ => Ok(()),
        },
    )
    .await;
    mariadb.sql(
        "INSERT INTO hookpost_outbox (id, type, data, occurred_at) \
         VALUES ('soon', 'a.b', '{\"n\": 251}', '2026-03-16 10:05:00.25')",
    );
    mariadb.rows_come_to(WAITS, "0").await;
    late.say("COMMIT;");
    mariadb
        .rows_come_to("id = 'late' AND published_at IS NOT NULL", "1")
        .await;
    let soon = platform.event("soon").await;
    assert_eq!(soon["occurred_at"], "2026-03-16T10:05:00.250Z");
    // What is written beside a row is the time in UTC, whatever the server's clock shows.
    let apart = "SELECT abs(timestampdiff(minute, max(published_at), utc_timestamp())) FROM hookpost_outbox";
    assert_eq!(mariadb.sql(apart), "0");

    // A second one stands by, and takes over when the first is gone.
    let _second = Running::start(&mut platform.relay(&["--poll", "20ms"]));
    drop(relay);
    mariadb.sql(
        "INSERT INTO hookpost_outbox (id, type, data) VALUES ('after', 'a.b', '{\"n\": 252}')",
    );
    mariadb.rows_come_to(WAITS, "0").await;
    platform.event("after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_by_itself_and_says_beside_a_row_why_it_is_refused() {
    let mariadb = MariadbServer::start();
    let platform = Platform::start(|_| mariadb.address());
    mariadb.sql(&platform.schema());
    mariadb.sql(
        "INSERT INTO hookpost_outbox (id, type, data) \
         VALUES ('one', 'a.b', '{}'), ('two', 'a..b', '{}'), ('three', 'a.b', '{}')",
    );
    let mut relay = platform.relay(&["--poll", "20ms", "--delete"]);
    let _relay = Running::start(relay.stderr(Stdio::null()));
    mariadb.rows_come_to("error IS NULL", "0").await;
    assert!(
        mariadb
            .sql("SELECT error FROM hookpost_outbox WHERE id = 'two'")
            .contains("type")
    );
    let others = "SELECT group_concat(concat('KILL ', id) separator ';') \
                  FROM information_schema.processlist WHERE id <> connection_id() AND db = 'shop'";
    let kill = mariadb.sql(others);
    mariadb.sql(&kill);
    mariadb.sql("INSERT INTO hookpost_outbox (id, type, data) VALUES ('four', 'a.b', '{}')");
    mariadb.rows_come_to("error IS NULL", "0").await;
    for id in ["one", "three", "four"] {
        platform.event(id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_databases_certificate_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let setting = |name: &str, path: &Path| format!("--{name}={}", path.display());
    let port_setting = format!("--port={port}");
    let (ssl_cert, ssl_key) = (setting("ssl-cert", &cert), setting("ssl-key", &key));
    let options = [
        "--bind-address=localhost",
        &port_setting,
        &ssl_cert,
        &ssl_key,
    ];
    let mariadb = MariadbServer::start_in(dir, &options);
    mariadb.sql("CREATE USER relay IDENTIFIED BY 'x y' REQUIRE SSL; GRANT ALL ON shop.* TO relay");
    let address = format!("mysql://relay:x%20y@localhost:{port}/shop");
    let platform = Platform::start(|_| format!("{address}?sslmode=require"));
    mariadb.sql(&platform.schema());
    mariadb.sql("INSERT INTO hookpost_outbox (id, type, data) VALUES ('one', 'a.b', '{}')");
    let said = complaint(&platform.relay(&["--once"]).output().unwrap(), 1);
    assert!(said.to_lowercase().contains("certificate"), "{said}");
    let plain = Platform {
        database: address,
        ..platform
    };
    let said = complaint(&plain.relay(&["--once"]).output().unwrap(), 1);
    assert!(said.contains("denied"), "{said}");
    let platform = Platform {
        database: format!("{}?sslmode=require", plain.database),
        ..plain
    };
    let ca = cert.to_str().unwrap();
    assert_eq!(platform.relays(&["--database-ca", ca]), "1 event");
    assert_eq!(platform.event("one").await["data"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_loses_nothing_and_publishes_nothing_twice() {
    let mariadb = MariadbServer::start();
    let platform = Platform::start(|_| mariadb.address());
    mariadb.sql(&platform.schema());
    let execute = |rows: &str| drop(mariadb.sql(rows));
    let published = "SELECT count(*) FROM hookpost_outbox WHERE published_at IS NOT NULL";
    let published = async || mariadb.sql(published).parse().unwrap();
    survives_kills(&platform, execute, published).await;
}
