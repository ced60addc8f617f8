//! The settings of a workspace as flags, the same where one is made and where one is changed.
//!
//! Owns: the flags and how they become JSON. Refuses: judging values; the server does.

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::webhook_settings::{json, json_or_text};
use crate::cli::input::{INPUT_BYTES_MAX, InputSource};
use crate::cli::output::WrongUsage;

/// What may be said of a workspace; what is not said is left as it is.
#[derive(Args, Serialize)]
pub(super) struct WorkspaceFlags {
    /// What it has paid for: free, pro or enterprise
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// The wire profile of new webhooks
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// Whether unknown event types are refused: true or false
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    strict_event_types: Option<bool>,
    /// Whether headers also go out under their second names: true or false
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    aliases: Option<bool>,
    /// How long what events carry is kept: retention, until_delivered, or such as 24h
    #[arg(long, value_name = "HOW")]
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_data: Option<String>,
    /// Webhooks that a consumer may register itself; null for the instance's default
    #[arg(long, value_name = "N", value_parser = json_or_text)]
    #[serde(skip_serializing_if = "Option::is_none")]
    webhooks_per_consumer: Option<Box<RawValue>>,
    /// How the portal looks, such as '{"name": "Acme", "accent": "#4c55c4"}'; null for as hookpost does
    #[arg(long, value_name = "JSON", value_parser = json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    branding: Option<Box<RawValue>>,
    #[command(flatten)]
    #[serde(skip)]
    spelt: SpeltFlags,
}

/// What is said in another form than the API's.
#[derive(Args)]
struct SpeltFlags {
    /// A file with the portal's logo: PNG, JPEG or WebP
    #[arg(long, value_name = "FILE")]
    logo_file: Option<PathBuf>,
    /// Origins that may frame the portal, with commas between; empty for none
    #[arg(long, value_name = "ORIGINS")]
    portal_origins: Option<String>,
    /// Where alerts go; empty for nowhere
    #[arg(long, value_name = "URL")]
    alert_url: Option<String>,
    /// How alerts look there: json or slack; empty for what the URL takes
    #[arg(long, value_name = "FORM")]
    alert_format: Option<String>,
    /// Who is told by mail, with commas between; empty for nobody
    #[arg(long, value_name = "ADDRESSES")]
    alert_emails: Option<String>,
    /// How long delivered deliveries are kept, such as 720h; empty for the instance's default
    #[arg(long, value_name = "DURATION")]
    retention_delivered: Option<String>,
    /// How long dead letters are kept; empty for the instance's default
    #[arg(long, value_name = "DURATION")]
    retention_exhausted: Option<String>,
    /// So many of each webhook's newest deliveries are kept whatever their age; null for the default
    #[arg(long, value_name = "N", value_parser = json_or_text)]
    retention_keep_latest: Option<Box<RawValue>>,
}

impl WorkspaceFlags {
    /// As the API takes it.
    ///
    /// # Errors
    /// Where a named file cannot be read.
    pub(super) fn said(&self) -> anyhow::Result<Value> {
        let mut said = serde_json::to_value(self)?;
        let spelt = &self.spelt;
        let texts = [
            ("alert_url", &spelt.alert_url),
            ("alert_format", &spelt.alert_format),
        ];
        for (member, given) in texts {
            if let Some(text) = given {
                said[member] = unless_empty(text);
            }
        }
        let lists = [
            ("alert_emails", &spelt.alert_emails),
            ("portal_origins", &spelt.portal_origins),
        ];
        for (member, given) in lists {
            if let Some(list) = given {
                let items = list.split(',').map(str::trim);
                said[member] = items.filter(|one| !one.is_empty()).collect();
            }
        }
        if let Some(file) = &spelt.logo_file {
            let logo = InputSource::File(file).bytes(INPUT_BYTES_MAX)?;
            let branding = &mut said["branding"];
            if !branding.is_object() && self.branding.is_some() {
                let message = "--logo-file goes together with no --branding but an object";
                return Err(WrongUsage::of(message));
            }
            branding["logo"] = json!(BASE64_STANDARD.encode(logo));
        }
        if let Some(retention) = spelt.retention()? {
            said["retention"] = retention;
        }
        Ok(said)
    }
}

impl SpeltFlags {
    fn retention(&self) -> anyhow::Result<Option<Value>> {
        let mut retention = Map::new();
        let durations = [
            ("delivered", &self.retention_delivered),
            ("exhausted", &self.retention_exhausted),
        ];
        for (member, given) in durations {
            if let Some(text) = given {
                retention.insert(member.to_owned(), unless_empty(text));
            }
        }
        if let Some(count) = &self.retention_keep_latest {
            retention.insert("keep_latest".to_owned(), serde_json::to_value(count)?);
        }
        Ok((!retention.is_empty()).then_some(Value::Object(retention)))
    }
}

/// Empty stands for null.
fn unless_empty(text: &str) -> Value {
    json!(Some(text).filter(|text| !text.is_empty()))
}
