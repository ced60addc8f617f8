//! A form is one value: each field declared once, and drawn, read and shown again from that.
//!
//! Owns: what a field is (name, label, hint, kind, how it shows a value and sets one), what was
//! typed, and which field an error stands beside. Refuses: judging values (`service`), and whose form
//! it is: an audience narrows one to the fields that are its own.
//!
//! # Why errors look for their field
//! The service names what is wrong by a path such as `retry_policy.delays[2]`. The field with the
//! longest path that leads there shows it; what no field of the form answers for stands above the
//! form. So a field that is added needs no list of names beside it, and no error is ever lost.
//!
//! # Why what was typed is kept apart from what it means
//! Nothing that was typed may be lost because something else is wrong, and what cannot be read has no
//! meaning to be kept in. So a form is drawn from texts alone, whether they were typed or come from
//! the thing that is changed.

mod draw;
mod field;
mod mask;
mod posted;
mod spec;
#[cfg(test)]
mod tests;
mod view;

pub use field::{FieldSpec, Offer, OfferGroup, Typed};
pub use mask::{CSRF_FIELD, masked_in};
pub use posted::{FIELDS_MAX, FORM_BYTES_MAX, Form, FormDraft, mend};
pub use spec::{FieldSet, Fields, FormSpec, Frame};
pub use view::FormView;
