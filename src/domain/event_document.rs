//! An event as filters and templates see it: one JSON object.
//!
//! Owns: the names of its members. Refuses: the envelope that goes out (`envelope`); this object is
//! the same for every wire profile, so that a filter outlives a change of profile.

use super::envelope::EnvelopeInput;
use super::event::Event;
use super::event_type::VersionName;
use super::json::JsonTape;
use super::time::Timestamp;

/// What an event has to show.
#[derive(Clone, Copy, Debug)]
pub struct EventDocument<'a> {
    /// Its id. A filter is asked before an event has one of ours, so there it is the publisher's.
    pub id: Option<&'a str>,
    /// Whose delivery it is for; a filter knows of none.
    pub delivery: Option<DeliveryIds<'a>>,
    /// Its type.
    pub event_type: &'a str,
    /// The version of its type that it is of.
    pub event_version: Option<&'a str>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Its data: JSON text, checked when it was published.
    pub data: &'a str,
}

/// What a delivery adds to its event.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryIds<'a> {
    /// The delivery's id.
    pub delivery: &'a str,
    /// The workspace's id.
    pub workspace: &'a str,
}

impl<'a> From<&EnvelopeInput<'a>> for EventDocument<'a> {
    fn from(input: &EnvelopeInput<'a>) -> Self {
        Self {
            id: Some(input.event_id),
            delivery: Some(DeliveryIds {
                delivery: input.delivery_id,
                workspace: input.workspace_id,
            }),
            event_type: input.event_type,
            event_version: input.event_version,
            occurred_at: input.occurred_at,
            data: input.data,
        }
    }
}

impl<'a> From<&'a Event> for EventDocument<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            id: event.given_id.as_ref().map(super::event::GivenId::as_str),
            delivery: None,
            event_type: &event.event_type,
            event_version: event.version().map(VersionName::as_str),
            occurred_at: event.occurred_at,
            data: &event.data,
        }
    }
}

impl EventDocument<'_> {
    /// The object: `id`, `type`, `timestamp` and `data`, once more `event_type` and `occurred_at`, as
    /// other envelopes call them; `version` of an event that has one; of a delivery `delivery_id` and
    /// `workspace_id`.
    #[must_use]
    pub fn tape(&self) -> JsonTape {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let id = self.id.map(|id| format!("\"id\":{},", quoted(id)));
        let (id, event_type) = (id.unwrap_or_default(), quoted(self.event_type));
        let ids = self.delivery.map(|ids| {
            let (delivery, workspace) = (quoted(ids.delivery), quoted(ids.workspace));
            format!("\"delivery_id\":{delivery},\"workspace_id\":{workspace},")
        });
        let ids = ids.unwrap_or_default();
        let version = self.event_version.map(quoted);
        let version = version.map(|text| format!("\"version\":{text},"));
        let version = version.unwrap_or_default();
        let at = self.occurred_at.rfc3339();
        let data = self.data;
        let text = format!(
            "{{{id}\"type\":{event_type},\"event_type\":{event_type},\"timestamp\":\"{at}\",\
             \"occurred_at\":\"{at}\",{version}{ids}\"data\":{data}}}"
        );
        JsonTape::read(text.into()).unwrap_or_else(JsonTape::null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_shows_its_members_and_its_data_as_it_was_published() {
        let view = EventDocument {
            id: Some("order-1"),
            delivery: None,
            event_type: "order.paid",
            event_version: Some("2"),
            occurred_at: Timestamp::from_millis(1_773_655_500_000),
            data: "{ \"amount\" : 1.0 }",
        };
        let tape = view.tape();
        let root = tape.root();
        assert!(root.member("id").unwrap().is_text("order-1"));
        for name in ["type", "event_type"] {
            assert!(root.member(name).unwrap().is_text("order.paid"));
        }
        for name in ["timestamp", "occurred_at"] {
            assert!(
                root.member(name)
                    .unwrap()
                    .is_text("2026-03-16T10:05:00.000Z")
            );
        }
        assert_eq!(root.member("data").unwrap().raw(), "{ \"amount\" : 1.0 }");
        assert!(root.member("version").unwrap().is_text("2"));
        let unnamed = EventDocument {
            id: None,
            event_version: None,
            ..view
        };
        let tape = unnamed.tape();
        assert!(tape.root().member("id").is_none());
        assert!(tape.root().member("version").is_none());
    }
}
