//! Who may use the API's endpoints, in the words of their tables.
//!
//! Owns: these words. Refuses: what they mean (`web::endpoint`).

use crate::domain::api_key::Scope;
use crate::domain::portal::Capability;
use crate::web::endpoint::Access;

pub(super) const PUBLIC: Access = Access::Public;
pub(super) const SESSION: Access = Access::Session;
pub(super) const EVENTS_READ: Access = Access::Scope(Scope::EventsRead);
pub(super) const EVENTS_WRITE: Access = Access::Scope(Scope::EventsWrite);
pub(super) const WEBHOOKS_READ: Access = Access::Scope(Scope::WebhooksRead);
pub(super) const WEBHOOKS_WRITE: Access = Access::Scope(Scope::WebhooksWrite);
pub(super) const DELIVERIES_READ: Access = Access::Scope(Scope::DeliveriesRead);
pub(super) const DELIVERIES_WRITE: Access = Access::Scope(Scope::DeliveriesWrite);
/// Consumers own webhooks: whoever looks after all of these looks after those, as keys of before there
/// were consumers do.
pub(super) const CONSUMERS_READ: Access = Access::Either(Scope::ConsumersRead, Scope::WebhooksRead);
pub(super) const CONSUMERS_WRITE: Access =
    Access::Either(Scope::ConsumersWrite, Scope::WebhooksWrite);
pub(super) const ADMIN: Access = Access::Scope(Scope::Admin);
/// What a portal link permits, where that is not the deed that the scope stands for.
pub(super) const RETRY: Capability = Capability::Retry;
pub(super) const TEST: Capability = Capability::Test;
pub(super) const MANAGE: Capability = Capability::Manage;
