//! Wire profiles: looking at them, adding one's own.
//!
//! Owns: the rules of changing and removing profiles. Refuses: understanding their fields
//! (`domain::profile`).
//!
//! # Why built-in profiles can't be changed
//! They are promises that other systems have made to their receivers. Who needs another envelope
//! copies one under another name.

use serde_json::{Value, json};

use super::event_types::Placed;
use super::idempotency::idempotent;
use super::{Caller, Done, Idempotency, Refusal, Service, audit_instance};
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::plural::counted;
use crate::domain::profile::{Origin, Profile, ProfileError, StoredProfile};
use crate::store::profiles::{self, PROFILES_MAX};
use crate::store::{Read, StoreError, WriteTx, secrets, workspaces};

impl From<ProfileError> for Refusal {
    fn from(error: ProfileError) -> Self {
        Self::field(error.field, error.message)
    }
}

impl Service {
    /// Every profile, by name.
    pub async fn profiles(&self) -> Result<Vec<StoredProfile>, Refusal> {
        let read = |conn: &Read<'_>| profiles::list(conn);
        Ok(self.store().read(read).await?)
    }

    /// A page of the profiles, newest first.
    pub async fn profiles_page(
        &self,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<StoredProfile>, Refusal> {
        let read = move |conn: &Read<'_>| profiles::page(conn, cursor, limit);
        Ok(self.store().read(read).await?)
    }

    /// The profile called `name`.
    pub async fn profile(&self, name: &str) -> Result<StoredProfile, Refusal> {
        let name = name.to_owned();
        self.store()
            .read(move |conn| profiles::find(conn, &name).map_err(Refusal::from))
            .await?
            .ok_or(Refusal::NotFound("profile"))
    }

    /// Adds a profile.
    ///
    /// # Errors
    /// The field at fault; [`Refusal::Conflict`] where the name is taken.
    pub async fn create_profile(
        &self,
        caller: &Caller,
        document: Value,
        key: Idempotency<StoredProfile>,
    ) -> Result<Done<StoredProfile>, Refusal> {
        let profile = Profile::from_json(document)?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            idempotent(tx, &caller, &key, |tx| {
                if profiles::find(tx, profile.name())?.is_some() {
                    return Err(Refusal::Conflict(format!(
                        "there is a profile called {} already",
                        profile.name()
                    )));
                }
                put(tx, &caller, &profile, "profile.create")
            })
        };
        self.store().write(work).await
    }

    /// Adds or replaces the profile called `name`. Webhooks that use it go on with the new version;
    /// deliveries that have begun keep theirs.
    ///
    /// # Errors
    /// The field at fault; [`Refusal::Conflict`] for a built-in profile.
    pub async fn put_profile(
        &self,
        caller: &Caller,
        name: &str,
        document: Value,
    ) -> Result<(StoredProfile, Placed), Refusal> {
        let profile = Profile::from_json(document)?;
        if profile.name() != name {
            let message = format!("must be {name}, as in the path");
            return Err(Refusal::field("name", message));
        }
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let Some(known) = profiles::find(tx, profile.name())? else {
                let added = put(tx, &caller, &profile, "profile.create")?;
                return Ok((added, Placed::Added));
            };
            refuse_built_in(&known)?;
            check_secrets_fit(tx, &profile)?;
            let replaced = put(tx, &caller, &profile, "profile.update")?;
            Ok((replaced, Placed::Replaced))
        };
        self.store().write(work).await
    }

    /// Takes a profile out of use.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] for a built-in profile and one that is used.
    pub async fn delete_profile(&self, caller: &Caller, name: &str) -> Result<(), Refusal> {
        let (caller, name) = (caller.clone(), name.to_owned());
        let work = move |tx: &mut WriteTx<'_>| {
            let known = profiles::find(tx, &name)?.ok_or(Refusal::NotFound("profile"))?;
            refuse_built_in(&known)?;
            refuse_used(tx, &name)?;
            profiles::supersede(tx, &name)?;
            audit_instance(tx, &caller.actor, "profile.delete", &name, &json!({}))
        };
        self.store().write(work).await
    }
}

fn put(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    profile: &Profile,
    action: &str,
) -> Result<StoredProfile, Refusal> {
    let name = profile.name();
    if profiles::find(tx, name)?.is_none() && profiles::list(tx)?.len() >= PROFILES_MAX {
        return Err(Refusal::Conflict(format!(
            "an instance may have at most {PROFILES_MAX} profiles; delete one first"
        )));
    }
    let seq = profiles::put(tx, name, Origin::Api, profile.source())?;
    profiles::adopt(tx, name, seq)?;
    audit_instance(tx, &caller.actor, action, name, &json!({}))?;
    let stored = profiles::find(tx, name)?;
    stored.ok_or_else(|| StoreError::Damaged(format!("profile {name} vanished")).into())
}

/// Webhooks keep their secrets when their profile changes, so those must still make keys.
fn check_secrets_fit(tx: &WriteTx<'_>, profile: &Profile) -> Result<(), Refusal> {
    for webhook_seq in profiles::webhooks_on(tx, profile.name())? {
        let live = secrets::live(tx, tx.vault(), webhook_seq, tx.now())?;
        let misfit = live
            .first()
            .and_then(|newest| profile.signing_key(&newest.secret).err());
        if let Some(error) = misfit {
            let message = format!("does not fit the secrets of webhooks that use it: {error}");
            return Err(Refusal::field("signature.key", message));
        }
    }
    Ok(())
}

fn refuse_built_in(profile: &StoredProfile) -> Result<(), Refusal> {
    match profile.origin {
        Origin::BuiltIn => Err(Refusal::Conflict(format!(
            "{} is built in and can't be changed; copy it under another name",
            profile.name
        ))),
        Origin::File => Err(Refusal::Conflict(format!(
            "{} comes from a file of the operator's; change the file",
            profile.name
        ))),
        Origin::Api => Ok(()),
    }
}

fn refuse_used(tx: &WriteTx<'_>, name: &str) -> Result<(), Refusal> {
    let used = profiles::webhooks_using(tx, name)?;
    if used > 0 {
        return Err(Refusal::Conflict(format!(
            "the profile {name} is used by {}; give that another one first",
            counted(used, "webhook", "webhooks")
        )));
    }
    let workspaces = workspaces::count_using_profile(tx, name)?;
    if workspaces > 0 {
        return Err(Refusal::Conflict(format!(
            "the profile {name} is used by {}; give that another one first",
            counted(workspaces, "workspace", "workspaces")
        )));
    }
    Ok(())
}
