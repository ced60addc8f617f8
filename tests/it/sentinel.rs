//! Secrets with recognisable texts go through everything, and are then looked for everywhere.
//!
//! A real server that says all it can say (trace) is driven over real sockets; then every file that
//! it wrote is searched: the log, the database with its write-ahead log, and a backup.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hookpost::domain::time::Timestamp;
use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::app::{PATIENCE, http_client};
use crate::binary::process::{Server, hookpost, serve, stdout_of};
use crate::dashboard::between;
use crate::receiver::{Receiver, Reply};
use crate::second_factor::App as Authenticator;

mod portal;

/// A signing secret: base64 of 32 bytes, as Standard Webhooks write it.
const SECRET: &str = "whsec_U0VOVElORUxzaWduaW5nc2VjcmV0MDEyMzQ1Njc4OTA=";
const ONE_OFF: &str = "whsec_U0VOVElORUxvbmVvZmZzZWNyZXQ5ODc2NTQzMjEwISE=";
const SECOND: &str = "whsec_U0VOVElORUxzZWNvbmRzZWNyZXQ5ODc2NTQzMjEwISE=";
const CREDENTIAL: &str = "Bearer SENTINEL-header-credential";
/// What stands in a header of the operator's own naming may be shown, but is nothing for a log.
const HEADER: &str = "SENTINEL-header-value";
const QUERY: &str = "SENTINEL-query-token";
const PAYLOAD: &str = "SENTINEL-payload";
const CLIENT: &str = "SENTINEL-client-secret";
const TOKEN: &str = "SENTINEL-access-token";
const BAD_KEY: &str = "hpk_SENTINELbadkey";

/// A server that says all it can.
struct Scene {
    server: Server,
    data: PathBuf,
    log: PathBuf,
    backup: PathBuf,
    _dir: tempfile::TempDir,
}

impl Scene {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (data, log) = (dir.path().join("data"), dir.path().join("log"));
        let mut command = serve(&data);
        command.args([
            "--listen=127.0.0.1:0",
            "--allow-http",
            "--allow-private=127.0.0.0/8",
            "--log=trace",
        ]);
        Self {
            server: Server::spawn_into(&mut command, std::fs::File::create(&log).unwrap()),
            backup: dir.path().join("backup"),
            data,
            log,
            _dir: dir,
        }
    }

    fn data_dir(&self) -> &str {
        self.data.to_str().unwrap()
    }

    /// Looks for `secrets` in everything that was written, and for `unlogged` in the log as well.
    /// `stored` stands in the database for everybody to read, so that the search is known to work.
    async fn search(self, secrets: &[&str], unlogged: &[&str], stored: &str) {
        let backup = self.backup.to_str().unwrap();
        stdout_of(&["backup", backup, "--data-dir", self.data_dir()]);
        let mut kept = files(&self.data);
        assert!(kept.iter().any(|file| file.ends_with("hookpost.db-wal")));
        kept.push(self.backup);
        assert_absent(&kept, secrets);
        let finds = kept.iter().filter(|file| holds(file, stored)).count();
        assert!(finds >= 2, "{stored} stands in {finds} files");
        self.server.signal(Signal::TERM);
        assert!(self.server.exit().await.success());
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !std::fs::read_to_string(&self.log)
            .unwrap()
            .contains("stopped")
        {
            assert!(tokio::time::Instant::now() < deadline, "nothing was logged");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_absent(&[self.log], &[secrets, unlogged].concat());
        // The last checkpoint moved what stood in the write-ahead log.
        assert_absent(&files(&self.data), secrets);
    }
}

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

fn holds(file: &Path, text: &str) -> bool {
    let bytes = std::fs::read(file).unwrap();
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// Looks for each text in the bytes of each file.
#[track_caller]
fn assert_absent(files: &[PathBuf], texts: &[&str]) {
    for file in files {
        for text in texts {
            assert!(!holds(file, text), "{text} stands in {}", file.display());
        }
    }
}

/// As it may stand in a file: without the part that every secret begins with.
fn bare(secret: &str) -> &str {
    secret.trim_start_matches("whsec_")
}

#[tokio::test]
async fn no_secret_of_programs_reaches_the_log_the_database_or_a_backup_even_at_trace_level() {
    let scene = Scene::open();
    let server = &scene.server;
    let receiver = Receiver::start().await;
    let key = ["key", "create", "--name=k", "--scope=admin", "--data-dir"];
    let key = stdout_of(&[&key[..], &[scene.data_dir()]].concat());
    let webhook = json!({
        "url": receiver.url(&format!("/?token={QUERY}")), "event_types": ["*"],
        "secret": SECRET, "headers": {"authorization": CREDENTIAL, "x-of-ours": HEADER},
    });
    let made = server.post(&key, "/webhooks", &webhook, 201).await;
    let id = made["id"].as_str().unwrap();
    let path = format!("/webhooks/{id}");
    server
        .post(&key, &format!("{path}/test"), &json!({}), 200)
        .await;
    let event = json!({
        "type": "a.b", "data": {"x": PAYLOAD},
        "webhook_url": receiver.url("/one-off"), "webhook_secret": ONE_OFF,
    });
    server.post(&key, "/events", &event, 202).await;
    receiver.wait_for(2).await;
    let mut rotated = Vec::new();
    for chosen in [
        json!({}),
        json!({"secret": SECOND}),
        json!({"overlap": "1h"}),
    ] {
        let path = format!("{path}/rotate-secret");
        let answer = server.post(&key, &path, &chosen, 200).await;
        rotated.push(answer["secret"].as_str().unwrap().to_owned());
    }
    let again = json!({"headers": {"authorization": CREDENTIAL, "x-api-key": CREDENTIAL}});
    let patched = server.call(&key, Method::PATCH, &path, Some(&again)).await;
    assert_eq!(patched.unwrap().0, StatusCode::OK);
    let endpoint = Receiver::start().await;
    let answer = json!({"access_token": TOKEN, "expires_in": 3600});
    endpoint.answer(Reply::status(200).body(&answer.to_string()));
    let auth = json!({"type": "oauth2", "token_url": endpoint.url("/token"), "client_id": "c",
        "client_secret": CLIENT});
    let proven = json!({"url": receiver.url("/"), "event_types": ["n.o"], "auth": auth});
    let proven = server.post(&key, "/webhooks", &proven, 201).await;
    let test = format!("/webhooks/{}/test", proven["id"].as_str().unwrap());
    let tested = server.post(&key, &test, &json!({}), 200).await;
    assert_eq!(tested["success"], true, "{tested}");
    let refused = json!({"type": "a.b", "data": 1, "webhook_secret": ONE_OFF, "nonsense": SECRET});
    server.post(&key, "/events", &refused, 422).await;
    let stranger = server.call(BAD_KEY, Method::GET, "/webhooks", None).await;
    assert_eq!(stranger.unwrap().0, StatusCode::UNAUTHORIZED);
    let remembered = remembered_answers(server, &key, &receiver).await;

    let mut secrets = vec![bare(SECRET), bare(ONE_OFF), bare(SECOND), CREDENTIAL, &key];
    secrets.extend(rotated.iter().chain(&remembered).map(|secret| bare(secret)));
    secrets.extend([
        "SENTINELsigning",
        "SENTINELoneoff",
        "SENTINELsecond",
        BAD_KEY,
        CLIENT,
        TOKEN,
    ]);
    scene
        .search(&secrets, &[QUERY, PAYLOAD, HEADER], HEADER)
        .await;
}

/// Answers that are kept for a request that comes again hold what was shown once.
async fn remembered_answers(server: &Server, key: &str, receiver: &Receiver) -> Vec<String> {
    let mut shown = Vec::new();
    for (path, body, member) in [
        (
            "/webhooks",
            json!({"url": receiver.url("/again"), "event_types": ["x.y"]}),
            "secret",
        ),
        ("/api-keys", json!({"name": "again"}), "key"),
    ] {
        let ask = || async {
            let call = http_client().post(format!("{}/api/v1{path}", server.url));
            let call = call.bearer_auth(key).header("idempotency-key", &path[1..]);
            let call = call.header("content-type", "application/json");
            let answer = call.body(body.to_string()).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::CREATED, "{path}");
            let text = answer.text().await.unwrap();
            serde_json::from_str::<Value>(&text).unwrap()[member]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let first = ask().await;
        assert_eq!(ask().await, first, "{path}");
        shown.push(first);
    }
    shown
}

/// A browser that remembers its session's cookie and nothing else.
struct Browser<'a> {
    server: &'a Server,
    cookie: String,
    cookies: Vec<String>,
}

impl Browser<'_> {
    async fn send(&mut self, call: reqwest::RequestBuilder) -> String {
        let call = call.header("cookie", format!("hookpost={}", self.cookie));
        let answer = call.header("accept", "text/html").send().await.unwrap();
        assert!(answer.status().as_u16() < 500, "{answer:?}");
        for set in answer.headers().get_all("set-cookie") {
            let set = set.to_str().unwrap();
            if let Some(token) = set.strip_prefix("hookpost=") {
                self.cookie = token.split(';').next().unwrap().to_owned();
                self.cookies.push(self.cookie.clone());
            }
        }
        answer.text().await.unwrap()
    }

    async fn get(&mut self, path: &str) -> String {
        let url = format!("{}{path}", self.server.url);
        self.send(http_client().get(url)).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let call = http_client().post(format!("{}{path}", self.server.url));
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        self.send(call.body(body.finish())).await
    }

    /// Sets an authenticator app up: its seed, and the recovery codes.
    async fn enrol(&mut self) -> (String, Vec<String>) {
        let csrf = self.csrf("/profile/second-factor").await;
        self.post("/profile/second-factor/begin", &[("csrf", &csrf)])
            .await;
        let page = self.get("/profile/second-factor").await;
        let seed = between(&page, "<code title=\"", "\"").to_owned();
        let app = Authenticator::of_base32(&seed);
        let code = app.code(now());
        let fields = [("csrf", &csrf[..]), ("code", &code)];
        let page = self.post("/profile/second-factor", &fields).await;
        let codes: Vec<String> = between(&page, "<pre>", "</pre>")
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        assert_eq!(codes.len(), 10, "{page}");
        (seed, codes)
    }

    async fn csrf(&mut self, path: &str) -> String {
        let page = self.get(path).await;
        between(&page, "name=\"csrf\" value=\"", "\"").to_owned()
    }
}

#[tokio::test]
async fn no_secret_of_people_reaches_the_log_the_database_or_a_backup_even_at_trace_level() {
    const EMAIL: &str = "ada@example.com";
    const FIRST: &str = "SENTINEL first passphrase";
    const CHANGED: &str = "SENTINEL second passphrase";
    const MISTYPED: &str = "SENTINEL mistyped passphrase";
    const OF_THE_SHELL: &str = "SENTINEL typed into a shell";
    let scene = Scene::open();
    let link = scene.server.next_line().unwrap();
    let set_up = between(&format!("{link} "), "token=", " ").to_owned();
    let mut browser = Browser {
        server: &scene.server,
        cookie: String::new(),
        cookies: Vec::new(),
    };
    browser.get(&format!("/setup?token={set_up}")).await;
    let owner = [
        ("token", &set_up[..]),
        ("email", EMAIL),
        ("password", FIRST),
    ];
    browser.post("/setup", &owner).await;
    browser
        .post("/sign-in", &[("email", EMAIL), ("password", MISTYPED)])
        .await;

    let (seed, codes) = browser.enrol().await;

    browser
        .post("/sign-in", &[("email", EMAIL), ("password", FIRST)])
        .await;
    let csrf = browser.csrf("/sign-in/code").await;
    let recovery = [("csrf", &csrf[..]), ("code", &codes[0])];
    browser.post("/sign-in/code", &recovery).await;
    let csrf = browser.csrf("/profile").await;
    let change = [
        ("csrf", &csrf[..]),
        ("current_password", FIRST),
        ("new_password", CHANGED),
    ];
    browser.post("/profile/password", &change).await;
    assert!(browser.get("/profile").await.contains(EMAIL));

    let session = json!({"email": EMAIL, "password": CHANGED, "totp": codes[1]});
    let session = scene.server.post("-", "/sessions", &session, 201).await;
    let token = session["token"].as_str().unwrap().to_owned();
    let listed = scene.server.call(&token, Method::GET, "/webhooks", None);
    assert_eq!(listed.await.unwrap().0, StatusCode::OK);
    let mut from_shell = hookpost(&["user", "create", "--email=b@example.com"]);
    from_shell.args(["--password-stdin", "--data-dir", scene.data_dir()]);
    type_into(&mut from_shell, OF_THE_SHELL);

    let cookies = browser.cookies.clone();
    assert!(cookies.len() >= 4, "{cookies:?}");
    let plain: Vec<String> = codes.iter().map(|code| code.replace('-', "")).collect();
    let mut secrets = vec![&set_up[..], &seed, &token];
    secrets.extend([FIRST, CHANGED, MISTYPED, OF_THE_SHELL, "SENTINEL+"]);
    secrets.extend(
        cookies
            .iter()
            .chain(&codes)
            .chain(&plain)
            .map(String::as_str),
    );
    scene.search(&secrets, &[], EMAIL).await;
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

fn type_into(command: &mut std::process::Command, text: &str) {
    use std::io::Write;
    use std::process::Stdio;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{text}").unwrap();
    assert!(child.wait().unwrap().success());
}
