//! The catalogue of event types that a workspace keeps.
//!
//! Owns: its entries. Refuses: parsing schemas and matching events with them (`service`).

use super::event_type::{EventTypeName, VersionName};
use super::feature_flag::FeatureFlags;
use super::time::Timestamp;

/// What a person says about an event type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventTypeSettings {
    /// When it happens, in words.
    pub description: Option<String>,
    /// The heading under which lists show it.
    pub group: Option<String>,
    /// The JSON Schema that its data must fit, as text.
    pub schema: Option<String>,
    /// An example of its data: JSON text.
    pub example: Option<String>,
    /// Whether it is out of use: kept, but not offered.
    pub archived: bool,
    /// Whether its receivers should move to another: it is still sent.
    pub deprecated: bool,
    /// Which customers are shown it; those with any of these, or all where there is none.
    pub feature_flags: FeatureFlags,
}

/// An entry of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventType {
    /// Its row.
    pub seq: i64,
    /// Its name.
    pub name: EventTypeName,
    /// What a person says about it.
    pub settings: EventTypeSettings,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a person says about one version of an event type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionSettings {
    /// What is new in it, in words.
    pub description: Option<String>,
    /// The JSON Schema that the data of its events must fit, as text.
    pub schema: Option<String>,
    /// An example of that data: JSON text.
    pub example: Option<String>,
    /// Whether it has ended: nothing can be published as it.
    pub archived: bool,
}

/// A version of an event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTypeVersion {
    /// Its row; the newest version has the highest.
    pub seq: i64,
    /// Its name, among the versions of its type.
    pub name: VersionName,
    /// What a person says about it.
    pub settings: VersionSettings,
    /// How many webhooks pin it.
    pub pinned_by: u32,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
