//! Versions that webhooks pin.
//!
//! Owns: refusing to let such a version leave. Refuses: what a pin does (`domain::event_type`).

use crate::domain::consumer::Purview;
use crate::domain::event_type::{EventTypeName, VersionName};
use crate::service::{Caller, Refusal};
use crate::store::{WriteTx, webhooks};

/// Refuses where a webhook pins a version of an event type: `version`, or any.
pub(super) fn check_unpinned(
    tx: &WriteTx<'_>,
    caller: &Caller,
    of: &EventTypeName,
    version: Option<&VersionName>,
) -> Result<(), Refusal> {
    let purview = Purview::workspace(caller.workspace.seq());
    let what = match version {
        Some(version) => format!("version {version} of {of} is"),
        None => format!("versions of {of} are"),
    };
    match webhooks::count_pinning(tx, purview, of, version)? {
        0 => Ok(()),
        count => Err(Refusal::Conflict(format!(
            "{what} pinned by webhooks ({count}); change those first, or archive it"
        ))),
    }
}
