//! The same with a real PostgreSQL, started for the test in a directory of its own.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Platform, places, survives_kills};
use crate::app::{PATIENCE, eventually};
use crate::binary::process::{Running, complaint};
use crate::receiver::Receiver;

/// A running server; it ends with the test.
struct PostgresServer {
    child: Child,
    dir: tempfile::TempDir,
    port: u16,
}

/// The programs of the newest version that is installed.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("tests/run installs postgresql");
    let newest = versions.map(|entry| entry.unwrap().path()).max();
    newest.expect("a version of postgresql").join("bin")
}

/// A command as somebody who is not root, as PostgreSQL demands.
fn as_nobody(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

impl PostgresServer {
    fn start() -> Self {
        Self::start_in(
            tempfile::tempdir().unwrap(),
            5432,
            &["-c", "listen_addresses="],
        )
    }

    fn start_in(dir: tempfile::TempDir, port: u16, options: &[&str]) -> Self {
        if rustix::process::geteuid().is_root() {
            let owned = Command::new("chown")
                .arg("postgres")
                .arg(dir.path())
                .status();
            assert!(owned.unwrap().success());
        }
        let data = dir.path().join("data");
        let made = as_nobody(&programs().join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=platform",
                "--pgdata",
            ])
            .arg(&data)
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let child = as_nobody(&programs().join("postgres"))
            .args(options)
            .args(["-c", "fsync=off", "-p", &port.to_string(), "-k"])
            .arg(dir.path())
            .arg("-D")
            .arg(&data)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, dir, port };
        let until = Instant::now() + PATIENCE;
        while !server.try_sql("SELECT 1").is_ok_and(|said| said == "1") {
            assert!(Instant::now() < until, "postgresql does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Its address, over the socket in its directory.
    fn address(&self) -> String {
        let socket = self.dir.path().to_str().unwrap().replace('/', "%2F");
        format!("postgresql://platform@{socket}/postgres")
    }

    fn client(&self) -> Command {
        let mut command = Command::new(programs().join("psql"));
        command.args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--quiet",
            "-h",
        ]);
        command.arg(self.dir.path());
        command.args(["-p", &self.port.to_string()]);
        command.args(["-U", "platform", "-d", "postgres", "-v", "ON_ERROR_STOP=1"]);
        command
    }

    fn session(&self) -> Session {
        let mut command = self.client();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Session {
            stdin: child.stdin.take().unwrap(),
            said: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
        }
    }

    /// What a statement answers, or what is said against it.
    fn try_sql(&self, statement: &str) -> Result<String, String> {
        let output = self.client().args(["-c", statement]).output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
            false => Err(String::from_utf8(output.stderr).unwrap()),
        }
    }

    #[track_caller]
    fn sql(&self, statement: &str) -> String {
        self.try_sql(statement).unwrap()
    }
}

/// A session that stays open.
struct Session {
    child: Child,
    stdin: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl Session {
    /// Has `statements` carried out, and returns when they are.
    fn say(&mut self, statements: &str) {
        writeln!(self.stdin, "{statements}\n\\echo done").unwrap();
        let mut said = self.said.by_ref().map(Result::unwrap);
        assert!(said.any(|line| line == "done"), "{statements}");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let pid = self.dir.path().join("data/postmaster.pid");
        let pid = std::fs::read_to_string(pid).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            drop(Command::new("kill").args(["-QUIT", pid]).status());
        }
        drop(self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_a_transaction_is_published_at_once_and_one_that_commits_late_is_not_lost() {
    let postgres = PostgresServer::start();
    let platform = Platform::start(|_| postgres.address());
    postgres.sql(&platform.schema());
    let receiver = Receiver::start().await;
    platform.webhook(&receiver).await;
    let insert = "INSERT INTO hookpost_outbox (id, type, data) SELECT 'row-' || n, 'a.b', \
                  jsonb_build_object('n', n) FROM generate_series(0, 249) n ORDER BY n";
    postgres.sql(insert);
    assert_eq!(platform.relays(&["--batch", "100"]), "250 events");
    receiver.wait_for(250).await;
    assert_eq!(places(&receiver), (0..250).collect::<Vec<u64>>());
    // It looks once a minute, and is told at once.
    let relay = Running::start(&mut platform.relay(&["--poll", "1m"]));
    let waits = || async {
        eventually(async || {
            match postgres
                .sql("SELECT count(*) FROM hookpost_outbox WHERE published_at IS NULL")
                .as_str()
            {
                "0" => Ok(()),
                left => Err(format!("{left} wait")),
            }
        })
        .await;
    };
    // The first of two transactions takes the earlier position and commits later.
    let mut late = postgres.session();
    late.say("BEGIN; INSERT INTO hookpost_outbox (id, type, data) VALUES ('late', 'a.b', '{\"n\": 250}');");
    postgres.sql(
        "INSERT INTO hookpost_outbox (id, type, data, occurred_at) \
         VALUES ('soon', 'a.b', '{\"n\": 251}', '2026-03-16T11:05:00+01:00')",
    );
    receiver.wait_for(251).await;
    late.say("COMMIT;");
    waits().await;
    let received = receiver.wait_for(252).await;
    assert_eq!(received[250].header("webhook-id"), "soon");
    assert_eq!(
        received[250].json()["timestamp"],
        json!("2026-03-16T10:05:00.000Z")
    );
    assert_eq!(received[251].header("webhook-id"), "late");
    // A second one stands by, and takes over when the first is gone.
    let _second = Running::start(&mut platform.relay(&["--poll", "100ms"]));
    drop(relay);
    postgres.sql(
        "INSERT INTO hookpost_outbox (id, type, data) VALUES ('after', 'a.b', '{\"n\": 252}')",
    );
    waits().await;
    assert_eq!(receiver.wait_for(253).await.len(), 253);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_by_itself_when_the_database_was_away() {
    let postgres = PostgresServer::start();
    let platform = Platform::start(|_| postgres.address());
    postgres.sql(&platform.schema());
    let _relay = Running::start(
        platform
            .relay(&["--poll", "100ms", "--delete"])
            .stderr(Stdio::null()),
    );
    postgres.sql("INSERT INTO hookpost_outbox (id, type, data) VALUES ('one', 'a.b', '{}')");
    let is_empty = async || match postgres
        .sql("SELECT count(*) FROM hookpost_outbox")
        .as_str()
    {
        "0" => Ok(()),
        left => Err(format!("{left} wait")),
    };
    eventually(is_empty).await;
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hookpost relay'");
    postgres.sql("INSERT INTO hookpost_outbox (id, type, data) VALUES ('two', 'a.b', '{}')");
    eventually(is_empty).await;
    platform.event("one").await;
    platform.event("two").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_databases_certificate_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    if rustix::process::geteuid().is_root() {
        let owned = Command::new("chown")
            .arg("postgres")
            .args([&cert, &key])
            .status();
        assert!(owned.unwrap().success());
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, made.cert.pem()).unwrap();
    let setting = |name: &str, path: &Path| format!("{name}={}", path.display());
    let (cert, key) = (
        setting("ssl_cert_file", &cert),
        setting("ssl_key_file", &key),
    );
    let options = ["listen_addresses=localhost", "ssl=on", &cert, &key];
    let options: Vec<&str> = options.iter().flat_map(|one| ["-c", one]).collect();
    let postgres = PostgresServer::start_in(dir, port, &options);
    let address = format!("postgresql://platform@localhost:{port}/postgres?sslmode=require");
    let platform = Platform::start(|_| address);
    postgres.sql(&platform.schema());
    postgres.sql("INSERT INTO hookpost_outbox (id, type, data) VALUES ('one', 'a.b', '{}')");
    let said = complaint(&platform.relay(&["--once"]).output().unwrap(), 1);
    assert!(said.contains("certificate"), "{said}");
    let ca = ca.to_str().unwrap();
    let _relay = Running::start(&mut platform.relay(&["--database-ca", ca]));
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE ssl AND application_name = 'hookpost relay'";
    eventually(async || match postgres.sql(encrypted).as_str() {
        "1" => Ok(()),
        count => Err(format!("{count} are encrypted")),
    })
    .await;
    eventually(async || {
        let left = "SELECT count(*) FROM hookpost_outbox WHERE published_at IS NULL";
        match postgres.sql(left).as_str() {
            "0" => Ok(()),
            left => Err(format!("{left} wait")),
        }
    })
    .await;
    platform.event("one").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_loses_nothing_and_publishes_nothing_twice() {
    let postgres = PostgresServer::start();
    let platform = Platform::start(|_| postgres.address());
    postgres.sql(&platform.schema());
    let execute = |rows: &str| drop(postgres.sql(rows));
    let published = "SELECT count(*) FROM hookpost_outbox WHERE published_at IS NOT NULL";
    let published = async || postgres.sql(published).parse().unwrap();
    survives_kills(&platform, execute, published).await;
}
