//! The field's words, wherever people read.
//!
//! Owns: labels and phrases of our own making that nobody is shown: on pages, in answers of commands, in the
//! API's document, in the handbook and the README. Refuses: judging whole sentences.

use std::path::{Path, PathBuf};

use super::source::sources;

/// Labels that had a better known name, and that name.
const WORDS: [(&str, &str); 10] = [
    ("Made", "Created"),
    ("Began", "Started"),
    ("Took", "Duration"),
    ("Because of", "Trigger"),
    ("May", "Scopes"),
    ("It may", "Scopes"),
    ("Call it off", "Cancel"),
    ("End it", "Danger zone"),
    ("present", "Current"),
    ("Made in the", "Created in the"),
];
/// Beginnings of labels, and what the field says.
const BEGINNINGS: [(&str, &str); 3] = [
    ("\"took", "duration"),
    ("\"because of", "trigger"),
    (">took", "duration"),
];
/// What is canceled was "called off" once.
const CALL: [&str; 4] = ["call", "calls", "called", "calling"];
/// The most words between `call` and `off`.
const BETWEEN_MAX: usize = 3;
/// The rooms of the house whose words people read: in them comments of types are the API's document and
/// the commands' help.
const SAID: [&str; 6] = ["api", "cli", "console", "dialects", "portal", "ui"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every template, with its path.
pub fn pages() -> Vec<(PathBuf, String)> {
    below("templates", &["html"])
}

/// Files below `folder` whose names end so.
fn below(folder: &str, ends: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|own| ends.iter().any(|end| own == *end))
            {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// What people read beside the source: pages, the handbook, clients, the README and the changes.
fn texts() -> Vec<(PathBuf, String)> {
    let mut texts = pages();
    assert!(texts.len() > 50, "templates/ has {} pages", texts.len());
    texts.extend(below("static", &["md", "html", "js", "ts", "py"]));
    for file in ["README.md", "tests/CHANGELOG.md"] {
        let path = root().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        texts.push((path, text));
    }
    texts
}

#[test]
fn nobody_reads_another_word_than_the_fields() {
    let mut wrong = Vec::new();
    for (path, text) in texts() {
        check(
            &path,
            &text,
            &[(">", "<"), ("}", "<"), ("\"", "\"")],
            &mut wrong,
        );
    }
    for source in sources() {
        if SAID.contains(&source.room().as_str()) {
            check(&source.path, &source.text, &[("\"", "\"")], &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn old_words_are_found_in_labels_and_within_sentences() {
    let says = |line: &str| {
        let mut wrong = Vec::new();
        check(
            Path::new("page"),
            line,
            &[(">", "<"), ("\"", "\"")],
            &mut wrong,
        );
        wrong.len()
    };
    assert_eq!(says("(\"took ms\", \"duration_ms\")"), 1);
    assert_eq!(says("`POST /events/{id}/cancel` calls it off."), 1);
    assert_eq!(says("/// Deliveries called off."), 1);
    assert_eq!(says("<th>Made</th>"), 1);
    assert_eq!(
        says("It took long; whoever calls is served, and turns it off."),
        0
    );
}

/// Notes where one of the old words stands alone in one of the `frames`, begins a label, or is a phrase.
fn check(path: &Path, text: &str, frames: &[(&str, &str)], wrong: &mut Vec<String>) {
    for (number, line) in text.lines().enumerate() {
        let mut say = |word: &str, better: &str| {
            let place = format!("{}:{}", path.display(), number + 1);
            wrong.push(format!("{place} says {word:?}; the field says {better}"));
        };
        for (word, better) in WORDS {
            let framed =
                |(open, close): &(&str, &str)| line.contains(&format!("{open}{word}{close}"));
            if frames.iter().any(framed) {
                say(word, better);
            }
        }
        let lower = line.to_lowercase();
        for (beginning, better) in BEGINNINGS {
            if lower.contains(beginning) {
                say(beginning, better);
            }
        }
        if calls_off(&lower) {
            say("call off", "cancel");
        }
    }
}

fn calls_off(line: &str) -> bool {
    let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric()).collect();
    let calls = words
        .iter()
        .enumerate()
        .filter(|(_, word)| CALL.contains(*word));
    calls
        .map(|(at, _)| words[at + 1..].iter().take(BETWEEN_MAX + 1))
        .any(|mut next| next.any(|word| *word == "off"))
}
