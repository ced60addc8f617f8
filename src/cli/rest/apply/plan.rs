//! What has to change for the server to be as declared.
//!
//! Owns: the order of changes, comparing a thing field by field, settings. Refuses: making the calls that
//! it plans.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::change::{
    Change, Deed, EVENT_TYPE, FieldChange, PROFILE, PlannedCall, VERSION, WEBHOOK,
};
use super::declared::DeclaredState;
use super::same::{Likeness, setting};
use crate::cli::rest::settings;
use crate::cli::rest::{Api, parse};
use crate::domain::profile::Profile;

/// What is deleted first: nothing leaves that what leaves later still uses.
const DELETED_IN_ORDER: [&str; 4] = [WEBHOOK, VERSION, EVENT_TYPE, PROFILE];

/// All that has to change, in the order in which it can.
pub(super) struct ApplyPlan {
    pub(super) changes: Vec<Change>,
    /// What leaves, behind all that is changed.
    deletions: Vec<Change>,
    pub(super) not_compared: Vec<NotCompared>,
    pub(super) unnamed: Unnamed,
    pub(super) unread: Unread,
    /// Wire profiles by name, as far as they were asked for; `None` where one cannot be read.
    pub(super) known_profiles: HashMap<String, Option<Arc<Profile>>>,
}

/// A thing that the file declares, beside what is there of it.
pub(super) struct DeclaredThing<'a> {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) wanted: &'a Map<String, Value>,
    pub(super) present: Option<&'a Value>,
    /// How a field compares.
    pub(super) same: &'a dyn Fn(&str, &Value, &Value) -> Likeness,
    /// What becomes of values that do not read back.
    pub(super) unread: Unread,
    /// What is declared of it besides and does not read back.
    pub(super) not_compared: Vec<String>,
}

/// Fields of a thing of which nobody can say whether they are as declared.
#[derive(Debug)]
pub(super) struct NotCompared {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) fields: Vec<String>,
}

/// What becomes of what the file does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unnamed {
    Kept,
    Deleted,
}

/// What becomes of declared values that do not read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// They are said not to have been compared.
    Told,
    /// They are sent, whatever is there.
    Sent,
}

impl ApplyPlan {
    /// Compares what is there with what is declared.
    pub(super) async fn of(
        api: &Api,
        declared: &DeclaredState,
        unnamed: Unnamed,
        unread: Unread,
    ) -> anyhow::Result<Self> {
        let mut plan = Self {
            changes: Vec::new(),
            deletions: Vec::new(),
            not_compared: Vec::new(),
            unnamed,
            unread,
            known_profiles: HashMap::new(),
        };
        plan.settings(api, &declared.settings).await?;
        plan.profiles(api, declared.profiles.as_deref()).await?;
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
        let name = text(&present, "name");
        let settings = DeclaredThing::new("settings", name, wanted, Some(&present), &setting);
        self.bring(settings, |fields| PlannedCall::patch(path, fields));
        Ok(())
    }

    /// Plans what brings a thing to what is declared, unless it is so; `call` makes it of what differs.
    pub(super) fn bring(
        &mut self,
        mut thing: DeclaredThing<'_>,
        call: impl FnOnce(&[FieldChange]) -> PlannedCall,
    ) {
        let (deed, fields) = match thing.present {
            None => (Deed::Create, all_of(thing.wanted)),
            Some(present) => (Deed::Update, thing.differences(present)),
        };
        if deed == Deed::Create || !fields.is_empty() {
            let call = call(&fields);
            let change = Change::new(thing.kind, thing.name.clone(), deed, fields, call);
            self.changes.push(change);
        }
        if !thing.not_compared.is_empty() {
            self.not_compared.push(NotCompared {
                kind: thing.kind,
                name: thing.name,
                fields: thing.not_compared,
            });
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

impl<'a> DeclaredThing<'a> {
    /// Of a thing all of whose fields read back.
    pub(super) fn new(
        kind: &'static str,
        name: String,
        wanted: &'a Map<String, Value>,
        present: Option<&'a Value>,
        same: &'a dyn Fn(&str, &Value, &Value) -> Likeness,
    ) -> Self {
        Self {
            kind,
            name,
            wanted,
            present,
            same,
            unread: Unread::Told,
            not_compared: Vec::new(),
        }
    }

    /// The fields that have to be sent. One that no answer has is the server's to refuse.
    fn differences(&mut self, present: &Value) -> Vec<FieldChange> {
        let mut differing = Vec::new();
        for (field, value) in self.wanted {
            let there = present.get(field);
            let likeness = match there {
                Some(there) => (self.same)(field, value, there),
                None => Likeness::Different,
            };
            match (likeness, self.unread) {
                (Likeness::Same, _) => {}
                (Likeness::Unread(members), Unread::Told) => self.not_compared.extend(members),
                (Likeness::Different, _) | (Likeness::Unread(_), Unread::Sent) => {
                    differing.push(FieldChange {
                        field: field.clone(),
                        from: there.cloned().unwrap_or_default(),
                        to: value.clone(),
                    });
                }
            }
        }
        differing
    }
}

fn all_of(wanted: &Map<String, Value>) -> Vec<FieldChange> {
    let all = wanted.iter().map(|(field, value)| FieldChange {
        field: field.clone(),
        from: Value::Null,
        to: value.clone(),
    });
    all.collect()
}

impl NotCompared {
    pub(super) fn to_json(&self) -> Value {
        json!({"kind": self.kind, "name": self.name, "fields": self.fields})
    }
}

pub(super) fn named(object: &Map<String, Value>, member: &str) -> Option<String> {
    let text = object.get(member)?.as_str()?;
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

pub(super) fn text(object: &Value, member: &str) -> String {
    object[member].as_str().unwrap_or_default().to_owned()
}
