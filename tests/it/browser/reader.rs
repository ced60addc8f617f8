//! What a person does in a browser: look, type, press.
//!
//! Owns: finding things by the names that people see or hear, waiting with a deadline, and hearing
//! the browser's complaints. Refuses: ids, classes and sleeps. Failing says what the page showed.

use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::chromium::{Chromium, Cookies, Scripts};
use crate::app::TestApp;

const FIND: &str = include_str!("find.js");
/// What is shown, with every run of white space as one space.
const SHOWN: &str = "return document.body.innerText.replace(/\\s+/g, ' ');";

/// What has the focus, and whether one sees that it has: shown whole, with a ring around it.
const FOCUSED: &str = include_str!("focused.js");
/// Keys as WebDriver writes them.
pub const ENTER: &str = "\u{e007}";
pub const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";
/// How long a page may take to show something. A browser beside other tests on a machine with two
/// cores is slow; nothing waits this long unless it failed.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long a shortcut may take to lead somewhere before it is typed again.
const SHORTCUT_PATIENCE: Duration = Duration::from_secs(5);
/// How often the Tab key is pressed in search of something.
const TABS_MAX: usize = 80;

/// Somebody at a browser.
pub struct Reader {
    pub chromium: Chromium,
    pub scripts: Scripts,
    base: String,
}

/// How wide the window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    Desk,
    /// A common telephone's: 375 CSS pixels.
    Handset,
    /// The narrowest that WCAG 2.2 asks for: 320 CSS pixels.
    Phone,
}

/// Which colours the system asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    Light,
    Dark,
}

impl Reader {
    /// At a browser that shows nothing yet.
    pub async fn start(app: &TestApp, scripts: Scripts) -> Self {
        Self::start_with(app, scripts, Cookies::All).await
    }

    /// As [`Reader::start`], with a browser that keeps only these cookies.
    pub async fn start_with(app: &TestApp, scripts: Scripts, cookies: Cookies) -> Self {
        Self {
            chromium: Chromium::start(scripts, cookies).await,
            scripts,
            base: app.base.clone(),
        }
    }

    /// Takes a cookie along, `name=value`.
    pub async fn carry(&self, cookie: &str) {
        let (name, value) = cookie.split_once('=').unwrap();
        let cookie = json!({"name": name, "value": value, "url": self.base, "httpOnly": true});
        self.protocol("Network.setCookie", &cookie).await;
    }

    /// Opens a page.
    pub async fn open(&self, path: &str) -> &Self {
        let url = format!("{}{path}", self.base);
        self.chromium.driver.goto(url).await.unwrap();
        self
    }

    /// Loads the page again.
    pub async fn reload(&self) -> &Self {
        self.chromium.driver.refresh().await.unwrap();
        self
    }

    /// The path and query of the page at hand.
    pub async fn place(&self) -> String {
        let url = self.chromium.driver.current_url().await.unwrap();
        let query = url
            .query()
            .map_or(String::new(), |query| format!("?{query}"));
        format!("{}{query}", url.path())
    }

    /// Waits until a page whose path begins with `path` is at hand.
    pub async fn arrive(&self, path: &str) -> &Self {
        self.wait(&format!("to arrive at {path}"), async || {
            self.place().await.starts_with(path).then_some(())
        })
        .await;
        self
    }

    /// Types a shortcut of several keys until it leads to `path`: on a busy machine the time between two of
    /// them may pass, and a person types them again.
    pub async fn arrive_by(&self, keys: &str, path: &str) -> &Self {
        self.wait(&format!("{keys} to lead to {path}"), async || {
            self.keys(keys).await;
            tokio::time::timeout(SHORTCUT_PATIENCE, self.arrive(path))
                .await
                .ok()
                .map(drop)
        })
        .await;
        self
    }

    /// Presses the link or button of this name.
    pub async fn press(&self, name: &str) -> &Self {
        self.press_in("", name).await
    }

    /// As [`Reader::press`], within the section, form or row of this name.
    pub async fn press_in(&self, part: &str, name: &str) -> &Self {
        self.wait(&format!("{name:?} in {part:?}"), async || {
            let element = self.find("press", name, part).await?;
            element.click().await.ok()
        })
        .await;
        self
    }

    /// Types into the field of this name, in the place of what stood there.
    pub async fn type_into(&self, name: &str, text: &str) -> &Self {
        self.type_into_in("", name, text).await
    }

    /// As [`Reader::type_into`], within the section, form or row of this name.
    pub async fn type_into_in(&self, part: &str, name: &str, text: &str) -> &Self {
        // A page that goes while it is typed into is typed into again once it came.
        self.wait(&format!("to type into {name:?}"), async || {
            let field = self.find("field", name, part).await?;
            field.clear().await.ok()?;
            field.send_keys(text).await.ok()?;
            let typed = field.prop("value").await.ok()??;
            (typed.replace('\r', "") == text).then_some(())
        })
        .await;
        self
    }

    /// Ticks or unticks the box of this name, or chooses it.
    pub async fn tick(&self, name: &str) -> &Self {
        self.wait(&format!("to tick {name:?}"), async || {
            let field = self.find("field", name, "").await?;
            field.click().await.ok()
        })
        .await;
        self
    }

    /// Chooses an option of the field of this name.
    pub async fn choose(&self, name: &str, option: &str) -> &Self {
        let path = format!("./option[normalize-space()='{option}']");
        self.wait(&format!("to choose {option:?} of {name:?}"), async || {
            let field = self.find("field", name, "").await?;
            let option = field.find(By::XPath(path.clone())).await.ok()?;
            option.click().await.ok()
        })
        .await;
        self
    }

    /// What stands in the field of this name.
    pub async fn typed(&self, name: &str) -> String {
        self.wait(&format!("the field {name:?}"), async || {
            let field = self.find("field", name, "").await?;
            field.prop("value").await.ok()?
        })
        .await
    }

    /// Whether a link or button of this name is shown now.
    pub async fn offers(&self, part: &str, name: &str) -> bool {
        self.find("press", name, part).await.is_some()
    }

    /// Waits until the page shows this text.
    pub async fn see(&self, text: &str) -> &Self {
        self.wait(&format!("to see {text:?}"), async || {
            self.text().await.contains(text).then_some(())
        })
        .await;
        self
    }

    /// Waits until the page no longer shows this text.
    pub async fn miss(&self, text: &str) -> &Self {
        self.wait(&format!("{text:?} to go"), async || {
            let shown = self.text().await;
            (!shown.is_empty() && !shown.contains(text)).then_some(())
        })
        .await;
        self
    }

    /// All that the page shows now; empty while it is loading.
    pub async fn text(&self) -> String {
        let shown = self.script(SHOWN, &[]).await;
        shown
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// The text between two others, once the page shows it.
    pub async fn between(&self, start: &str, end: &str) -> String {
        self.wait(&format!("text from {start:?} to {end:?}"), async || {
            let shown = self.text().await;
            let (_, rest) = shown.split_once(start)?;
            Some(rest.split_once(end)?.0.trim().to_owned())
        })
        .await
    }

    /// Presses keys where the focus is.
    pub async fn keys(&self, keys: impl AsRef<str>) -> &Self {
        let chain = self.chromium.driver.action_chain().send_keys(keys.as_ref());
        chain.perform().await.unwrap();
        self
    }

    /// Goes on with the Tab key until what is called `name` has the focus, and can be seen to.
    pub async fn tab_to(&self, name: &str) -> &Self {
        let mut passed = Vec::new();
        while passed.len() < TABS_MAX {
            self.keys(TAB).await;
            let focused = self.script(FOCUSED, &[]).await.unwrap();
            if focused["called"] == name {
                assert_eq!(focused["seen"], true, "the focus on {name} cannot be seen");
                return self;
            }
            passed.push(focused["called"].as_str().unwrap().to_owned());
        }
        panic!("the Tab key never came to {name}, only to {passed:?}");
    }

    /// Waits until what is called `name` has the focus, so that keys go into it.
    pub async fn see_focus(&self, name: &str) -> &Self {
        let what = format!("the focus on {name}");
        self.wait(&what, || async {
            let focused = self.script(FOCUSED, &[]).await?;
            (focused["called"] == name).then_some(())
        })
        .await;
        self
    }

    /// Waits until this is what was copied last.
    pub async fn see_copied(&self, text: &str) -> &Self {
        let allowed = json!({"permissions": ["clipboardReadWrite"]});
        self.protocol("Browser.grantPermissions", &allowed).await;
        let read = "return navigator.clipboard.readText();";
        self.wait(&format!("{text:?} to be copied"), async || {
            let copied = self.script(read, &[]).await?;
            (copied == text).then_some(())
        })
        .await;
        self
    }

    /// The answer of a script, which may not change the page; `None` while the page is loading.
    pub async fn script(&self, script: &str, arguments: &[Value]) -> Option<Value> {
        let answer = self.chromium.driver.execute(script, arguments).await.ok()?;
        Some(answer.json().clone())
    }

    /// Waits until a script answers true.
    pub async fn until(&self, what: &str, script: &str) {
        self.wait(what, async || {
            let answer = self.script(script, &[]).await?;
            (answer == true).then_some(())
        })
        .await;
    }

    /// Makes the window as wide as this, and the system's colours these. Nothing moves.
    pub async fn look(&self, width: Width, colours: Colours) {
        let (width, height, mobile) = match width {
            Width::Desk => (1280, 700, false),
            Width::Handset => (375, 720, true),
            Width::Phone => (320, 720, true),
        };
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": mobile});
        self.protocol("Emulation.setDeviceMetricsOverride", &size)
            .await;
        let scheme = match colours {
            Colours::Light => "light",
            Colours::Dark => "dark",
        };
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.protocol("Emulation.setEmulatedMedia", &features).await;
    }

    /// A command of the DevTools protocol.
    pub async fn protocol(&self, command: &str, arguments: &Value) -> Value {
        let tools = self.chromium.driver.cdp();
        tools.send_raw(command, arguments).await.unwrap()
    }

    /// Errors and breaches of the page's policy since this was last asked.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.chromium.driver.browser_log().await.unwrap();
        let entries = log.into_iter().filter(|entry| {
            matches!(entry.level.as_str(), "SEVERE" | "WARNING") && !is_refused_page(entry)
        });
        entries
            .map(|entry| format!("{} {}", entry.level, entry.message))
            .collect()
    }

    /// Ends the visit. Fails if the browser complained about any page of it.
    pub async fn leave(self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    async fn find(&self, kind: &str, name: &str, part: &str) -> Option<WebElement> {
        let arguments = [json!(kind), json!(name), json!(part)];
        let answer = self.chromium.driver.execute(FIND, arguments.to_vec()).await;
        answer.ok()?.element().ok()
    }

    async fn wait<T, F>(&self, what: &str, mut ready: impl FnMut() -> F) -> T
    where
        F: Future<Output = Option<T>>,
    {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = ready().await {
                return value;
            }
            if Instant::now() > deadline {
                let (place, shown) = (self.place().await, self.text().await);
                panic!("waited in vain for {what} at {place}, which shows: {shown}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A page that answers 4xx on purpose is no fault of the page; anything it loads would be.
fn is_refused_page(entry: &thirtyfour::BrowserLogEntry) -> bool {
    let is_page = !entry.message.contains("/static/") && !entry.message.contains("/live ");
    let refused = [401, 403, 404, 422, 429];
    let mut refused = refused
        .iter()
        .map(|status| format!("the server responded with a status of {status}"));
    entry.source.as_deref() == Some("network")
        && is_page
        && refused.any(|words| entry.message.contains(&words))
}
