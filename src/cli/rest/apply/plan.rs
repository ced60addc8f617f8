//! What has to change for the server to be as declared.
//!
//! Owns: reading what is there, comparing, the calls that make up the difference. Refuses: making
//! them.

use std::collections::HashSet;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::change::{Change, Deed, EVENT_TYPE, FieldChange, PlannedCall, VERSION, WEBHOOK};
use super::declared::DeclaredState;
use super::same::{is_of_profile, is_same, is_same_whole};
use crate::cli::rest::settings;
use crate::cli::rest::{Api, encoded, parse};
use crate::domain::profile::Profile;
use crate::domain::profile::gallery::in_gallery;

/// What is deleted first: nothing leaves the catalogue that a webhook pins.
const DELETED_IN_ORDER: [&str; 3] = [WEBHOOK, VERSION, EVENT_TYPE];
/// What can be told of a webhook only when it is created.
const ONCE: [&str; 2] = ["secret", "consumer"];

/// All that has to change, in the order in which it can.
pub(super) struct ApplyPlan {
    pub(super) changes: Vec<Change>,
    /// What leaves, behind all that is changed.
    deletions: Vec<Change>,
    pub(super) unnamed: Unnamed,
}

/// A thing that the file declares, beside what is there of it.
pub(super) struct DeclaredThing<'a> {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) wanted: &'a Map<String, Value>,
    pub(super) present: Option<&'a Value>,
    /// Whether a field is as declared.
    pub(super) same: fn(&str, &Value, &Value) -> bool,
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
            unnamed,
        };
        plan.settings(api, &declared.settings).await?;
        for profile in &declared.profiles {
            plan.profile(api, profile).await?;
        }
        plan.event_types(api, &declared.event_types).await?;
        plan.webhooks(api, &declared.webhooks).await?;
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
        let settings = DeclaredThing {
            kind: "settings",
            name: text(&present, "name"),
            wanted,
            present: Some(&present),
            same: is_same,
        };
        self.bring(settings, |fields| PlannedCall::patch(path, fields));
        Ok(())
    }

    async fn profile(&mut self, api: &Api, wanted: &Map<String, Value>) -> anyhow::Result<()> {
        let name = named(wanted, "name").context("a profile without a name")?;
        let path = format!("/profiles/{}", encoded(&name));
        let present = api.find(&path).await?;
        let present: Option<Value> = present.as_deref().map(parse).transpose()?;
        let present = present.as_ref().map(|present| &present["document"]);
        let profile = DeclaredThing {
            kind: "profile",
            name,
            wanted: &laid_out(wanted, present),
            present,
            same: is_same_whole,
        };
        self.bring(profile, |_| PlannedCall::put(path, json!(wanted)));
        Ok(())
    }

    async fn webhooks(&mut self, api: &Api, wanted: &[Map<String, Value>]) -> anyhow::Result<()> {
        if wanted.is_empty() && self.unnamed == Unnamed::Kept {
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
                [] => self.webhook(name, one, None),
                [present] if found.insert(text(present, "id")) => {
                    self.webhook(name, one, Some(present));
                }
                [_] => bail!("two declared webhooks have the {member} {name}"),
                several => bail!(
                    "several webhooks ({}) there have the {member} {name}; give each a label of its own",
                    several.len()
                ),
            }
            owners.extend(owner);
        }
        there.retain(|present| owners.contains(&present["consumer_id"]));
        there.retain(|present| !found.contains(&text(present, "id")));
        self.leave(WEBHOOK, &there, |present| {
            let name = Some(text(present, "label")).filter(|label| !label.is_empty());
            let name = name.unwrap_or_else(|| text(present, "url"));
            (name, webhook_path(present))
        });
        Ok(())
    }

    fn webhook(&mut self, name: String, wanted: &Map<String, Value>, present: Option<&Value>) {
        let (mut wanted, mut present) = (wanted.clone(), present.cloned());
        if let Some(present) = &mut present {
            wanted.retain(|field, _| !ONCE.contains(&field.as_str()));
            present["active"] = json!(present["status"] == "active");
            let profile = wanted.get("profile").unwrap_or(&present["profile"]).clone();
            wanted.retain(|field, value| {
                !value.is_null() || !is_of_profile(field, &profile, &present[field.as_str()])
            });
        }
        let webhook = DeclaredThing {
            kind: WEBHOOK,
            name,
            wanted: &wanted,
            present: present.as_ref(),
            same: is_same,
        };
        self.bring(webhook, |fields| match &present {
            Some(present) => PlannedCall::patch(webhook_path(present), fields),
            None => PlannedCall::post("/webhooks".to_owned(), json!(wanted)),
        });
    }

    /// Plans what brings a thing to what is declared, unless it is so; `call` makes it of what differs.
    pub(super) fn bring(
        &mut self,
        thing: DeclaredThing<'_>,
        call: impl FnOnce(&[FieldChange]) -> PlannedCall,
    ) {
        let (deed, fields) = match thing.present {
            None => (Deed::Create, all_of(thing.wanted)),
            Some(present) => (Deed::Update, differences(thing.wanted, present, thing.same)),
        };
        if deed == Deed::Create || !fields.is_empty() {
            let call = call(&fields);
            let change = Change::new(thing.kind, thing.name, deed, fields, call);
            self.changes.push(change);
        }
    }

    /// Plans the end of those that the file does not name, where that was asked for; `called` says what one
    /// is called and where it is.
    pub(super) fn leave(
        &mut self,
        kind: &'static str,
        unnamed: &[Value],
        called: impl Fn(&Value) -> (String, String),
    ) {
        if self.unnamed == Unnamed::Kept {
            return;
        }
        self.deletions.extend(unnamed.iter().map(|present| {
            let (name, path) = called(present);
            Change::new(
                kind,
                name,
                Deed::Delete,
                Vec::new(),
                PlannedCall::delete(path),
            )
        }));
    }
}

fn webhook_path(present: &Value) -> String {
    format!("/webhooks/{}", encoded(&text(present, "id")))
}

fn differences(
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

fn all_of(wanted: &Map<String, Value>) -> Vec<FieldChange> {
    differences(wanted, &Value::Null, |_, _, _| false)
}

/// A declared profile as the server lays it out, with the gallery's words where it is one of those. A
/// profile is replaced as a whole: what is there and not declared ends.
fn laid_out(wanted: &Map<String, Value>, present: Option<&Value>) -> Map<String, Value> {
    let mut document = wanted.clone();
    let taken = named(wanted, "gallery");
    if let Some(found) = taken.as_deref().and_then(in_gallery) {
        document = found
            .profile
            .to_json()
            .as_object()
            .cloned()
            .unwrap_or_default();
        document.extend(wanted.clone());
        document.remove("gallery");
    }
    // What makes no sense is the server's to refuse.
    let read = Profile::from_json(Value::Object(document.clone())).map(|profile| profile.to_json());
    if let Ok(Value::Object(read)) = read {
        document = read;
    }
    for name in present
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::keys)
    {
        document.entry(name.clone()).or_insert(Value::Null);
    }
    document
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
