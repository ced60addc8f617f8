//! `/saved-views`: lists as somebody narrows them again and again.
//!
//! Owns: keeping and forgetting them, and how a list shows them. Refuses: their bounds
//! (`service::saved_views`).

use actix_web::web::to;
use askama::Template;
use askama::filters::HtmlSafe;

use super::access::VIEWER;
use super::filters::Filters;
use super::page::back_to;
use super::{Form, Shown, Visitor};
use crate::domain::saved_view::{SAVED_VIEW_NAME_CHARS_MAX, SavedView, SavedViewsOf};
use crate::service::Refusal;
use crate::web::State;
use crate::web::endpoint::Endpoint;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/saved-views", VIEWER, || to(save)),
    Endpoint::post("/saved-views/forget", VIEWER, || to(forget)),
];

/// The lists that can be kept so.
const LISTS: [&str; 2] = ["/deliveries", "/dead-letters"];

/// A list's views, and a form that keeps the one at hand.
#[derive(Clone, Debug, Template)]
#[template(path = "parts/saved_views.html")]
pub struct ViewsStrip {
    path: &'static str,
    csrf: String,
    /// Address, name, and whether it is the one at hand.
    views: Vec<(String, String, bool)>,
    /// The query at hand, where it narrows the list and is kept nowhere yet.
    fresh: Option<String>,
}

impl HtmlSafe for ViewsStrip {}

impl ViewsStrip {
    /// The strip of the list at `path`, narrowed by `filters`, of which `views` are kept.
    #[must_use]
    pub fn of(
        visitor: &Visitor,
        path: &'static str,
        filters: &Filters,
        views: Vec<SavedView>,
    ) -> Self {
        let address = filters.address(path, &filters.status, "");
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let is_kept = views.iter().any(|view| view.query == query);
        let line = |view: SavedView| {
            let is_open = view.query == query;
            (format!("{path}?{}", view.query), view.name, is_open)
        };
        Self {
            path,
            csrf: visitor.csrf.clone(),
            fresh: Some(query.to_owned()).filter(|query| !query.is_empty() && !is_kept),
            views: views.into_iter().map(line).collect(),
        }
    }

    #[cfg(test)]
    pub(super) fn sample(text: &str) -> Self {
        Self {
            path: "/deliveries",
            csrf: "token".to_owned(),
            views: vec![("/deliveries?last=1h".to_owned(), text.to_owned(), true)],
            fresh: Some("last=1h".to_owned()),
        }
    }

    fn name_chars_max(&self) -> usize {
        SAVED_VIEW_NAME_CHARS_MAX
    }
}

/// `POST /saved-views`.
///
/// # Errors
/// 404 for a list that there is not.
pub async fn save(state: State, visitor: Visitor, form: Form) -> Shown {
    let path = list_in(&form)?;
    let view = SavedView {
        name: form.text("name").unwrap_or_default(),
        query: form.typed("query").to_owned(),
    };
    let narrowed = format!("{path}?{}", view.query);
    let said = format!("Saved as {}.", view.name);
    let saved = state.service.save_view(whose(&visitor, path), view).await;
    // What cannot be kept may be no query at all.
    let back = if saved.is_ok() { &narrowed } else { path };
    back_to(back, saved, |()| said)
}

/// `POST /saved-views/forget`.
///
/// # Errors
/// 404 for a list that there is not.
pub async fn forget(state: State, visitor: Visitor, form: Form) -> Shown {
    let path = list_in(&form)?;
    let name = form.typed("name").to_owned();
    let said = format!("{name} is forgotten.");
    let forgotten = state.service.forget_view(whose(&visitor, path), name).await;
    back_to(path, forgotten, |()| said)
}

fn list_in(form: &Form) -> Result<&'static str, Refusal> {
    let given = form.typed("path");
    let known = LISTS.into_iter().find(|path| *path == given);
    known.ok_or(Refusal::NotFound("list"))
}

/// Whose views of which list.
pub(super) fn whose(visitor: &Visitor, path: &str) -> SavedViewsOf {
    SavedViewsOf {
        user: visitor.person.user,
        workspace_seq: visitor.person.workspace_seq,
        path: path.to_owned(),
    }
}
