//! Consumers: the platform's customers.
//!
//! Owns: who may be added, changed and ended, and what becomes of what is theirs. Refuses: registering
//! their webhooks and publishing to them (`webhooks`, `events`).
//!
//! # Why deleting one does not wait
//! A consumer may have thousands of deliveries that wait. Its webhooks are out with the transaction
//! that deletes it, its keys open nothing any more; what waits is called off as for any webhook that
//! ends, in batches.

use serde_json::json;

use super::alerts::set_consumer_target;
use super::event_types::Placed;
use super::idempotency::idempotent;
use super::{Caller, Done, Idempotency, Refusal, Service, audit};
use crate::domain::consumer::{Consumer, ConsumerRef, ConsumerSettings, ConsumerUid, Erasure};
use crate::domain::id::ConsumerId;
use crate::domain::page::{Cursor, Limit, Page};
use crate::store::{Read, WriteTx, consumers, keys, portal_links, webhooks};

mod input;
mod named;
mod own_alerts;

pub use input::ConsumerInput;
use input::{CheckedConsumer, check};
pub use named::NamedConsumer;
pub(super) use named::{CheckedName, asked_for, bound_to, check_named, owner_of};
pub use own_alerts::OwnAlerts;

impl Service {
    /// Adds a consumer to the caller's workspace.
    ///
    /// # Errors
    /// The fields at fault; [`Refusal::Conflict`] where its `uid` is taken.
    pub async fn create_consumer(
        &self,
        caller: &Caller,
        mut input: ConsumerInput,
        key: Idempotency<Consumer>,
    ) -> Result<Done<Consumer>, Refusal> {
        caller.check_platform()?;
        self.check_alert_url(caller, &mut input).await?;
        let CheckedConsumer { uid, settings } = check(&input, ConsumerSettings::default())?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            idempotent(tx, &caller, &key, |tx| {
                let id = add(tx, &caller, uid.as_ref(), &settings)?;
                stored(tx, &caller, id)
            })
        };
        self.store().write(work).await
    }

    /// A page of consumers, newest first: all, or those whose `uid` or name begins with `prefix`.
    pub async fn consumers(
        &self,
        caller: &Caller,
        prefix: Option<String>,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<Consumer>, Refusal> {
        let purview = caller.purview();
        self.read(move |_, conn| {
            let prefix = prefix.as_deref();
            Ok(consumers::list(conn, purview, prefix, cursor, limit)?)
        })
        .await
    }

    /// Which of some consumers, by their rows, have a webhook in use.
    pub async fn consumers_listening(
        &self,
        seqs: impl IntoIterator<Item = i64>,
    ) -> Result<Vec<i64>, Refusal> {
        let seqs: Vec<i64> = seqs.into_iter().collect();
        self.read(move |_, conn| Ok(webhooks::listening(conn, &seqs)?))
            .await
    }

    /// The consumer that `named` means: its id or its `uid`.
    pub async fn consumer(&self, caller: &Caller, named: &str) -> Result<Consumer, Refusal> {
        let (caller, named) = (caller.clone(), named.to_owned());
        self.read(move |_, conn| found(conn, &caller, &named)).await
    }

    /// Adds or replaces the consumer that `named` means. What is new is named by its `uid`.
    ///
    /// # Errors
    /// The fields at fault; [`Refusal::NotFound`] where `named` is an id that nobody has;
    /// [`Refusal::Conflict`] where another has its new `uid`.
    pub async fn put_consumer(
        &self,
        caller: &Caller,
        named: &str,
        mut input: ConsumerInput,
    ) -> Result<(Consumer, Placed), Refusal> {
        caller.check_platform()?;
        self.check_alert_url(caller, &mut input).await?;
        let (caller, named) = (caller.clone(), named.to_owned());
        let CheckedConsumer { uid, settings } = check(&input, ConsumerSettings::default())?;
        let work = move |tx: &mut WriteTx<'_>| {
            let known = ConsumerRef::parse(&named)
                .map(|named| consumers::find(tx, caller.workspace.seq(), &named))
                .transpose()?
                .flatten();
            if let Some(known) = known {
                let uid = uid.or_else(|| known.uid.clone());
                return Ok((
                    change(tx, &caller, &known, uid.as_ref(), &settings)?,
                    Placed::Replaced,
                ));
            }
            let own = match ConsumerRef::parse(&named) {
                Some(ConsumerRef::Uid(own)) => own,
                Some(ConsumerRef::Id(_)) => return Err(Refusal::NotFound("consumer")),
                None => {
                    ConsumerUid::parse(&named).map_err(|message| Refusal::field("uid", message))?
                }
            };
            if uid.is_some_and(|given| given != own) {
                let message = format!("must be {named}, as in the path");
                return Err(Refusal::field("uid", message));
            }
            let id = add(tx, &caller, Some(&own), &settings)?;
            Ok((stored(tx, &caller, id)?, Placed::Added))
        };
        self.store().write(work).await
    }

    /// Changes what the caller names and leaves the rest.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; the fields at fault; [`Refusal::Conflict`] where another has its new
    /// `uid`.
    pub async fn update_consumer(
        &self,
        caller: &Caller,
        named: &str,
        mut input: ConsumerInput,
    ) -> Result<Consumer, Refusal> {
        self.check_alert_url(caller, &mut input).await?;
        let (caller, named) = (caller.clone(), named.to_owned());
        let work = move |tx: &mut WriteTx<'_>| {
            let known = found(tx, &caller, &named)?;
            caller.check_platform()?;
            let CheckedConsumer { uid, settings } = check(&input, known.settings.clone())?;
            let uid = uid.or_else(|| known.uid.clone());
            change(tx, &caller, &known, uid.as_ref(), &settings)
        };
        self.store().write(work).await
    }

    /// Ends a consumer: its webhooks are deleted, its keys revoked. Its history stays until retention,
    /// or is emptied of its data.
    pub async fn delete_consumer(
        &self,
        caller: &Caller,
        named: &str,
        erasure: Erasure,
    ) -> Result<(), Refusal> {
        let (caller, named) = (caller.clone(), named.to_owned());
        let work = move |tx: &mut WriteTx<'_>| {
            let known = found(tx, &caller, &named)?;
            caller.check_platform()?;
            let (workspace_seq, seq) = (caller.workspace.seq(), known.id.seq());
            let ended = webhooks::delete_of_consumer(tx, workspace_seq, seq)?;
            keys::revoke_of_consumer(tx, seq)?;
            portal_links::delete_of_consumer(tx, seq)?;
            consumers::delete(tx, seq, erasure)?;
            let detail = json!({ "webhooks": ended, "erase": erasure == Erasure::Data });
            audit(
                tx,
                &caller,
                "consumer.delete",
                &known.id.to_string(),
                &detail,
            )
        };
        self.store().write(work).await?;
        self.begin_calling_off().await?;
        match erasure {
            Erasure::None => Ok(()),
            Erasure::Data => Ok(self.begin_erasing().await?),
        }
    }
}

impl Service {
    /// Checks where a consumer is to be told, as the URL of any webhook.
    async fn check_alert_url(
        &self,
        caller: &Caller,
        input: &mut ConsumerInput,
    ) -> Result<(), Refusal> {
        if let Some(Some(url)) = &mut input.alert_url {
            caller.check_platform()?;
            *url = self.check_url(caller, "alert_url", url).await?;
        }
        Ok(())
    }
}

/// The consumer that `named` means, in the caller's workspace.
pub(super) fn found(conn: &Read<'_>, caller: &Caller, named: &str) -> Result<Consumer, Refusal> {
    let named = ConsumerRef::parse(named).ok_or(Refusal::NotFound("consumer"))?;
    let purview = caller.purview();
    consumers::find(conn, purview.workspace_seq, &named)?
        .filter(|found| purview.holds(purview.workspace_seq, Some(found.id.seq())))
        .ok_or(Refusal::NotFound("consumer"))
}

fn stored(tx: &WriteTx<'_>, caller: &Caller, id: ConsumerId) -> Result<Consumer, Refusal> {
    consumers::find(tx, caller.workspace.seq(), &ConsumerRef::Id(id))?
        .ok_or(Refusal::NotFound("consumer"))
}

fn add(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    uid: Option<&ConsumerUid>,
    settings: &ConsumerSettings,
) -> Result<ConsumerId, Refusal> {
    let added = consumers::insert(tx, caller.workspace.seq(), uid, settings)?;
    let id = added.ok_or_else(|| taken(uid))?;
    if let Some(url) = settings.alert_url.as_deref() {
        set_consumer_target(tx, caller.workspace, id, Some(url))?;
    }
    audit(tx, caller, "consumer.create", &id.to_string(), &json!({}))?;
    Ok(id)
}

fn change(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    known: &Consumer,
    uid: Option<&ConsumerUid>,
    settings: &ConsumerSettings,
) -> Result<Consumer, Refusal> {
    let id = known.id;
    if !consumers::update(tx, id.seq(), uid, settings)? {
        return Err(taken(uid));
    }
    if settings.rate_limit != known.settings.rate_limit {
        consumers::changed_rate(tx, id.seq())?;
    }
    point_alerts(tx, caller, known, settings)?;
    audit(tx, caller, "consumer.update", &id.to_string(), &json!({}))?;
    stored(tx, caller, id)
}

/// Lets alerts about a consumer's webhooks go where its settings say, if that has changed.
fn point_alerts(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    known: &Consumer,
    settings: &ConsumerSettings,
) -> Result<(), Refusal> {
    if settings.alert_url != known.settings.alert_url {
        caller.actor.check_proof()?;
        let url = settings.alert_url.as_deref();
        set_consumer_target(tx, caller.workspace, known.id, url)?;
    }
    Ok(())
}

fn taken(uid: Option<&ConsumerUid>) -> Refusal {
    let uid = uid.map_or("", ConsumerUid::as_str);
    Refusal::Conflict(format!("there is a consumer with the uid {uid} already"))
}
