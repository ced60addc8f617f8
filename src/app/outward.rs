//! What the configuration says of what goes out: the guard, the client, and by what alerts are told.
//!
//! Owns: putting these together. Refuses: sending anything.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;

use super::{descriptors, read};
use crate::config::Config;
use crate::engine::alert::{AlertWays, Pages};
use crate::net::{ClientOptions, Guard, GuardOptions, Mailer, OwnAddresses, outward_address};

/// Where may be called.
pub(super) fn guard(config: &Config) -> Guard {
    Guard::new(GuardOptions {
        allow_http: config.allow_http,
        allow_private: config.allow_private.clone(),
        own: OwnAddresses::Machine,
    })
}

/// How the client is set up.
pub(super) fn client_options(config: &Config) -> anyhow::Result<ClientOptions> {
    Ok(ClientOptions {
        extra_roots_pem: config.tls_ca_file.as_deref().map(read).transpose()?,
        reply_body_bytes_max: config.response_body_bytes_max,
        egress: config.egress_proxy.clone(),
        ..descriptors::shares().bound(ClientOptions::default())
    })
}

/// By what alerts are told, and where their links lead.
pub(super) fn ways(
    config: &Config,
    scheme: &str,
    listening: SocketAddr,
) -> anyhow::Result<Arc<AlertWays>> {
    Ok(Arc::new(AlertWays {
        pages: pages(config, scheme, listening),
        mailer: mailer(config)?,
    }))
}

/// Where alerts link to: the public address, else where this listens, as others see it.
fn pages(config: &Config, scheme: &str, listening: SocketAddr) -> Pages {
    if let Some(url) = &config.public_url {
        return Pages::at(url.as_str());
    }
    let mut seen = listening;
    if listening.ip().is_unspecified()
        && let Some(ip) = outward_address()
    {
        seen.set_ip(ip);
    }
    Pages::at(&format!("{scheme}://{seen}"))
}

/// What hands mails over. From whom they are is said, or made of the public host.
fn mailer(config: &Config) -> anyhow::Result<Option<Mailer>> {
    let Some(server) = &config.smtp else {
        return Ok(None);
    };
    let roots = config.tls_ca_file.as_deref().map(read).transpose()?;
    let host = config.public_url.as_ref().and_then(url::Url::domain);
    let usual = || format!("hookpost@{}", host.unwrap_or("localhost"));
    let from = config.smtp_from.clone().unwrap_or_else(usual);
    let mailer = Mailer::new(server, &from, roots.as_deref());
    Ok(Some(mailer.context("the mail server can't be used")?))
}
