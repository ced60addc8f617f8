//! The profile file as it is written: keys, words and nesting, before anything is checked.
//!
//! Owns: the serde shape that the TOML file and the JSON of the API share. Refuses: judging it;
//! `check` turns a document into a `Profile` or names the field at fault. These are the only
//! serde types of the domain, because here the file format itself is the subject.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) default_event_types: Vec<String>,
    pub(crate) envelope: Vec<FieldDocument>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) aliases: BTreeMap<String, String>,
    pub(crate) signature: SignatureDocument,
    pub(crate) secret: SecretDocument,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry: Option<RetryDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) breaker: Option<BreakerDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) test: Option<TestDocument>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) event_types: Vec<EventTypeDocument>,
}

/// One field of the envelope. `name` is absent only where the data's own members are carried.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldDocument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) from: From,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<serde_json::Value>,
}

/// Where the value of an envelope field comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum From {
    Type,
    EventVersion,
    EventId,
    DeliveryId,
    WorkspaceId,
    Time,
    TimeUnix,
    TimeUnixMs,
    Data,
    DataMembers,
    Constant,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignatureDocument {
    pub(crate) header: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) lead: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) prefix: String,
    pub(crate) encoding: EncodingWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) separator: Option<String>,
    pub(crate) content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<IdWord>,
    pub(crate) key: KeyWord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EncodingWord {
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdWord {
    EventId,
    DeliveryId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyWord {
    #[serde(rename = "base64_after_prefix")]
    Base64AfterPrefix,
    #[serde(rename = "utf8")]
    Utf8,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretDocument {
    pub(crate) generate: GenerateWord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GenerateWord {
    #[serde(rename = "whsec")]
    Whsec,
    #[serde(rename = "hex64")]
    Hex64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryDocument {
    pub(crate) delays: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) then_every: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) give_up_after: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jitter: Option<bool>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakerDocument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) disable_after_failures: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) disable_after: Option<String>,
}

/// `data` is JSON text, so that the file decides its bytes whatever carries the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestDocument {
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    pub(crate) data: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventTypeDocument {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
}
