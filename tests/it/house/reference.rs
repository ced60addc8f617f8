//! The reference of options in the handbook is made from the options.
//!
//! Owns: comparing what is written down with what this build has. Refuses: judging its words.

use std::path::Path;
use std::process::Command;

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
