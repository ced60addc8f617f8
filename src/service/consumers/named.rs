//! The consumer that somebody names while asking for something else.
//!
//! Owns: publishing to one, making it if need be; registering a webhook for one; filtering by one.
//! Refuses: changing it: what is named with properties and is there already keeps its own.

use super::input::{CheckedConsumer, ConsumerInput, check};
use super::{add, found};
use crate::domain::consumer::{ConsumerRef, ConsumerSettings, ConsumerUid, NO_CONSUMER, Purview};
use crate::domain::id::ConsumerId;
use crate::service::{Caller, FieldError, Refusal};
use crate::store::{Read, StoreError, WriteTx, consumers};

/// How a publisher names the consumer of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum NamedConsumer {
    /// By its id or `uid`; it must be there.
    Known(String),
    /// By its `uid`, with what it is made of if it is not there.
    Given(ConsumerInput),
}

/// How an event names its consumer, checked.
#[derive(Clone, Debug)]
pub(in crate::service) enum CheckedName {
    /// It must be there.
    Known(ConsumerRef),
    /// It is made if it is not there.
    Given(ConsumerUid, ConsumerSettings),
}

/// Checks how an event names its consumer.
pub(in crate::service) fn check_named(
    named: &NamedConsumer,
) -> Result<CheckedName, Vec<FieldError>> {
    match named {
        NamedConsumer::Known(text) => match ConsumerRef::parse(text) {
            Some(named) => Ok(CheckedName::Known(named)),
            None => Err(vec![unknown()]),
        },
        NamedConsumer::Given(input) => check_given(input),
    }
}

fn check_given(input: &ConsumerInput) -> Result<CheckedName, Vec<FieldError>> {
    let inside = |fault: FieldError| FieldError {
        field: format!("consumer.{}", fault.field),
        message: fault.message,
    };
    match check(input, ConsumerSettings::default()) {
        Ok(CheckedConsumer {
            uid: Some(uid),
            settings,
        }) => Ok(CheckedName::Given(uid, settings)),
        Ok(CheckedConsumer { uid: None, .. }) => Err(vec![FieldError {
            field: "consumer.uid".to_owned(),
            message: "is required".to_owned(),
        }]),
        Err(Refusal::Invalid(faults)) => Err(faults.into_iter().map(inside).collect()),
        Err(other) => Err(vec![FieldError {
            field: "consumer".to_owned(),
            message: other.to_string(),
        }]),
    }
}

impl CheckedName {
    /// The consumer, made in this transaction if need be.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where it must be there and is not.
    pub(in crate::service) fn resolve(
        &self,
        tx: &mut WriteTx<'_>,
        caller: &Caller,
    ) -> Result<ConsumerId, Refusal> {
        let workspace_seq = caller.workspace.seq();
        match self {
            Self::Known(named) => consumers::find_id(tx, workspace_seq, named)?
                .ok_or_else(|| Refusal::Invalid(vec![unknown()])),
            Self::Given(uid, settings) => {
                let named = ConsumerRef::Uid(uid.clone());
                match consumers::find_id(tx, workspace_seq, &named)? {
                    Some(known) => Ok(known),
                    None => add(tx, caller, Some(uid), settings),
                }
            }
        }
    }
}

/// The consumer whose webhook is to be registered: the caller's own, or the one that is named.
///
/// # Errors
/// [`Refusal::Invalid`] where it is not there, or not the caller's.
pub(in crate::service) fn owner_of(
    conn: &Read<'_>,
    caller: &Caller,
    named: Option<&str>,
) -> Result<Option<ConsumerId>, Refusal> {
    let Some(named) = named else {
        return Ok(caller.consumer);
    };
    match found(conn, caller, named) {
        Ok(consumer) => Ok(Some(consumer.id)),
        Err(Refusal::NotFound(_)) => Err(Refusal::Invalid(vec![unknown()])),
        Err(other) => Err(other),
    }
}

/// The consumer of a workspace that a key is to be bound to.
///
/// # Errors
/// [`Refusal::Invalid`] where it is not there.
pub(in crate::service) fn bound_to(
    conn: &Read<'_>,
    workspace_seq: i64,
    named: &str,
) -> Result<ConsumerId, Refusal> {
    let found = ConsumerRef::parse(named)
        .map(|named| consumers::find_id(conn, workspace_seq, &named))
        .transpose()?;
    found
        .flatten()
        .ok_or_else(|| Refusal::Invalid(vec![unknown()]))
}

/// Which consumer a list is about: the one that is named, and never another than the caller's. Who is
/// not there has nothing.
pub(in crate::service) fn asked_for(
    conn: &Read<'_>,
    purview: Purview,
    named: Option<&str>,
) -> Result<Option<i64>, StoreError> {
    let Some(named) = named else {
        return Ok(purview.narrowed(None));
    };
    let found = match ConsumerRef::parse(named) {
        Some(named) => consumers::find_id(conn, purview.workspace_seq, &named)?,
        None => None,
    };
    let seq = found.map_or(NO_CONSUMER, |id| id.seq());
    Ok(purview.narrowed(Some(seq)))
}

fn unknown() -> FieldError {
    FieldError {
        field: "consumer".to_owned(),
        message: "there is no consumer with this id or uid".to_owned(),
    }
}
