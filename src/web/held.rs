//! Answers that are large hold a share of a budget until they have been read.
//!
//! Owns: the budget's rule, and handing a large answer over in pieces. Refuses: making answers small;
//! lists bound their pages themselves.
//!
//! # Why answers have a budget
//! An answer stays in memory until its reader has taken it, and a reader may take its time. Thirty of
//! them with pages of several megabytes each would need more than the process has; who comes when
//! the budget is spent is told to come again.
//!
//! # Why in pieces
//! The framework copies what a body gives it into the connection's own buffer. Given piece by piece,
//! a slow reader's connection holds one piece, and the share is given back with the last of them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Problem;
use super::state::State;
use crate::service::Refusal;

/// Answers up to this many bytes need no share: 64 KiB.
const SMALL_ANSWER_BYTES: usize = 64 * 1024;
/// Bytes that are handed over at once: 32 KiB.
const PIECE_BYTES: usize = 32 * 1024;

/// A body that holds its share for as long as it is being read.
struct Held {
    left: Bytes,
    _share: OwnedSemaphorePermit,
}

impl MessageBody for Held {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(u64::try_from(self.left.len()).unwrap_or(u64::MAX))
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let piece = self.left.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(self.left.split_to(piece))))
    }
}

/// The same answer, with its share of the budget; a refusal where there is none left.
pub(super) fn hold<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
) -> ServiceResponse<BoxBody> {
    let state = response.request().app_data::<State>();
    let budget = Arc::clone(
        &state
            .expect("every app is built with the state")
            .answer_budget,
    );
    let (request, answer) = response.into_parts();
    let (answer, body) = answer.into_parts();
    let bytes = match body.try_into_bytes() {
        Ok(bytes) if bytes.len() > SMALL_ANSWER_BYTES => bytes,
        Ok(bytes) => return ServiceResponse::new(request, answer.set_body(BoxBody::new(bytes))),
        Err(stream) => return ServiceResponse::new(request, answer.set_body(BoxBody::new(stream))),
    };
    let answer = match share(budget, bytes.len()) {
        Ok(share) => answer.set_body(BoxBody::new(Held {
            left: bytes,
            _share: share,
        })),
        Err(refusal) => HttpResponse::from_error(Problem::from(refusal)),
    };
    ServiceResponse::new(request, answer)
}

fn share(budget: Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
    let kib = u32::try_from(bytes.div_ceil(1024)).map_err(|_| Refusal::Overloaded)?;
    budget
        .try_acquire_many_owned(kib)
        .map_err(|_| Refusal::Overloaded)
}
