//! A Chromium of a test's own: its processes, its profile, its session.
//!
//! Owns: starting them on free ports and ending them with the test, also with one that panics.
//! Refuses: what a person does in a browser (that is `reader`).

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, LoggingPrefsLogLevel};

use crate::binary::process::Running;

/// How long one command of the driver may take; loading a page is one.
const COMMAND_DEADLINE: Duration = Duration::from_secs(60);
/// How long the browser's files may be in use after it was told to end.
const CLEARING_DEADLINE: Duration = Duration::from_secs(5);

/// Nothing but the page under test: no updates, no network but loopback, nothing drawn by chance.
const FLAGS: [&str; 18] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
    "--window-size=1280,900",
];

/// Drivers that are started at most until one finds a port.
const STARTS_MAX: usize = 3;

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    On,
    Off,
}

/// Whose cookies the browser keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookies {
    /// Everybody's.
    All,
    /// None of other sites' in the page, but those that are kept apart for each page's site.
    FirstParty,
}

/// An address that the browser has written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visited {
    pub url: String,
    /// Whether it is among the pages that somebody who looks at the history sees.
    pub shown: bool,
}

/// A running browser. It ends when this is dropped.
pub struct Chromium {
    pub driver: WebDriver,
    browser: Pid,
    chromedriver: Option<Running>,
    profile: Option<tempfile::TempDir>,
}

impl Chromium {
    pub async fn start(scripts: Scripts, cookies: Cookies) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (chromedriver, port) = chromedriver();
        let url = format!("http://127.0.0.1:{port}");
        let builder = WebDriver::builder(url, capabilities(&profile, scripts, cookies));
        let builder = builder.request_timeout(COMMAND_DEADLINE);
        let driver = builder.await.expect("Chromium starts");
        let number = driver.capabilities().get("goog:processID").unwrap();
        let number = number.as_i64().unwrap();
        let browser = Pid::from_raw(i32::try_from(number).unwrap()).unwrap();
        driver.set_script_timeout(COMMAND_DEADLINE).await.unwrap();
        // Its own way of ending blocks a thread that the server may need; ours kills.
        driver.clone().leak().unwrap();
        Self {
            driver,
            browser,
            chromedriver: Some(chromedriver),
            profile: Some(profile),
        }
    }

    /// Ends the browser, and reads what it has written into its profile about where it was.
    pub async fn visited(&self) -> Vec<Visited> {
        // It ends before it could answer.
        self.driver
            .cdp()
            .send_raw("Browser.close", &json!({}))
            .await
            .ok();
        let profile = self.profile.as_ref().unwrap().path();
        let file = profile.join("Default").join("History");
        let deadline = Instant::now() + COMMAND_DEADLINE;
        loop {
            // It keeps the file to itself until it has written everything.
            match read_history(&file) {
                Ok(visited) => return visited,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The mark of a visit that ended a chain of redirects; only those are shown to people.
const CHAIN_END: i64 = 0x2000_0000;

fn read_history(file: &Path) -> rusqlite::Result<Vec<Visited>> {
    let conn =
        rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = conn.prepare(
        "SELECT urls.url, max(visits.transition & :end) <> 0
         FROM visits JOIN urls ON urls.id = visits.url
         GROUP BY urls.id",
    )?;
    let visited = |row: &rusqlite::Row<'_>| {
        Ok(Visited {
            url: row.get(0)?,
            shown: row.get(1)?,
        })
    };
    statement.query_map([CHAIN_END], visited)?.collect()
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        kill_process(self.browser, Signal::KILL).ok();
        self.chromedriver = None;
        let path = self.profile.take().map(tempfile::TempDir::keep);
        let deadline = Instant::now() + CLEARING_DEADLINE;
        while let Some(path) = &path
            && std::fs::remove_dir_all(path).is_err()
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn capabilities(
    profile: &tempfile::TempDir,
    scripts: Scripts,
    cookies: Cookies,
) -> ChromeCapabilities {
    let mut wanted = DesiredCapabilities::chrome();
    for flag in FLAGS {
        wanted.add_arg(flag).unwrap();
    }
    let profile = format!("--user-data-dir={}", profile.path().display());
    wanted.add_arg(&profile).unwrap();
    wanted
        .set_browser_log_level(LoggingPrefsLogLevel::All)
        .unwrap();
    let mut settings = serde_json::Map::new();
    if scripts == Scripts::Off {
        let javascript = "profile.managed_default_content_settings.javascript";
        settings.insert(javascript.to_owned(), json!(2));
    }
    if cookies == Cookies::FirstParty {
        settings.insert("profile.cookie_controls_mode".to_owned(), json!(1));
        settings.insert("profile.block_third_party_cookies".to_owned(), json!(true));
    }
    if !settings.is_empty() {
        wanted.add_experimental_option("prefs", settings).unwrap();
    }
    wanted
}

/// A driver, and the port that it chose. One that finds its choice taken on the other family of
/// addresses ends without a word, and another is started.
fn chromedriver() -> (Running, u16) {
    let started = (0..STARTS_MAX).find_map(|_| {
        let mut command = Command::new("chromedriver");
        let mut driver = Running::start(command.arg("--port=0").stderr(Stdio::null()));
        port_of(&mut driver).map(|port| (driver, port))
    });
    started.expect("chromedriver says on which port it listens")
}

/// The port that the driver chose and printed; `None` where it ended before.
fn port_of(chromedriver: &mut Running) -> Option<u16> {
    let lines = BufReader::new(chromedriver.0.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // Nobody reads on; a driver that printed more than a pipe holds would wait for ever.
    std::thread::spawn(move || lines.for_each(drop));
    port
}
