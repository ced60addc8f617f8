//! The bounds of the house, listed once in its documentation.
//!
//! Owns: reading every bound from the source, and comparing them with `src/bounds.md`. Refuses:
//! judging whether a bound is right.

use std::collections::BTreeSet;
use std::path::Path;

use super::source::{Source, sources};

/// Where they are listed.
const LIST: &str = "src/bounds.md";
/// Durations as the source builds them, and their units.
const DURATIONS: [(&str, &str); 2] = [("from_secs(", "s"), ("from_millis(", "ms")];
/// What a name says of the unit.
const UNITS: [(&str, &str); 6] = [
    ("_BYTES", "bytes"),
    ("_CHARS", "characters"),
    ("_KIB", "KiB"),
    ("_ROWS", "rows"),
    ("_MS", "ms"),
    ("_PAGES", "pages"),
];

/// Every bound of a file, as a row of the list.
fn bounds(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    let proof = |line: &&str| !line.starts_with("#[cfg(test)]");
    let mut lines = source.text.lines().take_while(proof).peekable();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if let Some(doc) = line.strip_prefix("///") {
            words.push(doc.trim());
            continue;
        }
        if let Some((name, rest)) = declared(line) {
            let mut whole = rest.to_owned();
            while !whole.ends_with(';')
                && let Some(more) = lines.next()
            {
                whole.push_str(more.trim());
            }
            found.push(row(source, name, &whole, &words.join(" ")));
        }
        words.clear();
    }
    found
}

/// The name of the bound that a line declares, and what follows it.
fn declared(line: &str) -> Option<(&str, &str)> {
    let (before, rest) = line.split_once("const ")?;
    let is_declaration = before.is_empty() || before.starts_with("pub");
    let (name, rest) = rest.split_once(':')?;
    let is_bound = name.ends_with("_MAX") || name == "MAX";
    (is_declaration && is_bound).then_some((name, rest))
}

fn row(source: &Source, name: &str, rest: &str, words: &str) -> String {
    let (kind, value) = rest.split_once('=').unwrap();
    let value = value.trim().trim_end_matches(';');
    let first = words.split_once(". ").map_or(words, |(first, _)| first);
    let what = first.replace(['[', ']'], "").replace('|', "or");
    let module = source.module().join("::");
    let shown = shown(name, kind.trim(), value);
    format!(
        "| `{module}::{name}` | {shown} | {} |",
        what.trim_end_matches('.')
    )
}

/// A value with its unit, as far as the source says it.
fn shown(name: &str, kind: &str, value: &str) -> String {
    if kind == "Duration" {
        for (built, unit) in DURATIONS {
            let inner = value
                .split_once(built)
                .and_then(|(_, rest)| rest.strip_suffix(')'));
            if let Some(number) = inner.and_then(product) {
                return format!("{number} {unit}");
            }
        }
    }
    let unit = UNITS.iter().find(|(part, _)| name.contains(part));
    let unit = unit.map_or(String::new(), |(_, unit)| format!(" {unit}"));
    match product(value) {
        Some(number) => format!("{number}{unit}"),
        None => format!("`{value}`{unit}"),
    }
}

/// What a product of whole numbers comes to.
fn product(text: &str) -> Option<u64> {
    text.split('*')
        .map(|factor| factor.trim().replace('_', "").parse::<u64>().ok())
        .product()
}

#[test]
fn every_bound_is_listed_with_its_value_and_nothing_else_is() {
    let all = sources();
    let found: BTreeSet<String> = all
        .iter()
        .filter(|source| !source.is_proof())
        .flat_map(bounds)
        .collect();
    assert!(found.len() > 150, "{}", found.len());
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join(LIST);
    let text = std::fs::read_to_string(list).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let listed: BTreeSet<String> = rows.map(ToOwned::to_owned).collect();
    let missing: Vec<_> = found.difference(&listed).cloned().collect();
    let stale: Vec<_> = listed.difference(&found).cloned().collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "{LIST} lacks these rows:\n{}\nand these are no longer so:\n{}",
        missing.join("\n"),
        stale.join("\n")
    );
}

#[test]
fn values_are_shown_with_their_units() {
    for (name, kind, value, expect) in [
        ("BODY_BYTES_MAX", "usize", "1024 * 1024", "1048576 bytes"),
        (
            "WAIT_MAX",
            "Duration",
            "Duration::from_secs(2 * 3600)",
            "7200 s",
        ),
        ("READERS_MAX", "u32", "8", "8"),
        ("QUEUE_MAX", "usize", "2 * OTHER", "`2 * OTHER`"),
    ] {
        assert_eq!(shown(name, kind, value), expect);
    }
}
