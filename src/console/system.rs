//! `/system`: the machine room: version, disk, queue, backups, sending.
//!
//! Owns: the page, pausing and resuming. Refuses: writing backups: that needs a place on the
//! machine, hence somebody on it.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OWNER, VIEWER};
use super::ask::{Question, ask, is_confirmed};
use super::page::{PageContext, Section, back_to, show};
use super::{Form, Shown, Visitor};
use crate::engine::{EngineStatus, Paused};
use crate::ui::parts::stamp::lasting;
use crate::ui::parts::{counted, size};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/system", VIEWER, || to(system)),
    Endpoint::post("/system/pause", OWNER, || to(pause))
        .fresh()
        .back("/system"),
    Endpoint::post("/system/resume", OWNER, || to(resume)).back("/system"),
];

/// The page.
#[derive(Template)]
#[template(path = "system.html")]
pub struct SystemView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The version that runs.
    pub version: &'static str,
    /// SQLite's version.
    pub sqlite: &'static str,
    /// How large the database is.
    pub database: String,
    /// How large its log is.
    pub log: String,
    /// How much room the disk has.
    pub free: String,
    /// Where the data lies.
    pub data_dir: String,
    /// What the engine has in hand.
    pub status: EngineStatus,
    /// How long history is kept.
    pub retention: (String, String),
    /// The largest event.
    pub event_bytes: String,
    /// Whether the reader may pause.
    pub may_own: bool,
}

impl SystemView<'_> {
    fn attempts(&self) -> String {
        counted(self.status.attempts, "attempt", "attempts")
    }

    fn queued(&self) -> String {
        counted(self.status.queued as u64, "delivery", "deliveries")
    }

    fn in_flight(&self) -> String {
        counted(self.status.in_flight as u64, "attempt", "attempts")
    }
}

/// `GET /system`.
///
/// # Errors
/// Where the disk cannot be asked.
pub async fn system(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let service = &state.service;
    let found = service.views().system().await?;
    let options = service.options();
    let may_own = visitor.may_own();
    let page = PageContext::of(&state, &request, visitor, Section::System, "System").await?;
    let view = SystemView {
        page: &page,
        version: env!("CARGO_PKG_VERSION"),
        sqlite: found.sqlite_version,
        database: size(found.disk.database_bytes),
        log: size(found.disk.log_bytes),
        free: size(found.disk.free_bytes),
        data_dir: found.data_dir.display().to_string(),
        status: found.engine,
        retention: (
            lasting(options.retain_delivered),
            lasting(options.retain_exhausted),
        ),
        event_bytes: size(options.event_data_bytes_max as u64),
        may_own,
    };
    show(&page, &view)
}

/// `POST /system/pause` and `/system/resume`.
async fn set(state: &State, visitor: &Visitor, paused: Paused, said: &'static str) -> Shown {
    let done = state
        .service
        .set_sending(&visitor.caller.actor, paused)
        .await;
    back_to("/system", done, |()| said.to_owned())
}

/// `POST /system/pause`.
///
/// # Errors
/// Where it cannot be recorded.
pub async fn pause(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    if !is_confirmed(&form) {
        let counts = state.service.views().instance().await?.counts;
        let waiting = counted(counts.pending + counts.retrying, "delivery", "deliveries");
        let question = Question {
            title: "Pause all sending?".to_owned(),
            consequence: format!(
                "Nothing leaves for any webhook of any workspace until it is resumed: {waiting} and \
                 all that is published meanwhile. Events are still accepted."
            ),
            yes: "Pause all sending",
            back: "/system".to_owned(),
        };
        return ask(&state, &request, visitor, &form, question).await;
    }
    let said = "Sending is paused. Events are accepted and kept.";
    set(&state, &visitor, Paused::Yes, said).await
}

/// `POST /system/resume`.
///
/// # Errors
/// Where it cannot be recorded.
pub async fn resume(state: State, visitor: Visitor, _form: Form) -> Shown {
    set(&state, &visitor, Paused::No, "Sending goes on.").await
}
