//! From a document to a profile: every rule that a profile file must keep.
//!
//! Owns: reading both spellings, and refusing what makes no sense with the field named. Refuses:
//! repairing anything; a profile that needs guessing would one day be guessed differently.

mod defaults;
mod envelope;
mod events;
mod signature;

use super::document::Document;
use super::{FILE_BYTES_MAX, NAME_CHARS_MAX, Profile, ProfileError, TEXT_CHARS_MAX};

/// The field name of errors that concern the whole document.
const WHOLE: &str = "profile";
/// The most characters that an error repeats of a file: 300.
const SHOWN_CHARS_MAX: usize = 300;

type Checked<T> = Result<T, ProfileError>;

fn fault(field: impl Into<String>, message: impl Into<String>) -> ProfileError {
    ProfileError {
        field: field.into(),
        message: message.into(),
    }
}

fn refuse<T>(field: impl Into<String>, message: impl Into<String>) -> Checked<T> {
    Err(fault(field, message))
}

pub(super) fn from_toml(toml: &str) -> Checked<Profile> {
    if toml.len() > FILE_BYTES_MAX {
        return refuse(WHOLE, "must be at most 64 KiB long");
    }
    let reader = toml::Deserializer::parse(toml).map_err(|error| syntax(toml, &error))?;
    let document: Document = serde_path_to_error::deserialize(reader)
        .map_err(|error| shape(&error.path().to_string(), error.inner().message()))?;
    profile(document, toml.to_owned())
}

pub(super) fn from_json(json: serde_json::Value) -> Checked<Profile> {
    let document: Document = serde_path_to_error::deserialize(json)
        .map_err(|error| shape(&error.path().to_string(), &error.inner().to_string()))?;
    let mut profile = profile(document, String::new())?;
    profile.source = toml::to_string(&profile.document)
        .map_err(|error| fault(WHOLE, format!("has no TOML form: {error}")))?;
    if profile.source.len() > FILE_BYTES_MAX {
        return refuse(WHOLE, "must be at most 64 KiB long");
    }
    Ok(profile)
}

fn syntax(toml: &str, error: &toml::de::Error) -> ProfileError {
    let at = error.span().map_or(0, |span| span.start);
    let before = toml.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let message = error.message();
    fault(
        WHOLE,
        format!("is not TOML: line {line}, column {column}: {message}"),
    )
}

/// An error of serde's: a missing key is reported at the table that misses it, but its author
/// looks for the key.
fn shape(path: &str, message: &str) -> ProfileError {
    let parent = if path == "." { "" } else { path };
    let missing = message.strip_prefix("missing field `");
    if let Some((key, _)) = missing.and_then(|rest| rest.split_once('`')) {
        let dot = if parent.is_empty() { "" } else { "." };
        return fault(shown(&format!("{parent}{dot}{key}")), "is needed");
    }
    let field = if parent.is_empty() { WHOLE } else { parent };
    fault(shown(field), shown(message))
}

/// Text of the file as an error may repeat it: bounded, on one line.
fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(SHOWN_CHARS_MAX).map(plain).collect()
}

fn profile(document: Document, source: String) -> Checked<Profile> {
    name(&document.name)?;
    text("description", &document.description)?;
    let event_id = document.event_id.clone();
    if let Some(member) = &event_id {
        text("event_id", member)?;
        if member.is_empty() {
            return refuse("event_id", "must name a member of the data");
        }
    }
    let envelope = envelope::envelope(&document.envelope)?;
    let headers = signature::headers(&document)?;
    let signature = signature::signature(&document.signature, &headers)?;
    let aliases = signature::aliases(&document.aliases, &headers, &signature)?;
    let generated_secret = signature::generated_secret(document.secret.generate, signature.key)?;
    Ok(Profile {
        name: document.name.clone(),
        description: document.description.clone(),
        event_id,
        source,
        headers,
        aliases,
        signature,
        generated_secret,
        retry_policy: defaults::retry_policy(document.retry.as_ref())?,
        timeout: defaults::timeout(document.timeout.as_deref())?,
        breaker: defaults::breaker(document.breaker.as_ref())?,
        default_event_types: events::default_event_types(&document.default_event_types)?,
        test_event: events::test_event(document.test.as_ref(), &envelope)?,
        catalogue: events::catalogue(&document.event_types)?,
        envelope,
        document,
    })
}

fn name(name: &str) -> Checked<()> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    if starts_well && name.len() <= NAME_CHARS_MAX && name.bytes().all(plain) {
        return Ok(());
    }
    refuse(
        "name",
        format!(
            "must be 1 to {NAME_CHARS_MAX} lower-case letters, digits, _ and -, a letter or digit first"
        ),
    )
}

fn text(field: impl Into<String>, text: &str) -> Checked<()> {
    if text.chars().count() > TEXT_CHARS_MAX {
        return refuse(
            field,
            format!("must be at most {TEXT_CHARS_MAX} characters long"),
        );
    }
    if text.chars().any(char::is_control) {
        return refuse(field, "must not hold control characters");
    }
    Ok(())
}

fn visible(field: impl Into<String>, text: &str) -> Checked<()> {
    if text.len() > TEXT_CHARS_MAX {
        return refuse(
            field,
            format!("must be at most {TEXT_CHARS_MAX} characters long"),
        );
    }
    if text.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
        return refuse(field, "must hold printable ASCII characters only");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
