//! What `serve` runs with: flags over environment over file over defaults.
//!
//! Owns: bringing the sources together, the defaults, the rules across options, and where the
//! master key comes from. Refuses: the list of options itself (`config::options`) and acting on any
//! of them (`app`).
//!
//! # Where the file is looked for
//! `--config` names it; else `hookpost.toml` in the data directory is read if it exists. A file in
//! the data directory cannot say where the data directory is, so there `data_dir` is refused.

mod error;
mod file;
pub mod listen;
pub mod options;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::domain::email::parse_address;
use crate::domain::secret::Secret;
use crate::domain::workspace::{RETAIN_DELIVERED, RETAIN_EXHAUSTED};
use crate::net::{EgressProxy, SmtpFault, SmtpServer};
use crate::service::TESTS_PER_MINUTE_DEFAULT;
use crate::store::vault::KeySource;
use crate::telemetry::{LogFormat, LogLevel};
use crate::web::limits::{BODY_DEADLINE_DEFAULT, CONNECTIONS_DEFAULT, HEAD_DEADLINE_DEFAULT};
pub use error::ConfigError;
use file::Presence;
use listen::Listen;
use options::Options;

/// The data directory where nobody names one.
pub const DATA_DIR_DEFAULT: &str = "./hookpost-data";
/// The configuration file's name in the data directory.
pub const FILE_NAME: &str = "hookpost.toml";
/// The variable that holds the master key itself.
pub const MASTER_KEY_VARIABLE: &str = "HOOKPOST_MASTER_KEY";
/// The systemd credential that holds the master key.
pub const CREDENTIAL_NAME: &str = "hookpost-master-key";
/// The master key's file in the data directory.
pub const MASTER_KEY_FILE: &str = "master.key";

const SHUTDOWN_GRACE_DEFAULT: Duration = Duration::from_secs(15);
const MAX_IN_FLIGHT_DEFAULT: u32 = 512;
const EVENT_DATA_BYTES_MAX_DEFAULT: usize = 256 * 1024;
const BATCH_EVENTS_MAX_DEFAULT: u32 = 1000;
const RESPONSE_BODY_BYTES_MAX_DEFAULT: usize = 16 * 1024;

/// hookpost's own certificate, to serve https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, PEM.
    pub cert: PathBuf,
    /// The key, PEM.
    pub key: PathBuf,
}

/// Everything that `serve` runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: Listen,
    /// The data directory.
    pub data_dir: PathBuf,
    /// Where the master key comes from.
    pub master_key: KeySource,
    /// Where people reach hookpost; absent: at `listen`.
    pub public_url: Option<Url>,
    /// Where customers reach the portal; absent: where people reach hookpost.
    pub portal_url: Option<Url>,
    /// Whether webhook URLs may be `http://`.
    pub allow_http: bool,
    /// Private ranges that deliveries may reach.
    pub allow_private: Vec<IpNet>,
    /// The proxy by which everything leaves.
    pub egress_proxy: Option<EgressProxy>,
    /// The server that takes mails.
    pub smtp: Option<SmtpServer>,
    /// From whom they are.
    pub smtp_from: Option<String>,
    /// Roots (PEM) that deliveries trust besides the public ones.
    pub tls_ca_file: Option<PathBuf>,
    /// The certificate to serve https with; absent: plain http.
    pub tls: Option<TlsFiles>,
    /// Proxies whose `x-forwarded-for` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether people may sign in over plain http from other machines.
    pub insecure_dashboard: bool,
    /// Whether everybody needs a second factor.
    pub require_mfa: bool,
    /// How long attempts in flight may take when hookpost stops.
    pub shutdown_grace: Duration,
    /// Attempts under way at once, all webhooks together.
    pub max_in_flight: u32,
    /// How long delivered history is kept.
    pub retention_delivered: Duration,
    /// How long dead letters are kept.
    pub retention_exhausted: Duration,
    /// The most bytes of one event's data.
    pub event_data_bytes_max: usize,
    /// The most events of one batch call.
    pub batch_events_max: u32,
    /// How many bytes of a receiver's answer are kept.
    pub response_body_bytes_max: usize,
    /// Requests per second that one API key may make.
    pub key_rate_limit: Option<u32>,
    /// Requests per second that one address may make.
    pub address_rate_limit: Option<u32>,
    /// Tests of webhooks that one workspace may send in a minute.
    pub tests_per_minute: u32,
    /// Connections at once.
    pub max_connections: u32,
    /// How long a request's head may take to arrive.
    pub head_timeout: Duration,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// From where `/metrics` may be read without credentials; absent: from everywhere.
    pub metrics_allow: Option<Vec<IpNet>>,
    /// Webhooks of which `/metrics` tells one by one, at most; 0 is none.
    pub metrics_webhooks: u32,
    /// The collector that traces go to; absent: there are none.
    pub otlp_endpoint: Option<Url>,
    /// Headers for it, `name=value`.
    pub otlp_headers: Vec<String>,
    /// How much hookpost says.
    pub log: LogLevel,
    /// How it says it.
    pub log_format: LogFormat,
}

/// What the environment says about the master key; it is no option, because a key on a command line
/// or in a configuration file would be read by too many.
#[derive(Clone, Debug, Default)]
pub struct KeyEnvironment {
    /// The key itself.
    pub text: Option<Secret>,
    /// The directory of systemd's credentials.
    pub credentials: Option<PathBuf>,
}

impl KeyEnvironment {
    /// Reads this process's environment.
    #[must_use]
    pub fn read() -> Self {
        let text = std::env::var(MASTER_KEY_VARIABLE).ok();
        Self {
            text: text.filter(|text| !text.is_empty()).map(Secret::new),
            credentials: std::env::var_os("CREDENTIALS_DIRECTORY")
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from),
        }
    }

    /// The key's source, the most particular first.
    fn source(self, named: Option<PathBuf>, data_dir: &Path) -> KeySource {
        if let Some(text) = self.text {
            return KeySource::Text(text);
        }
        if let Some(file) = named {
            return KeySource::File(file);
        }
        let credential = self.credentials.map(|dir| dir.join(CREDENTIAL_NAME));
        match credential.filter(|path| path.exists()) {
            Some(path) => KeySource::Credential(path),
            None => KeySource::File(data_dir.join(MASTER_KEY_FILE)),
        }
    }
}

impl Config {
    /// Puts `given` (flags and environment) over the file and the defaults. `named_file` is the
    /// file that somebody asked for.
    ///
    /// # Errors
    /// [`ConfigError`] says in one line which source is wrong, and where.
    pub fn load(
        given: Options,
        named_file: Option<&Path>,
        keys: KeyEnvironment,
    ) -> Result<Self, ConfigError> {
        let from_file = match named_file {
            Some(path) => file::read(path, Presence::Required)?,
            None => read_in_data_dir(&given)?,
        };
        Self::complete(given.or(from_file), keys)
    }

    fn complete(options: Options, keys: KeyEnvironment) -> Result<Self, ConfigError> {
        let data_dir = options
            .data_dir
            .unwrap_or_else(|| PathBuf::from(DATA_DIR_DEFAULT));
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, listen::PORT_DEFAULT));
        let bytes = |given: Option<options::Bytes>, default| given.map_or(default, |given| given.0);
        let span = |given: Option<options::Span>, default| given.map_or(default, |given| given.0);
        Ok(Self {
            listen: options.listen.unwrap_or(local.into()),
            master_key: keys.source(options.master_key_file, &data_dir),
            data_dir,
            public_url: options.public_url.map(|address| address.0),
            portal_url: options.portal_url.map(|address| address.0),
            allow_http: options.allow_http.unwrap_or(false),
            allow_private: options.allow_private.unwrap_or_default(),
            egress_proxy: egress_proxy(options.egress_proxy.as_ref())?,
            smtp: smtp_server(options.smtp_url.as_ref())?,
            smtp_from: smtp_from(options.smtp_from)?,
            tls_ca_file: options.tls_ca_file,
            tls: tls_files(options.tls_cert, options.tls_key)?,
            trusted_proxies: options.trusted_proxies.unwrap_or_default(),
            insecure_dashboard: options.insecure_dashboard.unwrap_or(false),
            require_mfa: options.require_mfa.unwrap_or(false),
            shutdown_grace: span(options.shutdown_grace, SHUTDOWN_GRACE_DEFAULT),
            max_in_flight: options.max_in_flight.unwrap_or(MAX_IN_FLIGHT_DEFAULT),
            retention_delivered: span(options.retention_delivered, RETAIN_DELIVERED),
            retention_exhausted: span(options.retention_exhausted, RETAIN_EXHAUSTED),
            event_data_bytes_max: bytes(options.event_data_bytes_max, EVENT_DATA_BYTES_MAX_DEFAULT),
            batch_events_max: options.batch_events_max.unwrap_or(BATCH_EVENTS_MAX_DEFAULT),
            response_body_bytes_max: bytes(
                options.response_body_bytes_max,
                RESPONSE_BODY_BYTES_MAX_DEFAULT,
            ),
            key_rate_limit: options.key_rate_limit,
            address_rate_limit: options.address_rate_limit,
            tests_per_minute: options.tests_per_minute.unwrap_or(TESTS_PER_MINUTE_DEFAULT),
            max_connections: options.max_connections.unwrap_or(CONNECTIONS_DEFAULT),
            head_timeout: span(options.head_timeout, HEAD_DEADLINE_DEFAULT),
            body_timeout: span(options.body_timeout, BODY_DEADLINE_DEFAULT),
            metrics_allow: options.metrics_allow,
            metrics_webhooks: options.metrics_webhooks.unwrap_or(0),
            otlp_endpoint: options.otlp_endpoint.map(|address| address.0),
            otlp_headers: options.otlp_headers.unwrap_or_default(),
            log: options.log.unwrap_or_default(),
            log_format: options.log_format.unwrap_or_default(),
        })
    }
}

/// An empty one is none, so that a variable can be switched off.
fn egress_proxy(given: Option<&options::Unquoted>) -> Result<Option<EgressProxy>, ConfigError> {
    let given = given.map(|given| given.0.expose());
    let proxy = given
        .filter(|text| !text.is_empty())
        .map(EgressProxy::parse);
    Ok(proxy.transpose()?)
}

fn smtp_server(given: Option<&options::Unquoted>) -> Result<Option<SmtpServer>, ConfigError> {
    let given = given.map(|given| given.0.expose());
    let server = given.filter(|text| !text.is_empty()).map(SmtpServer::parse);
    Ok(server.transpose()?)
}

fn smtp_from(given: Option<String>) -> Result<Option<String>, ConfigError> {
    let given = given.filter(|text| !text.is_empty());
    match given.as_deref().map(parse_address) {
        Some(Err(_)) => Err(SmtpFault::From.into()),
        Some(Ok(_)) | None => Ok(given),
    }
}

fn read_in_data_dir(given: &Options) -> Result<Options, ConfigError> {
    let data_dir = given.data_dir.as_deref();
    let data_dir = data_dir.unwrap_or_else(|| Path::new(DATA_DIR_DEFAULT));
    let options = file::read(&data_dir.join(FILE_NAME), Presence::Optional)?;
    if options.data_dir.is_some() {
        return Err(ConfigError::Contradiction(
            "a configuration file in the data directory cannot set data_dir; use --data-dir",
        ));
    }
    Ok(options)
}

fn tls_files(cert: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<TlsFiles>, ConfigError> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::Contradiction("tls_cert needs tls_key too")),
        (None, Some(_)) => Err(ConfigError::Contradiction("tls_key needs tls_cert too")),
    }
}

#[cfg(test)]
mod tests;
