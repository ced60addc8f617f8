//! A platform's customers, of whom most have no webhook of their own.
//!
//! Owns: storing them. Refuses: the one with webhooks, who looks at the portal (`history`).

use anyhow::Result;
use hookpost::domain::consumer::{ConsumerSettings, ConsumerUid};
use hookpost::domain::id::ConsumerId;
use hookpost::store::{Store, StoreError, consumers};

/// How many there are.
const CONSUMERS: u32 = 100_000;
/// How many are stored by one commit.
const CONSUMERS_BATCH: u32 = 1000;

/// The platform's other customers.
pub fn store(store: &Store, workspace_seq: i64) -> Result<Vec<ConsumerId>> {
    let mut stored = Vec::with_capacity(CONSUMERS as usize);
    for first in (0..CONSUMERS).step_by(CONSUMERS_BATCH as usize) {
        let batch = store.write_blocking::<_, StoreError>(move |tx| {
            let mut batch = Vec::with_capacity(CONSUMERS_BATCH as usize);
            for number in first..first + CONSUMERS_BATCH {
                let uid = ConsumerUid::parse(&format!("customer-{number}")).ok();
                let settings = ConsumerSettings {
                    name: format!("Customer {number}"),
                    ..ConsumerSettings::default()
                };
                batch.extend(consumers::insert(
                    tx,
                    workspace_seq,
                    uid.as_ref(),
                    &settings,
                )?);
            }
            Ok(batch)
        })?;
        stored.extend(batch);
    }
    Ok(stored)
}
