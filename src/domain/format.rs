//! The shape of a delivery's body: the profile's envelope, the data alone, a CloudEvent, or a chat line.
//!
//! Owns: the four names and their content types. Refuses: building the bytes (`envelope`) and
//! signing them (`signing`); the signature is over whatever is sent, so the two never meet.

/// How the body of a delivery is built; a property of the webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// The wire profile's own envelope.
    #[default]
    Json,
    /// What was published, alone.
    Data,
    /// `CloudEvents` 1.0, structured mode.
    CloudEvents,
    /// One readable line, as chat systems with Slack-compatible incoming webhooks take it.
    Slack,
}

impl Format {
    /// Every format, in the order in which people should be offered them.
    pub const ALL: [Self; 4] = [Self::Json, Self::Data, Self::CloudEvents, Self::Slack];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Data => "data",
            Self::CloudEvents => "cloudevents",
            Self::Slack => "slack",
        }
    }

    /// Reads the word back; `None` for any other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// The `content-type` of a body in this format.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::Data | Self::Slack => "application/json",
            Self::CloudEvents => "application/cloudevents+json",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_reads_back_and_nothing_else_does() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.as_str()), Some(format));
        }
        for other in ["", "JSON", "xml", "json "] {
            assert_eq!(Format::parse(other), None);
        }
    }
}
