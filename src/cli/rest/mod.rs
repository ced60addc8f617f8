//! The REST API from a shell.
//!
//! Owns: where the server is, the key, one call and the sentence that its refusal becomes. Refuses:
//! touching a data directory; these commands work from any machine.

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::output::{self, WrongUsage};
use crate::net::{HeaderName, HeaderValue, RestClient, RestMethod, RestReply};

pub(super) use shown::moment;

pub(super) mod api_keys;
pub(super) mod apply;
pub(super) mod audit_log;
mod catalogue;
pub(super) mod consumers;
pub(super) mod dead_letters;
pub(super) mod deliveries;
mod described;
mod erase_events;
mod event_type_versions;
pub(super) mod event_types;
pub(super) mod events;
mod filter;
mod job;
pub(super) mod jobs;
pub(super) mod mcp;
mod paused;
pub(super) mod profiles;
pub(super) mod retries;
mod send_many;
pub(super) mod settings;
mod shown;
pub(super) mod stats;
mod tail;
mod webhook_poll;
mod webhook_preview;
mod webhook_settings;
pub(super) mod webhooks;
mod workspace_settings;
pub(super) mod workspaces;

/// Pages of a list that are read at most; each has 250 items.
const PAGES_MAX: usize = 1000;

/// Where the server is and who asks; the same for every command that calls the API.
#[derive(Args)]
#[command(next_help_heading = "Server")]
pub(super) struct Connection {
    /// The server's address
    #[arg(
        long,
        global = true,
        env = "HOOKPOST_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080"
    )]
    server: Url,
    /// The API key
    #[arg(
        long,
        global = true,
        env = "HOOKPOST_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    api_key: Option<String>,
    /// The workspace to act in, by id or name; only keys of the instance can choose
    #[arg(
        long,
        global = true,
        env = "HOOKPOST_WORKSPACE",
        value_name = "WORKSPACE"
    )]
    workspace: Option<String>,
    /// Root certificates (PEM) to trust besides the public ones
    #[arg(long, global = true, value_name = "FILE")]
    ca_file: Option<std::path::PathBuf>,
    /// Print the API's own JSON
    #[arg(long, global = true)]
    json: bool,
}

/// How a command's answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputForm {
    /// For scripts.
    Json,
    /// For people.
    Human,
}

/// An open connection: calls, and prints what comes back.
pub(super) struct Api {
    client: RestClient,
    headers: Vec<(HeaderName, HeaderValue)>,
    form: OutputForm,
    /// The workspace that was named.
    workspace: Option<String>,
}

/// The part of a problem document that people need.
#[derive(serde::Deserialize)]
struct ApiProblem {
    detail: Option<String>,
    title: Option<String>,
    #[serde(default)]
    errors: Vec<FieldProblem>,
}

#[derive(serde::Deserialize)]
struct FieldProblem {
    field: String,
    message: String,
}

/// A page of a list.
#[derive(serde::Deserialize)]
struct ListPage<T> {
    data: Vec<T>,
    next_cursor: Option<String>,
}

/// A server, what is shown to it, and the roots to trust besides the public ones.
pub(super) struct Dialed {
    pub(super) server: Url,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) roots_pem: Option<Vec<u8>>,
    pub(super) workspace: Option<String>,
    pub(super) form: OutputForm,
}

/// Runs what calls the API, on a runtime of its own.
fn run<F: Future<Output = anyhow::Result<()>>>(
    connection: Connection,
    act: impl FnOnce(Api) -> F,
) -> anyhow::Result<()> {
    let api = connection.open()?;
    on_runtime(act(api))
}

/// Runs `work` on a runtime of its own.
pub(super) fn on_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

impl Connection {
    pub(super) fn open(self) -> anyhow::Result<Api> {
        let dialed = self.dial()?;
        Ok(Api {
            client: RestClient::new(dialed.server, dialed.roots_pem.as_deref())?,
            headers: dialed.headers,
            form: dialed.form,
            workspace: dialed.workspace,
        })
    }

    /// What a connection is opened with.
    pub(super) fn dial(self) -> anyhow::Result<Dialed> {
        if !matches!(self.server.scheme(), "http" | "https") {
            return Err(WrongUsage::of(
                "--server must begin with http:// or https://",
            ));
        }
        let key = self
            .api_key
            .ok_or_else(|| WrongUsage::of("no API key: give --api-key or set HOOKPOST_API_KEY"))?;
        let mut headers = Vec::with_capacity(2);
        let mut bearer = HeaderValue::try_from(format!("Bearer {key}"))
            .map_err(|_| WrongUsage::of("the API key has characters that no key has"))?;
        bearer.set_sensitive(true);
        headers.push((HeaderName::from_static("authorization"), bearer));
        if let Some(workspace) = &self.workspace {
            let value = HeaderValue::try_from(workspace.as_str())
                .map_err(|_| WrongUsage::of("the workspace has characters that no name has"))?;
            headers.push((HeaderName::from_static("hookpost-workspace"), value));
        }
        let roots = self.ca_file.map(|path| {
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        });
        Ok(Dialed {
            server: self.server,
            headers,
            roots_pem: roots.transpose()?,
            workspace: self.workspace,
            form: match self.json {
                true => OutputForm::Json,
                false => OutputForm::Human,
            },
        })
    }
}

impl Api {
    /// How answers are printed.
    pub(super) fn form(&self) -> OutputForm {
        self.form
    }

    /// Reads `path` of the API.
    pub(super) async fn fetch(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.call(RestMethod::Get, path, None).await
    }

    /// Everything of the list at `path`.
    async fn all(&self, path: &str) -> anyhow::Result<Vec<serde_json::Value>> {
        let mut found = Vec::new();
        let mut place = format!("{path}?limit=250");
        for _ in 0..PAGES_MAX {
            let page: ListPage<serde_json::Value> = parse(&self.fetch(&place).await?)?;
            found.extend(page.data);
            match page.next_cursor {
                Some(cursor) => place = format!("{path}?limit=250&cursor={}", encoded(&cursor)),
                None => return Ok(found),
            }
        }
        bail!("there are more than {} in {path}", found.len())
    }

    /// Reads `path` of the API; `None` where nothing is there.
    pub(super) async fn find(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let reply = self
            .reply(RestMethod::Get, path, &self.headers, None)
            .await?;
        match reply.status {
            404 => Ok(None),
            200..=299 => Ok(Some(reply.body)),
            _ => Err(refusal(&reply)),
        }
    }

    /// Posts `body` under an idempotency key: posted again with the same key, it does nothing more.
    async fn post_once(&self, path: &str, key: &str, body: Vec<u8>) -> anyhow::Result<RestReply> {
        let name = HeaderName::from_static("idempotency-key");
        let key = HeaderValue::try_from(key)
            .map_err(|_| WrongUsage::of("the idempotency key has characters that no key has"))?;
        let headers = [&self.headers[..], &[(name, key)]].concat();
        self.reply(RestMethod::Post, path, &headers, Some(body))
            .await
    }

    /// Puts `body` at `path` of the API.
    pub(super) async fn put(&self, path: &str, body: &impl Serialize) -> anyhow::Result<Vec<u8>> {
        let body = serde_json::to_vec(body)?;
        self.call(RestMethod::Put, path, Some(body)).await
    }

    /// Posts `body` to `path` of the API.
    pub(super) async fn post(&self, path: &str, body: &impl Serialize) -> anyhow::Result<Vec<u8>> {
        let body = serde_json::to_vec(body)?;
        self.call(RestMethod::Post, path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: &impl Serialize) -> anyhow::Result<Vec<u8>> {
        let body = serde_json::to_vec(body)?;
        self.call(RestMethod::Patch, path, Some(body)).await
    }

    /// Removes what is at `path` of the API.
    async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.call(RestMethod::Delete, path, None).await.map(drop)
    }

    /// Posts an action that takes no input.
    async fn act(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.call(RestMethod::Post, path, None).await
    }

    async fn call(
        &self,
        method: RestMethod,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<Vec<u8>> {
        let reply = self.reply(method, path, &self.headers, body).await?;
        match reply.status {
            200..=299 => Ok(reply.body),
            _ => Err(refusal(&reply)),
        }
    }

    async fn reply(
        &self,
        method: RestMethod,
        path: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<RestReply> {
        let path = format!("/api/v1{path}");
        Ok(self.client.call(method, &path, headers, body).await?)
    }

    /// Prints the API's JSON, or what `describe` makes of it for people.
    fn answer<T: DeserializeOwned>(
        &self,
        body: &[u8],
        describe: impl FnOnce(&T) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self.form {
            OutputForm::Json => output::write(&[body.trim_ascii_end(), b"\n"].concat())?,
            OutputForm::Human => describe(&parse(body)?)?,
        }
        Ok(())
    }

    /// As [`Api::answer`] for a page of a list; people learn that there is more.
    fn answer_page<T: DeserializeOwned>(
        &self,
        body: &[u8],
        describe: impl FnOnce(&[T]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.answer(body, |page: &ListPage<T>| {
            describe(&page.data)?;
            if let Some(cursor) = &page.next_cursor {
                eprintln!("more with --cursor {cursor}");
            }
            Ok(())
        })
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body).context("the server's answer is not what hookpost answers")
}

/// The sentence that a refusal becomes.
fn refusal(reply: &RestReply) -> anyhow::Error {
    let status = reply.status;
    let Ok(problem) = serde_json::from_slice::<ApiProblem>(&reply.body) else {
        return anyhow!("the server answered {status}, and not as hookpost does");
    };
    let reason = problem.detail.or(problem.title).unwrap_or_default();
    let fields: Vec<String> = problem
        .errors
        .iter()
        .map(|error| format!("{}: {}", error.field, error.message))
        .collect();
    let mut messages = problem.errors.iter().map(|error| &error.message);
    let is_said = messages.all(|message| reason.contains(message.as_str()));
    let text = match (fields.is_empty(), is_said) {
        (true, _) => format!("{reason} ({status})"),
        // Nothing is said twice.
        (false, true) => format!("{} ({status})", fields.join("; ")),
        (false, false) => format!("{reason} ({status}): {}", fields.join("; ")),
    };
    anyhow!(output::visible(&text))
}

/// A path's or a query's value, percent-encoded.
pub(super) fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_becomes_one_sentence() {
        let check = |status: u16, body: &str, expect: &str| {
            let body = body.as_bytes().to_vec();
            assert_eq!(refusal(&RestReply { status, body }).to_string(), expect);
        };
        check(
            422,
            r#"{"title":"Invalid","detail":"the request is not valid","errors":[{"field":"url","message":"must be https"}]}"#,
            "the request is not valid (422): url: must be https",
        );
        check(
            422,
            r#"{"detail":"url must be https","errors":[{"field":"url","message":"must be https"}]}"#,
            "url: must be https (422)",
        );
        check(401, r#"{"title":"Unauthorized"}"#, "Unauthorized (401)");
        check(
            502,
            "<html>",
            "the server answered 502, and not as hookpost does",
        );
    }

    #[test]
    fn ids_cannot_leave_their_place_in_a_path() {
        assert_eq!(encoded("a/b?c d"), "a%2Fb%3Fc%20d");
    }
}
