//! Every option of `serve`, each described once.
//!
//! Owns: the one list of options. clap reads it as flags and environment variables, serde as the
//! keys of a TOML file; an option that none of them gives stays `None`. Refuses: defaults and
//! rules across options; they are applied where the layers come together (`config`).
//!
//! # Why one struct for three sources
//! An option that existed as a flag but not as a key, or under another name, would be a bug that no
//! compiler finds. Here a field *is* the flag, the variable and the key.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use url::Url;

use crate::config::listen::Listen;
use crate::domain::secret::Secret;
use crate::domain::time::parse_duration;
use crate::telemetry::{LogFormat, LogLevel};

/// What one source says; `None` where it says nothing.
#[derive(Args, Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Where to listen for the API and the dashboard: an address or a name such as localhost; port 0
    /// picks a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "HOOKPOST_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<Listen>,
    /// The directory of the database and all that belongs to it; made if need be, mode 0700
    /// [default: ./hookpost-data]
    #[arg(long, env = "HOOKPOST_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// A file that holds the master key, mode 0600; made at the first start. HOOKPOST_MASTER_KEY
    /// holds the key itself and goes first; a systemd credential `hookpost-master-key` is found by
    /// itself [default: master.key in the data directory]
    #[arg(long, env = "HOOKPOST_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
    /// The address under which people and programs reach hookpost, where that is not the one it
    /// listens on: for links
    #[arg(long, env = "HOOKPOST_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<WebAddress>,
    /// The address under which customers reach the consumer portal, where that is not where people and
    /// programs reach hookpost: for portal links
    #[arg(long, env = "HOOKPOST_PORTAL_URL", value_name = "URL")]
    pub portal_url: Option<WebAddress>,
    /// Let webhook URLs be `http://`
    #[arg(long, env = "HOOKPOST_ALLOW_HTTP", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub allow_http: Option<bool>,
    /// A private range that deliveries may reach; may be given more than once
    #[arg(
        long,
        env = "HOOKPOST_ALLOW_PRIVATE",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub allow_private: Option<Vec<IpNet>>,
    /// A proxy by which everything that leaves goes, with user:password@ before the host where it asks
    /// for them: http://, https:// or socks5://. It is asked for addresses that were judged here, and
    /// must let connections through to the receivers' ports
    #[arg(
        long,
        env = "HOOKPOST_EGRESS_PROXY",
        value_name = "URL",
        hide_env_values = true
    )]
    pub egress_proxy: Option<Unquoted>,
    /// A mail server for alerts, with user:password@ before the host where it asks for them: smtp://
    /// (with STARTTLS) or smtps://
    #[arg(
        long,
        env = "HOOKPOST_SMTP_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub smtp_url: Option<Unquoted>,
    /// From whom those mails are [default: hookpost@ and the public host]
    #[arg(long, env = "HOOKPOST_SMTP_FROM", value_name = "ADDRESS")]
    pub smtp_from: Option<String>,
    /// Root certificates (PEM) that deliveries trust besides the public ones
    #[arg(long, env = "HOOKPOST_TLS_CA_FILE", value_name = "FILE")]
    pub tls_ca_file: Option<PathBuf>,
    /// hookpost's own certificate chain (PEM), to serve https
    #[arg(long, env = "HOOKPOST_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The key of that certificate (PEM)
    #[arg(long, env = "HOOKPOST_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// A range of proxies whose `x-forwarded-for` is believed; may be given more than once
    #[arg(
        long,
        env = "HOOKPOST_TRUSTED_PROXIES",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub trusted_proxies: Option<Vec<IpNet>>,
    /// Let people sign in over plain http from other machines: their passwords and sessions can
    /// then be read on the way
    #[arg(long, env = "HOOKPOST_INSECURE_DASHBOARD", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub insecure_dashboard: Option<bool>,
    /// Ask everybody for a second factor
    #[arg(long, env = "HOOKPOST_REQUIRE_MFA", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    pub require_mfa: Option<bool>,
    /// How long attempts in flight may take to finish when hookpost stops [default: 15s]
    #[arg(long, env = "HOOKPOST_SHUTDOWN_GRACE", value_name = "DURATION")]
    pub shutdown_grace: Option<Span>,
    /// Attempts under way at once, all webhooks together [default: 512]
    #[arg(long, env = "HOOKPOST_MAX_IN_FLIGHT", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_IN_FLIGHT_MAX)))]
    #[serde(deserialize_with = "max_in_flight")]
    pub max_in_flight: Option<u32>,
    /// How long the history of delivered events is kept [default: 720h]
    #[arg(long, env = "HOOKPOST_RETENTION_DELIVERED", value_name = "DURATION")]
    pub retention_delivered: Option<Span>,
    /// How long dead letters are kept [default: 2160h]
    #[arg(long, env = "HOOKPOST_RETENTION_EXHAUSTED", value_name = "DURATION")]
    pub retention_exhausted: Option<Span>,
    /// The most bytes of one event's data [default: 262144]
    #[arg(long, env = "HOOKPOST_EVENT_DATA_BYTES_MAX", value_name = "BYTES")]
    pub event_data_bytes_max: Option<Bytes>,
    /// The most events of one batch call [default: 1000]
    #[arg(long, env = "HOOKPOST_BATCH_EVENTS_MAX", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(BATCH_EVENTS_MAX_MAX)))]
    #[serde(deserialize_with = "batch_events_max")]
    pub batch_events_max: Option<u32>,
    /// How many bytes of a receiver's answer are kept [default: 16384]
    #[arg(long, env = "HOOKPOST_RESPONSE_BODY_BYTES_MAX", value_name = "BYTES")]
    pub response_body_bytes_max: Option<Bytes>,
    /// Requests per second that one API key may make; without it there is no such limit
    #[arg(long, env = "HOOKPOST_KEY_RATE_LIMIT", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(RATE_LIMIT_MAX)))]
    #[serde(deserialize_with = "rate_limit")]
    pub key_rate_limit: Option<u32>,
    /// Requests per second that one address may make, whoever it says it is; without it there is no
    /// such limit
    #[arg(long, env = "HOOKPOST_ADDRESS_RATE_LIMIT", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(RATE_LIMIT_MAX)))]
    #[serde(deserialize_with = "rate_limit")]
    pub address_rate_limit: Option<u32>,
    /// Tests of webhooks that one workspace may send in a minute [default: 120]
    #[arg(long, env = "HOOKPOST_TESTS_PER_MINUTE", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(RATE_LIMIT_MAX)))]
    #[serde(deserialize_with = "rate_limit")]
    pub tests_per_minute: Option<u32>,
    /// Connections at once; further ones wait until one is closed [default: 2048]
    #[arg(long, env = "HOOKPOST_MAX_CONNECTIONS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(CONNECTIONS_MAX_MAX)))]
    #[serde(deserialize_with = "max_connections")]
    pub max_connections: Option<u32>,
    /// How long the head of a request may take to arrive [default: 10s]
    #[arg(long, env = "HOOKPOST_HEAD_TIMEOUT", value_name = "DURATION")]
    pub head_timeout: Option<Span>,
    /// How long the body of a request may take to arrive [default: 30s]
    #[arg(long, env = "HOOKPOST_BODY_TIMEOUT", value_name = "DURATION")]
    pub body_timeout: Option<Span>,
    /// A range from which /metrics may be read without credentials; may be given more than once. From
    /// elsewhere it then takes a key with the scope metrics:read; without it, everybody may read them
    #[arg(
        long,
        env = "HOOKPOST_METRICS_ALLOW",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub metrics_allow: Option<Vec<IpNet>>,
    /// Webhooks of which /metrics tells one by one, at most: those that have failed longest, then those
    /// registered first. Only for whom --metrics-allow or a key with the scope metrics:read lets in
    /// [default: none]
    #[arg(long, env = "HOOKPOST_METRICS_WEBHOOKS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(METRICS_WEBHOOKS_MAX)))]
    #[serde(deserialize_with = "metrics_webhooks")]
    pub metrics_webhooks: Option<u32>,
    /// A collector of OpenTelemetry traces that takes OTLP over HTTP, such as http://127.0.0.1:4318; without
    /// it nothing is traced
    #[arg(long, env = "HOOKPOST_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<WebAddress>,
    /// A header for that collector, as name=value; may be given more than once. The variable keeps it out of
    /// lists of processes
    #[arg(
        long,
        env = "HOOKPOST_OTLP_HEADERS",
        hide_env_values = true,
        value_name = "NAME=VALUE",
        value_delimiter = ','
    )]
    pub otlp_headers: Option<Vec<String>>,
    /// How much hookpost says on standard error: off, error, warn, info, debug or trace [default:
    /// info]
    #[arg(long, env = "HOOKPOST_LOG", value_name = "LEVEL")]
    #[serde(deserialize_with = "from_text")]
    pub log: Option<LogLevel>,
    /// How it says it: text, json, or auto (text on a terminal) [default: auto]
    #[arg(long, env = "HOOKPOST_LOG_FORMAT", value_name = "FORM")]
    #[serde(deserialize_with = "from_text")]
    pub log_format: Option<LogFormat>,
}

/// The highest `max_in_flight`; each attempt holds a socket and up to half a megabyte.
pub const MAX_IN_FLIGHT_MAX: u32 = 16_384;
/// The highest `batch_events_max`.
pub const BATCH_EVENTS_MAX_MAX: u32 = 10_000;
/// The highest limit on a rate, per second or per minute.
pub const RATE_LIMIT_MAX: u32 = 1_000_000;
/// The highest `max_connections`; each holds two descriptors and up to 160 KiB.
pub const CONNECTIONS_MAX_MAX: u32 = 65_536;
/// The highest `metrics_webhooks`; each is a dozen lines of every scrape.
pub const METRICS_WEBHOOKS_MAX: u32 = 1000;
/// The highest byte limit that can be asked for: 16 MiB.
pub const BYTES_MAX: usize = 16 * 1024 * 1024;

impl Options {
    /// This source where it says something, else the one below it.
    #[must_use]
    pub fn or(self, below: Self) -> Self {
        Self {
            listen: self.listen.or(below.listen),
            data_dir: self.data_dir.or(below.data_dir),
            master_key_file: self.master_key_file.or(below.master_key_file),
            public_url: self.public_url.or(below.public_url),
            portal_url: self.portal_url.or(below.portal_url),
            allow_http: self.allow_http.or(below.allow_http),
            allow_private: self.allow_private.or(below.allow_private),
            egress_proxy: self.egress_proxy.or(below.egress_proxy),
            smtp_url: self.smtp_url.or(below.smtp_url),
            smtp_from: self.smtp_from.or(below.smtp_from),
            tls_ca_file: self.tls_ca_file.or(below.tls_ca_file),
            tls_cert: self.tls_cert.or(below.tls_cert),
            tls_key: self.tls_key.or(below.tls_key),
            trusted_proxies: self.trusted_proxies.or(below.trusted_proxies),
            insecure_dashboard: self.insecure_dashboard.or(below.insecure_dashboard),
            require_mfa: self.require_mfa.or(below.require_mfa),
            shutdown_grace: self.shutdown_grace.or(below.shutdown_grace),
            max_in_flight: self.max_in_flight.or(below.max_in_flight),
            retention_delivered: self.retention_delivered.or(below.retention_delivered),
            retention_exhausted: self.retention_exhausted.or(below.retention_exhausted),
            event_data_bytes_max: self.event_data_bytes_max.or(below.event_data_bytes_max),
            batch_events_max: self.batch_events_max.or(below.batch_events_max),
            response_body_bytes_max: self
                .response_body_bytes_max
                .or(below.response_body_bytes_max),
            key_rate_limit: self.key_rate_limit.or(below.key_rate_limit),
            address_rate_limit: self.address_rate_limit.or(below.address_rate_limit),
            tests_per_minute: self.tests_per_minute.or(below.tests_per_minute),
            max_connections: self.max_connections.or(below.max_connections),
            head_timeout: self.head_timeout.or(below.head_timeout),
            body_timeout: self.body_timeout.or(below.body_timeout),
            metrics_allow: self.metrics_allow.or(below.metrics_allow),
            metrics_webhooks: self.metrics_webhooks.or(below.metrics_webhooks),
            otlp_endpoint: self.otlp_endpoint.or(below.otlp_endpoint),
            otlp_headers: self.otlp_headers.or(below.otlp_headers),
            log: self.log.or(below.log),
            log_format: self.log_format.or(below.log_format),
        }
    }
}

/// An address that may hold credentials: what is wrong with it is said where the sources come together,
/// because whoever parses options quotes what does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unquoted(pub Secret);

impl FromStr for Unquoted {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(Secret::new(text.to_owned())))
    }
}

impl<'de> Deserialize<'de> for Unquoted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(Secret::new(text)))
    }
}

/// A duration as the API spells it: `"15s"`, `"5m"`, `"720h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_duration(text).map(Self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// An address that browsers can open: http or https, without query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAddress(pub Url);

impl FromStr for WebAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).ok().filter(|url| {
            let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
            is_web && url.query().is_none() && url.fragment().is_none()
        });
        url.map(Self)
            .ok_or_else(|| "must be an http or https URL without query or fragment".to_owned())
    }
}

impl<'de> Deserialize<'de> for WebAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A size limit, from 1 byte to [`BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub usize);

impl Bytes {
    fn checked(bytes: usize) -> Result<Self, String> {
        match bytes {
            1..=BYTES_MAX => Ok(Self(bytes)),
            _ => Err(format!("must be a number of bytes from 1 to {BYTES_MAX}")),
        }
    }
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::checked(text.parse().unwrap_or(0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::checked(usize::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

fn from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = String>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(de::Error::custom)
}

fn max_in_flight<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    counted(from, MAX_IN_FLIGHT_MAX)
}

fn batch_events_max<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    counted(from, BATCH_EVENTS_MAX_MAX)
}

fn rate_limit<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    counted(from, RATE_LIMIT_MAX)
}

fn max_connections<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    counted(from, CONNECTIONS_MAX_MAX)
}

fn metrics_webhooks<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    counted(from, METRICS_WEBHOOKS_MAX)
}

fn counted<'de, D: Deserializer<'de>>(from: D, max: u32) -> Result<Option<u32>, D::Error> {
    let count = u32::deserialize(from)?;
    if (1..=max).contains(&count) {
        return Ok(Some(count));
    }
    Err(de::Error::custom(format!("must be from 1 to {max}")))
}
