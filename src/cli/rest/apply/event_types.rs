//! Event types and their versions: what has to change for the catalogue to be as declared.
//!
//! Owns: comparing the catalogue. Refuses: what webhooks pin of it ([`super::plan`]).
//!
//! # What a list of versions says
//! An event type's `versions` are declared oldest first, for that is the order in which they are added. One
//! that is there and not in the list leaves with `--prune`; a type without a list keeps all it has.

use std::collections::HashSet;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::change::{EVENT_TYPE, PlannedCall, VERSION};
use super::plan::{ApplyPlan, DeclaredThing, Unnamed, named, text};
use super::same::of_event_type;
use crate::cli::rest::{Api, encoded};

/// What the API says of an event type or a version and does not take back.
const READ_ONLY: [&str; 4] = ["latest_version", "pinned_by", "created_at", "updated_at"];

impl ApplyPlan {
    pub(super) async fn event_types(
        &mut self,
        api: &Api,
        wanted: &[Map<String, Value>],
    ) -> anyhow::Result<()> {
        if wanted.is_empty() && self.unnamed == Unnamed::Kept {
            return Ok(());
        }
        let mut there = api.all("/event-types").await?;
        let mut names = HashSet::new();
        for one in wanted {
            let name = named(one, "name").context("an event type without a name")?;
            if !names.insert(name.clone()) {
                bail!("the event type {name} is declared twice");
            }
            let present = there
                .iter()
                .find(|present| present["name"] == name.as_str());
            let mut own = one.clone();
            let versions = own.remove("versions");
            self.put(EVENT_TYPE, name.clone(), path_of(&name), &own, present);
            let Some(versions) = versions else {
                continue;
            };
            let wanted = listed(&name, versions)?;
            let there = match present {
                Some(_) => api.all(&format!("{}/versions", path_of(&name))).await?,
                None => Vec::new(),
            };
            check_order(&name, &wanted, &there)?;
            self.versions(&name, wanted, there);
        }
        there.retain(|present| !names.contains(&text(present, "name")));
        self.leave(EVENT_TYPE, &there, |present| {
            let name = text(present, "name");
            let path = path_of(&name);
            (name, path)
        });
        Ok(())
    }

    fn versions(
        &mut self,
        of: &str,
        wanted: Vec<(String, Map<String, Value>)>,
        mut there: Vec<Value>,
    ) {
        let called = |version: &str| format!("{of} {version}");
        let path = |version: &str| format!("{}/versions/{}", path_of(of), encoded(version));
        let mut names = HashSet::new();
        for (version, own) in wanted {
            let present = there
                .iter()
                .find(|present| present["version"] == version.as_str());
            self.put(VERSION, called(&version), path(&version), &own, present);
            names.insert(version);
        }
        there.retain(|present| !names.contains(&text(present, "version")));
        self.leave(VERSION, &there, |present| {
            let version = text(present, "version");
            (called(&version), path(&version))
        });
    }

    /// Puts what is declared over what is there.
    fn put(
        &mut self,
        kind: &'static str,
        name: String,
        path: String,
        wanted: &Map<String, Value>,
        present: Option<&Value>,
    ) {
        let mut body = present
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        body.retain(|field, _| !READ_ONLY.contains(&field.as_str()));
        body.extend(wanted.clone());
        let thing = DeclaredThing::new(kind, name, wanted, present, &of_event_type);
        self.bring(thing, |_| PlannedCall::put(path, json!(body)));
    }
}

/// Refuses an order that the versions cannot come to: a new one is added as the newest, and one that is
/// there keeps its place.
fn check_order(
    of: &str,
    wanted: &[(String, Map<String, Value>)],
    newest_first: &[Value],
) -> anyhow::Result<()> {
    const RULE: &str = "versions are declared oldest first";
    let mut newest: Option<(usize, &str)> = None;
    let mut added: Option<&str> = None;
    for (name, _) in wanted {
        let place = newest_first
            .iter()
            .position(|there| there["version"] == name.as_str());
        let Some(place) = place else {
            added = Some(name);
            continue;
        };
        if let Some(added) = added {
            bail!(
                "version {added} of {of} is declared before {name}, which is there already, and would be \
                 added after it: {RULE}"
            );
        }
        if let Some((_, earlier)) = newest.filter(|(earlier, _)| *earlier < place) {
            bail!(
                "version {earlier} of {of} is declared before {name}, but was added after it: {RULE}"
            );
        }
        newest = Some((place, name));
    }
    Ok(())
}

fn path_of(event_type: &str) -> String {
    format!("/event-types/{}", encoded(event_type))
}

/// The declared versions, each with its name and the rest of what is said of it.
fn listed(of: &str, versions: Value) -> anyhow::Result<Vec<(String, Map<String, Value>)>> {
    let list: Vec<Map<String, Value>> = serde_json::from_value(versions)
        .with_context(|| format!("versions of {of} are no list of tables"))?;
    let mut found: Vec<(String, Map<String, Value>)> = Vec::with_capacity(list.len());
    for mut one in list {
        let name = match one.remove("version") {
            Some(Value::String(name)) if !name.is_empty() => name,
            Some(Value::Number(number)) => number.to_string(),
            Some(_) | None => bail!("{of} has a version without a name: give it a version"),
        };
        if found.iter().any(|(known, _)| *known == name) {
            bail!("version {name} of {of} is declared twice");
        }
        found.push((name, one));
    }
    Ok(found)
}
