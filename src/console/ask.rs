//! Asking back, with what it comes to, before a click does what many would miss.
//!
//! Owns: the page between a button and its action, which posts the same form once more. Refuses:
//! deciding what asks: each action does, behind the second factor and before it changes anything.

use actix_web::HttpRequest;
use askama::Template;

use super::page::{PageContext, Section, show};
use super::{Form, Shown, Visitor};
use crate::ui::form::CSRF_FIELD;
use crate::web::State;

/// The field of a form that was asked back about already.
const CONFIRMED_FIELD: &str = "confirmed";

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
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
#[template(path = "ask.html")]
pub struct AskView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What is asked.
    pub question: Question,
    /// Where the form is posted to.
    pub action: String,
    /// What it said, without its token.
    pub fields: Vec<(String, String)>,
}

/// Whether the form says that its reader was asked.
pub(super) fn is_confirmed(form: &Form) -> bool {
    form.ticked(CONFIRMED_FIELD)
}

/// Asks before what `form` wants is done.
///
/// # Errors
/// Where the page cannot be drawn.
pub(super) async fn ask(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    form: &Form,
    question: Question,
) -> Shown {
    let mut page =
        PageContext::of(state, request, visitor, Section::Elsewhere, "Are you sure?").await?;
    // Preferences that are changed here lead back to the page before: this one is nowhere.
    page.here.clone_from(&question.back);
    let said = form.fields().filter(|(name, _)| *name != CSRF_FIELD);
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut fields: Vec<_> = said.map(own).collect();
    fields.push((CONFIRMED_FIELD.to_owned(), "yes".to_owned()));
    let view = AskView {
        page: &page,
        question,
        action: request.path().to_owned(),
        fields,
    };
    show(&page, &view)
}
