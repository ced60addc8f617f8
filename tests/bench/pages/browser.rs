//! A person at the dashboard, who makes an account on the command line and signs in, or at the portal,
//! who opens a link; both ask for pages.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::appliance::Appliance;
use crate::history::CONSUMER;

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "a long enough password for a bench";

/// What an answer cost.
pub struct Page {
    /// From the request to the first byte of the answer.
    pub first_byte: Duration,
    /// Bytes of the body on the wire.
    pub size: usize,
}

/// Makes the account of an owner.
pub async fn make_person(data_dir: &Path) -> Result<()> {
    let arguments = ["user", "create", "--email", EMAIL, "--password-stdin"];
    let mut made = crate::command(data_dir, &arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut input = made.stdin.take().context("stdin is piped")?;
    input.write_all(PASSWORD.as_bytes()).await?;
    drop(input);
    ensure!(made.wait().await?.success(), "no account could be made");
    Ok(())
}

/// A signed-in session.
pub struct Browser {
    client: reqwest::Client,
    base: String,
    cookie: String,
}

impl Browser {
    /// Signs in.
    pub async fn sign_in(addr: SocketAddr) -> Result<Self> {
        let client = client()?;
        let base = format!("http://{addr}");
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("email", EMAIL)
            .append_pair("password", PASSWORD);
        let answer = client
            .post(format!("{base}/sign-in"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish())
            .send()
            .await?;
        Ok(Self {
            cookie: given_cookie(&answer)?,
            client,
            base,
        })
    }

    /// Opens a link of the consumer's, and begins some work with its token: the session, and the job's id.
    pub async fn open_portal(appliance: &Appliance) -> Result<(Self, String)> {
        let path = format!("/api/v1/consumers/{CONSUMER}/portal-links");
        let link = appliance.call(Method::POST, &path, &json!({})).await?;
        let token = link["token"].as_str().context("a link has a token")?;
        let client = client()?;
        let base = format!("http://{}", appliance.door().addr);
        let opened = client.get(format!("{base}/portal/open?token={token}"));
        let cookie = given_cookie(&opened.send().await?)?;
        let discarded = json!({"filter": {"event_type": "order.refunded"}}).to_string();
        let begun = client.post(format!("{base}/api/v1/dead-letters/discard"));
        let begun = begun
            .header("content-type", "application/json")
            .bearer_auth(token)
            .body(discarded)
            .send()
            .await?;
        let begun: Value = serde_json::from_str(&begun.text().await?)?;
        let job = begun["job_id"].as_str().context("work has an id")?;
        let browser = Self {
            client,
            base,
            cookie,
        };
        Ok((browser, job.to_owned()))
    }

    /// Asks for a page, which must be there.
    pub async fn get(&self, path: &str) -> Result<Page> {
        let request = self
            .client
            .get(format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .header("accept", "text/html")
            .header("accept-encoding", "gzip");
        let asked = Instant::now();
        let answer = request.send().await?;
        let first_byte = asked.elapsed();
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        let size = answer.bytes().await?.len();
        Ok(Page { first_byte, size })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the benchmark is a client of the dashboard and of the portal"
)]
fn client() -> Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    Ok(client.build()?)
}

fn given_cookie(answer: &reqwest::Response) -> Result<String> {
    let cookie = answer.headers().get("set-cookie");
    let cookie = cookie.context("signing in gives a cookie")?.to_str()?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}
