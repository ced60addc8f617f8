//! What the configuration says about serving HTTP.
//!
//! Owns: turning options into what the server takes. Refuses: judging them (`config`).

use super::descriptors;
use crate::config::Config;
use crate::web::proxy::{PlainSignIn, ProxyRules, Scheme};
use crate::web::{HttpOptions, Limits};

pub(super) fn http_options(config: &Config) -> HttpOptions {
    let proxy = ProxyRules {
        scheme: match config.tls {
            Some(_) => Scheme::Https,
            None => Scheme::Http,
        },
        public_url: config.public_url.clone(),
        portal_url: config.portal_url.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        plain_sign_in: match config.insecure_dashboard {
            true => PlainSignIn::Anywhere,
            false => PlainSignIn::Local,
        },
    };
    HttpOptions {
        proxy,
        limits: Limits {
            connections_max: descriptors::shares().bound_callers(config.max_connections),
            head_deadline: config.head_timeout,
            body_deadline: config.body_timeout,
            key_rate: config.key_rate_limit.map(f64::from),
            address_rate: config.address_rate_limit.map(f64::from),
            ..Limits::default()
        },
        metrics_allow: config.metrics_allow.clone(),
        metrics_webhooks: config.metrics_webhooks,
    }
}
