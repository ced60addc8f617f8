//! How a receiver checks a signature: snippets per language, made from the wire profile itself.
//!
//! Owns: reading the profile's scheme and writing it down in each language, with nothing but that
//! language's standard library, or with a library that was published for it. Refuses: verifying
//! (`domain::signing`).
//!
//! # Why they are generated
//! A profile of one's own has a header, an encoding and a signed content of its own. A snippet that
//! has to be adapted by hand is where most broken verifiers come from.

use serde_json::Value;

use crate::domain::profile::Profile;

mod compiled;
mod published;
mod scripted;

/// A snippet and the language it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The language.
    pub language: &'static str,
    /// The code.
    pub code: String,
}

/// What every snippet has to say.
struct SnippetScheme {
    /// The header with the signature, in lower case.
    header: String,
    /// What stands before each signature.
    prefix: String,
    /// What separates several; empty where there is one.
    separator: String,
    is_base64: bool,
    key_is_base64: bool,
    /// What is signed before and after the body, with `{id}` and `{timestamp}` in it.
    before: String,
    after: String,
    id_header: String,
    /// Where the timestamp stands; the signature's own header where it leads that one.
    timestamp_header: String,
    /// What stands before the timestamp in the signature's header, where it is there.
    timestamp_lead: Option<String>,
}

/// A piece of what is signed.
enum Piece<'a> {
    Text(&'a str),
    Id,
    Timestamp,
}

/// The snippets for receivers of `profile`.
#[must_use]
pub fn snippets(profile: &Profile) -> Vec<Snippet> {
    let scheme = SnippetScheme::of(profile);
    let mut all = for_customers(profile);
    all.push(Snippet {
        language: "hookpost verify",
        code: scheme.shell(profile.name()),
    });
    all
}

/// Those that ask for nothing that a platform's customers do not have.
#[must_use]
pub fn for_customers(profile: &Profile) -> Vec<Snippet> {
    let scheme = SnippetScheme::of(profile);
    let snippet = |language, code| Snippet { language, code };
    vec![
        snippet("Node", scheme.node()),
        snippet("Python", scheme.python()),
        snippet("Go", scheme.go()),
        snippet("Ruby", scheme.ruby()),
        snippet("PHP", scheme.php()),
        snippet("Java", scheme.java()),
        snippet("C#", scheme.csharp()),
        snippet("Shell with openssl", scheme.openssl()),
    ]
}

/// The snippets with published libraries for receivers of `profile`; none where it is not signed as
/// those libraries expect.
#[must_use]
pub fn published(profile: &Profile) -> Vec<Snippet> {
    SnippetScheme::of(profile).published()
}

impl SnippetScheme {
    fn of(profile: &Profile) -> Self {
        let document = profile.to_json();
        let signature = &document["signature"];
        let text = |name: &str| signature[name].as_str().unwrap_or("").to_owned();
        let content = text("content");
        let (before, after) = content.split_once("{body}").unwrap_or((&content, ""));
        let id_slot = format!("{{{}}}", signature["id"].as_str().unwrap_or("event_id"));
        let header = text("header").to_ascii_lowercase();
        let lead = text("lead");
        let timestamp_lead = lead
            .split_once("{timestamp}")
            .map(|(lead, _)| lead.to_owned());
        Self {
            timestamp_header: match timestamp_lead {
                Some(_) => header.clone(),
                None => header_with(&document, "{timestamp}"),
            },
            id_header: header_with(&document, &id_slot),
            header,
            prefix: text("prefix"),
            separator: text("separator"),
            is_base64: text("encoding") == "base64",
            key_is_base64: text("key") == "base64_after_prefix",
            before: before.to_owned(),
            after: after.to_owned(),
            timestamp_lead,
        }
    }

    /// What is signed around the body, piece by piece, in a language's own words.
    fn around(text: &str, word: impl Fn(&Piece<'_>) -> String, join: &str) -> String {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            if at > 0 {
                pieces.push(word(&Piece::Text(&rest[..at])));
            }
            let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
            pieces.push(word(match &rest[at..end] {
                "{timestamp}" => &Piece::Timestamp,
                _ => &Piece::Id,
            }));
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            pieces.push(word(&Piece::Text(rest)));
        }
        pieces.join(join)
    }

    fn mentions_id(&self) -> bool {
        self.before.contains("{id}") || self.after.contains("{id}")
    }

    fn mentions_timestamp(&self) -> bool {
        self.before.contains("{timestamp}") || self.after.contains("{timestamp}")
    }

    fn encoding(&self) -> &'static str {
        if self.is_base64 { "base64" } else { "hex" }
    }

    /// The lines that check the timestamp, where one is signed.
    fn fresh(&self, lines: String) -> String {
        if self.mentions_timestamp() {
            lines
        } else {
            String::new()
        }
    }

    /// What separates the parts of the signature's header.
    fn parts(&self) -> &str {
        match (&self.timestamp_lead, self.separator.as_str()) {
            (Some(_), "") => ",",
            (_, separator) => separator,
        }
    }

    fn split(&self, header: &str, method: &str) -> String {
        match self.parts() {
            "" => format!("[{header}]"),
            separator => format!("{header}.{method}(\"{separator}\")"),
        }
    }
}

/// The header whose value is `slot`, in lower case.
fn header_with(document: &Value, slot: &str) -> String {
    let headers = document["headers"].as_object();
    let found = headers.and_then(|headers| headers.iter().find(|(_, value)| *value == slot));
    found.map_or_else(String::new, |(name, _)| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
