//! Another system's API as Svix documents it, read page by page; and hookpost's own of that form.
//!
//! Owns: one call, its refusal in words, walking a list. Refuses: knowing what is listed.

use anyhow::{Context, anyhow, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::rest::encoded;
use crate::net::{HeaderName, HeaderValue, RestClient, RestMethod};

/// Pages of one list that are read at most: two and a half million things.
const PAGES_MAX: usize = 10_000;
/// Things on a page.
const PAGE_ROWS: u32 = 250;

/// Who is called.
pub(super) struct SvixApi {
    client: RestClient,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A page of a list.
#[derive(serde::Deserialize)]
struct Listed<T> {
    data: Vec<T>,
    iterator: Option<String>,
    done: bool,
}

impl SvixApi {
    /// A server, and what is shown to it.
    pub(super) fn new(client: RestClient, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self { client, headers }
    }

    /// What is at `path`; `None` where there is nothing.
    pub(super) async fn find<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Option<T>> {
        let (status, body) = self.call(RestMethod::Get, path, None).await?;
        match status {
            404 => Ok(None),
            200..=299 => read(path, &body).map(Some),
            _ => Err(refused(status, &body)),
        }
    }

    /// What is at `path`.
    pub(super) async fn fetch<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let found = self.find(path).await?;
        found.with_context(|| format!("nothing is at {path}"))
    }

    /// Everything of the list at `path`, which may carry a query.
    pub(super) async fn all<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Vec<T>> {
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        let mut from = String::new();
        for _ in 0..PAGES_MAX {
            let page = format!("{path}{mark}limit={PAGE_ROWS}{from}");
            let page: Listed<T> = self.fetch(&page).await?;
            all.extend(page.data);
            match page.iterator.filter(|_| !page.done) {
                Some(iterator) => from = format!("&iterator={}", encoded(&iterator)),
                None => return Ok(all),
            }
        }
        bail!("the list at {path} has more than {PAGES_MAX} pages")
    }

    /// Does what `method` and `body` say at `path`.
    pub(super) async fn send(
        &self,
        method: RestMethod,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<()> {
        let body = serde_json::to_vec(body)?;
        let (status, body) = self.call(method, path, Some(body)).await?;
        match status {
            200..=299 => Ok(()),
            _ => Err(refused(status, &body)),
        }
    }

    async fn call(
        &self,
        method: RestMethod,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<(u16, Vec<u8>)> {
        let path = format!("/api/v1{path}");
        let reply = self.client.call(method, &path, &self.headers, body).await?;
        Ok((reply.status, reply.body))
    }
}

fn read<T: DeserializeOwned>(path: &str, body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body)
        .with_context(|| format!("the answer at {path} is not as Svix documents it"))
}

/// The sentence that a refusal becomes: `detail` is a text, or a list of what is wrong where.
fn refused(status: u16, body: &[u8]) -> anyhow::Error {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let faults = told["detail"].as_array().into_iter().flatten();
    let faults: Vec<String> = faults
        .map(|fault| {
            let place = fault["loc"].as_array().into_iter().flatten();
            let place: Vec<&str> = place.filter_map(Value::as_str).skip(1).collect();
            format!(
                "{} {}",
                place.join("."),
                fault["msg"].as_str().unwrap_or("is refused")
            )
        })
        .collect();
    let said = match told["detail"].as_str() {
        Some(text) => text.to_owned(),
        None if faults.is_empty() => "it did not say why".to_owned(),
        None => faults.join("; "),
    };
    anyhow!("{said} ({status})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_both_forms_become_a_sentence() {
        let check = |body: &str, expect: &str| {
            assert_eq!(refused(422, body.as_bytes()).to_string(), expect);
        };
        check(
            r#"{"code":"not_found","detail":"Entity not found"}"#,
            "Entity not found (422)",
        );
        check(
            r#"{"detail":[{"loc":["body","url"],"msg":"is private","type":"value_error"}]}"#,
            "url is private (422)",
        );
        check("<html>", "it did not say why (422)");
    }
}
