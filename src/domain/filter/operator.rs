//! What a condition demands of the values at its path.
//!
//! Owns: the comparison of each operator, and its words. Refuses: finding the values (`path`).

use std::cmp::Ordering;

use super::path::{FilterPath, shortened};
use crate::domain::json::scope::{JsonScope, Meter};
use crate::domain::json::{JsonKind, JsonTape, JsonValue, number};

/// A demand on the values at a path.
#[derive(Clone, Debug)]
pub(super) enum Operator {
    Equals(JsonTape),
    Differs(JsonTape),
    Compares(Relation, FilterBound),
    OneOf(Vec<JsonTape>),
    NoneOf(Vec<JsonTape>),
    Exists,
    IsMissing,
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Contains(JsonTape),
}

/// Which side of a bound a value must lie on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Relation {
    Greater,
    AtLeast,
    Less,
    AtMost,
}

/// What a value is compared with.
#[derive(Clone, Debug)]
pub(super) enum FilterBound {
    Number(Box<str>),
    Text(Box<str>),
}

impl Operator {
    /// Whether the demand is met by what `path` leads to.
    pub(super) fn holds(&self, path: &FilterPath, event: &JsonScope<'_>) -> bool {
        let meter = event.meter();
        match self {
            Self::Differs(operand) => !path.any(event, &mut |value| equal(value, operand)),
            Self::NoneOf(operands) => !path.any(event, &mut |value| one_of(value, operands, meter)),
            Self::IsMissing => !path.any(event, &mut |_| true),
            Self::Exists => path.any(event, &mut |_| true),
            Self::Equals(operand) => path.any(event, &mut |value| equal(value, operand)),
            Self::OneOf(operands) => path.any(event, &mut |value| one_of(value, operands, meter)),
            Self::Contains(operand) => path.any(event, &mut |value| contains(value, operand)),
            Self::Compares(relation, bound) => path.any(event, &mut |value| {
                or_an_element(value, |one| relation.holds(one, bound))
            }),
            Self::StartsWith(start) => path.any(event, &mut |value| {
                or_an_element(value, |one| {
                    one.text().is_some_and(|text| text.starts_with(&**start))
                })
            }),
            Self::EndsWith(end) => path.any(event, &mut |value| {
                or_an_element(value, |one| {
                    one.text().is_some_and(|text| text.ends_with(&**end))
                })
            }),
        }
    }

    /// What a value must do, behind “must”.
    pub(super) fn told(&self) -> String {
        let list = |operands: &[JsonTape]| {
            let all: Vec<&str> = operands.iter().map(|one| one.root().raw()).collect();
            shortened(&all.join(", "))
        };
        let shown = |operand: &JsonTape| shortened(operand.root().raw());
        match self {
            Self::Equals(operand) => format!("be {}", shown(operand)),
            Self::Differs(operand) => format!("not be {}", shown(operand)),
            Self::Compares(relation, bound) => format!("be {} {}", relation.told(), bound.told()),
            Self::OneOf(operands) => format!("be one of {}", list(operands)),
            Self::NoneOf(operands) => format!("be none of {}", list(operands)),
            Self::Exists => "be there".to_owned(),
            Self::IsMissing => "be missing".to_owned(),
            Self::StartsWith(text) => format!("start with “{}”", shortened(text)),
            Self::EndsWith(text) => format!("end with “{}”", shortened(text)),
            Self::Contains(operand) => format!("contain {}", shown(operand)),
        }
    }
}

impl Relation {
    fn holds(self, value: JsonValue<'_>, bound: &FilterBound) -> bool {
        let order = match bound {
            FilterBound::Number(bound) if value.kind() == JsonKind::Number => {
                number::compare(value.raw(), bound)
            }
            FilterBound::Text(bound) => match value.text() {
                Some(text) => (*text).cmp(bound),
                None => return false,
            },
            FilterBound::Number(_) => return false,
        };
        match self {
            Self::Greater => order == Ordering::Greater,
            Self::AtLeast => order != Ordering::Less,
            Self::Less => order == Ordering::Less,
            Self::AtMost => order != Ordering::Greater,
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Greater => "greater than",
            Self::AtLeast => "at least",
            Self::Less => "less than",
            Self::AtMost => "at most",
        }
    }
}

impl FilterBound {
    fn told(&self) -> String {
        match self {
            Self::Number(digits) => shortened(digits),
            Self::Text(text) => format!("“{}”", shortened(text)),
        }
    }
}

/// Whether `fits` holds for a value, or for one of its elements where it is an array.
fn or_an_element(value: JsonValue<'_>, fits: impl Fn(JsonValue<'_>) -> bool) -> bool {
    fits(value) || value.elements().any(fits)
}

fn equal(value: JsonValue<'_>, operand: &JsonTape) -> bool {
    or_an_element(value, |one| one.equals(operand.root()))
}

/// Each element costs as much as there are operands to compare it with.
fn one_of(value: JsonValue<'_>, operands: &[JsonTape], meter: &Meter) -> bool {
    let price = u64::try_from(operands.len()).unwrap_or(u64::MAX);
    or_an_element(value, |one| {
        meter.spend(price) && operands.iter().any(|operand| one.equals(operand.root()))
    })
}

fn contains(value: JsonValue<'_>, operand: &JsonTape) -> bool {
    let operand = operand.root();
    match (value.text(), operand.text()) {
        (Some(text), Some(part)) => text.contains(&*part),
        (Some(_) | None, _) => value.elements().any(|one| one.equals(operand)),
    }
}
