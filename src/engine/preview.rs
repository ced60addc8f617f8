//! What an attempt would send, without sending it.
//!
//! Owns: making the request as an attempt makes it, with what is secret masked. Refuses: asking for
//! tokens, addresses or anything else outside.

use std::sync::Arc;

use bytes::Bytes;
use url::Url;

use super::batched::{Packed, Unpacked};
use super::request::{MadeWith, Prepared, Unprepared, body, prepare};
use super::target::Target;
use crate::domain::delivery::{Progress, QueuedDelivery, Trigger};
use crate::domain::event::Event;
use crate::domain::id::DeliveryId;
use crate::domain::outcome::FailureKind;
use crate::domain::shape::BodyError;
use crate::domain::time::Timestamp;
use crate::domain::webhook::Webhook;
use crate::net::{add_client_headers, host_header};
use crate::store::{Read, Store, StoreError};

/// The row number of a delivery that does not exist.
const NO_DELIVERY: i64 = 1;
/// Stands for what is not shown.
const MASKED: &str = "***";

/// A request as it would go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedRequest {
    /// Its method.
    pub method: String,
    /// Where it would go.
    pub url: String,
    /// Its headers, credentials masked.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Bytes,
}

/// Why there would be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewFault {
    /// The setting at fault, with the place in it: `template.blocks[0].text`.
    pub field: String,
    /// What is wrong there.
    pub message: String,
}

/// What an attempt made `now` would send of `event` to `webhook`; `None` where that is gone.
///
/// # Errors
/// [`StoreError`] where it can't be read.
pub fn preview(
    store: &Store,
    conn: &Read<'_>,
    event: Arc<Event>,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<Option<Result<PreviewedRequest, PreviewFault>>, StoreError> {
    let Some(target) = Target::load(store, conn, webhook.id.seq(), now)? else {
        return Ok(None);
    };
    let made_with = MadeWith {
        profile: store.profile(conn, webhook.profile.seq)?,
        shape: store.shape(conn, webhook.shape_seq)?,
    };
    let delivery = QueuedDelivery {
        id: DeliveryId::new(now, NO_DELIVERY),
        webhook_seq: webhook.id.seq(),
        event,
        profile_seq: webhook.profile.seq,
        format: webhook.settings.format,
        shape_seq: webhook.shape_seq,
        trigger: Trigger::Event,
        progress: Progress::new(now),
        order_key: None,
        batch: None,
    };
    let shape = made_with.shape.as_deref();
    if let Err(error) = body(&delivery, &made_with.profile, shape) {
        return Ok(Some(Err(of_body(error))));
    }
    let prepared = match target.batch {
        None => prepare(&delivery, &target, &made_with, now),
        Some(_) => alone_in_batch(store, conn, delivery, &target, now)?,
    };
    Ok(Some(match prepared {
        Ok(prepared) => Ok(PreviewedRequest {
            method: target.method.to_string(),
            url: target.url.clone(),
            headers: headers(&prepared, &target),
            body: prepared.body,
        }),
        Err(fault) => Err(PreviewFault {
            field: match fault.kind == FailureKind::Template {
                true => "headers".to_owned(),
                false => "secret".to_owned(),
            },
            message: fault.message,
        }),
    }))
}

/// The request of a batch that holds nothing else.
fn alone_in_batch(
    store: &Store,
    conn: &Read<'_>,
    delivery: QueuedDelivery,
    target: &Target,
    now: Timestamp,
) -> Result<Result<Prepared, Unprepared>, StoreError> {
    let unpacked = Unpacked::read(store, conn, vec![delivery])?;
    let bundle = match unpacked.map(Unpacked::pack) {
        Some(Packed {
            bundle: Some(bundle),
            ..
        }) => bundle,
        Some(_) | None => return Ok(Err("there is no body".to_owned().into())),
    };
    Ok(bundle.prepare(target, now))
}

fn of_body(error: BodyError) -> PreviewFault {
    let message = error.to_string();
    let (field, message) = match error {
        BodyError::Envelope(_) => ("data".to_owned(), message),
        BodyError::NoForm => ("content_type".to_owned(), message),
        BodyError::Template(failure) => {
            let field = match failure.place.as_str() {
                "" => "template".to_owned(),
                place if place.starts_with('[') => format!("template{place}"),
                place => format!("template.{place}"),
            };
            (field, failure.message)
        }
    };
    PreviewFault { field, message }
}

/// All headers, those that the client adds among them.
fn headers(prepared: &Prepared, target: &Target) -> Vec<(String, String)> {
    let mut all = prepared.headers.clone();
    if let Ok(url) = Url::parse(&target.url) {
        add_client_headers(&mut all, host_header(&url));
    }
    let mut shown = Vec::with_capacity(all.len() + 1);
    let length = prepared.body.len().to_string();
    shown.push(("content-length".to_owned(), length));
    for (name, value) in &all {
        let value = match target.masked.contains(name) {
            true => MASKED,
            false => value.to_str().unwrap_or("(not printable)"),
        };
        shown.push((name.as_str().to_owned(), value.to_owned()));
    }
    shown
}
