//! The field's words on pages.
//!
//! Owns: labels of our own making that no page shows. Refuses: judging whole sentences.

use std::path::Path;

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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = 0;
    for entry in std::fs::read_dir(root.join("templates")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "html") {
            pages += 1;
            check(&path, ['>', '}'], '<');
        }
    }
    for source in super::sources() {
        if source.room() == "console" || source.room() == "ui" {
            check(&root.join("src").join(&source.path), ['"', '"'], '"');
        }
    }
    assert!(pages > 20, "templates/ has {pages} pages");
}

/// Fails where one of the old words stands alone between `before` and `after`.
fn check(path: &Path, before: [char; 2], after: char) {
    let text = std::fs::read_to_string(path).unwrap();
    for (word, better) in WORDS {
        for open in before {
            let label = format!("{open}{word}{after}");
            assert!(
                !text.contains(&label),
                "{} says {word}; the field says {better}",
                path.display()
            );
        }
    }
}
