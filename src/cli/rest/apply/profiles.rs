//! Wire profiles: what has to change for them to be as declared.
//!
//! Owns: comparing them, and finding one that a webhook is of. Refuses: deleting where the file has no list
//! of profiles: they are the whole instance's, and a file that says nothing of them means none of them.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::change::{PROFILE, PlannedCall};
use super::plan::{ApplyPlan, DeclaredThing, Unnamed, named, text};
use super::same::of_profile;
use crate::cli::rest::{Api, encoded, parse};
use crate::domain::profile::Profile;
use crate::domain::profile::gallery::in_gallery;

impl ApplyPlan {
    pub(super) async fn profiles(
        &mut self,
        api: &Api,
        wanted: Option<&[Map<String, Value>]>,
    ) -> anyhow::Result<()> {
        let Some(wanted) = wanted else {
            return Ok(());
        };
        let mut names = HashSet::new();
        for one in wanted {
            let name = named(one, "name").context("a profile without a name")?;
            if !names.insert(name.clone()) {
                bail!("the profile {name} is declared twice");
            }
            self.profile(api, name, one).await?;
        }
        if self.unnamed == Unnamed::Deleted {
            let mut there = api.all("/profiles").await?;
            // What is built in or a file of the server's cannot be deleted here.
            there.retain(|present| present["origin"] == "api");
            there.retain(|present| !names.contains(&text(present, "name")));
            self.leave(PROFILE, &there, |present| {
                let name = text(present, "name");
                let path = path_of(&name);
                (name, path)
            });
        }
        Ok(())
    }

    async fn profile(
        &mut self,
        api: &Api,
        name: String,
        wanted: &Map<String, Value>,
    ) -> anyhow::Result<()> {
        let path = path_of(&name);
        let present = api.find(&path).await?;
        let present: Option<Value> = present.as_deref().map(parse).transpose()?;
        let present = present.as_ref().map(|present| &present["document"]);
        let (said, read) = read(wanted);
        self.known_profiles.insert(name.clone(), read);
        let whole = whole(said, present);
        let profile = DeclaredThing::new(PROFILE, name, &whole, present, &of_profile);
        self.bring(profile, |_| PlannedCall::put(path, json!(wanted)));
        Ok(())
    }

    /// The profile called `name`: as it will be where the file declares it, else as it is; `None` where it
    /// cannot be read with this key.
    pub(super) async fn known_profile(&mut self, api: &Api, name: &str) -> Option<Arc<Profile>> {
        if let Some(profile) = Profile::built_in_named(name) {
            return Some(profile);
        }
        if let Some(known) = self.known_profiles.get(name) {
            return known.clone();
        }
        let there = api.find(&path_of(name)).await.ok().flatten();
        let there: Option<Value> = there.and_then(|body| parse(&body).ok());
        let read = there.and_then(|mut there| Profile::from_json(there["document"].take()).ok());
        let read = read.map(Arc::new);
        self.known_profiles.insert(name.to_owned(), read.clone());
        read
    }
}

fn path_of(name: &str) -> String {
    format!("/profiles/{}", encoded(name))
}

/// A declared profile as the server lays it out, with the gallery's words where it is one of those; and
/// the profile that it is, unless it makes no sense, which is the server's to refuse.
fn read(wanted: &Map<String, Value>) -> (Map<String, Value>, Option<Arc<Profile>>) {
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
    let read = Profile::from_json(Value::Object(document.clone())).ok();
    let laid_out = read.as_ref().map(Profile::to_json);
    match laid_out {
        Some(Value::Object(laid_out)) => (laid_out, read.map(Arc::new)),
        _ => (document, None),
    }
}

/// A profile is replaced as a whole: what is there and not declared ends.
fn whole(mut said: Map<String, Value>, present: Option<&Value>) -> Map<String, Value> {
    let there = present.and_then(Value::as_object);
    for name in there.into_iter().flat_map(Map::keys) {
        said.entry(name.clone()).or_insert(Value::Null);
    }
    said
}
