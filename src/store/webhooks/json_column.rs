//! JSON in columns.
//!
//! Owns: writing and reading it. Refuses: what it means (`row`, `sealed`).

use serde::Serialize;

use crate::store::{StoreError, damaged};

pub(super) fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain columns always serialise")
}

pub(super) fn parse_json<T: serde::de::DeserializeOwned>(
    text: &str,
    column: &str,
    seq: i64,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| damaged(column, seq))
}
