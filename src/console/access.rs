//! Who may use the dashboard's pages and forms, in the words of their tables.
//!
//! Owns: these words. Refuses: what they mean (`web::endpoint`).

use crate::domain::role::Role;
use crate::web::endpoint::Access;

pub(super) const PUBLIC: Access = Access::Public;
pub(super) const SECOND_FACTOR: Access = Access::SecondFactor;
pub(super) const ENROLMENT: Access = Access::Enrolment;
pub(super) const VIEWER: Access = Access::Page(Role::Viewer);
pub(super) const OPERATOR: Access = Access::Page(Role::Operator);
pub(super) const OWNER: Access = Access::Page(Role::Owner);
