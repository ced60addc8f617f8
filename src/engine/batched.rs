//! Several deliveries in one request: an array of their bodies, one signature.
//!
//! Owns: making that request. Refuses: choosing what goes together (`store::deliveries::batches`) and
//! the life of its attempt (`deliver_batch`).
//!
//! # What names it
//! No event and no delivery is what the request is about, so where a wire profile names either there
//! stands the batch's own id, which follows from its members: the same in every attempt.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};

use super::request::{Prepared, Unprepared, add_signature, fill_headers, json_body, signing_keys};
use super::target::Target;
use crate::domain::batch::{BATCH_BODY_BYTES_MAX, BATCH_TYPE, batch_id};
use crate::domain::delivery::QueuedDelivery;
use crate::domain::format::Format;
use crate::domain::profile::Profile;
use crate::domain::shape::{BodyError, BodyShape};
use crate::domain::signing::AttemptToSign;
use crate::domain::time::Timestamp;
use crate::store::{Read, Store, StoreError};

/// What several events of the format CloudEvents are called.
const CLOUD_EVENTS_BATCH: &str = "application/cloudevents-batch+json";
/// What any others are called.
const JSON: &str = "application/json";

/// Deliveries with what makes their bodies.
pub struct Unpacked {
    profile: Arc<Profile>,
    members: Vec<(QueuedDelivery, Option<Arc<BodyShape>>)>,
}

/// Deliveries that go out in one request, and its body.
pub struct Bundle {
    members: Vec<QueuedDelivery>,
    profile: Arc<Profile>,
    content_type: &'static str,
    id: String,
    body: Bytes,
}

/// What became of deliveries that were to go out in one request.
pub struct Packed {
    /// Those that do; `None` where there are none.
    pub bundle: Option<Bundle>,
    /// Those that have no body, and why.
    pub unfit: Vec<(QueuedDelivery, BodyError)>,
    /// Those that find no room.
    pub left_out: Vec<QueuedDelivery>,
}

impl Unpacked {
    /// Reads what makes the bodies of `members`, which are of one wire profile; `None` where there are
    /// none.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read.
    pub fn read(
        store: &Store,
        conn: &Read<'_>,
        members: Vec<QueuedDelivery>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(first) = members.first() else {
            return Ok(None);
        };
        let profile = store.profile(conn, first.profile_seq)?;
        let with_shape = |member: QueuedDelivery| {
            let shape = store.shape(conn, member.shape_seq)?;
            Ok((member, shape))
        };
        let members: Result<_, StoreError> = members.into_iter().map(with_shape).collect();
        Ok(Some(Self {
            profile,
            members: members?,
        }))
    }

    /// The deliveries.
    pub fn members(&self) -> impl Iterator<Item = &QueuedDelivery> {
        self.members.iter().map(|(member, _)| member)
    }

    /// Only those that `is_wanted` names.
    pub(super) fn retain(&mut self, is_wanted: impl Fn(&QueuedDelivery) -> bool) {
        self.members.retain(|(member, _)| is_wanted(member));
    }

    /// Makes the body: as many as fit into [`BATCH_BODY_BYTES_MAX`], and one however large.
    #[must_use]
    pub fn pack(self) -> Packed {
        let (mut members, mut unfit, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        let mut body = vec![b'['];
        let mut is_templated = false;
        for (member, shape) in self.members {
            if !left_out.is_empty() {
                left_out.push(member);
                continue;
            }
            match json_body(&member, &self.profile, shape.as_deref()) {
                Err(error) => unfit.push((member, error)),
                Ok(one) if !members.is_empty() && body.len() + one.len() > BATCH_BODY_BYTES_MAX => {
                    left_out.push(member);
                }
                Ok(one) => {
                    if !members.is_empty() {
                        body.push(b',');
                    }
                    body.extend_from_slice(&one);
                    is_templated |= shape.is_some_and(|shape| shape.template.is_some());
                    members.push(member);
                }
            }
        }
        body.push(b']');
        let format = members.first().map(|member| member.format);
        let bundle = format.map(|format| Bundle {
            id: batch_id(members.iter().map(|member| member.id)),
            members,
            profile: self.profile,
            content_type: match format {
                Format::CloudEvents if !is_templated => CLOUD_EVENTS_BATCH,
                Format::CloudEvents | Format::Json | Format::Data | Format::Slack => JSON,
            },
            body: body.into(),
        });
        Packed {
            bundle,
            unfit,
            left_out,
        }
    }
}

impl Bundle {
    /// Its deliveries; there is at least one.
    pub(super) fn members(&self) -> &[QueuedDelivery] {
        &self.members
    }

    /// The first of them.
    pub(super) fn first(&self) -> &QueuedDelivery {
        self.members.first().expect("a bundle holds something")
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Makes the request of an attempt at `now`.
    pub(super) fn prepare(&self, target: &Target, now: Timestamp) -> Result<Prepared, Unprepared> {
        let first = self.first();
        let keys = signing_keys(target, &self.profile, first.profile_seq, now)?;
        let workspace_id = first.event.workspace.to_string();
        let to_sign = AttemptToSign {
            event_id: &self.id,
            event_type: BATCH_TYPE,
            event_version: None,
            workspace_id: &workspace_id,
            delivery_id: &self.id,
            attempt_at: now,
            body: &self.body,
        };
        let mut headers = target.custom_headers.clone();
        // There are none unless the webhook got them when this batch had been made.
        fill_headers(&mut headers, first, target)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        add_signature(&mut headers, &self.profile, &keys, &to_sign, target)?;
        Ok(Prepared {
            headers,
            body: self.body.clone(),
        })
    }
}
