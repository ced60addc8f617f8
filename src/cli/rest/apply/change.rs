//! One thing that has to change: what it is called, which fields, by which call.
//!
//! Owns: how a change is told and made. Refuses: finding out what has to change ([`super::plan`]), and
//! printing what is secret.

use serde_json::{Value, json};

use crate::cli::rest::{Api, ApiProblem, refusal};
use crate::net::{RestMethod, RestReply};
use crate::service::webhooks::SECRET_IN_USE;

pub(super) const PROFILE: &str = "profile";
pub(super) const EVENT_TYPE: &str = "event type";
pub(super) const VERSION: &str = "event type version";
pub(super) const WEBHOOK: &str = "webhook";
/// What is not printed of a webhook.
const HIDDEN: [&str; 3] = ["secret", "auth", "headers"];
/// The longest value that people are shown whole, in characters.
const SHOWN_CHARS: usize = 400;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Create,
    Update,
    Delete,
}

/// One thing that has to change.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) deed: Deed,
    pub(super) fields: Vec<FieldChange>,
    pub(super) call: PlannedCall,
    /// The secret that making it showed.
    pub(super) secret: Option<String>,
}

/// One of its fields.
#[derive(Debug)]
pub(super) struct FieldChange {
    pub(super) field: String,
    pub(super) from: Value,
    pub(super) to: Value,
}

/// How it is made.
#[derive(Debug)]
pub(super) struct PlannedCall {
    method: RestMethod,
    path: String,
    body: Option<Value>,
    purpose: CallPurpose,
}

/// What a call is for, as far as its answer is read by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallPurpose {
    Change,
    /// To sign with a secret that may be in use already, which only the attempt tells.
    Rotation,
}

impl PlannedCall {
    pub(super) fn post(path: String, body: Value) -> Self {
        Self::new(RestMethod::Post, path, Some(body))
    }

    pub(super) fn put(path: String, body: Value) -> Self {
        Self::new(RestMethod::Put, path, Some(body))
    }

    /// Of the fields that differ, and no others.
    pub(super) fn patch(path: String, fields: &[FieldChange]) -> Self {
        let changed = fields.iter().map(|one| (one.field.clone(), one.to.clone()));
        Self::new(
            RestMethod::Patch,
            path,
            Some(Value::Object(changed.collect())),
        )
    }

    /// To sign with a secret from now on, unless it is in use already.
    pub(super) fn rotate(path: String, body: Value) -> Self {
        let purpose = CallPurpose::Rotation;
        Self {
            purpose,
            ..Self::post(path, body)
        }
    }

    pub(super) fn delete(path: String) -> Self {
        Self::new(RestMethod::Delete, path, None)
    }

    fn new(method: RestMethod, path: String, body: Option<Value>) -> Self {
        let purpose = CallPurpose::Change;
        Self {
            method,
            path,
            body,
            purpose,
        }
    }

    /// Makes it; `None` where there was nothing to change.
    pub(super) async fn make(&self, api: &Api) -> anyhow::Result<Option<Vec<u8>>> {
        let body = self.body.as_ref().map(serde_json::to_vec).transpose()?;
        let reply = api
            .reply(self.method, &self.path, &api.headers, body)
            .await?;
        match reply.status {
            200..=299 => Ok(Some(reply.body)),
            _ if self.purpose == CallPurpose::Rotation && is_in_use(&reply) => Ok(None),
            _ => Err(refusal(&reply)),
        }
    }
}

impl Deed {
    pub(super) fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Delete => '-',
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl Change {
    pub(super) fn new(
        kind: &'static str,
        name: String,
        deed: Deed,
        fields: Vec<FieldChange>,
        call: PlannedCall,
    ) -> Self {
        Self {
            kind,
            name,
            deed,
            fields,
            call,
            secret: None,
        }
    }

    pub(super) fn called(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    /// What a wire profile sets is no secret; what a webhook adds may be.
    fn hides(&self, field: &FieldChange) -> bool {
        self.kind == WEBHOOK && HIDDEN.contains(&field.field.as_str())
    }

    /// A field of it, for people.
    pub(super) fn told(&self, one: &FieldChange) -> String {
        let FieldChange { field, from, to } = one;
        match (self.hides(one), self.deed) {
            (true, _) => format!("{field}: ***"),
            (false, Deed::Create) => format!("{field}: {}", shortened(to)),
            (false, Deed::Update | Deed::Delete) => {
                format!("{field}: {} → {}", shortened(from), shortened(to))
            }
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let field = |one: &FieldChange| {
            let is_hidden = self.hides(one);
            let shown = |value: &Value| {
                if is_hidden {
                    json!("***")
                } else {
                    value.clone()
                }
            };
            json!({"field": one.field, "from": shown(&one.from), "to": shown(&one.to)})
        };
        let fields: Vec<Value> = self.fields.iter().map(field).collect();
        json!({
            "kind": self.kind, "name": self.name, "action": self.deed.as_str(), "fields": fields,
            "secret": self.secret,
        })
    }
}

/// A value as JSON; of a logo or a certificate its beginning tells enough.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether a rotation was refused because the secret signs already.
fn is_in_use(reply: &RestReply) -> bool {
    let problem = serde_json::from_slice::<ApiProblem>(&reply.body);
    let mut errors = problem.into_iter().flat_map(|problem| problem.errors);
    errors.any(|error| error.field == "secret" && error.message == SECRET_IN_USE)
}
