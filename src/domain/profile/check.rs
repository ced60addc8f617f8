//! From a document to a profile: every rule that a profile file must keep.
//!
//! Owns: reading both spellings, and refusing what makes no sense with the field named. Refuses:
//! repairing anything; a profile that needs guessing would one day be guessed differently.

use std::collections::HashSet;
use std::time::Duration;

use super::document::{
    BreakerDocument, Document, EncodingWord, EventTypeDocument, FieldDocument, From, GenerateWord,
    IdWord, KeyWord, RetryDocument, SignatureDocument, TestDocument,
};
use super::template::{Slot, Template};
use super::{
    Breaker, CATALOGUE_MAX, CatalogueEntry, DISABLE_AFTER_DEFAULT, ENVELOPE_FIELDS_MAX, Encoding,
    Envelope, EnvelopePart, FILE_BYTES_MAX, FieldValue, GeneratedSecret, HEADERS_MAX, HeaderRule,
    KeyForm, NAME_CHARS_MAX, Profile, ProfileError, SignatureScheme, TEXT_CHARS_MAX,
    TIMEOUT_DEFAULT, TIMEOUT_MAX, TIMEOUT_MIN, TestEvent, TimeForm, header_name,
};
use crate::domain::event_type::{EventTypeName, Subscription};
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::time::parse_duration;

/// The field name of errors that concern the whole document.
const WHOLE: &str = "profile";
/// The separators that no encoding's alphabet contains.
const SEPARATORS: [&str; 5] = [" ", ",", ", ", ";", "; "];
/// The most bytes of a test event's data: 16 KiB.
const TEST_DATA_BYTES_MAX: usize = 16 * 1024;
const TEST_DATA_DEFAULT: &str =
    r#"{"message":"This is a test delivery. If its signature verifies, this webhook works."}"#;

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
    let source = toml::to_string(&document)
        .map_err(|error| fault(WHOLE, format!("has no TOML form: {error}")))?;
    if source.len() > FILE_BYTES_MAX {
        return refuse(WHOLE, "must be at most 64 KiB long");
    }
    profile(document, source)
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

fn shape(path: &str, message: &str) -> ProfileError {
    let field = if path == "." { WHOLE } else { path };
    fault(field, message)
}

fn profile(document: Document, source: String) -> Checked<Profile> {
    name(&document.name)?;
    text("description", &document.description)?;
    let envelope = envelope(&document.envelope)?;
    let headers = headers(&document)?;
    let signature = signature(&document.signature, &headers)?;
    let generated_secret = generated_secret(document.secret.generate, signature.key)?;
    let profile = Profile {
        name: document.name.clone(),
        description: document.description.clone(),
        source,
        headers,
        signature,
        generated_secret,
        retry_policy: retry_policy(document.retry.as_ref())?,
        timeout: timeout(document.timeout.as_deref())?,
        breaker: breaker(document.breaker.as_ref())?,
        default_event_types: default_event_types(&document.default_event_types)?,
        test_event: test_event(document.test.as_ref(), &envelope)?,
        catalogue: catalogue(&document.event_types)?,
        envelope,
        document,
    };
    Ok(profile)
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

fn envelope(fields: &[FieldDocument]) -> Checked<Envelope> {
    if fields.is_empty() || fields.len() > ENVELOPE_FIELDS_MAX {
        return refuse(
            "envelope",
            format!("must list 1 to {ENVELOPE_FIELDS_MAX} fields"),
        );
    }
    let mut envelope = Envelope {
        parts: Vec::with_capacity(fields.len()),
        names: Vec::with_capacity(fields.len()),
    };
    for (index, field) in fields.iter().enumerate() {
        let part = envelope_part(index, field, &envelope.names)?;
        envelope.names.extend(field.name.clone());
        envelope.parts.push(part);
    }
    let carries_data = |from| matches!(from, From::Data | From::DataMembers);
    match fields
        .iter()
        .filter(|field| carries_data(field.from))
        .count()
    {
        1 => Ok(envelope),
        0 => refuse(
            "envelope",
            "must carry the data: a field from \"data\" or \"data_members\"",
        ),
        _ => refuse("envelope", "must carry the data once"),
    }
}

fn envelope_part(index: usize, field: &FieldDocument, taken: &[String]) -> Checked<EnvelopePart> {
    let at = |key: &str| format!("envelope[{index}].{key}");
    if field.value.is_some() && field.from != From::Constant {
        return refuse(at("value"), "belongs to fields from \"constant\" only");
    }
    if field.from == From::DataMembers {
        return match field.name {
            Some(_) => refuse(
                at("name"),
                "must be absent: data_members carries its own names",
            ),
            None => Ok(EnvelopePart::Members),
        };
    }
    let name = field.name.as_deref().unwrap_or_default();
    if name.is_empty() {
        return refuse(at("name"), "is needed");
    }
    text(at("name"), name)?;
    if taken.iter().any(|taken| taken == name) {
        return refuse(
            at("name"),
            format!("repeats {name:?}, which an earlier field has"),
        );
    }
    Ok(EnvelopePart::Field {
        key: format!("{}:", json_string(name)).into(),
        value: field_value(field, &at("value"))?,
    })
}

fn field_value(field: &FieldDocument, path: &str) -> Checked<FieldValue> {
    Ok(match field.from {
        From::Type => FieldValue::EventType,
        From::EventId => FieldValue::EventId,
        From::DeliveryId => FieldValue::DeliveryId,
        From::WorkspaceId => FieldValue::WorkspaceId,
        From::Time => FieldValue::Time(TimeForm::Rfc3339),
        From::TimeUnix => FieldValue::Time(TimeForm::UnixSeconds),
        From::TimeUnixMs => FieldValue::Time(TimeForm::UnixMillis),
        From::Data => FieldValue::Data,
        From::DataMembers => unreachable!("envelope_part answers for data_members"),
        From::Constant => FieldValue::Constant(constant(field.value.as_ref(), path)?),
    })
}

fn constant(value: Option<&serde_json::Value>, path: &str) -> Checked<Box<str>> {
    use serde_json::Value;
    match value {
        Some(Value::String(own)) => {
            text(path, own)?;
            Ok(json_string(own).into())
        }
        Some(Value::Bool(own)) => Ok(own.to_string().into()),
        Some(Value::Number(own)) if own.is_i64() || own.is_u64() => Ok(own.to_string().into()),
        Some(Value::Number(_) | Value::Null | Value::Array(_) | Value::Object(_)) | None => {
            refuse(path, "must be text, a whole number, true or false")
        }
    }
}

fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("any text has a JSON form")
}

fn headers(document: &Document) -> Checked<Vec<HeaderRule>> {
    let known = [
        ("event_id", Slot::EventId),
        ("delivery_id", Slot::DeliveryId),
        ("timestamp", Slot::Timestamp),
    ];
    if document.headers.len() > HEADERS_MAX {
        return refuse(
            "headers",
            format!("must list at most {HEADERS_MAX} headers"),
        );
    }
    let mut seen = HashSet::new();
    let mut rules = Vec::with_capacity(document.headers.len());
    for (name, value) in &document.headers {
        let field = || format!("headers.{}", name.chars().take(80).collect::<String>());
        if let Some(message) = header_name::fault(name) {
            return refuse(field(), message);
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            return refuse(field(), "is listed twice; letter case makes no difference");
        }
        visible(field(), value)?;
        let value = Template::parse(value, &known).map_err(|message| fault(field(), message))?;
        if !value.reads_back() {
            return refuse(
                field(),
                "must use a placeholder once, with text between two of them",
            );
        }
        rules.push(HeaderRule {
            name: name.clone(),
            value,
        });
    }
    Ok(rules)
}

fn signature(scheme: &SignatureDocument, headers: &[HeaderRule]) -> Checked<SignatureScheme> {
    if let Some(message) = header_name::fault(&scheme.header) {
        return refuse("signature.header", message);
    }
    let same = |rule: &HeaderRule| rule.name.eq_ignore_ascii_case(&scheme.header);
    if headers.iter().any(same) {
        return refuse("signature.header", "is also listed under headers");
    }
    visible("signature.prefix", &scheme.prefix)?;
    separator(scheme)?;
    let lead = lead(&scheme.lead)?;
    let content = signed_content(scheme)?;
    for (slot, what) in [
        (Slot::Timestamp, "the timestamp"),
        (Slot::EventId, "the event id"),
        (Slot::DeliveryId, "the delivery id"),
    ] {
        let sent = lead.count(slot)
            + headers
                .iter()
                .map(|rule| rule.value.count(slot))
                .sum::<usize>();
        if content.count(slot) > 0 && sent == 0 {
            let message = format!("signs {what}, which no header sends: nobody could verify it");
            return refuse("signature.content", message);
        }
    }
    Ok(SignatureScheme {
        header: scheme.header.clone(),
        lead,
        prefix: scheme.prefix.clone(),
        encoding: match scheme.encoding {
            EncodingWord::Hex => Encoding::Hex,
            EncodingWord::Base64 => Encoding::Base64,
        },
        separator: scheme.separator.clone(),
        content,
        key: match scheme.key {
            KeyWord::Base64AfterPrefix => KeyForm::Base64AfterPrefix,
            KeyWord::Utf8 => KeyForm::Utf8,
        },
    })
}

fn separator(scheme: &SignatureDocument) -> Checked<()> {
    let Some(separator) = scheme.separator.as_deref() else {
        return Ok(());
    };
    if !SEPARATORS.contains(&separator) {
        return refuse(
            "signature.separator",
            "must be one of \" \", \",\", \", \", \";\", \"; \"",
        );
    }
    if scheme.prefix.contains(separator) {
        return refuse("signature.prefix", "must not contain the separator");
    }
    Ok(())
}

fn lead(text: &str) -> Checked<Template> {
    const FIELD: &str = "signature.lead";
    visible(FIELD, text)?;
    let lead = Template::parse(text, &[("timestamp", Slot::Timestamp)])
        .map_err(|message| fault(FIELD, message))?;
    if !lead.reads_back() || !lead.ends_in_text() {
        return refuse(FIELD, "must use {timestamp} at most once and end in text");
    }
    Ok(lead)
}

fn signed_content(scheme: &SignatureDocument) -> Checked<Template> {
    const FIELD: &str = "signature.content";
    let id = scheme.id.map(|id| match id {
        IdWord::EventId => Slot::EventId,
        IdWord::DeliveryId => Slot::DeliveryId,
    });
    visible(FIELD, &scheme.content)?;
    let known = [
        ("id", id.unwrap_or(Slot::EventId)),
        ("timestamp", Slot::Timestamp),
        ("body", Slot::Body),
    ];
    let content = Template::parse(&scheme.content, &known).map_err(|error| fault(FIELD, error))?;
    if content.count(Slot::Body) != 1 {
        return refuse(FIELD, "must contain {body}, once");
    }
    let uses_id = content.count(Slot::EventId) + content.count(Slot::DeliveryId) > 0;
    match (uses_id, id) {
        (true, None) => refuse(
            "signature.id",
            "must say which id {id} is: event_id or delivery_id",
        ),
        (false, Some(_)) => refuse(
            "signature.id",
            "is given, but the signed content has no {id}",
        ),
        (true, Some(_)) | (false, None) => Ok(content),
    }
}

fn generated_secret(form: GenerateWord, key: KeyForm) -> Checked<GeneratedSecret> {
    match (form, key) {
        (GenerateWord::Whsec, _) => Ok(GeneratedSecret::Whsec),
        (GenerateWord::Hex64, KeyForm::Utf8) => Ok(GeneratedSecret::Hex64),
        (GenerateWord::Hex64, KeyForm::Base64AfterPrefix) => refuse(
            "secret.generate",
            "must be \"whsec\" where signature.key is \"base64_after_prefix\"",
        ),
    }
}

fn retry_policy(retry: Option<&RetryDocument>) -> Checked<RetryPolicy> {
    let Some(retry) = retry else {
        return Ok(RetryPolicy::standard());
    };
    let mut delays = Vec::with_capacity(retry.delays.len());
    for (index, delay) in retry.delays.iter().enumerate() {
        delays.push(duration(&format!("retry.delays[{index}]"), delay)?);
    }
    let span = |key: &str, text: &Option<String>| {
        let text = text.as_deref();
        text.map(|text| duration(&format!("retry.{key}"), text))
            .transpose()
    };
    let jitter = match retry.jitter {
        Some(false) => Jitter::Off,
        Some(true) | None => Jitter::Tenth,
    };
    let then_every = span("then_every", &retry.then_every)?;
    let give_up_after = span("give_up_after", &retry.give_up_after)?;
    RetryPolicy::new(delays, then_every, give_up_after, jitter)
        .map_err(|error| fault(format!("retry.{}", error.field), error.message))
}

fn timeout(text: Option<&str>) -> Checked<Duration> {
    let Some(text) = text else {
        return Ok(TIMEOUT_DEFAULT);
    };
    let timeout = duration("timeout", text)?;
    if (TIMEOUT_MIN..=TIMEOUT_MAX).contains(&timeout) {
        return Ok(timeout);
    }
    refuse("timeout", "must lie between 100ms and 2m")
}

fn breaker(breaker: Option<&BreakerDocument>) -> Checked<Breaker> {
    let Some(breaker) = breaker else {
        return Ok(Breaker {
            disable_after_failures: None,
            disable_after: Some(DISABLE_AFTER_DEFAULT),
        });
    };
    if breaker.disable_after_failures == Some(0) {
        return refuse(
            "breaker.disable_after_failures",
            "must be at least 1, or absent",
        );
    }
    let disable_after = breaker.disable_after.as_deref();
    let disable_after = disable_after
        .map(|text| duration("breaker.disable_after", text))
        .transpose()?;
    if disable_after.is_some_and(|span| span.is_zero()) {
        return refuse("breaker.disable_after", "must be longer than 0s, or absent");
    }
    Ok(Breaker {
        disable_after_failures: breaker.disable_after_failures,
        disable_after,
    })
}

fn duration(field: &str, text: &str) -> Checked<Duration> {
    parse_duration(text).map_err(|message| fault(field, message))
}

fn default_event_types(texts: &[String]) -> Checked<Option<Subscription>> {
    const FIELD: &str = "default_event_types";
    if texts.is_empty() {
        return Ok(None);
    }
    Subscription::parse(texts).map(Some).map_err(|error| {
        let index = error.index.map(|index| format!("[{index}]"));
        fault(
            format!("{FIELD}{}", index.unwrap_or_default()),
            error.message,
        )
    })
}

fn test_event(test: Option<&TestDocument>, envelope: &Envelope) -> Checked<TestEvent> {
    let (event_type, data) = match test {
        Some(test) => (test.event_type.as_str(), test.data.as_str()),
        None => ("test", TEST_DATA_DEFAULT),
    };
    let event_type =
        EventTypeName::parse(event_type).map_err(|message| fault("test.type", message))?;
    if data.len() > TEST_DATA_BYTES_MAX {
        return refuse("test.data", "must be at most 16 KiB long");
    }
    let value: serde_json::Value = serde_json::from_str(data)
        .map_err(|error| fault("test.data", format!("must be JSON text: {error}")))?;
    let flattens = envelope
        .parts
        .iter()
        .any(|part| matches!(part, EnvelopePart::Members));
    if flattens && !value.is_object() {
        return refuse(
            "test.data",
            "must be a JSON object, because the envelope carries its members",
        );
    }
    Ok(TestEvent {
        event_type,
        data: data.to_owned(),
    })
}

fn catalogue(entries: &[EventTypeDocument]) -> Checked<Vec<CatalogueEntry>> {
    if entries.len() > CATALOGUE_MAX {
        return refuse(
            "event_types",
            format!("must list at most {CATALOGUE_MAX} event types"),
        );
    }
    let mut seen = HashSet::new();
    let mut catalogue = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let at = |key: &str| format!("event_types[{index}].{key}");
        let name =
            EventTypeName::parse(&entry.name).map_err(|message| fault(at("name"), message))?;
        text(
            at("description"),
            entry.description.as_deref().unwrap_or_default(),
        )?;
        text(at("group"), entry.group.as_deref().unwrap_or_default())?;
        if !seen.insert(name.clone()) {
            return refuse(at("name"), format!("repeats {name}"));
        }
        catalogue.push(CatalogueEntry {
            name,
            description: entry.description.clone(),
            group: entry.group.clone(),
        });
    }
    Ok(catalogue)
}
