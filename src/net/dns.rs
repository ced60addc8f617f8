//! Asking for names: the hosts file, and the name servers of this machine.
//!
//! Owns: the machine's settings for names, read again when they change, and one question. Refuses:
//! remembering answers and waiting for a turn (`lookups`).
//!
//! # Both families at once
//! A and AAAA are asked together. Once one of them has brought addresses the other has little time
//! left: there are servers that never answer for a kind that they do not know.
//!
//! # Why not the system's own resolver
//! It blocks a thread for as long as a name server likes, and can't be called off. What it reads is
//! read here as well: `/etc/hosts` and `/etc/resolv.conf` with search list and options.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::{Either, select};
use hickory_resolver::config::{
    LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
    ServerOrderingStrategy,
};
use hickory_resolver::lookup_ip::LookupIp;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Hosts, TokioResolver, system_conf};
use tokio::time::Instant;

use crate::net::resolve_error::ResolveError;
use crate::net::shortage::Shortage;
use crate::net::turns::LookupTurn;

/// The files that say what names mean on this machine.
const FILES: [&str; 2] = ["/etc/hosts", "/etc/resolv.conf"];
/// How often they are looked at, at most.
const FILES_EVERY: Duration = Duration::from_secs(1);
/// How long one question to one server may take before it is asked again.
const QUESTION_BUDGET: Duration = Duration::from_secs(2);
/// How long the second family has once the first has answered.
const OTHER_FAMILY_AFTER: Duration = Duration::from_millis(250);
/// The shortest and the longest time for which an answer is kept.
const KEEP_MIN: Duration = Duration::from_secs(1);
const KEEP_MAX: Duration = Duration::from_secs(30);
/// Questions at once over one connection to a name server; look-ups are bounded elsewhere.
const ACTIVE_MAX: usize = 4096;
/// Addresses of one name. More than any receiver has, and all that is remembered is bounded so.
const ADDRESSES_MAX: usize = 128;
/// How long it is kept that there was no answer.
const KEEP_FAILED: Duration = Duration::from_secs(2);

/// What a name means, as said by a test.
pub type Script = Arc<dyn Fn(&str) -> Result<Vec<IpAddr>, ResolveError> + Send + Sync>;

/// Where answers come from.
#[derive(Clone, Default)]
pub enum Lookup {
    /// The hosts file and the name servers that this machine is set up for.
    #[default]
    System,
    /// One name server, and nothing else.
    Server(SocketAddr),
    /// A function; it may block.
    Scripted(Script),
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Server(_) => "Server",
            Self::Scripted(_) => "Scripted",
        })
    }
}

/// What came of a question.
pub(super) struct FoundName {
    pub(super) answer: Result<Vec<IpAddr>, ResolveError>,
    /// How long it may be remembered.
    pub(super) keep: Duration,
}

impl FoundName {
    fn failed(error: ResolveError, keep: Duration) -> Self {
        Self {
            answer: Err(error),
            keep,
        }
    }
}

/// Answers questions about names.
pub(super) struct Source {
    lookup: Lookup,
    settings: Mutex<Option<Settings>>,
}

/// The machine's settings, as they were read.
struct Settings {
    resolvers: Resolvers,
    read_from: [Option<SystemTime>; FILES.len()],
    looked_at: Instant,
}

/// The hosts file, and one resolver per family.
#[derive(Clone)]
struct Resolvers {
    hosts: Option<Arc<Hosts>>,
    four: TokioResolver,
    six: TokioResolver,
}

impl Source {
    pub(super) fn new(lookup: Lookup) -> Self {
        Self {
            lookup,
            settings: Mutex::default(),
        }
    }

    /// Whether the machine's settings changed since the last question; they are read again then.
    pub(super) fn has_changed(&self) -> bool {
        if !matches!(self.lookup, Lookup::System) {
            return false;
        }
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = settings.as_mut() else {
            return false;
        };
        let now = Instant::now();
        if now.duration_since(known.looked_at) < FILES_EVERY {
            return false;
        }
        known.looked_at = now;
        if known.read_from == written_at() {
            return false;
        }
        *settings = None;
        true
    }

    /// Asks for `name`; the turn is over when the answer is there.
    pub(super) async fn ask(&self, name: &str, turn: LookupTurn) -> FoundName {
        if let Lookup::Scripted(script) = &self.lookup {
            return scripted(Arc::clone(script), name.to_owned(), turn).await;
        }
        let found = match self.resolvers() {
            Ok(resolvers) => resolvers.ask(name).await,
            Err(error) => FoundName::failed(of_net(&error), Duration::ZERO),
        };
        drop(turn);
        found
    }

    /// What is said of a name whose time was over.
    pub(super) fn unanswered(&self) -> FoundName {
        let keep = match self.lookup {
            Lookup::System | Lookup::Server(_) => KEEP_FAILED,
            Lookup::Scripted(_) => Duration::ZERO,
        };
        FoundName::failed(ResolveError::TimedOut, keep)
    }

    fn resolvers(&self) -> Result<Resolvers, NetError> {
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = settings.as_ref() {
            return Ok(known.resolvers.clone());
        }
        let read_from = written_at();
        let (config, options) = match self.lookup {
            Lookup::Server(server) => (of_server(server), ResolverOpts::default()),
            Lookup::System | Lookup::Scripted(_) => {
                // Without settings the name server is on this machine, as resolv.conf(5) says.
                let local = || of_server((Ipv4Addr::LOCALHOST, 53).into());
                system_conf::read_system_conf()
                    .unwrap_or_else(|_| (local(), ResolverOpts::default()))
            }
        };
        let hosts = match self.lookup {
            Lookup::System => Hosts::from_system().ok().map(Arc::new),
            Lookup::Server(_) | Lookup::Scripted(_) => None,
        };
        let resolver = |family| build(config.clone(), options.clone(), family);
        let resolvers = Resolvers {
            hosts,
            four: resolver(LookupIpStrategy::Ipv4Only)?,
            six: resolver(LookupIpStrategy::Ipv6Only)?,
        };
        *settings = Some(Settings {
            resolvers: resolvers.clone(),
            read_from,
            looked_at: Instant::now(),
        });
        Ok(resolvers)
    }
}

impl Resolvers {
    /// What the hosts file knows, only the hosts file is asked for.
    async fn ask(&self, name: &str) -> FoundName {
        if let Some(found) = self
            .hosts
            .as_deref()
            .and_then(|hosts| in_hosts(hosts, name))
        {
            return found;
        }
        let four = pin!(self.four.lookup_ip(name));
        let six = pin!(self.six.lookup_ip(name));
        match select(four, six).await {
            Either::Left((first, rest)) => both(first, rest).await,
            Either::Right((first, rest)) => both(first, rest).await,
        }
    }
}

type LookupAnswer = Result<LookupIp, NetError>;

/// Takes in the second family's answer after the first one's.
async fn both(first: LookupAnswer, rest: impl Future<Output = LookupAnswer>) -> FoundName {
    match first {
        Ok(first) => {
            let second = tokio::time::timeout(OTHER_FAMILY_AFTER, rest).await;
            found(&[Some(first), second.ok().and_then(Result::ok)])
        }
        Err(first) => match rest.await {
            Ok(second) => found(&[Some(second), None]),
            Err(second) => no_address(&first, &second),
        },
    }
}

fn found(answers: &[Option<LookupIp>]) -> FoundName {
    let now = std::time::Instant::now();
    let answers = || answers.iter().flatten();
    let keep = answers()
        .map(|answer| answer.valid_until().saturating_duration_since(now))
        .min()
        .unwrap_or_default();
    let addresses: Vec<IpAddr> = answers().flat_map(LookupIp::iter).collect();
    // Leaving some out would leave them unjudged.
    let answer = if addresses.len() > ADDRESSES_MAX {
        Err(ResolveError::Failed("the name has too many addresses"))
    } else {
        Ok(addresses)
    };
    FoundName {
        answer,
        keep: keep.clamp(KEEP_MIN, KEEP_MAX),
    }
}

fn in_hosts(hosts: &Hosts, name: &str) -> Option<FoundName> {
    let name = Name::from_ascii(name).ok()?;
    let kinds = [RecordType::A, RecordType::AAAA];
    let lines = kinds.map(|kind| hosts.lookup_static_host(&Query::query(name.clone(), kind)));
    let records = lines
        .iter()
        .flatten()
        .flat_map(hickory_resolver::lookup::Lookup::answers);
    let addresses: Vec<IpAddr> = records.filter_map(|record| record.data.ip_addr()).collect();
    if addresses.is_empty() {
        return None;
    }
    Some(FoundName {
        answer: Ok(addresses),
        keep: KEEP_MAX,
    })
}

/// Neither family has an address: what is said of it.
fn no_address(first: &NetError, second: &NetError) -> FoundName {
    let errors = [of_net(first), of_net(second)];
    let lacks = |error: &&ResolveError| matches!(error, ResolveError::Short(_));
    let answered = |error: &&ResolveError| {
        matches!(
            error,
            ResolveError::Empty | ResolveError::Failed(NO_SUCH_NAME)
        )
    };
    let keep = [first, second].into_iter().filter_map(negative_ttl).min();
    // A server that says no for one kind and nothing for the other has not answered.
    let worst = errors
        .iter()
        .find(lacks)
        .or_else(|| errors.iter().find(|error| !answered(error)))
        .unwrap_or(&errors[0]);
    FoundName::failed(worst.clone(), keep.unwrap_or(KEEP_FAILED).min(KEEP_FAILED))
}

/// What is said of a name that does not exist.
const NO_SUCH_NAME: &str = "the name does not exist";

fn of_net(error: &NetError) -> ResolveError {
    if error.is_nx_domain() {
        return ResolveError::Failed(NO_SUCH_NAME);
    }
    if error.is_no_records_found() {
        return ResolveError::Empty;
    }
    match error {
        NetError::Timeout => ResolveError::TimedOut,
        NetError::Busy => ResolveError::Short(Shortage::Descriptors),
        NetError::Io(error) => Shortage::of(error, None).map_or(
            ResolveError::Failed("the name server could not be reached"),
            ResolveError::Short,
        ),
        NetError::NoConnections => ResolveError::Failed("no name server could be reached"),
        // The library knows many more; a person can do the same about all of them.
        _ => ResolveError::Failed("the name servers gave no usable answer"),
    }
}

fn negative_ttl(error: &NetError) -> Option<Duration> {
    let NetError::Dns(DnsError::NoRecordsFound(none)) = error else {
        return None;
    };
    none.negative_ttl
        .map(|seconds| Duration::from_secs(seconds.into()))
}

/// On a thread of its own, because a script may block; there its turn ends.
async fn scripted(script: Script, name: String, turn: LookupTurn) -> FoundName {
    let asked = tokio::task::spawn_blocking(move || {
        let answer = script(&name);
        drop(turn);
        answer
    });
    let broke_off = Err(ResolveError::Failed("the look-up broke off"));
    FoundName {
        answer: asked.await.unwrap_or(broke_off),
        keep: Duration::ZERO,
    }
}

fn of_server(server: SocketAddr) -> ResolverConfig {
    let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut name_server.connections {
        connection.port = server.port();
    }
    ResolverConfig::from_name_servers(vec![name_server])
}

fn build(
    config: ResolverConfig,
    mut options: ResolverOpts,
    family: LookupIpStrategy,
) -> Result<TokioResolver, NetError> {
    options.ip_strategy = family;
    options.timeout = options.timeout.min(QUESTION_BUDGET);
    options.cache_size = 0;
    options.os_port_selection = true;
    options.use_hosts_file = ResolveHosts::Never;
    options.num_concurrent_reqs = 1;
    options.max_active_requests = ACTIVE_MAX;
    options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
    let provider = TokioRuntimeProvider::default();
    let mut builder = TokioResolver::builder_with_config(config, provider);
    *builder.options_mut() = options;
    builder.build()
}

/// When each file was last written, where it is there.
fn written_at() -> [Option<SystemTime>; FILES.len()] {
    FILES.map(|file| {
        std::fs::metadata(file)
            .and_then(|meta| meta.modified())
            .ok()
    })
}
