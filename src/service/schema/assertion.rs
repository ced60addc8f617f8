//! What a value is or is not, by itself, and the words for it.
//!
//! Owns: one answer for each kind of assertion. Refuses: looking at parts of the value.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Number, Value};

use super::budget::{Budget, Spent};
use super::node::{Assertion, Bound, Size};
use super::number::{canonical, compare, is_multiple, is_whole};

/// Missing members that one fault names.
const NAMED_MAX: usize = 10;

/// What is wrong with a value; `None` where it is as asked.
pub(super) fn unfit(
    assertion: &Assertion,
    value: &Value,
    budget: &mut Budget,
) -> Result<Option<String>, Spent> {
    budget.spend(1)?;
    Ok(match (assertion, value) {
        (Assertion::Types(types), _) => (!types.iter().any(|own| is_of_type(value, own)))
            .then(|| format!("is not of type {}", types.join(" or "))),
        (Assertion::Among(keyword, known), _) => among(keyword, known, value, budget)?,
        (Assertion::MultipleOf(step), Value::Number(number)) => {
            (!is_multiple(number, step)).then(|| format!("is not a multiple of {step}"))
        }
        (Assertion::Bound(side, limit), Value::Number(number)) => beyond(*side, limit, number),
        (Assertion::Size(size, limit), _) => ill_sized(*size, *limit, value, budget)?,
        (Assertion::Pattern(source, pattern), Value::String(text)) => {
            budget.read(text.len())?;
            (!pattern.is_in(text)).then(|| format!("does not match the pattern {source}"))
        }
        (Assertion::Unique, Value::Array(items)) => repeated(items, budget)?,
        (Assertion::Required(names), Value::Object(members)) => {
            budget.spend(names.len())?;
            missing(names, members).map(|lacks| format!("lacks the required {lacks}"))
        }
        (Assertion::RequiredBy(needs), Value::Object(members)) => {
            let mut found = None;
            for (name, needed) in needs {
                budget.spend(1 + needed.len())?;
                if members.contains_key(name) {
                    found = found.or(missing(needed, members)
                        .map(|lacks| format!("lacks {lacks}, which {name} requires")));
                }
            }
            found
        }
        (
            Assertion::MultipleOf(_)
            | Assertion::Bound(..)
            | Assertion::Pattern(..)
            | Assertion::Unique
            | Assertion::Required(_)
            | Assertion::RequiredBy(_),
            _,
        ) => None,
    })
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(number) => name == "number" || (name == "integer" && is_whole(number)),
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    }
}

fn among(
    keyword: &str,
    known: &BTreeSet<String>,
    value: &Value,
    budget: &mut Budget,
) -> Result<Option<String>, Spent> {
    let mut text = String::new();
    canonical(value, &mut text);
    budget.read(text.len())?;
    Ok((!known.contains(&text)).then(|| match keyword {
        "const" => "is not the one value that the schema allows".to_owned(),
        _ => "is none of the values that the schema allows".to_owned(),
    }))
}

fn beyond(side: Bound, limit: &Number, number: &Number) -> Option<String> {
    let order = compare(number, limit);
    let (fits, words) = match side {
        Bound::Minimum => (order != Ordering::Less, "at least"),
        Bound::MinimumExclusive => (order == Ordering::Greater, "more than"),
        Bound::Maximum => (order != Ordering::Greater, "at most"),
        Bound::MaximumExclusive => (order == Ordering::Less, "less than"),
    };
    (!fits).then(|| format!("must be {words} {limit}"))
}

fn ill_sized(
    size: Size,
    limit: u64,
    value: &Value,
    budget: &mut Budget,
) -> Result<Option<String>, Spent> {
    let (count, unit) = match (size, value) {
        (Size::CharsMin | Size::CharsMax, Value::String(text)) => {
            budget.read(text.len())?;
            (text.chars().count(), "characters")
        }
        (Size::ItemsMin | Size::ItemsMax, Value::Array(items)) => (items.len(), "items"),
        (Size::MembersMin | Size::MembersMax, Value::Object(members)) => (members.len(), "members"),
        (
            Size::CharsMin
            | Size::CharsMax
            | Size::ItemsMin
            | Size::ItemsMax
            | Size::MembersMin
            | Size::MembersMax,
            _,
        ) => return Ok(None),
    };
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let (fits, words) = match size {
        Size::CharsMin | Size::ItemsMin | Size::MembersMin => (count >= limit, "at least"),
        Size::CharsMax | Size::ItemsMax | Size::MembersMax => (count <= limit, "at most"),
    };
    Ok((!fits).then(|| format!("must have {words} {limit} {unit}")))
}

fn repeated(items: &[Value], budget: &mut Budget) -> Result<Option<String>, Spent> {
    let mut known = HashSet::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let mut text = String::new();
        canonical(item, &mut text);
        budget.read(text.len())?;
        if !known.insert(text) {
            return Ok(Some(format!("holds the item at {index} twice")));
        }
    }
    Ok(None)
}

fn missing(names: &[String], members: &Map<String, Value>) -> Option<String> {
    let lacking = names.iter().filter(|name| !members.contains_key(*name));
    let lacking: Vec<&str> = lacking.take(NAMED_MAX).map(String::as_str).collect();
    (!lacking.is_empty()).then(|| lacking.join(", "))
}
