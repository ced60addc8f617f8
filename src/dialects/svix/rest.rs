//! Whether anybody is there.
//!
//! Owns: the answer to that. Refuses: saying more than that.

use crate::service::Caller;
use crate::web::{Answered, answer};

pub(super) async fn health(_: Caller) -> Answered {
    answer::no_content()
}
