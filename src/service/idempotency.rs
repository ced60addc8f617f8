//! Idempotency: doing a thing once, however often the request comes.
//!
//! Owns: the idempotency record, written in the transaction of the thing itself. Refuses: deciding
//! which requests are the same; the floor above digests them.

use crate::domain::portal::Capability;
use crate::store::WriteTx;

use super::{Caller, Refusal};

/// Stands between a consumer's id and a key; no caller's key can hold it.
const CONSUMER_MARK: char = '\u{1f}';

/// What was answered, ready to be answered again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// A caller's `Idempotency-Key`, what it was sent with, and how the answer looks.
pub struct Idempotency<T> {
    /// The key and the SHA-256 of method, path and body; absent where the caller gave none.
    pub key: Option<(String, [u8; 32])>,
    /// Shapes the answer that is recorded beside the key.
    pub shape: fn(&T) -> StoredAnswer,
}

impl<T> Idempotency<T> {
    /// For callers without a key.
    #[must_use]
    pub fn unkeyed() -> Self {
        Self {
            key: None,
            shape: |_| StoredAnswer {
                status: 200,
                body: Vec::new(),
            },
        }
    }
}

/// What came of a request that may have come before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done<T> {
    /// It was done now.
    Fresh(T),
    /// It had been done before; this was the answer.
    Replayed(StoredAnswer),
}

impl<T> Done<T> {
    /// What was done now; `None` where it had been done before.
    #[must_use]
    pub fn fresh(self) -> Option<T> {
        match self {
            Self::Fresh(done) => Some(done),
            Self::Replayed(_) => None,
        }
    }
}

/// Runs `work` unless the same request was answered before, and records its answer with it.
///
/// # Errors
/// [`Refusal::Conflict`] where the key was used with another request; else what `work` says.
pub fn idempotent<T>(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    asked: &Idempotency<T>,
    work: impl FnOnce(&mut WriteTx<'_>) -> Result<T, Refusal>,
) -> Result<Done<T>, Refusal> {
    let Some((key, digest)) = &asked.key else {
        return work(tx).map(Done::Fresh);
    };
    let workspace_seq = caller.workspace.seq();
    // What a consumer's own programs call their keys is nobody else's affair.
    let key = &match caller.consumer {
        None => key.clone(),
        // Nor is an answer that shows a secret repeated to who may not see one.
        Some(consumer) if !caller.can(Capability::Secrets) => {
            format!("{consumer}{CONSUMER_MARK}{CONSUMER_MARK}{key}")
        }
        Some(consumer) => format!("{consumer}{CONSUMER_MARK}{key}"),
    };
    match crate::store::idempotency::find(tx, workspace_seq, key)? {
        Some(record) if record.request_digest == *digest => Ok(Done::Replayed(StoredAnswer {
            status: record.status,
            body: record.body,
        })),
        Some(_) => Err(Refusal::Conflict(
            "this Idempotency-Key was used with another request; use a new key".to_owned(),
        )),
        None => {
            let done = work(tx)?;
            let StoredAnswer { status, body } = (asked.shape)(&done);
            crate::store::idempotency::insert(tx, workspace_seq, key, digest, status, &body)?;
            Ok(Done::Fresh(done))
        }
    }
}
