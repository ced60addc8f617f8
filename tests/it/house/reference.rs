//! What is written down is what this build has, and says something.
//!
//! Owns: comparing the handbook's reference of options with the options, and refusing docs that only repeat
//! a type. Refuses: judging words.

use std::path::Path;
use std::process::Command;

use super::source::{Source, sources};

const WRITTEN: &str = "static/docs/configuration.md";

#[test]
fn the_reference_of_options_is_what_the_options_say() {
    let output = Command::new(env!("CARGO_BIN_EXE_hookpost"))
        .args(["docs", "configuration"])
        .output()
        .unwrap();
    let made = String::from_utf8(output.stdout).unwrap();
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join(WRITTEN);
    let written = std::fs::read_to_string(written).unwrap();
    assert!(
        made.contains("--listen") && made == written,
        "make it anew: target/debug/hookpost docs configuration > {WRITTEN}"
    );
}

#[test]
fn what_is_said_of_errors_says_more_than_their_types() {
    for Source { path, text } in sources() {
        let mut lines = text.lines().map(str::trim_start);
        while let Some(line) = lines.next() {
            if line != "/// # Errors" {
                continue;
            }
            let said = lines.by_ref().map_while(|line| line.strip_prefix("///"));
            let said: Vec<&str> = said.collect();
            let said = said.join(" ");
            // Names of types stand at the odd places between the ticks.
            let plain = said.split('`').step_by(2);
            let words = plain.flat_map(str::split_whitespace);
            let words = words.filter(|word| word.chars().any(char::is_alphanumeric));
            assert!(words.count() > 1, "{}: {said}", path.display());
        }
    }
}
