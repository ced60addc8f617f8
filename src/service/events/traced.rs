//! Publishing as a span.
//!
//! Owns: what a collector learns of an event that was accepted. Refuses: its data.

use super::{Known, Published};
use crate::clock::Clock;
use crate::domain::event_context::TraceContext;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::telemetry::traces::{self, SpanKind, SpanPlace, SpanValue, TraceSpan};

/// Publishing that began, and that somebody wants to know of.
pub(super) struct TracedPublish {
    clock: Clock,
    workspace: WorkspaceId,
    trace: Option<TraceContext>,
    began: Timestamp,
}

impl TracedPublish {
    /// From now on; `None` where nobody wants to know.
    pub(super) fn begin(
        clock: &Clock,
        workspace: WorkspaceId,
        trace: Option<&TraceContext>,
    ) -> Option<Self> {
        traces::are_on().then(|| Self {
            clock: clock.clone(),
            workspace,
            trace: trace.cloned(),
            began: clock.now(),
        })
    }

    /// Records what was accepted; what had been published before did nothing now.
    pub(super) fn end<'a>(&self, accepted: impl IntoIterator<Item = &'a Published>) {
        let ended = self.clock.now();
        let workspace = self.workspace.to_string();
        for published in accepted {
            if published.known != Known::New {
                continue;
            }
            let place = SpanPlace::of_event(&workspace, &published.id, self.trace.as_ref());
            let Some(place) = place else { return };
            let text = |text: &str| SpanValue::Text(text.to_owned());
            traces::record(TraceSpan {
                place,
                name: "publish",
                kind: SpanKind::Server,
                began: self.began,
                ended,
                attributes: vec![
                    ("hookpost.workspace.id", text(&workspace)),
                    ("hookpost.event.id", text(&published.id)),
                    ("hookpost.event.type", text(&published.event_type)),
                    (
                        "hookpost.event.deliveries",
                        SpanValue::Whole(published.deliveries.into()),
                    ),
                ],
                error: None,
            });
        }
    }
}
