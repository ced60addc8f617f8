//! The network room: the only way out of the house.
//!
//! Owns: the guard (which URLs and addresses may be called), name resolution, and the one client
//! that sends anything. Refuses: knowing webhooks, deliveries or profiles; whoever calls brings a
//! target, headers and bytes.
//!
//! # One choke point
//! Creating, updating, testing and attempting all ask the same [`Guard`], and a [`TargetUrl`] can only
//! be made by it. Name answers are checked in the resolver whose addresses are connected to, so
//! nothing is looked up twice and a name cannot change between check and use. An egress proxy changes
//! nothing about that: it is asked for the address that was judged.

mod address;
mod client;
mod connect;
mod connect_error;
mod dns;
mod egress;
mod exchange;
mod failure;
mod guard;
mod identity;
mod lookups;
mod mail;
mod options;
mod outbound;
mod own;
mod pool;
mod race;
mod receivers;
mod reply;
mod resolve_error;
mod resolver;
mod rest;
mod route;
mod second_reading;
mod sender;
mod shortage;
mod target;
mod through;
mod tls;
mod tunnel;
mod turns;
mod wire;

pub use address::AddressRefusal;
pub use client::{Client, Posted};
pub use dns::{Lookup, Script};
pub use egress::{EgressFault, EgressProxy};
pub use failure::Failure;
pub use guard::{Guard, GuardOptions};
pub use identity::{CertificateFacts, OwnTls, check_authorities, check_identity};
pub use mail::{Mail, MailFailure, Mailer, SmtpFault, SmtpServer};
pub use options::{ClientError, ClientOptions, USER_AGENT};
pub use outbound::{OutboundRequest, add_client_headers};
pub use own::OwnAddresses;
pub use reply::HttpReply;
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use resolve_error::ResolveError;
pub use rest::{RestClient, RestError, RestMethod, RestReply};
pub use route::outward_address;
pub use sender::Sender;
pub use shortage::Shortage;
pub use target::{TargetUrl, URL_BYTES_MAX, UrlRefusal, host_header};
