//! Saying that sending is paused where somebody would wonder why nothing arrives.
//!
//! Owns: the sentence, on standard error, so that answers stay what they are. Refuses: telling scripts:
//! those read `/readyz`.

use serde::Deserialize;

use super::{Api, OutputForm};
use crate::net::RestMethod;

#[derive(Deserialize)]
struct Readiness {
    #[serde(default)]
    paused: bool,
}

impl Api {
    /// Tells people that sending is paused, where it is.
    pub(super) async fn say_if_paused(&self) {
        if self.form == OutputForm::Json {
            return;
        }
        let reply = self.client.call(RestMethod::Get, "/readyz", &[], None);
        // Whether it is known decides nothing: the command has done what it was to do.
        let known = reply.await.ok();
        let known = known.and_then(|reply| serde_json::from_slice::<Readiness>(&reply.body).ok());
        if known.is_some_and(|own| own.paused) {
            eprintln!("sending is paused: what waits is attempted after `hookpost resume`");
        }
    }
}
