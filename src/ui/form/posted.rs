//! What a form posts.
//!
//! Owns: its fields in order, and refusing one that does not carry its session's token.
//! Refuses: understanding fields ([`super::spec`]).

use subtle::ConstantTimeEq;

use super::mask::{CSRF_FIELD, unmasked};
use crate::service::{FieldError, Refusal};

/// The most bytes of a form: an event's data at its limit, percent-encoded, fits.
pub const FORM_BYTES_MAX: usize = 1024 * 1024;
/// The most fields of a form.
pub const FIELDS_MAX: usize = 2000;

/// The fields of a form, in order.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// A form with these fields.
    #[must_use]
    pub fn new(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// The same with one more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// The same with these words behind what stands in the field called `name`.
    #[must_use]
    pub fn extended(self, name: &str, words: &[&str]) -> Self {
        if words.is_empty() {
            return self;
        }
        let typed = std::iter::once(self.typed(name).trim()).filter(|typed| !typed.is_empty());
        let whole: Vec<&str> = typed.chain(words.iter().copied()).collect();
        let whole = whole.join(" ");
        let mut others = self;
        others.0.retain(|(known, _)| known != name);
        others.with(name, whole)
    }

    /// Reads `name=value&…`.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(bytes)
            .into_owned()
            .take(FIELDS_MAX);
        // Browsers send line ends as CR LF whatever was typed.
        let plain = |text: String| text.replace("\r\n", "\n");
        Self(pairs.map(|(name, value)| (name, plain(value))).collect())
    }

    /// Refuses a form that does not carry its session's token.
    pub fn check_token(&self, expected: &str) -> Result<(), Refusal> {
        let given = unmasked(self.typed(CSRF_FIELD));
        if bool::from(given.as_bytes().ct_eq(expected.as_bytes())) {
            return Ok(());
        }
        let why = "this form is from before you last signed in; go back, reload the page and send \
                   it again";
        Err(Refusal::Forbidden(why.to_owned()))
    }

    /// The first field called `name`, as typed; empty where there is none.
    #[must_use]
    pub fn typed(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The field without the spaces around it; `None` where that is empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        Some(self.typed(name).trim())
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    /// Whether the box called `name` is ticked.
    #[must_use]
    pub fn ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Every field, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Every field called `name`.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The local path in the field `back`, if it is one; else `otherwise`.
    #[must_use]
    pub fn back(&self, otherwise: &str) -> String {
        let asked = self.typed("back");
        let local = asked.starts_with('/')
            && !asked.starts_with("//")
            && !asked.contains(|c: char| c == '\\' || c.is_control());
        if local { asked } else { otherwise }.to_owned()
    }
}

/// What stands in a form, and what is wrong with it so far.
#[derive(Clone, Debug, Default)]
pub struct FormDraft {
    /// What was typed, or what stands there before anything is.
    pub typed: Form,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
}

impl FormDraft {
    /// What was typed and cannot be taken.
    #[must_use]
    pub fn wrong(typed: Form, errors: Vec<FieldError>) -> Self {
        Self { typed, errors }
    }

    /// The same with something in the field called `name`, in which nothing stood.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.typed = self.typed.with(name, value);
        self
    }
}

impl From<Form> for FormDraft {
    fn from(typed: Form) -> Self {
        Self::wrong(typed, Vec::new())
    }
}

/// The form again, with what the person at it can mend; everything else is a page of its own.
pub fn mend(refusal: Refusal, typed: Form) -> Result<FormDraft, Refusal> {
    let errors = match refusal {
        Refusal::Invalid(errors) => errors,
        Refusal::Conflict(message) | Refusal::TooLarge(message) => vec![FieldError {
            field: "Not saved:".to_owned(),
            message,
        }],
        other => return Err(other),
    };
    Ok(FormDraft::wrong(typed, errors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_paths_are_gone_back_to() {
        fn check(back: &str, expect: &str) {
            let form = Form::new(vec![("back".to_owned(), back.to_owned())]);
            assert_eq!(form.back("/x"), expect, "{back}");
        }
        check("/deliveries?status=retrying", "/deliveries?status=retrying");
        check("//evil.example", "/x");
        check("/\\evil.example", "/x");
        check("https://evil.example", "/x");
        check("", "/x");
    }

    #[test]
    fn words_are_put_behind_what_was_typed() {
        let form = Form::new(vec![])
            .with("a", " x ")
            .extended("a", &["y", "z"]);
        assert_eq!(form.typed("a"), "x y z");
        assert_eq!(form.extended("b", &["q"]).typed("b"), "q");
        assert_eq!(
            Form::default()
                .with("a", " x ")
                .extended("a", &[])
                .typed("a"),
            " x "
        );
    }

    #[test]
    fn fields_are_read_as_typed_and_line_ends_are_plain() {
        let form = Form::parse(b"a=+x+&b=1%0D%0A2&c=&d=on&a=y");
        assert_eq!(form.typed("a"), " x ");
        assert_eq!(form.text("a").as_deref(), Some("x"));
        assert_eq!(form.typed("b"), "1\n2");
        assert_eq!((form.text("c"), form.ticked("d")), (None, true));
        assert_eq!(form.all("a").collect::<Vec<_>>(), [" x ", "y"]);
    }
}
