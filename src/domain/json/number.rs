//! Numbers of JSON compared as they are written, digit by digit.
//!
//! Owns: the comparison. Refuses: arithmetic, and any loss: `12345678901234567890` is not
//! `12345678901234567891`, while `1`, `1.0` and `1e0` are one number.

use std::cmp::Ordering;

/// Exponents are told apart up to this many powers of ten; beyond it they count as this one.
const EXPONENT_MAX: i64 = 1_000_000_000_000_000_000;

/// A number's digits and where its point stands.
#[derive(Clone, Copy)]
struct Decimal<'a> {
    is_negative: bool,
    /// Before the point, without leading zeros, and behind it.
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

/// How two numbers in JSON's notation compare.
#[must_use]
pub fn compare(one: &str, other: &str) -> Ordering {
    if let (Some(one), Some(other)) = (small(one), small(other)) {
        return one.cmp(&other);
    }
    let (one, other) = (decimal(one), decimal(other));
    match (one.sign(), other.sign()) {
        (own, theirs) if own != theirs => own.cmp(&theirs),
        (0, _) => Ordering::Equal,
        (1, _) => one.size(other),
        (_, _) => other.size(one),
    }
}

/// One form for all ways to write a number: its sign, its digits and their magnitude.
#[must_use]
pub fn normal_form(text: &str) -> String {
    let number = decimal(text);
    let sign = match number.sign() {
        0 => return "0".to_owned(),
        sign => {
            if sign < 0 {
                "-"
            } else {
                ""
            }
        }
    };
    let digits: Vec<u8> = number.digits().collect();
    let digits = String::from_utf8_lossy(&digits);
    format!(
        "{sign}{}e{}",
        digits.trim_end_matches('0'),
        number.magnitude()
    )
}

/// A plain integer of at most 18 digits: what numbers mostly are.
fn small(text: &str) -> Option<i64> {
    (text.len() <= 18).then(|| text.parse().ok()).flatten()
}

fn decimal(text: &str) -> Decimal<'_> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let limit = if exponent.starts_with('-') {
        -EXPONENT_MAX
    } else {
        EXPONENT_MAX
    };
    let exponent: i64 = exponent.parse().unwrap_or(limit);
    Decimal {
        is_negative,
        whole: whole.trim_start_matches('0').as_bytes(),
        fraction: fraction.as_bytes(),
        exponent: exponent.clamp(-EXPONENT_MAX, EXPONENT_MAX),
    }
}

impl<'a> Decimal<'a> {
    fn digits(self) -> impl Iterator<Item = u8> + 'a {
        let zeros = self.leading_zeros();
        self.whole.iter().chain(self.fraction).skip(zeros).copied()
    }

    /// Zeros between the point and the first digit, where nothing stands before the point.
    fn leading_zeros(self) -> usize {
        if self.whole.is_empty() {
            self.fraction
                .iter()
                .take_while(|digit| **digit == b'0')
                .count()
        } else {
            0
        }
    }

    fn sign(self) -> i8 {
        let is_zero = self.digits().all(|digit| digit == b'0');
        match (is_zero, self.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// The power of ten of the first digit.
    fn magnitude(self) -> i64 {
        let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX / 4);
        self.exponent + length(self.whole.len()) - length(self.leading_zeros())
    }

    /// How far two numbers that are not zero are from it, compared.
    fn size(self, other: Self) -> Ordering {
        self.magnitude().cmp(&other.magnitude()).then_with(|| {
            let (mut one, mut two) = (self.digits(), other.digits());
            loop {
                let (own, theirs) = match (one.next(), two.next()) {
                    (None, None) => return Ordering::Equal,
                    (own, theirs) => (own.unwrap_or(b'0'), theirs.unwrap_or(b'0')),
                };
                if own != theirs {
                    return own.cmp(&theirs);
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_compare_by_their_value_however_they_are_written() {
        use Ordering::{Equal, Greater, Less};
        let check = |one: &str, other: &str, expected| {
            assert_eq!(compare(one, other), expected, "{one} {other}");
            assert_eq!(compare(other, one), expected.reverse(), "{other} {one}");
        };
        check("1", "1.0", Equal);
        check("1", "1e0", Equal);
        check("100", "1E+2", Equal);
        check("0.00120", "12e-4", Equal);
        check("0", "-0.000e7", Equal);
        check("12345678901234567890", "12345678901234567891", Less);
        check("12345678901234567890.0", "1234567890123456789e1", Equal);
        check("0.1", "0.10000000000000000000000000001", Less);
        check("-5", "3", Less);
        check("-5", "-5.01", Greater);
        check("9", "10", Less);
        check("0.9", "0.10", Greater);
        check("0.001", "0.01", Less);
        check("1e400", "9e399", Greater);
        check("1e-400", "0", Greater);
        check("-1e400", "1e-400", Less);
        check("1e99999999999999999999", "1e400", Greater);
        check("1e-99999999999999999999", "1e-400", Less);
    }

    proptest! {
        #[test]
        fn whole_numbers_compare_as_integers_do(one in any::<i128>(), other in any::<i128>()) {
            prop_assert_eq!(compare(&one.to_string(), &other.to_string()), one.cmp(&other));
        }

        #[test]
        fn moving_the_point_changes_nothing(one in any::<i64>(), zeros in 0_usize..30) {
            let shifted = format!("{one}{}e-{zeros}", "0".repeat(zeros));
            prop_assert_eq!(compare(&shifted, &one.to_string()), Ordering::Equal);
        }
    }
}
