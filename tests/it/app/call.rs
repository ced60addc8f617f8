//! A request to the app, and what came back.
//!
//! Owns: putting requests together, and judging answers by their form. Refuses: starting anything.

use reqwest::StatusCode;
use serde_json::Value;

use super::PATIENCE;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

/// A request being put together.
pub struct Call {
    pub(super) request: reqwest::RequestBuilder,
}

impl Call {
    pub fn new(request: reqwest::RequestBuilder) -> Self {
        Self { request }
    }

    pub fn bearer(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// Sets a header, in the place of one of the same name.
    pub fn header(self, name: &str, value: &str) -> Self {
        let mut headers = reqwest::header::HeaderMap::new();
        let name: reqwest::header::HeaderName = name.parse().unwrap();
        headers.insert(name, value.parse().unwrap());
        Self {
            request: self.request.headers(headers),
        }
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self {
            request: self.request.body(body),
        }
    }

    pub async fn send(self) -> Answer {
        let response = self.request.timeout(PATIENCE).send().await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }
}

impl Answer {
    /// The body, after checking the status.
    #[track_caller]
    pub fn json(&self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The problem, after checking that it is a whole one of this status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.json(StatusCode::from_u16(status).unwrap());
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code, "{problem:#}");
        for member in ["type", "title", "detail"] {
            assert!(!problem[member].as_str().unwrap().is_empty(), "{member}");
        }
        assert!(problem["errors"].is_array());
        assert!(!self.header("x-request-id").is_empty());
        problem
    }

    /// A 422 that names `field`.
    #[track_caller]
    pub fn invalid(&self, field: &str) -> Value {
        let problem = self.problem(422, "invalid");
        let named = problem["errors"].as_array().unwrap();
        let is_named = named.iter().any(|error| error["field"] == field);
        assert!(is_named, "{field} is not named: {problem:#}");
        problem
    }

    /// A header's text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}
