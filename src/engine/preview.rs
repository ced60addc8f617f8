//! What an attempt would send, without sending it.
//!
//! Owns: making the request as an attempt makes it, with what is secret masked. Refuses: asking for
//! tokens, addresses or anything else outside.

use std::sync::Arc;

use bytes::Bytes;
use url::Url;

use super::attempt::{self, MadeWith, prepare};
use super::target::Target;
use crate::domain::delivery::{Progress, QueuedDelivery, Trigger};
use crate::domain::event::Event;
use crate::domain::id::DeliveryId;
use crate::domain::outcome::FailureKind;
use crate::domain::shape::BodyError;
use crate::domain::time::Timestamp;
use crate::domain::webhook::Webhook;
use crate::net::USER_AGENT;
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
    };
    let shape = made_with.shape.as_deref();
    if let Err(error) = attempt::body(&delivery, &made_with.profile, shape) {
        return Ok(Some(Err(of_body(error))));
    }
    Ok(Some(match prepare(&delivery, &target, &made_with, now) {
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
fn headers(prepared: &attempt::Prepared, target: &Target) -> Vec<(String, String)> {
    let mut shown: Vec<(String, String)> = Vec::with_capacity(prepared.headers.len() + 4);
    if let Ok(url) = Url::parse(&target.url) {
        let host = &url[url::Position::BeforeHost..url::Position::BeforePath];
        shown.push(("host".to_owned(), host.to_owned()));
    }
    shown.push(("user-agent".to_owned(), USER_AGENT.to_owned()));
    if !prepared.headers.contains_key("accept") {
        shown.push(("accept".to_owned(), "*/*".to_owned()));
    }
    let length = prepared.body.len().to_string();
    shown.push(("content-length".to_owned(), length));
    for (name, value) in &prepared.headers {
        let value = match target.masked.contains(name) {
            true => MASKED,
            false => value.to_str().unwrap_or("(not printable)"),
        };
        shown.push((name.as_str().to_owned(), value.to_owned()));
    }
    shown
}
