//! Views of lists that people keep.
//!
//! Owns: their bounds. Refuses: which lists there are, and what a query means. Nothing of it is in the
//! audit log: a view changes nothing but what its own person finds on a page.

use super::{Refusal, Service, text};
use crate::domain::saved_view::{
    SAVED_VIEW_NAME_CHARS_MAX, SAVED_VIEW_QUERY_BYTES_MAX, SAVED_VIEWS_MAX, SavedView, SavedViewsOf,
};
use crate::store::{WriteTx, saved_views};

impl Service {
    /// Keeps a view; one of the same name is replaced.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a name without a letter or too long, or a query too long;
    /// [`Refusal::Conflict`] where the person keeps too many already.
    pub async fn save_view(&self, of: SavedViewsOf, view: SavedView) -> Result<(), Refusal> {
        check(&view)?;
        let work = move |tx: &mut WriteTx<'_>| {
            let known = saved_views::list(tx, &of)?;
            let is_new = known.iter().all(|own| own.name != view.name);
            if is_new && saved_views::count(tx, &of)? >= SAVED_VIEWS_MAX {
                return Err(Refusal::Conflict(format!(
                    "you keep {SAVED_VIEWS_MAX} views in this workspace already; forget one first"
                )));
            }
            Ok(saved_views::put(tx, &of, &view)?)
        };
        self.store().write(work).await
    }

    /// Forgets the view called `name`, if there is one.
    pub async fn forget_view(&self, of: SavedViewsOf, name: String) -> Result<(), Refusal> {
        let work = move |tx: &mut WriteTx<'_>| Ok(saved_views::delete(tx, &of, &name)?);
        self.store().write::<_, Refusal>(work).await
    }
}

fn check(view: &SavedView) -> Result<(), Refusal> {
    text::check_name(&view.name, SAVED_VIEW_NAME_CHARS_MAX)
        .map_err(|message| Refusal::field("name", message))?;
    if view.query.len() > SAVED_VIEW_QUERY_BYTES_MAX {
        let message = format!("must have at most {SAVED_VIEW_QUERY_BYTES_MAX} bytes");
        return Err(Refusal::field("query", message));
    }
    Ok(())
}
