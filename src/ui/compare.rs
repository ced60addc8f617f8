//! Two attempts of one delivery side by side.
//!
//! Owns: what is compared, which of it differs, and how much of it a page shows. Refuses: choosing the
//! attempts, and the request's body, which is the same for all of a delivery's attempts.

use std::collections::BTreeSet;

use super::exchange::outcome;
use super::parts::code::indented;
use super::parts::{cut, size, took};
use crate::domain::attempt::Attempt;

/// What one value may take of a page, in bytes of HTML.
const VALUE_HTML_BYTES: usize = 400;
/// Headers that are shown because they differ, of a request or an answer.
const HEADERS_SHOWN: usize = 16;
/// Bodies above this are compared as they are, in bytes.
const INDENTED_BYTES_MAX: usize = 64 * 1024;

/// Two attempts, the earlier one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Their numbers.
    pub numbers: [u32; 2],
    /// What is compared.
    pub rows: Vec<ComparedRow>,
    /// What is the same in both, in words.
    pub same: Vec<String>,
}

/// Something of two attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedRow {
    /// What it is.
    pub what: String,
    /// What it is in each.
    pub values: [String; 2],
    /// Whether that is not the same.
    pub differs: bool,
}

impl Comparison {
    /// Compares two attempts, in whichever order.
    #[must_use]
    pub fn of(one: &Attempt, other: &Attempt) -> Self {
        let both = match one.number <= other.number {
            true => [one, other],
            false => [other, one],
        };
        let mut found = Self {
            numbers: both.map(|attempt| attempt.number),
            rows: Vec::new(),
            same: Vec::new(),
        };
        let said = |value: Option<&String>| value.cloned().unwrap_or_else(|| "–".to_owned());
        found.row("Result", both.map(outcome));
        found.row("Error", both.map(|attempt| said(attempt.error.as_ref())));
        found.row(
            "Started",
            both.map(|attempt| attempt.started_at.to_string()),
        );
        found.row("Duration", both.map(|attempt| took(attempt.duration_ms)));
        found.row("URL", both.map(|attempt| attempt.url.clone()));
        found.row(
            "Reached",
            both.map(|attempt| said(attempt.remote_addr.as_ref())),
        );
        let requests = both.map(|attempt| attempt.request_headers.as_str());
        found.headers("request", requests);
        let answers = both.map(|attempt| attempt.response_headers.as_str());
        found.headers("answer", answers);
        found.bodies(both);
        found
            .rows
            .retain(|row| row.differs || ALWAYS.contains(&row.what.as_str()));
        found
    }

    fn row(&mut self, what: impl Into<String>, values: [String; 2]) {
        let differs = values[0] != values[1];
        let shown = |value: String| match cut(&value, VALUE_HTML_BYTES) {
            (part, true) => format!("{part}…"),
            (_, false) => value,
        };
        self.rows.push(ComparedRow {
            what: what.into(),
            values: values.map(shown),
            differs,
        });
    }

    /// The headers that differ, and how many do not.
    fn headers(&mut self, of: &str, texts: [&str; 2]) {
        let parsed = texts.map(header_lines);
        let names = parsed.iter().flatten().map(|(name, _)| name.as_str());
        let names: BTreeSet<&str> = names.collect();
        let value = |place: usize, name: &str| -> String {
            let own = parsed[place].iter().filter(|(own, _)| own == name);
            let values: Vec<&str> = own.map(|(_, value)| *value).collect();
            match values.as_slice() {
                [] => "–".to_owned(),
                values => values.join(", "),
            }
        };
        let compared = names
            .iter()
            .map(|name| (*name, [value(0, name), value(1, name)]));
        let (same, differing): (Vec<_>, Vec<_>) =
            compared.partition(|(_, values)| values[0] == values[1]);
        let left_out = differing.len().saturating_sub(HEADERS_SHOWN);
        for (name, values) in differing.into_iter().take(HEADERS_SHOWN) {
            self.row(format!("{name}, {of}"), values);
        }
        if left_out > 0 {
            let more = format!("{left_out} more");
            self.row(format!("Other headers, {of}"), [more, String::new()]);
        }
        match same.len() {
            0 => {}
            1 => self.same.push(format!("1 header of the {of}")),
            count => self.same.push(format!("{count} headers of the {of}")),
        }
    }

    /// The answers' bodies: their sizes, and the first line that is not the same.
    fn bodies(&mut self, both: [&Attempt; 2]) {
        let kept = both.map(|attempt| attempt.response_body.as_deref().unwrap_or_default());
        if kept[0] == kept[1] {
            let words = match kept[0] {
                [] => "no body came back",
                _ => "the body of the answer",
            };
            self.same.push(words.to_owned());
            return;
        }
        self.row(
            "Body of the answer",
            kept.map(|body| size(body.len() as u64)),
        );
        let texts = kept.map(readable);
        let mut lines = texts[0].lines();
        let mut others = texts[1].lines();
        let mut number = 1;
        loop {
            let pair = [lines.next(), others.next()];
            if pair == [None, None] {
                return;
            }
            if pair[0] != pair[1] {
                let values = pair.map(|line| line.unwrap_or("–").trim().to_owned());
                self.row(format!("Its line {number}"), values);
                return;
            }
            number += 1;
        }
    }
}

/// What is shown even where it is the same.
const ALWAYS: [&str; 3] = ["Result", "Started", "Duration"];

fn readable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).into_owned();
    match text.len() <= INDENTED_BYTES_MAX {
        true => indented(&text),
        false => text,
    }
}

fn header_lines(text: &str) -> Vec<(String, &str)> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::AttemptTrigger;
    use crate::domain::time::Timestamp;

    fn attempt(number: u32, status: u16, headers: &str, body: &str) -> Attempt {
        Attempt {
            number,
            trigger: AttemptTrigger::Schedule,
            started_at: Timestamp::from_millis(i64::from(number) * 1000),
            duration_ms: 40,
            status_code: Some(status),
            error_kind: None,
            error: None,
            remote_addr: None,
            url: "https://a.example/".to_owned(),
            request_headers: "webhook-id: 1\n".to_owned(),
            response_headers: headers.to_owned(),
            response_body: Some(body.as_bytes().to_vec()),
            response_truncated: false,
        }
    }

    #[test]
    fn what_differs_is_shown_and_what_is_the_same_is_counted() {
        let first = attempt(2, 503, "Date: x\nserver: a\nvia: p\n", r#"{"a":1,"b":2}"#);
        let second = attempt(9, 200, "date: x\nserver: b\n", r#"{"a":1,"b":3}"#);
        let found = Comparison::of(&second, &first);
        assert_eq!(found.numbers, [2, 9]);
        let row = |what: &str| {
            let row = found.rows.iter().find(|row| row.what == what);
            row.map(|row| (row.values[0].as_str(), row.values[1].as_str(), row.differs))
        };
        assert_eq!(row("Result"), Some(("HTTP 503", "HTTP 200", true)));
        assert_eq!(row("Duration"), Some(("40 ms", "40 ms", false)));
        assert_eq!(row("server, answer"), Some(("a", "b", true)));
        assert_eq!(row("via, answer"), Some(("p", "–", true)));
        assert_eq!(row("date, answer"), None);
        assert_eq!(row("URL"), None);
        assert_eq!(row("Its line 3"), Some(("\"b\": 2", "\"b\": 3", true)));
        assert_eq!(
            found.same,
            ["1 header of the request", "1 header of the answer"]
        );
    }

    #[test]
    fn a_comparison_has_a_bound() {
        let headers = |sign: char| -> String {
            let line = |n: u32| format!("x-{n}: {}\n", sign.to_string().repeat(5000));
            (0..100).map(line).collect()
        };
        let found = Comparison::of(
            &attempt(1, 200, &headers('a'), &"a".repeat(9000)),
            &attempt(2, 200, &headers('b'), &"b".repeat(9000)),
        );
        let of_headers = found.rows.iter().filter(|row| row.what.starts_with("x-"));
        assert_eq!(of_headers.count(), HEADERS_SHOWN);
        let longest = found.rows.iter().flat_map(|row| &row.values);
        assert!(longest.map(String::len).max().unwrap() <= VALUE_HTML_BYTES + 3);
        assert!(found.rows.iter().any(|row| row.values[0] == "84 more"));
    }
}
