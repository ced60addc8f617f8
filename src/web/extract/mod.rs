//! Reading requests: bounded bodies, queries, ids, idempotency keys.
//!
//! Owns: every bound on what a request may hold, and the words for each fault, with the field it
//! lies in. Refuses: rules about the values themselves (`domain` and `service`).

mod body;
mod depth;
mod idempotency;
mod json;
mod misread;
mod path;
mod query;

pub use body::read_body;
pub use depth::{DATA_DEPTH_MAX, check_depth};
pub use idempotency::{IDEMPOTENCY_KEY_CHARS_MAX, Keyed};
pub use json::{AnyForm, BODY_BYTES_MAX, Json, Nothing, OptionalJson, RequestBody};
pub use misread::{Misread, from_slice};
pub use path::{path_id, path_text};
pub use query::Query;
