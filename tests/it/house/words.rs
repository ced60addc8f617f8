//! The field's words on pages.
//!
//! Owns: labels of our own making that no page shows. Refuses: judging whole sentences.

use std::path::Path;

use super::sources;

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

#[test]
fn pages_use_the_words_of_the_field() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut pages = 0;
    for folder in [
        &*templates,
        &templates.join("parts"),
        &templates.join("portal"),
    ] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "html") {
                pages += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                check(&path, &text, &[(">", "<"), ("}", "<"), ("\"", "\"")]);
            }
        }
    }
    assert!(pages > 50, "templates/ has {pages} pages");
    for source in sources() {
        if ["api", "cli", "console", "portal", "ui"].contains(&source.room().as_str()) {
            check(&source.path, &source.text, &[("\"", "\"")]);
        }
    }
}

/// Fails where one of the old words stands alone in one of the `frames`.
fn check(path: &Path, text: &str, frames: &[(&str, &str)]) {
    for (word, better) in WORDS {
        for (open, close) in frames {
            assert!(
                !text.contains(&format!("{open}{word}{close}")),
                "{} says {word}; the field says {better}",
                path.display()
            );
        }
    }
}
