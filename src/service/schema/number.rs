//! Numbers and equality as JSON Schema means them: `1` and `1.0` are the same.
//!
//! Owns: comparing, dividing, and a text that is the same for equal values. Refuses: precision that
//! JSON's own numbers do not have once they are read.

use std::cmp::Ordering;
use std::fmt::Write;

use serde_json::{Number, Value};

/// How far a quotient may be from a whole number, relatively, to count as one: decimal fractions
/// such as `0.1` are not exact in binary.
const QUOTIENT_TOLERANCE: f64 = 1e-9;

/// How two numbers compare.
pub(super) fn compare(one: &Number, other: &Number) -> Ordering {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_) | None, _) => real(one).total_cmp(&real(other)),
    }
}

/// Whether `value` is a whole multiple of `step`.
pub(super) fn is_multiple(value: &Number, step: &Number) -> bool {
    match (whole(value), whole(step)) {
        (Some(value), Some(step)) => step != 0 && value % step == 0,
        (Some(_) | None, _) => {
            let quotient = real(value) / real(step);
            let off = (quotient - quotient.round()).abs();
            off <= QUOTIENT_TOLERANCE * quotient.abs().max(1.0)
        }
    }
}

/// Whether a number is an integer, however it is written.
pub(super) fn is_whole(number: &Number) -> bool {
    whole(number).is_some() || real(number).fract() == 0.0
}

/// Writes `value` so that equal values, and only those, give the same text.
pub(super) fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push('n'),
        Value::Bool(true) => text.push('t'),
        Value::Bool(false) => text.push('f'),
        Value::Number(number) => written(write!(text, "#{}", plain(number))),
        Value::String(string) => written(write!(text, "{}:{string}", string.len())),
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            for (name, member) in sorted {
                written(write!(text, "{}:{name}", name.len()));
                canonical(member, text);
            }
            text.push('}');
        }
    }
}

fn written(result: std::fmt::Result) {
    result.expect("writing to a string never fails");
}

fn plain(number: &Number) -> String {
    match whole(number) {
        Some(whole) => whole.to_string(),
        None => real(number).to_string(),
    }
}

/// The number as an integer, where it is one that fits.
fn whole(number: &Number) -> Option<i128> {
    /// Every whole number below this is exact as a float and fits.
    const WHOLE_MAX: f64 = 1e30;
    let integer = number.as_i64().map(i128::from);
    let integer = integer.or_else(|| number.as_u64().map(i128::from));
    integer.or_else(|| {
        let real = real(number);
        // Checked to be whole and to fit.
        (real.fract() == 0.0 && real.abs() < WHOLE_MAX).then_some(real as i128)
    })
}

fn real(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}
