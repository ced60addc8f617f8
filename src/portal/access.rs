//! Who may see the portal's pages, in the words of their tables.
//!
//! Owns: these words. Refuses: what they mean (`web::endpoint`).

use crate::domain::portal::Capability;
use crate::web::endpoint::Access;

pub(super) const PUBLIC: Access = Access::Public;
/// Whoever came in; what their link has to permit stands beside it.
pub(super) const GUEST: Access = Access::Portal;
pub(super) const VIEW: Capability = Capability::View;
pub(super) const MANAGE: Capability = Capability::Manage;
pub(super) const SECRETS: Capability = Capability::Secrets;
pub(super) const RETRY: Capability = Capability::Retry;
pub(super) const TEST: Capability = Capability::Test;
