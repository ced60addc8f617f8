//! A filter judged a second time, by other means: serde's trees, no compilation, no shortcuts.
//!
//! Owns: that judgement, for the property that both agree. Refuses: numbers that serde rounds.

use serde_json::Value;

pub(super) fn fits(filter: &Value, event: &Value) -> bool {
    all_of(filter, &[], event)
}

fn all_of(conditions: &Value, path: &[String], event: &Value) -> bool {
    let members = conditions.as_object().unwrap();
    members
        .iter()
        .all(|(name, operand)| holds(name, operand, path, event))
}

fn holds(name: &str, operand: &Value, path: &[String], event: &Value) -> bool {
    let list = || operand.as_array().unwrap();
    match name {
        "$and" => list().iter().all(|one| all_of(one, path, event)),
        "$or" => list().iter().any(|one| all_of(one, path, event)),
        "$not" => !all_of(operand, path, event),
        "$ne" => !holds("$eq", operand, path, event),
        "$nin" => !holds("$in", operand, path, event),
        "$exists" => at(path, event).is_empty() != operand.as_bool().unwrap(),
        operator if operator.starts_with('$') => {
            let mut values = at(path, event);
            if operator != "$contains" {
                let inner: Vec<Value> = values
                    .iter()
                    .filter_map(Value::as_array)
                    .flatten()
                    .cloned()
                    .collect();
                values.extend(inner);
            }
            values
                .iter()
                .any(|value| one_fits(operator, operand, value))
        }
        deeper => {
            let mut longer = path.to_vec();
            longer.extend(deeper.split('.').map(str::to_owned));
            match operand {
                Value::Object(_) => all_of(operand, &longer, event),
                _ => holds("$eq", operand, &longer, event),
            }
        }
    }
}

fn one_fits(operator: &str, operand: &Value, value: &Value) -> bool {
    let order = match (value, operand) {
        (Value::Number(one), Value::Number(two)) => {
            Some(one.as_i64().unwrap().cmp(&two.as_i64().unwrap()))
        }
        (Value::String(one), Value::String(two)) => Some(one.cmp(two)),
        _ => None,
    };
    let texts = value.as_str().zip(operand.as_str());
    match operator {
        "$eq" => value == operand,
        "$in" => operand.as_array().unwrap().contains(value),
        "$gt" => order.is_some_and(std::cmp::Ordering::is_gt),
        "$gte" => order.is_some_and(std::cmp::Ordering::is_ge),
        "$lt" => order.is_some_and(std::cmp::Ordering::is_lt),
        "$lte" => order.is_some_and(std::cmp::Ordering::is_le),
        "$startsWith" => texts.is_some_and(|(text, part)| text.starts_with(part)),
        "$endsWith" => texts.is_some_and(|(text, part)| text.ends_with(part)),
        "$contains" => match value {
            Value::Array(items) => items.contains(operand),
            _ => texts.is_some_and(|(text, part)| text.contains(part)),
        },
        other => panic!("{other} is no operator"),
    }
}

fn at(path: &[String], value: &Value) -> Vec<Value> {
    let Some((part, rest)) = path.split_first() else {
        return vec![value.clone()];
    };
    let inner: Vec<&Value> = match (part.as_str(), value) {
        ("*", Value::Array(items)) => items.iter().collect(),
        ("*", Value::Object(members)) => members.values().collect(),
        (name, Value::Array(items)) => {
            let index = name.parse::<usize>().ok();
            index
                .and_then(|index| items.get(index))
                .into_iter()
                .collect()
        }
        (name, Value::Object(members)) => members.get(name).into_iter().collect(),
        _ => Vec::new(),
    };
    inner
        .into_iter()
        .flat_map(|inner| at(rest, inner))
        .collect()
}
