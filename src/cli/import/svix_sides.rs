//! The two sides of a move from Svix.
//!
//! Owns: who is read and who is written, and what a thing is called on the other side. Refuses: knowing
//! what is moved.

use serde_json::Value;

use super::report::ImportRun;
use super::svix_pages::SvixApi;
use crate::net::RestMethod;

/// The two sides.
pub(super) struct SvixMove {
    pub(super) old: SvixApi,
    pub(super) new: SvixApi,
    pub(super) run: ImportRun,
}

impl SvixMove {
    /// Does what a call says, unless nothing is to be written.
    pub(super) async fn write(
        &self,
        method: RestMethod,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<()> {
        match self.run {
            ImportRun::Real => self.new.send(method, path, body).await,
            ImportRun::Dry => Ok(()),
        }
    }
}

/// Characters behind the prefix of an id of Svix.
const SVIX_ID_CHARS: usize = 27;

/// What a thing is called here: what the platform calls it, or else its old id. An id that looks like
/// one of hookpost's own is none of this instance's, and stands behind a mark.
pub(super) fn name_here(uid: Option<&str>, id: &str) -> String {
    let rest = id.split_once('_').map_or("", |(_, rest)| rest);
    match uid {
        Some(uid) => uid.to_owned(),
        None if rest.len() == SVIX_ID_CHARS => id.to_owned(),
        None => format!("moved.{id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_name_of_the_platforms_is_called_by_its_old_id() {
        assert_eq!(name_here(Some("acme"), "app_1"), "acme");
        let old = "app_1srOrx2ZWZBpBUvZwXKQmoEYga2";
        assert_eq!(name_here(None, old), old);
        let own = "app_01m7yzpc30e008000000000001";
        assert_eq!(name_here(None, own), format!("moved.{own}"));
    }
}
