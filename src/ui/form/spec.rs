//! A form: its fields, and how they stand together.
//!
//! Owns: what is in the form of a new thing and of one that exists, and reading what was typed.
//! Refuses: drawing it ([`super::draw`]).

use super::field::{FieldSpec, Typed};
use super::posted::{Form, FormDraft};
use crate::service::Refusal;

/// What is around fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Nothing: the page has put something there.
    Bare,
    /// A card with a heading.
    Card {
        /// The heading's id in the page.
        id: &'static str,
        /// The heading.
        title: &'static str,
    },
    /// A card that opens where one of its fields has an error.
    Folded {
        /// What is seen of it.
        title: &'static str,
    },
}

/// Fields side by side, or one below the other.
#[derive(Debug)]
pub enum Fields<M: 'static, I: 'static> {
    /// One below the other.
    Stack(&'static [FieldSpec<M, I>]),
    /// As many side by side as there is room for.
    Grid(&'static [FieldSpec<M, I>]),
    /// Two stacks side by side.
    Halves([&'static [FieldSpec<M, I>]; 2]),
    /// Fields under a heading.
    Titled(&'static str, &'static [Fields<M, I>]),
}

/// Fields in a frame.
#[derive(Debug)]
pub struct FieldSet<M: 'static, I: 'static> {
    /// The frame.
    pub frame: Frame,
    /// What stands in it.
    pub fields: &'static [Fields<M, I>],
}

#[derive(Clone, Copy, Debug)]
enum KeptValue {
    All,
    Only(&'static [&'static str]),
    Without(&'static [&'static str]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folds {
    UntilFault,
    Never,
}

/// A form by which an `M` is made or changed, as an `I` says.
#[derive(Debug)]
pub struct FormSpec<M: 'static, I: 'static> {
    pub(super) sets: &'static [FieldSet<M, I>],
    kept: KeptValue,
    pub(super) folds: Folds,
}

impl<M, I> FormSpec<M, I> {
    /// A form of these fields.
    #[must_use]
    pub const fn new(sets: &'static [FieldSet<M, I>]) -> Self {
        Self {
            sets,
            kept: KeptValue::All,
            folds: Folds::UntilFault,
        }
    }

    /// The same with no fields but these; what else is sent is not read.
    #[must_use]
    pub const fn only(&self, names: &'static [&'static str]) -> Self {
        Self {
            sets: self.sets,
            kept: KeptValue::Only(names),
            folds: self.folds,
        }
    }

    /// The same but for these fields; if they are sent, they are not read.
    #[must_use]
    pub const fn without(&self, names: &'static [&'static str]) -> Self {
        Self {
            sets: self.sets,
            kept: KeptValue::Without(names),
            folds: self.folds,
        }
    }

    /// The same with nothing folded.
    #[must_use]
    pub const fn unfolded(&self) -> Self {
        Self {
            sets: self.sets,
            kept: self.kept,
            folds: Folds::Never,
        }
    }

    /// The form of something new.
    #[must_use]
    pub fn blank(&self) -> FormDraft {
        let mut form = Form::default();
        for field in self.fields() {
            for value in field.initial {
                form = form.with(field.name, *value);
            }
        }
        form.into()
    }

    /// The form of something that exists.
    #[must_use]
    pub fn of(&self, thing: &M) -> FormDraft {
        let shown = self.fields().into_iter();
        let shown = shown.filter_map(|field| Some((field.name, (field.shows)(thing)?)));
        let form = shown.fold(Form::default(), |form, (name, value)| {
            form.with(name, value)
        });
        form.into()
    }

    /// What was typed, as far as `input` does not say it already.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with everything that cannot be read.
    pub fn read(&self, form: &Form, mut input: I) -> Result<I, Refusal> {
        let mut errors = Vec::new();
        for field in self.fields() {
            (field.sets)(&mut input, &mut Typed::to(field, form, &mut errors));
        }
        if errors.is_empty() {
            Ok(input)
        } else {
            Err(Refusal::Invalid(errors))
        }
    }

    pub(super) fn fields(&self) -> Vec<&'static FieldSpec<M, I>> {
        let mut fields = Vec::new();
        for set in self.sets {
            collect(set.fields, &mut fields);
        }
        fields.retain(|field| self.keeps(field.name));
        fields
    }

    pub(super) fn keeps(&self, name: &str) -> bool {
        match self.kept {
            KeptValue::All => true,
            KeptValue::Only(names) => names.contains(&name),
            KeptValue::Without(names) => !names.contains(&name),
        }
    }
}

fn collect<M, I>(rows: &'static [Fields<M, I>], fields: &mut Vec<&'static FieldSpec<M, I>>) {
    for row in rows {
        match row {
            Fields::Stack(own) | Fields::Grid(own) => fields.extend(own.iter()),
            Fields::Halves(halves) => fields.extend(halves.iter().copied().flatten()),
            Fields::Titled(_, rows) => collect(rows, fields),
        }
    }
}
