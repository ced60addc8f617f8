//! Moving in from Svix: event types, applications, and their endpoints.
//!
//! Owns: what goes where, in which order. Refuses: endpoints (`svix_endpoint`) and messages; what was
//! sent stays where it was sent from.
//!
//! # Which names things have afterwards
//! The platform's own. What has none is called by its old id, so that a program that wrote that down finds
//! it by the same text.

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::report::{DryRun, ImportReport, ImportRun, Moved};
use super::svix_endpoint::{self, MovedEndpoint};
use super::svix_pages::SvixApi;
use super::svix_sides::{SvixMove, name_here};
use crate::cli::output::WrongUsage;
use crate::cli::rest::{Connection, OutputForm, encoded, on_runtime};
use crate::net::{HeaderName, HeaderValue, RestClient, RestMethod};

#[derive(Args)]
pub(super) struct SvixSource {
    /// Where it answers, such as https://api.eu.svix.com or https://hooks.example.com/svix
    #[arg(long, value_name = "URL")]
    from: Url,
    /// The token with which its API is called
    #[arg(long, value_name = "TOKEN", env = "SVIX_TOKEN", hide_env_values = true)]
    token: String,
    #[command(flatten)]
    dry_run: DryRun,
}

/// An event type, as both sides tell it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MovedEventType {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    schemas: Option<Value>,
    #[serde(default)]
    group_name: Option<String>,
    #[serde(default)]
    deprecated: bool,
    #[serde(default)]
    feature_flag: Option<String>,
    #[serde(default)]
    feature_flags: Option<Vec<String>>,
}

/// An application, as both sides tell it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MovedApplication {
    id: String,
    #[serde(default)]
    uid: Option<String>,
    name: String,
    #[serde(default)]
    throttle_rate: Option<u64>,
    #[serde(default)]
    rate_limit: Option<u64>,
    #[serde(default)]
    metadata: Value,
}

impl SvixSource {
    pub(super) fn run(self, connection: Connection) -> anyhow::Result<()> {
        if !matches!(self.from.scheme(), "http" | "https") {
            return Err(WrongUsage::of("--from must begin with http:// or https://"));
        }
        let dialed = connection.dial()?;
        let form = dialed.form;
        let below = format!("{}/svix", dialed.server.as_str().trim_end_matches('/'));
        let roots = dialed.roots_pem.as_deref();
        let new = RestClient::new(below.parse()?, roots)?;
        let old = RestClient::new(self.from, roots)?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.token))?;
        bearer.set_sensitive(true);
        let shown = vec![(HeaderName::from_static("authorization"), bearer)];
        let moving = SvixMove {
            old: SvixApi::new(old, shown),
            new: SvixApi::new(new, dialed.headers),
            run: ImportRun::of(&self.dry_run),
        };
        on_runtime(moving.all(form))
    }
}

impl SvixMove {
    async fn all(self, form: OutputForm) -> anyhow::Result<()> {
        let mut report = ImportReport::new(self.run, form, None);
        let types = "/event-type?include_archived=true&with_content=true";
        for one in self.old.all::<MovedEventType>(types).await? {
            match self.event_type(&one).await {
                Ok(moved) => report.moved("event type", &one.name, moved)?,
                Err(error) => report.failed(&format!("event type {}", one.name), &error)?,
            }
        }
        for one in self.old.all::<MovedApplication>("/app").await? {
            let name = one.name_here();
            match self.application(&one, &name).await {
                Ok(moved) => report.moved("application", &name, moved)?,
                Err(error) => {
                    report.failed(&format!("application {name}"), &error)?;
                    continue;
                }
            }
            self.endpoints(&one, &name, &mut report).await?;
        }
        report.end()
    }

    async fn event_type(&self, one: &MovedEventType) -> anyhow::Result<Moved> {
        let path = format!("/event-type/{}", encoded(&one.name));
        let wanted = one.said();
        let there = self.new.find::<MovedEventType>(&path).await?;
        let moved = match &there {
            None => Moved::Created,
            Some(there) if there.said() == wanted => return Ok(Moved::Unchanged),
            Some(_) => Moved::Updated,
        };
        self.write(RestMethod::Put, &path, &wanted).await?;
        Ok(moved)
    }

    async fn application(&self, one: &MovedApplication, name: &str) -> anyhow::Result<Moved> {
        let path = format!("/app/{}", encoded(name));
        let wanted = one.said(name);
        let there = self.new.find::<MovedApplication>(&path).await?;
        let moved = match &there {
            None => Moved::Created,
            Some(there) if there.said(name) == wanted => return Ok(Moved::Unchanged),
            Some(_) => Moved::Updated,
        };
        self.write(RestMethod::Put, &path, &wanted).await?;
        Ok(moved)
    }

    async fn endpoints(
        &self,
        of: &MovedApplication,
        name: &str,
        report: &mut ImportReport,
    ) -> anyhow::Result<()> {
        let old = format!("/app/{}/endpoint", encoded(&of.id));
        let found = match self.old.all::<MovedEndpoint>(&old).await {
            Ok(found) => found,
            Err(error) => return report.failed(&format!("endpoints of {name}"), &error),
        };
        for one in found {
            let shown = format!("{name}/{}", one.name_here());
            let old = format!("{old}/{}", encoded(one.id()));
            let new = format!("/app/{}/endpoint", encoded(name));
            match svix_endpoint::take(self, &one, &old, &new).await {
                Ok((moved, notes)) => {
                    report.moved("endpoint", &shown, moved)?;
                    for note in notes {
                        report.note(&format!("endpoint {shown}"), &note)?;
                    }
                }
                Err(error) => report.failed(&format!("endpoint {shown}"), &error)?,
            }
        }
        Ok(())
    }
}

impl MovedEventType {
    fn said(&self) -> Value {
        // The first generation of clients knows one flag.
        let one = self.feature_flag.iter().cloned().collect();
        let schemas = self.schemas.as_ref().and_then(Value::as_object);
        json!({
            "description": self.description,
            "archived": self.archived,
            "deprecated": self.deprecated,
            "schemas": schemas.filter(|all| !all.is_empty()),
            "groupName": self.group_name,
            "featureFlags": self.feature_flags.clone().unwrap_or(one),
        })
    }
}

impl MovedApplication {
    fn name_here(&self) -> String {
        name_here(self.uid.as_deref(), &self.id)
    }

    fn said(&self, name: &str) -> Value {
        json!({
            "uid": name,
            "name": self.name,
            "throttleRate": self.throttle_rate.or(self.rate_limit),
            "metadata": match &self.metadata {
                Value::Null => json!({}),
                metadata => metadata.clone(),
            },
        })
    }
}
