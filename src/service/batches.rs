//! What went out together with a delivery.
//!
//! Owns: naming the deliveries of a batch, and showing their one body. Refuses: putting them together
//! (`engine`), and showing what was erased: nobody can say any more what it was.

use bytes::Bytes;

use super::Refusal;
use crate::domain::batch::batch_id;
use crate::domain::delivery::{Delivery, QueuedDelivery};
use crate::domain::id::DeliveryId;
use crate::engine::batched::Unpacked;
use crate::store::deliveries::{self, BatchMember};
use crate::store::{Read, Store, StoreError};

/// The batch with which a delivery goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryBatch {
    /// Its id, as its receiver knows it.
    pub id: String,
    /// Its deliveries, in event order.
    pub deliveries: Vec<DeliveryId>,
}

/// The batch of a delivery with its body, which is empty where something of it is not there any more;
/// `None` where it belongs to none.
pub(super) fn batch_in(
    store: &Store,
    conn: &Read<'_>,
    delivery: &Delivery,
) -> Result<Option<(DeliveryBatch, Bytes)>, Refusal> {
    let Some(batch_seq) = delivery.batch else {
        return Ok(None);
    };
    let members = deliveries::batch_of(conn, batch_seq)?;
    let ids: Vec<DeliveryId> = members.iter().map(|member| member.id).collect();
    let body = match carried(conn, &members)? {
        Some(carried) => {
            let unpacked = Unpacked::read(store, conn, carried)?;
            let packed = unpacked.map(Unpacked::pack);
            packed.and_then(|packed| packed.bundle)
        }
        None => None,
    };
    let batch = DeliveryBatch {
        id: batch_id(ids.iter().copied()),
        deliveries: ids,
    };
    let body = body.map_or_else(Bytes::new, |bundle| bundle.body().clone());
    Ok(Some((batch, body)))
}

/// What all of them carry; `None` where something of it was erased, removed or damaged.
fn carried(
    conn: &Read<'_>,
    members: &[BatchMember],
) -> Result<Option<Vec<QueuedDelivery>>, Refusal> {
    let mut found = Vec::with_capacity(members.len());
    for member in members {
        if member.is_erased {
            return Ok(None);
        }
        match deliveries::queued(conn, member.id.seq()) {
            Ok(Some(queued)) => found.push(queued),
            Ok(None) | Err(StoreError::Damaged(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(found))
}
