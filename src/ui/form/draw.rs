//! Drawing a form.
//!
//! Owns: which fields are drawn, giving each error to its field, what is open. Refuses: HTML
//! ([`super::view`]).

use super::field::{FieldKind, FieldSpec};
use super::posted::{Form, FormDraft};
use super::spec::{FieldSet, Fields, Folds, FormSpec, Frame};
use super::view::{FieldSetView, FieldView, FieldsView, FormView, FrameView, Layout};
use crate::service::FieldError;

impl<M, I> FormSpec<M, I> {
    /// The form as it is drawn.
    #[must_use]
    pub fn draw(&self, draft: &FormDraft) -> FormView {
        let fields = self.fields();
        let mut faults: Vec<(&'static str, Vec<String>)> = fields
            .iter()
            .map(|field| (field.name, Vec::new()))
            .collect();
        let mut left_over = Vec::new();
        for error in &draft.errors {
            match closest(&fields, error) {
                Some((place, message)) => faults[place].1.push(message),
                None => left_over.push(format!("{} {}", error.field, error.message)),
            }
        }
        let pen = Pen {
            form: self,
            typed: &draft.typed,
            faults: &faults,
        };
        FormView {
            sets: self.sets.iter().map(|set| pen.set(set)).collect(),
            hidden: fields
                .iter()
                .filter(|field| field.kind == FieldKind::Hidden)
                .map(|field| (field.name, draft.typed.typed(field.name).to_owned()))
                .collect(),
            left_over,
            has_errors: !draft.errors.is_empty(),
        }
    }
}

/// The field whose path leads closest to the error, and the error as that field says it.
fn closest<M, I>(
    fields: &[&'static FieldSpec<M, I>],
    error: &FieldError,
) -> Option<(usize, String)> {
    let leads = fields.iter().enumerate().filter_map(|(place, field)| {
        let part = error.field.strip_prefix(field.path)?;
        let is_there = part.is_empty() || part.starts_with(['.', '[']);
        (is_there && field.kind != FieldKind::Hidden).then_some((place, part))
    });
    let (place, part) = leads.min_by_key(|(_, part)| part.len())?;
    let message = match part.trim_start_matches('.') {
        "" => error.message.clone(),
        part => format!("{part} {}", error.message),
    };
    Some((place, message))
}

/// What is needed to draw a form's parts.
struct Pen<'a, M: 'static, I: 'static> {
    form: &'a FormSpec<M, I>,
    typed: &'a Form,
    faults: &'a [(&'static str, Vec<String>)],
}

impl<M, I> Pen<'_, M, I> {
    fn set(&self, set: &FieldSet<M, I>) -> FieldSetView {
        let fields = self.rows(set.fields);
        let has_faults = fields.iter().any(FieldsView::has_faults);
        let frame = match set.frame {
            Frame::Bare => FrameView::Bare,
            Frame::Card { id, title } => FrameView::Card { id, title },
            Frame::Folded { title } => FrameView::Folded {
                title,
                is_open: has_faults || self.form.folds == Folds::Never,
            },
        };
        FieldSetView { frame, fields }
    }

    fn rows(&self, rows: &[Fields<M, I>]) -> Vec<FieldsView> {
        let drawn = rows.iter().map(|row| {
            let (layout, parts, within) = match row {
                Fields::Stack(own) => (Layout::Stack, vec![self.fields(own)], Vec::new()),
                Fields::Grid(own) => (Layout::Grid, vec![self.fields(own)], Vec::new()),
                Fields::Halves(halves) => {
                    let parts = halves.iter().map(|own| self.fields(own)).collect();
                    (Layout::Halves, parts, Vec::new())
                }
                Fields::Titled(title, rows) => (Layout::Titled(title), Vec::new(), self.rows(rows)),
            };
            FieldsView {
                layout,
                parts,
                within,
            }
        });
        drawn.filter(|row| !row.is_empty()).collect()
    }

    fn fields(&self, fields: &[FieldSpec<M, I>]) -> Vec<FieldView> {
        let kept = fields
            .iter()
            .filter(|field| self.form.keeps(field.name) && field.kind != FieldKind::Hidden);
        kept.map(|field| {
            let own = self.faults.iter().find(|(name, _)| *name == field.name);
            let faults = own.map_or(Vec::new(), |(_, faults)| faults.clone());
            FieldView::of(field, self.typed, faults)
        })
        .collect()
    }
}
