//! Deliveries: one event on its way to one webhook.
//!
//! Owns: where a delivery may stand, how it is stored and listed, and [`step`], the only place
//! that chooses its next state. Refuses: performing anything.
//!
//! # Why "in flight" is not a state
//! Being in flight is knowledge of the process that sends, not of the database. After a crash
//! whatever was not settled is still pending or retrying, hence due, and is attempted again.

mod filter;
mod job_part;
mod progress;
mod record;
mod standing;
mod status;
mod step;

pub use filter::{
    AttemptFilter, AttemptOutcome, CarriedFilter, DeliveryFilter, DeliveryScope, LastResult,
    TestsShown,
};
pub use job_part::JobPart;
pub use progress::{Fallback, Next, Progress};
pub use record::{Delivery, DeliveryPlace, LastAttempt, NewDelivery, QueuedDelivery};
pub use standing::{Cause, LetterGroup, Standing};
pub use status::{Status, Trigger};
pub use step::{IllegalTransition, StepInput, step};
