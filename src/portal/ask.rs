//! Asking back, with what it comes to, before a click does what many would miss.
//!
//! Owns: the page between a button and its action, which posts the same form once more. Refuses:
//! deciding what asks: each action does, before it changes anything.

use actix_web::HttpRequest;
use askama::Template;

use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, show};
use crate::ui::form::{CSRF_FIELD, Form};
use crate::ui::speech::filters;

/// The field of a form that was asked back about already.
const CONFIRMED_FIELD: &str = "confirmed";

/// What is asked of a customer.
#[derive(Clone, Debug)]
pub struct GuestQuestion {
    /// The question itself.
    pub title: String,
    /// What follows from a yes.
    pub consequence: String,
    /// The words of the button that says yes.
    pub yes: &'static str,
    /// Where a no leads.
    pub back: String,
}

/// The page.
#[derive(Template)]
#[template(path = "portal/ask.html")]
struct PortalAsk<'a> {
    page: &'a PortalPage,
    question: GuestQuestion,
    action: String,
    fields: Vec<(String, String)>,
}

/// Whether the form says that its reader was asked.
pub(super) fn is_confirmed(form: &Form) -> bool {
    form.ticked(CONFIRMED_FIELD)
}

/// Asks before what `form` wants is done.
///
/// # Errors
/// Where the page cannot be drawn.
pub(super) fn ask(
    request: &HttpRequest,
    guest: Guest,
    room: Room,
    form: &Form,
    question: GuestQuestion,
) -> Shown {
    let mut page = PortalPage::of(request, guest, room, "Are you sure?");
    page.here.clone_from(&question.back);
    let said = form.fields().filter(|(name, _)| *name != CSRF_FIELD);
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut fields: Vec<_> = said.map(own).collect();
    fields.push((CONFIRMED_FIELD.to_owned(), "yes".to_owned()));
    let view = PortalAsk {
        page: &page,
        question,
        action: request.path().to_owned(),
        fields,
    };
    show(request, &page, &view)
}
