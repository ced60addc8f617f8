//! Everybody whom hookpost speaks to, in one list.
//!
//! Owns: the list and its order. Refuses: anything about any of them.

use actix_web::web::ServiceConfig;

use crate::api;
use crate::console::{self, SharedDesk};
use crate::dialects::DIALECTS;
use crate::portal;
use crate::web::audience::mount;

/// Mounts everybody whom hookpost speaks to.
pub fn audiences(desk: SharedDesk) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        config.app_data(desk.clone());
        mount(&api::AUDIENCE, config);
        for dialect in DIALECTS.iter().copied() {
            mount(dialect, config);
        }
        mount(&portal::AUDIENCE, config);
        // Last, since everything that is nobody else's is theirs.
        mount(&console::AUDIENCE, config);
    }
}
