//! A field, declared once.
//!
//! Owns: what it is called and looks like, what it shows of a thing and what it sets by what was
//! typed. Refuses: where it stands ([`super::spec`]) and its HTML ([`super::view`]).

use std::str::FromStr;

use super::posted::Form;
use crate::domain::secret::Secret;
use crate::service::FieldError;

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line.
    Text,
    /// A web address.
    Url,
    /// A number.
    Number,
    /// An e-mail address.
    Email,
    /// A password, which is never shown again.
    Password,
    /// A code that serves once, which is never shown again.
    Code,
    /// Several lines.
    Lines {
        /// How many are seen at once.
        rows: u8,
    },
    /// Several lines, which are never shown again.
    Sealed {
        /// How many are seen at once.
        rows: u8,
    },
    /// One of what is offered.
    Choice,
    /// Yes or no.
    Check,
    /// Any of what is offered.
    Boxes,
    /// Nothing to fill in: it comes back as it went out.
    Hidden,
}

/// One of the values that a field offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What is sent.
    pub value: String,
    /// What it is called.
    pub word: String,
    /// What more there is to say.
    pub hint: String,
}

impl Offer {
    /// A value and its word.
    pub fn new(value: impl Into<String>, word: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            word: word.into(),
            hint: String::new(),
        }
    }

    /// A value that is called as it is sent.
    #[must_use]
    pub fn named(value: &str) -> Self {
        Self::new(value, value)
    }

    /// With more to say.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// Values that belong together, to be picked for a field that also takes others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferGroup {
    /// What they have in common.
    pub title: String,
    /// The values.
    pub values: Vec<String>,
}

/// A field of a form that changes an `M` by an `I`.
#[derive(Debug)]
pub struct FieldSpec<M, I> {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: FieldKind,
    pub(super) hint: &'static str,
    pub(super) example: &'static str,
    pub(super) autocomplete: &'static str,
    pub(super) required: bool,
    pub(super) path: &'static str,
    pub(super) initial: &'static [&'static str],
    pub(super) offers: fn() -> Vec<Offer>,
    pub(super) shows: fn(&M) -> Option<String>,
    pub(super) sets: fn(&mut I, &mut Typed<'_>),
}

impl<M, I> FieldSpec<M, I> {
    /// One line of text.
    #[must_use]
    pub const fn text(name: &'static str, label: &'static str) -> Self {
        Self::new(FieldKind::Text, name, label)
    }

    /// A web address.
    #[must_use]
    pub const fn url(name: &'static str, label: &'static str) -> Self {
        Self::new(FieldKind::Url, name, label)
    }

    /// A number.
    #[must_use]
    pub const fn number(name: &'static str, label: &'static str) -> Self {
        Self::new(FieldKind::Number, name, label)
    }

    /// An e-mail address.
    #[must_use]
    pub const fn email(name: &'static str, label: &'static str) -> Self {
        Self::new(FieldKind::Email, name, label)
    }

    /// A password.
    #[must_use]
    pub const fn password(name: &'static str, label: &'static str) -> Self {
        Self::new(FieldKind::Password, name, label)
    }

    /// A code that serves once.
    #[must_use]
    pub const fn code(name: &'static str, label: &'static str) -> Self {
        Self::new(FieldKind::Code, name, label).autocomplete("one-time-code")
    }

    /// Several lines, of which so many are seen at once.
    #[must_use]
    pub const fn lines(name: &'static str, label: &'static str, rows: u8) -> Self {
        Self::new(FieldKind::Lines { rows }, name, label)
    }

    /// Several lines that are never shown again.
    #[must_use]
    pub const fn sealed(name: &'static str, label: &'static str, rows: u8) -> Self {
        Self::new(FieldKind::Sealed { rows }, name, label)
    }

    /// One of what is offered.
    #[must_use]
    pub const fn choice(name: &'static str, label: &'static str) -> Self {
        Self::new(FieldKind::Choice, name, label)
    }

    /// Yes or no.
    #[must_use]
    pub const fn check(name: &'static str, label: &'static str) -> Self {
        Self::new(FieldKind::Check, name, label)
    }

    /// Any of what is offered.
    #[must_use]
    pub const fn boxes(name: &'static str, label: &'static str) -> Self {
        Self::new(FieldKind::Boxes, name, label)
    }

    /// Nothing to fill in.
    #[must_use]
    pub const fn hidden(name: &'static str) -> Self {
        Self::new(FieldKind::Hidden, name, name)
    }

    const fn new(kind: FieldKind, name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            label,
            kind,
            hint: "",
            example: "",
            autocomplete: "off",
            required: false,
            path: name,
            initial: &[],
            offers: Vec::new,
            shows: |_| None,
            sets: |_, _| {},
        }
    }

    /// With a hint under it.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// With an example while it is empty.
    #[must_use]
    pub const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// That a browser or password manager may fill in, as the standard names it.
    #[must_use]
    pub const fn autocomplete(mut self, name: &'static str) -> Self {
        self.autocomplete = name;
        self
    }

    /// That must be filled in.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What the service calls it in errors, where that is not its name.
    #[must_use]
    pub const fn path(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    /// What stands in it, or is ticked, before anything is typed.
    #[must_use]
    pub const fn initial(mut self, values: &'static [&'static str]) -> Self {
        self.initial = values;
        self
    }

    /// What it offers, where that is always the same.
    #[must_use]
    pub const fn offers(mut self, offers: fn() -> Vec<Offer>) -> Self {
        self.offers = offers;
        self
    }

    /// What it shows of a thing that exists.
    #[must_use]
    pub const fn shows(mut self, shows: fn(&M) -> Option<String>) -> Self {
        self.shows = shows;
        self
    }

    /// What it sets by what was typed.
    #[must_use]
    pub const fn sets(mut self, sets: fn(&mut I, &mut Typed<'_>)) -> Self {
        self.sets = sets;
        self
    }
}

/// What was typed into one field.
pub struct Typed<'a> {
    form: &'a Form,
    name: &'static str,
    path: &'static str,
    errors: &'a mut Vec<FieldError>,
}

impl<'a> Typed<'a> {
    pub(super) fn to<M, I>(
        field: &FieldSpec<M, I>,
        form: &'a Form,
        errors: &'a mut Vec<FieldError>,
    ) -> Self {
        Self {
            form,
            name: field.name,
            path: field.path,
            errors,
        }
    }

    /// As it was typed.
    #[must_use]
    pub fn typed(&self) -> &'a str {
        self.form.typed(self.name)
    }

    /// Without the spaces around it.
    #[must_use]
    pub fn trimmed(&self) -> String {
        self.typed().trim().to_owned()
    }

    /// Without the spaces around it; `None` where nothing is left.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.form.text(self.name)
    }

    /// As it was typed, for nobody's log.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::new(self.typed().to_owned())
    }

    /// Whether it is ticked.
    #[must_use]
    pub fn is_ticked(&self) -> bool {
        self.form.ticked(self.name)
    }

    /// All that is ticked.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.form.all(self.name).map(str::to_owned).collect()
    }

    /// A number; `None` where nothing was typed, or nothing that is one.
    pub fn number<T: FromStr>(&mut self) -> Option<T> {
        self.parsed("must be a number")
    }

    /// As [`Typed::number`], in words that say that no fraction will do.
    pub fn whole_number(&mut self) -> Option<i64> {
        self.parsed("must be a whole number")
    }

    fn parsed<T: FromStr>(&mut self, otherwise: &str) -> Option<T> {
        let parsed = self.text()?.parse().ok();
        if parsed.is_none() {
            self.fault(otherwise);
        }
        parsed
    }

    /// Says that it cannot be read, and why.
    pub fn fault(&mut self, message: impl Into<String>) {
        self.errors.push(FieldError {
            field: self.path.to_owned(),
            message: message.into(),
        });
    }
}
