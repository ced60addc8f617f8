//! Numbers and their nouns, wherever people read them.
//!
//! Owns: that nothing says "1 events". Refuses: numbers that stand in the source: those of constants.

use std::path::Path;

use super::source::sources;
use super::words::pages;

/// Things that hookpost counts.
const NOUNS: [&str; 46] = [
    "addresses",
    "answers",
    "attempts",
    "bytes",
    "cells",
    "characters",
    "codes",
    "columns",
    "conditions",
    "consumers",
    "days",
    "deliveries",
    "entries",
    "errors",
    "events",
    "failures",
    "faults",
    "files",
    "findings",
    "groups",
    "headers",
    "hours",
    "ids",
    "items",
    "jobs",
    "keys",
    "letters",
    "levels",
    "lines",
    "links",
    "matches",
    "minutes",
    "names",
    "people",
    "profiles",
    "requests",
    "retries",
    "rows",
    "secrets",
    "sessions",
    "tests",
    "types",
    "users",
    "versions",
    "webhooks",
    "workspaces",
];
/// Words between a number and its noun.
const BETWEEN: [&str; 9] = [
    "more", "other", "earlier", "later", "recovery", "event", "dead", "running", "due",
];

#[test]
fn a_number_that_may_be_one_is_counted_with_its_noun() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_proof()) {
        for (number, line) in source.code().filter(|(_, line)| line.contains('"')) {
            if is_uncounted(line) {
                wrong.push(format!("{}:{number}: {line}", source.path.display()));
            }
        }
    }
    for (path, text) in pages() {
        for (at, line) in text.lines().enumerate() {
            if is_uncounted(line) {
                wrong.push(format!("{}:{}: {line}", path.display(), at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "use `counted`:\n{}", wrong.join("\n"));
    for (line, expect) in [
        ("\"{} events were read\"", true),
        ("\"{left_out} earlier attempts are\"", true),
        ("<dd>{{ queued() }} deliveries</dd>", true),
        ("\"at most {KEYS_MAX} keys\"", false),
        ("n => format!(\"{n} deliveries\")", false),
        ("\"{name} is used by {what}\"", false),
    ] {
        assert_eq!(is_uncounted(line), expect, "{line}");
    }
}

/// Whether something in braces, other than a constant, stands before one of [`NOUNS`]. An arm of a `match`
/// knows its number.
fn is_uncounted(line: &str) -> bool {
    let mut before = String::new();
    for part in line.split_inclusive('}') {
        if let Some(rest) = line.get(before.len()..).filter(|_| before.ends_with('}')) {
            let inner = before.trim_end_matches('}').rsplit('{').next().unwrap();
            let is_constant = !inner.is_empty() && !inner.contains(|c: char| c.is_lowercase());
            if !is_constant && !before.contains("=> ") && begins_with_noun(rest) {
                return true;
            }
        }
        before.push_str(part);
    }
    false
}

fn begins_with_noun(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix(' ') else {
        return false;
    };
    let mut words = rest.split(|c: char| !c.is_alphanumeric());
    let noun = words.find(|word| !BETWEEN.contains(word));
    noun.is_some_and(|word| NOUNS.contains(&word))
}

/// The templates' folder is where pages are read from.
#[test]
fn every_folder_of_pages_is_read() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let folders = std::fs::read_dir(templates).unwrap();
    let folders = folders.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    let read: std::collections::BTreeSet<_> = pages()
        .into_iter()
        .filter_map(|(path, _)| path.parent().map(Path::to_owned))
        .collect();
    assert_eq!(read.len(), folders.count() + 1, "{read:?}");
}
