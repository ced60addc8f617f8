//! What has to change for the server to be as declared.
//!
//! Owns: reading what is there, comparing, the calls that make up the difference. Refuses: making
//! them.

use std::collections::HashSet;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::change::{Change, Deed, FieldChange, PlannedCall};
use super::declared::DeclaredState;
use super::same::{is_same, is_same_part};
use crate::cli::rest::settings;
use crate::cli::rest::{Api, encoded, parse};
use crate::net::RestMethod;

pub(super) const EVENT_TYPE: &str = "event type";
pub(super) const VERSION: &str = "event type version";
pub(super) const WEBHOOK: &str = "webhook";
/// What is deleted first: nothing leaves the catalogue that a webhook pins.
const DELETED_IN_ORDER: [&str; 3] = [WEBHOOK, VERSION, EVENT_TYPE];
/// What can be told of a webhook only when it is created.
const ONCE: [&str; 2] = ["secret", "consumer"];

/// All that has to change, in the order in which it can.
pub(super) struct ApplyPlan {
    pub(super) changes: Vec<Change>,
    /// What leaves, behind all that is changed.
    deletions: Vec<Change>,
}

/// What becomes of what the file does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unnamed {
    Kept,
    Deleted,
}

impl ApplyPlan {
    /// Compares what is there with what is declared.
    pub(super) async fn of(
        api: &Api,
        declared: &DeclaredState,
        unnamed: Unnamed,
    ) -> anyhow::Result<Self> {
        let mut plan = Self {
            changes: Vec::new(),
            deletions: Vec::new(),
        };
        plan.settings(api, &declared.settings).await?;
        for profile in &declared.profiles {
            plan.profile(api, profile).await?;
        }
        plan.event_types(api, &declared.event_types, unnamed)
            .await?;
        plan.webhooks(api, &declared.webhooks, unnamed).await?;
        let place = |change: &Change| DELETED_IN_ORDER.iter().position(|own| *own == change.kind);
        plan.deletions.sort_by_key(place);
        plan.changes.append(&mut plan.deletions);
        Ok(plan)
    }

    async fn settings(&mut self, api: &Api, wanted: &Map<String, Value>) -> anyhow::Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let path = settings::path(api).await?;
        let present: Value = parse(&api.fetch(&path).await?)?;
        let name = text(&present, "name");
        self.update("settings", name, wanted, &present, path);
        Ok(())
    }

    async fn profile(&mut self, api: &Api, wanted: &Map<String, Value>) -> anyhow::Result<()> {
        let name = named(wanted, "name").context("a profile without a name")?;
        let path = format!("/profiles/{}", encoded(&name));
        let present = api.find(&path).await?;
        let present: Option<Value> = present.as_deref().map(parse).transpose()?;
        let fields = match &present {
            None => all_of(wanted),
            Some(present) => differences(wanted, &present["document"], is_same_part),
        };
        if present.is_none() || !fields.is_empty() {
            self.changes.push(Change {
                kind: "profile",
                name,
                deed: if present.is_none() {
                    Deed::Create
                } else {
                    Deed::Update
                },
                fields,
                call: PlannedCall::new(RestMethod::Put, path, Some(json!(wanted))),
                secret: None,
            });
        }
        Ok(())
    }

    async fn webhooks(
        &mut self,
        api: &Api,
        wanted: &[Map<String, Value>],
        unnamed: Unnamed,
    ) -> anyhow::Result<()> {
        if wanted.is_empty() && unnamed == Unnamed::Kept {
            return Ok(());
        }
        let mut there = api.all("/webhooks").await?;
        there.retain(|present| present["status"] != "revoked");
        let mut found = HashSet::new();
        // What consumers own is theirs, unless the file declares something for them.
        let mut owners = vec![Value::Null];
        for one in wanted {
            let (member, name) = identity(one)?;
            let owner = owner(api, one).await?;
            let fits = |present: &&Value| {
                owner.as_ref() == Some(&present["consumer_id"])
                    && is_same(member, &json!(name), &present[member])
            };
            let fitting: Vec<&Value> = there.iter().filter(fits).collect();
            match fitting.as_slice() {
                [] => self.create_webhook(name, one),
                [present] if found.insert(text(present, "id")) => {
                    self.update_webhook(name, one, present);
                }
                [_] => bail!("two declared webhooks have the {member} {name}"),
                several => bail!(
                    "{} webhooks there have the {member} {name}; give each a label of its own",
                    several.len()
                ),
            }
            owners.extend(owner);
        }
        there.retain(|present| owners.contains(&present["consumer_id"]));
        for present in there.iter().filter(|_| unnamed == Unnamed::Deleted) {
            let id = text(present, "id");
            if !found.contains(&id) {
                let name = Some(text(present, "label")).filter(|label| !label.is_empty());
                let name = name.unwrap_or_else(|| text(present, "url"));
                self.delete(WEBHOOK, name, format!("/webhooks/{}", encoded(&id)));
            }
        }
        Ok(())
    }

    fn create_webhook(&mut self, name: String, wanted: &Map<String, Value>) {
        let path = "/webhooks".to_owned();
        self.changes.push(Change {
            kind: WEBHOOK,
            name,
            deed: Deed::Create,
            fields: all_of(wanted),
            call: PlannedCall::new(RestMethod::Post, path, Some(json!(wanted))),
            secret: None,
        });
    }

    fn update_webhook(&mut self, name: String, wanted: &Map<String, Value>, present: &Value) {
        let mut wanted = wanted.clone();
        wanted.retain(|field, _| !ONCE.contains(&field.as_str()));
        let mut present = present.clone();
        present["active"] = json!(present["status"] == "active");
        let path = format!("/webhooks/{}", encoded(&text(&present, "id")));
        self.update(WEBHOOK, name, &wanted, &present, path);
    }

    /// A call that changes the fields that differ, where there are any.
    fn update(
        &mut self,
        kind: &'static str,
        name: String,
        wanted: &Map<String, Value>,
        present: &Value,
        path: String,
    ) {
        let fields = differences(wanted, present, is_same);
        if fields.is_empty() {
            return;
        }
        let changed = fields
            .iter()
            .map(|one| (one.field.clone(), wanted[&one.field].clone()));
        let body = Value::Object(changed.collect());
        self.changes.push(Change {
            kind,
            name,
            deed: Deed::Update,
            fields,
            call: PlannedCall::new(RestMethod::Patch, path, Some(body)),
            secret: None,
        });
    }

    pub(super) fn delete(&mut self, kind: &'static str, name: String, path: String) {
        self.deletions.push(Change {
            kind,
            name,
            deed: Deed::Delete,
            fields: Vec::new(),
            call: PlannedCall::new(RestMethod::Delete, path, None),
            secret: None,
        });
    }
}

pub(super) fn differences(
    wanted: &Map<String, Value>,
    present: &Value,
    same: fn(&str, &Value, &Value) -> bool,
) -> Vec<FieldChange> {
    let differing = wanted
        .iter()
        .filter(|(field, value)| !same(field, value, &present[field.as_str()]));
    differing
        .map(|(field, value)| FieldChange {
            field: field.clone(),
            from: present[field.as_str()].clone(),
            to: value.clone(),
        })
        .collect()
}

pub(super) fn all_of(wanted: &Map<String, Value>) -> Vec<FieldChange> {
    differences(wanted, &Value::Null, |_, _, _| false)
}

/// Whose a declared webhook is: the id of its consumer, null for the platform's own; `None` where
/// there is no such consumer, so that nothing can be theirs.
async fn owner(api: &Api, webhook: &Map<String, Value>) -> anyhow::Result<Option<Value>> {
    let Some(consumer) = named(webhook, "consumer") else {
        return Ok(Some(Value::Null));
    };
    let path = format!("/consumers/{}", encoded(&consumer));
    let present = api.find(&path).await?;
    let present: Option<Value> = present.as_deref().map(parse).transpose()?;
    Ok(present.map(|present| present["id"].clone()))
}

/// By what a declared webhook is found, and its value.
fn identity(webhook: &Map<String, Value>) -> anyhow::Result<(&'static str, String)> {
    let url = named(webhook, "url").context("a webhook without a url")?;
    Ok(match named(webhook, "label") {
        Some(label) => ("label", label),
        None => ("url", url),
    })
}

pub(super) fn named(object: &Map<String, Value>, member: &str) -> Option<String> {
    let text = object.get(member)?.as_str()?;
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

pub(super) fn text(object: &Value, member: &str) -> String {
    object[member].as_str().unwrap_or_default().to_owned()
}
