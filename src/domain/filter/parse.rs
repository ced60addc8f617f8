//! Reading a filter.
//!
//! Owns: its grammar and bounds, each fault with its place. Refuses: judging events.
//!
//! # Grammar
//! A filter is an object whose members must all hold. A member is `$and` or `$or` with a list of
//! filters, `$not` with one, or a path with what is demanded of the values there: a value (`$eq` is
//! implied), an object of operators, or an object of further paths below it. Inside an object of
//! operators `$and`, `$or` and `$not` hold demands of the same path.

use std::fmt;

use super::condition::Condition;
use super::operator::{FilterBound, Operator, Relation};
use super::origin::FilterOrigin;
use super::path::FilterPath;
use crate::domain::json::{JsonKind, JsonTape, JsonValue};

/// Conditions that one filter may hold.
pub const FILTER_CONDITIONS_MAX: usize = 64;
/// How deep its groups may be nested, itself included.
pub const FILTER_DEPTH_MAX: usize = 8;
/// Bytes that it may have as JSON: 16 KiB.
pub const FILTER_BYTES_MAX: usize = 16 * 1024;

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct FilterFault {
    /// Where, such as `$or[1].data.amount.$gte`; empty for the whole.
    pub place: String,
    /// What is wrong there and what would be right.
    pub message: String,
}

/// Where the reading is.
struct FilterPosition<'a> {
    place: FilterPlace<'a>,
    path: &'a FilterPath,
    depth: usize,
}

/// A place in the filter, as a chain from the inside.
#[derive(Clone, Copy)]
enum FilterPlace<'a> {
    Whole,
    Member(&'a FilterPlace<'a>, &'a str),
    Element(&'a FilterPlace<'a>, usize),
}

impl fmt::Display for FilterPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Member(Self::Whole, name) => f.write_str(name),
            Self::Member(outer, name) => write!(f, "{outer}.{name}"),
            Self::Element(outer, index) => write!(f, "{outer}[{index}]"),
        }
    }
}

/// Counts what was read.
struct Parser {
    conditions: usize,
    origin: FilterOrigin,
}

pub(super) fn parse(text: &str, origin: FilterOrigin) -> Result<Condition, FilterFault> {
    let whole = FilterPlace::Whole;
    if text.len() > FILTER_BYTES_MAX {
        return whole.refuse(format!(
            "must have at most {FILTER_BYTES_MAX} bytes as JSON"
        ));
    }
    if serde_json::from_str::<&serde_json::value::RawValue>(text).is_err() {
        return whole.refuse("must be JSON");
    }
    let tape = JsonTape::read(text.into());
    let Some(tape) = tape.filter(|tape| tape.root().kind() == JsonKind::Object) else {
        return whole.refuse("must be an object of conditions");
    };
    let at = FilterPosition {
        place: whole,
        path: &FilterPath::default(),
        depth: 1,
    };
    let mut parser = Parser {
        conditions: 0,
        origin,
    };
    parser.members(tape.root(), &at).map(Condition::All)
}

impl FilterPlace<'_> {
    fn refuse<T>(&self, message: impl Into<String>) -> Result<T, FilterFault> {
        Err(FilterFault {
            place: self.to_string(),
            message: message.into(),
        })
    }
}

impl Parser {
    /// The members of an object of conditions or operators; each must hold.
    fn members(
        &mut self,
        object: JsonValue<'_>,
        at: &FilterPosition<'_>,
    ) -> Result<Vec<Condition>, FilterFault> {
        if at.depth > FILTER_DEPTH_MAX {
            let message = format!("is nested deeper than {FILTER_DEPTH_MAX} levels");
            return at.place.refuse(message);
        }
        let mut all = Vec::new();
        for (name, value) in object.members() {
            let name = name.text().unwrap_or_default();
            let place = FilterPlace::Member(&at.place, &name);
            let is_twice = object
                .members()
                .filter(|(own, _)| own.is_text(&name))
                .count()
                > 1;
            if is_twice {
                return place.refuse("is given twice");
            }
            all.push(self.member(&name, value, &FilterPosition { place, ..*at })?);
        }
        Ok(all)
    }

    fn member(
        &mut self,
        name: &str,
        value: JsonValue<'_>,
        at: &FilterPosition<'_>,
    ) -> Result<Condition, FilterFault> {
        match name {
            "$and" => self.list(value, at).map(Condition::All),
            "$or" => Ok(Condition::Any {
                of: self.list(value, at)?,
                place: at.place.to_string().into(),
            }),
            "$not" => {
                let inner = FilterPosition {
                    depth: at.depth + 1,
                    ..*at
                };
                let of = Box::new(self.group(value, &inner)?);
                let place = at.place.to_string().into();
                Ok(Condition::Not { of, place })
            }
            operator if operator.starts_with('$') => self.operator(operator, value, at),
            path => {
                let path = match at.path.joined(path, self.origin) {
                    Ok(path) => path,
                    Err(message) => return at.place.refuse(message),
                };
                self.field(value, &FilterPosition { path: &path, ..*at })
            }
        }
    }

    fn list(
        &mut self,
        value: JsonValue<'_>,
        at: &FilterPosition<'_>,
    ) -> Result<Vec<Condition>, FilterFault> {
        if value.kind() != JsonKind::Array || value.element(0).is_none() {
            return at
                .place
                .refuse("must be a list with one condition at least");
        }
        let elements = value.elements().enumerate();
        elements
            .map(|(index, element)| {
                let inner = FilterPosition {
                    place: FilterPlace::Element(&at.place, index),
                    path: at.path,
                    depth: at.depth + 1,
                };
                self.group(element, &inner)
            })
            .collect()
    }

    /// An object of conditions inside a group.
    fn group(
        &mut self,
        value: JsonValue<'_>,
        at: &FilterPosition<'_>,
    ) -> Result<Condition, FilterFault> {
        if value.kind() != JsonKind::Object {
            return at.place.refuse("must be an object of conditions");
        }
        let mut all = self.members(value, at)?;
        match all.len() {
            0 => at.place.refuse("is empty; it must hold a condition"),
            1 => Ok(all.remove(0)),
            _ => Ok(Condition::All(all)),
        }
    }

    /// What is demanded at a path.
    fn field(
        &mut self,
        value: JsonValue<'_>,
        at: &FilterPosition<'_>,
    ) -> Result<Condition, FilterFault> {
        if value.kind() != JsonKind::Object {
            return self.operator("$eq", value, at);
        }
        let is_operator = |(name, _): (JsonValue<'_>, JsonValue<'_>)| {
            name.text().is_some_and(|name| name.starts_with('$'))
        };
        let is_of_operators = value.members().any(is_operator);
        if value.members().next().is_none() {
            return at
                .place
                .refuse("is empty; write {\"$eq\": {}} for an empty object");
        }
        if is_of_operators && !value.members().all(is_operator) {
            return at
                .place
                .refuse("must hold either operators or paths, not both");
        }
        // Operators lie on the level of their path.
        let depth = at.depth + usize::from(!is_of_operators);
        self.group(value, &FilterPosition { depth, ..*at })
    }

    fn operator(
        &mut self,
        name: &str,
        value: JsonValue<'_>,
        at: &FilterPosition<'_>,
    ) -> Result<Condition, FilterFault> {
        let operator = match operator(name, value) {
            Ok(operator) => operator,
            Err(message) => return at.place.refuse(message),
        };
        if at.path.is_empty() {
            let message = "is an operator without a path; write {\"data.amount\": {…}}";
            return at.place.refuse(message);
        }
        self.conditions += 1;
        if self.conditions > FILTER_CONDITIONS_MAX {
            let message = format!("is one condition more than the {FILTER_CONDITIONS_MAX} allowed");
            return at.place.refuse(message);
        }
        Ok(Condition::Field {
            place: at.place.to_string().into(),
            path: at.path.clone(),
            operator,
        })
    }
}

fn operator(name: &str, value: JsonValue<'_>) -> Result<Operator, String> {
    let bound = |relation| {
        let bound = match (value.kind(), value.text()) {
            (JsonKind::Number, _) => FilterBound::Number(value.raw().into()),
            (_, Some(text)) => FilterBound::Text(text.into()),
            (_, None) => return Err("must be a number or a text".to_owned()),
        };
        Ok(Operator::Compares(relation, bound))
    };
    let text = || match value.text() {
        Some(text) if !text.is_empty() => Ok(text.into()),
        Some(_) | None => Err("must be a text that is not empty".to_owned()),
    };
    match name {
        "$eq" => Ok(Operator::Equals(operand(value))),
        "$ne" => Ok(Operator::Differs(operand(value))),
        "$gt" => bound(Relation::Greater),
        "$gte" => bound(Relation::AtLeast),
        "$lt" => bound(Relation::Less),
        "$lte" => bound(Relation::AtMost),
        "$in" => operands(value).map(Operator::OneOf),
        "$nin" => operands(value).map(Operator::NoneOf),
        "$exists" => match value.raw() {
            "true" => Ok(Operator::Exists),
            "false" => Ok(Operator::IsMissing),
            _ => Err("must be true or false".to_owned()),
        },
        "$startsWith" => text().map(Operator::StartsWith),
        "$endsWith" => text().map(Operator::EndsWith),
        "$contains" => Ok(Operator::Contains(operand(value))),
        _ => Err(format!(
            "is not an operator; there are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, \
             $startsWith, $endsWith, $contains, $and, $or and $not{}",
            nearest(name)
        )),
    }
}

/// The operator that was perhaps meant.
fn nearest(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let meant = match lower.as_str() {
        "$neq" => Some("$ne"),
        "$startswith" => Some("$startsWith"),
        "$endswith" => Some("$endsWith"),
        "$exist" => Some("$exists"),
        _ => None,
    };
    meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"))
}

fn operands(value: JsonValue<'_>) -> Result<Vec<JsonTape>, String> {
    match value.kind() {
        JsonKind::Array if value.element(0).is_some() => {
            Ok(value.elements().map(operand).collect())
        }
        _ => Err("must be a list with one value at least".to_owned()),
    }
}

fn operand(value: JsonValue<'_>) -> JsonTape {
    JsonTape::read(value.raw().into()).unwrap_or_else(JsonTape::null)
}
