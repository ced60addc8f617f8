//! The rules of headers, signatures and secrets.
//!
//! Owns: that names are legal and free, that templates can be filled in and read back, and that a
//! receiver is sent everything that was signed. Refuses: signing.

use std::collections::{BTreeMap, HashSet};

use super::{Checked, fault, refuse, shown, visible};
use crate::domain::header::{check_name, is_forbidden};
use crate::domain::profile::document::{
    Document, EncodingWord, GenerateWord, IdWord, KeyWord, SignatureDocument,
};
use crate::domain::profile::template::{Template, TemplateSlot};
use crate::domain::profile::{
    Encoding, GeneratedSecret, HEADERS_MAX, HeaderAlias, HeaderRule, KeyForm, SignatureScheme,
};

/// The separators that no encoding's alphabet contains.
const SEPARATORS: [&str; 5] = [" ", ",", ", ", ";", "; "];

pub(super) fn headers(document: &Document) -> Checked<Vec<HeaderRule>> {
    let known = [
        ("event_id", TemplateSlot::EventId),
        ("event_type", TemplateSlot::EventType),
        ("event_version", TemplateSlot::EventVersion),
        ("delivery_id", TemplateSlot::DeliveryId),
        ("workspace_id", TemplateSlot::WorkspaceId),
        ("timestamp", TemplateSlot::Timestamp),
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
        let field = || format!("headers.{}", shown(name));
        if let Some(message) = name_fault(name) {
            return refuse(field(), message);
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            return refuse(field(), "is listed twice; letter case makes no difference");
        }
        visible(field(), value)?;
        if value.trim().len() != value.len() || value.is_empty() {
            return refuse(
                field(),
                "must be some text that neither begins nor ends with a space",
            );
        }
        let value = Template::parse(value, &known).map_err(|message| fault(field(), message))?;
        if !value.reads_back() {
            return refuse(
                field(),
                "must use a placeholder once, and go on with text that cannot be part of its value",
            );
        }
        rules.push(HeaderRule {
            name: name.clone(),
            value,
        });
    }
    Ok(rules)
}

/// Says what is wrong with `name` as a header of a profile; `None` where nothing is.
///
/// A profile is shown to everyone who may read it, so it is no place for credentials.
fn name_fault(name: &str) -> Option<String> {
    if let Err(error) = check_name(name) {
        return Some(error.to_string());
    }
    if is_forbidden(name) {
        return Some("is reserved: it belongs to the connection, the sender or the network".into());
    }
    name.eq_ignore_ascii_case("authorization")
        .then(|| "carries credentials: set it on the webhook, not in a profile".into())
}

pub(super) fn signature(
    scheme: &SignatureDocument,
    headers: &[HeaderRule],
) -> Checked<SignatureScheme> {
    if let Some(message) = name_fault(&scheme.header) {
        return refuse("signature.header", message);
    }
    let same = |rule: &HeaderRule| rule.name.eq_ignore_ascii_case(&scheme.header);
    if headers.iter().any(same) {
        return refuse("signature.header", "is also listed under headers");
    }
    visible("signature.prefix", &scheme.prefix)?;
    if scheme.prefix.contains(['{', '}']) {
        return refuse(
            "signature.prefix",
            "is sent as it is: placeholders belong into signature.lead",
        );
    }
    separator(scheme)?;
    let lead = lead(&scheme.lead)?;
    let content = signed_content(scheme)?;
    for (slot, what) in [
        (TemplateSlot::Timestamp, "the timestamp"),
        (TemplateSlot::EventId, "the event id"),
        (TemplateSlot::DeliveryId, "the delivery id"),
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

/// The second names of headers: each of a header that the profile has, and free itself.
pub(super) fn aliases(
    listed: &BTreeMap<String, String>,
    headers: &[HeaderRule],
    signature: &SignatureScheme,
) -> Checked<Vec<HeaderAlias>> {
    let own = headers.iter().map(|rule| rule.name.as_str());
    let own: Vec<&str> = own.chain([signature.header.as_str()]).collect();
    let mut taken: HashSet<String> = own.iter().map(|name| name.to_ascii_lowercase()).collect();
    let mut aliases: Vec<HeaderAlias> = Vec::with_capacity(listed.len());
    for (of, name) in listed {
        let field = || format!("aliases.{}", shown(of));
        let Some(header) = own.iter().find(|own| own.eq_ignore_ascii_case(of)) else {
            return refuse(field(), "is no header of this profile");
        };
        if aliases.iter().any(|alias| alias.of == **header) {
            return refuse(field(), "is listed twice; letter case makes no difference");
        }
        if let Some(message) = name_fault(name) {
            return refuse(field(), message);
        }
        if !taken.insert(name.to_ascii_lowercase()) {
            return refuse(field(), "names a header that this profile sends already");
        }
        aliases.push(HeaderAlias {
            of: (*header).to_owned(),
            name: name.clone(),
        });
    }
    Ok(aliases)
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
    let lead = Template::parse(text, &[("timestamp", TemplateSlot::Timestamp)])
        .map_err(|message| fault(FIELD, message))?;
    if !lead.reads_back() || !lead.ends_in_text() {
        return refuse(
            FIELD,
            "must use {timestamp} at most once and go on with text that is no digit",
        );
    }
    Ok(lead)
}

fn signed_content(scheme: &SignatureDocument) -> Checked<Template> {
    const FIELD: &str = "signature.content";
    let id = scheme.id.map(|id| match id {
        IdWord::EventId => TemplateSlot::EventId,
        IdWord::DeliveryId => TemplateSlot::DeliveryId,
    });
    visible(FIELD, &scheme.content)?;
    let known = [
        ("id", id.unwrap_or(TemplateSlot::EventId)),
        ("timestamp", TemplateSlot::Timestamp),
        ("body", TemplateSlot::Body),
    ];
    let content = Template::parse(&scheme.content, &known).map_err(|error| fault(FIELD, error))?;
    if content.count(TemplateSlot::Body) != 1 {
        return refuse(FIELD, "must contain {body}, once");
    }
    let uses_id =
        content.count(TemplateSlot::EventId) + content.count(TemplateSlot::DeliveryId) > 0;
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

pub(super) fn generated_secret(form: GenerateWord, key: KeyForm) -> Checked<GeneratedSecret> {
    match (form, key) {
        (GenerateWord::Whsec, _) => Ok(GeneratedSecret::Whsec),
        (GenerateWord::Hex64, KeyForm::Utf8) => Ok(GeneratedSecret::Hex64),
        (GenerateWord::Hex64, KeyForm::Base64AfterPrefix) => refuse(
            "secret.generate",
            "must be \"whsec\" where signature.key is \"base64_after_prefix\"",
        ),
    }
}
