//! Templates of headers and of signed content: text with placeholders such as `{timestamp}`.
//!
//! Owns: reading a template once, filling it in many times, and reading the values back out of a
//! header that was filled in. Refuses: knowing which placeholders a place allows; the caller lists
//! them.

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TemplateSlot {
    EventId,
    EventType,
    /// The version of its type that the event is of; text that uses it is left out where it is of none.
    EventVersion,
    DeliveryId,
    WorkspaceId,
    /// Unix seconds of the attempt.
    Timestamp,
    Body,
}

impl TemplateSlot {
    const ALL: [Self; 7] = [
        Self::EventId,
        Self::EventType,
        Self::EventVersion,
        Self::DeliveryId,
        Self::WorkspaceId,
        Self::Timestamp,
        Self::Body,
    ];

    /// Whether a value may hold `c`. Text that begins so behind the placeholder would be taken for a
    /// part of the value.
    fn may_hold(self, c: char) -> bool {
        match self {
            Self::EventId | Self::DeliveryId | Self::WorkspaceId => {
                c.is_ascii_alphanumeric() || c == '_' || c == '-'
            }
            Self::EventType | Self::EventVersion => {
                c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
            }
            Self::Timestamp => c.is_ascii_digit(),
            Self::Body => true,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Slot(TemplateSlot),
}

/// A template that was read and checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

/// What the placeholders of one request stand for.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) event_id: &'a str,
    pub(crate) event_type: &'a str,
    pub(crate) event_version: Option<&'a str>,
    pub(crate) delivery_id: &'a str,
    pub(crate) workspace_id: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) body: &'a [u8],
}

impl Values<'_> {
    fn bytes(&self, slot: TemplateSlot) -> &[u8] {
        match slot {
            TemplateSlot::EventId => self.event_id.as_bytes(),
            TemplateSlot::EventType => self.event_type.as_bytes(),
            TemplateSlot::EventVersion => self.event_version.unwrap_or_default().as_bytes(),
            TemplateSlot::WorkspaceId => self.workspace_id.as_bytes(),
            TemplateSlot::DeliveryId => self.delivery_id.as_bytes(),
            TemplateSlot::Timestamp => self.timestamp.as_bytes(),
            TemplateSlot::Body => self.body,
        }
    }
}

/// What was read back out of filled-in text; `None` where the template has no such placeholder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Captured<'t> {
    pub(crate) event_id: Option<&'t str>,
    pub(crate) delivery_id: Option<&'t str>,
    pub(crate) timestamp: Option<&'t str>,
}

impl Template {
    /// Reads `text`, which may use the placeholders of `known` and no other braces.
    ///
    /// # Errors
    /// A sentence that names the unknown placeholder, or says that braces don't match.
    pub(crate) fn parse(text: &str, known: &[(&str, TemplateSlot)]) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, tail) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Text(before.into()));
            }
            let (name, tail) = tail
                .strip_prefix('{')
                .and_then(|tail| tail.split_once('}'))
                .ok_or_else(|| "has a brace without its partner".to_owned())?;
            parts.push(Part::Slot(lookup(name, known)?));
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(Self { parts })
    }

    /// How often `slot` occurs.
    pub(crate) fn count(&self, slot: TemplateSlot) -> usize {
        let wanted = Part::Slot(slot);
        self.parts.iter().filter(|part| **part == wanted).count()
    }

    /// Whether filled-in text can always be taken apart again: what follows a placeholder cannot be
    /// a part of its value, and none occurs twice.
    pub(crate) fn reads_back(&self) -> bool {
        let mut neighbours = self.parts.iter().zip(self.parts.iter().skip(1));
        let apart = neighbours.all(|pair| match pair {
            (Part::Slot(slot), Part::Text(text)) => !text.starts_with(|c| slot.may_hold(c)),
            (Part::Slot(_), Part::Slot(_)) => false,
            (Part::Text(_), _) => true,
        });
        let once = TemplateSlot::ALL.iter().all(|slot| self.count(*slot) <= 1);
        apart && once
    }

    /// Whether the template ends in text of its own (or is empty).
    pub(crate) fn ends_in_text(&self) -> bool {
        !matches!(self.parts.last(), Some(Part::Slot(_)))
    }

    /// Whether every placeholder has something to stand for.
    pub(crate) fn can_fill(&self, values: &Values<'_>) -> bool {
        values.event_version.is_some() || self.count(TemplateSlot::EventVersion) == 0
    }

    /// Hands the filled-in template to `sink`, piece by piece.
    pub(crate) fn emit(&self, values: &Values<'_>, mut sink: impl FnMut(&[u8])) {
        for part in &self.parts {
            match part {
                Part::Text(text) => sink(text.as_bytes()),
                Part::Slot(slot) => sink(values.bytes(*slot)),
            }
        }
    }

    /// The filled-in template as text, for templates without a body.
    pub(crate) fn fill(&self, values: &Values<'_>) -> String {
        let mut text = Vec::new();
        self.emit(values, |piece| text.extend_from_slice(piece));
        String::from_utf8(text).expect("templates of headers hold text and ids, never a body")
    }

    /// Takes filled-in text apart: what the placeholders stood for, and what follows the template.
    /// `None` where `text` was never made from this template.
    pub(crate) fn capture<'t>(&self, text: &'t str) -> Option<(Captured<'t>, &'t str)> {
        let mut captured = Captured::default();
        let mut rest = text;
        for (place, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(own) => rest = rest.strip_prefix(&**own)?,
                Part::Slot(slot) => {
                    let end = match self.parts.get(place + 1) {
                        Some(Part::Text(next)) => rest.find(&**next)?,
                        Some(Part::Slot(_)) | None => rest.len(),
                    };
                    let (value, tail) = rest.split_at(end);
                    captured.set(*slot, value);
                    rest = tail;
                }
            }
        }
        Some((captured, rest))
    }
}

impl<'t> Captured<'t> {
    fn set(&mut self, slot: TemplateSlot, value: &'t str) {
        match slot {
            TemplateSlot::EventId => self.event_id = Some(value),
            TemplateSlot::DeliveryId => self.delivery_id = Some(value),
            TemplateSlot::Timestamp => self.timestamp = Some(value),
            // Signatures are made without these.
            TemplateSlot::EventType
            | TemplateSlot::EventVersion
            | TemplateSlot::WorkspaceId
            | TemplateSlot::Body => {}
        }
    }

    /// Fills what is still unknown from `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            event_id: self.event_id.or(other.event_id),
            delivery_id: self.delivery_id.or(other.delivery_id),
            timestamp: self.timestamp.or(other.timestamp),
        }
    }
}

fn lookup(name: &str, known: &[(&str, TemplateSlot)]) -> Result<TemplateSlot, String> {
    known
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, slot)| *slot)
        .ok_or_else(|| {
            let names: Vec<String> = known
                .iter()
                .map(|(name, _)| format!("{{{name}}}"))
                .collect();
            let shown: String = name.chars().take(40).collect();
            format!(
                "uses the unknown placeholder {{{shown}}}; known here: {}",
                names.join(", ")
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [(&str, TemplateSlot); 7] = [
        ("event_version", TemplateSlot::EventVersion),
        ("event_type", TemplateSlot::EventType),
        ("workspace_id", TemplateSlot::WorkspaceId),
        ("event_id", TemplateSlot::EventId),
        ("delivery_id", TemplateSlot::DeliveryId),
        ("timestamp", TemplateSlot::Timestamp),
        ("body", TemplateSlot::Body),
    ];

    const VALUES: Values<'_> = Values {
        event_id: "evt_1",
        event_type: "score.changed",
        event_version: Some("2026-03-16"),
        delivery_id: "dlv_2",
        workspace_id: "ws_3",
        timestamp: "1773655500",
        body: b"{}",
    };

    #[test]
    fn a_template_is_filled_in_and_taken_apart_again() {
        let check = |text: &str, filled: &str| {
            let template = Template::parse(text, &KNOWN).unwrap();
            assert_eq!(template.fill(&VALUES), filled);
            let (_, rest) = template.capture(filled).unwrap();
            assert_eq!(rest, "");
        };
        check("", "");
        check("plain", "plain");
        check("{event_id}", "evt_1");
        check("t={timestamp},d={delivery_id}", "t=1773655500,d=dlv_2");
        check("{timestamp}.{body}", "1773655500.{}");
        check("{event_type} of {workspace_id}", "score.changed of ws_3");
        check("v={event_version}", "v=2026-03-16");
    }

    #[test]
    fn only_what_names_the_version_needs_one() {
        let unversioned = Values {
            event_version: None,
            ..VALUES
        };
        let check = |text: &str, values: &Values<'_>, expect: bool| {
            let template = Template::parse(text, &KNOWN).unwrap();
            assert_eq!(template.can_fill(values), expect, "{text}");
        };
        check("v{event_version}", &VALUES, true);
        check("v{event_version}", &unversioned, false);
        check("{event_id}", &unversioned, true);
    }

    #[test]
    fn what_was_not_made_from_the_template_is_not_taken_apart() {
        let template = Template::parse("t={timestamp},", &KNOWN).unwrap();
        assert_eq!(template.capture("v1=abc"), None);
        assert_eq!(template.capture("t=12"), None);
        let (captured, rest) = template.capture("t=12,v1=ab").unwrap();
        assert_eq!((captured.timestamp, rest), (Some("12"), "v1=ab"));
    }

    #[test]
    fn unknown_placeholders_and_lone_braces_are_refused() {
        for bad in [
            "{nonsense}",
            "{",
            "}",
            "a{b",
            "{}",
            "{ timestamp }",
            "}{timestamp}",
        ] {
            assert!(Template::parse(bad, &KNOWN).is_err(), "{bad}");
        }
        let message = Template::parse("{url}", &KNOWN[3..4]).unwrap_err();
        assert!(message.contains("{url}") && message.contains("{event_id}"));
    }

    #[test]
    fn ambiguous_templates_are_recognised() {
        let reads_back = |text| Template::parse(text, &KNOWN).unwrap().reads_back();
        assert!(reads_back("{event_id}.{timestamp}"));
        assert!(!reads_back("{event_id}{timestamp}"));
        assert!(!reads_back("{event_id}.{event_id}"));
        assert!(reads_back("t={timestamp}-{event_id}"));
        for part_of_the_value in [
            "{timestamp}0",
            "{event_id}-{timestamp}",
            "{delivery_id}a",
            "{event_type}.json",
            "{event_version}.1",
            "{workspace_id}_x",
        ] {
            assert!(!reads_back(part_of_the_value), "{part_of_the_value}");
        }
    }
}
