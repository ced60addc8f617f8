//! Wire shapes that many resources share: times, durations, pages, three-valued patches.
//!
//! Owns: their JSON. Refuses: rules; a value that parses has its domain type already.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::page::Page;
use crate::domain::time::{Timestamp, format_duration, parse_duration};

/// How durations look, as a regular expression for clients.
const SPAN_PATTERN: &str = "^[0-9]+(ms|s|m|h)$";

/// An instant: RFC 3339, UTC, milliseconds, `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Timestamp::parse(&text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// A duration such as `"250ms"`, `"10s"`, `"5m"` or `"24h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurationText(pub Duration);

impl From<Duration> for DurationText {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl Serialize for DurationText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        parse_duration(&text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, milliseconds, `Z`."))
            .into()
    }
}

impl ToSchema for Time {}

impl PartialSchema for DurationText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(SPAN_PATTERN))
            .description(Some("A duration such as `250ms`, `10s`, `5m` or `24h`."))
            .into()
    }
}

impl ToSchema for DurationText {}

/// A page of a list.
#[derive(Clone, Debug, Serialize)]
pub struct ListBody<T> {
    /// The items.
    pub data: Vec<T>,
    /// What to pass as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> ListBody<T> {
    /// A page, each item turned into its wire shape.
    #[must_use]
    pub fn of<U>(page: Page<U>, shape: impl FnMut(U) -> T) -> Self {
        let next_cursor = page.next.map(|cursor| cursor.to_string());
        Self {
            data: page.items.into_iter().map(shape).collect(),
            next_cursor,
        }
    }
}

/// For PATCH: with `#[serde(default)]` an absent field is `None`, null is `Some(None)`.
///
/// # Errors
/// What reading the value says.
pub fn nullable<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// For fields that may be left out but not be null: with `#[serde(default)]`, null is a misfit.
///
/// # Errors
/// What reading the value says.
pub fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
