//! Webhooks: what has to change for them to be as declared.
//!
//! Owns: finding the one that is meant, and its secret, which is told once. Refuses: touching what consumers
//! own of whom the file says nothing.
//!
//! # Why a URL that leads elsewhere takes secrets along
//! Nothing that its old receiver was trusted with follows a webhook to another origin: the server asks for
//! credentials again, and makes another secret unless it is told one. What the file says of them goes along.

use std::collections::HashSet;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::change::{Change, Deed, FieldChange, PlannedCall, WEBHOOK};
use super::plan::{ApplyPlan, DeclaredThing, Unnamed, Unread, named, text};
use super::same::{Likeness, needs_profile, of_webhook};
use crate::cli::rest::{Api, encoded, parse};
use crate::domain::profile::Profile;
use crate::service::webhooks::is_moved;

impl ApplyPlan {
    pub(super) async fn webhooks(
        &mut self,
        api: &Api,
        wanted: &[Map<String, Value>],
    ) -> anyhow::Result<()> {
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
                    && of_webhook(None, member, &json!(name), &present[member]) == Likeness::Same
            };
            let fitting: Vec<&Value> = there.iter().filter(fits).collect();
            match fitting.as_slice() {
                [] => self.new_webhook(name, one),
                [present] if found.insert(text(present, "id")) => {
                    let profile = named(one, "profile").unwrap_or_else(|| text(present, "profile"));
                    let profile = match needs_profile(one) {
                        true => self.known_profile(api, &profile).await,
                        false => None,
                    };
                    self.webhook(name, one, present, profile.as_deref());
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
            (name, path_of(present))
        });
        Ok(())
    }

    fn new_webhook(&mut self, name: String, wanted: &Map<String, Value>) {
        let nothing = |_: &str, _: &Value, _: &Value| Likeness::Different;
        let webhook = DeclaredThing::new(WEBHOOK, name, wanted, None, &nothing);
        self.bring(webhook, |_| {
            PlannedCall::post("/webhooks".to_owned(), json!(wanted))
        });
    }

    fn webhook(
        &mut self,
        name: String,
        wanted: &Map<String, Value>,
        present: &Value,
        profile: Option<&Profile>,
    ) {
        let (mut wanted, mut present) = (wanted.clone(), present.clone());
        present["active"] = json!(present["status"] == "active");
        // By whom it is owned it was found.
        wanted.remove("consumer");
        let secret = wanted.remove("secret").filter(|own| !own.is_null());
        let url = named(&wanted, "url").unwrap_or_default();
        let is_moved = present["url"]
            .as_str()
            .is_some_and(|from| is_moved(from, &url));
        let unread = match is_moved {
            true => Unread::Sent,
            false => self.unread,
        };
        let mut not_compared = Vec::new();
        match secret {
            Some(secret) if is_moved => {
                wanted.insert("secret".to_owned(), secret);
            }
            Some(secret) if unread == Unread::Sent => self.secret(&name, &present, secret),
            Some(_) => not_compared.push("secret".to_owned()),
            None => {}
        }
        let path = path_of(&present);
        let webhook = DeclaredThing {
            kind: WEBHOOK,
            name,
            wanted: &wanted,
            present: Some(&present),
            same: &|field, wanted, present| of_webhook(profile, field, wanted, present),
            unread,
            not_compared,
        };
        self.bring(webhook, |fields| PlannedCall::patch(path, fields));
    }

    /// A secret is changed by a call of its own, and old ones go on signing for a day.
    fn secret(&mut self, name: &str, present: &Value, secret: Value) {
        let path = format!("{}/rotate-secret", path_of(present));
        let call = PlannedCall::rotate(path, json!({ "secret": secret }));
        let field = FieldChange {
            field: "secret".to_owned(),
            from: Value::Null,
            to: secret,
        };
        let change = Change::new(WEBHOOK, name.to_owned(), Deed::Update, vec![field], call);
        self.changes.push(change);
    }
}

fn path_of(present: &Value) -> String {
    format!("/webhooks/{}", encoded(&text(present, "id")))
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
