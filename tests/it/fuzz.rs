//! The corpora of the fuzz targets, replayed on every run: each input keeps its target's law, and is
//! accepted or refused as its name says. So does every small damage to it.

#[path = "../fuzz/laws/mod.rs"]
mod laws;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use laws::{Verdict, judge};

const TARGETS: [&str; 6] = ["cursor", "header", "key", "profile", "retry_after", "url"];
/// A corpus with fewer inputs than this says little.
const INPUTS_MIN: usize = 25;
/// Inputs that are damaged at every place; longer ones at this many places.
const PLACES_MAX: usize = 150;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    entries.map(|entry| name(entry.unwrap())).collect()
}

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = fuzz().join("corpus").join(target);
    let read = |name: String| {
        let input = fs::read(directory.join(&name)).unwrap();
        (name, input)
    };
    names(&directory).into_iter().map(read).collect()
}

#[test]
fn every_input_of_the_corpora_keeps_its_law_and_gets_the_verdict_in_its_name() {
    let mut wrong = Vec::new();
    for target in TARGETS {
        let inputs = corpus(target);
        assert!(inputs.len() >= INPUTS_MIN, "{target}: {}", inputs.len());
        for (name, input) in inputs {
            let expect = match name.split_once('-') {
                Some(("accepted", _)) => Verdict::Accepted,
                Some(("refused", _)) => Verdict::Refused,
                _ => panic!("{target}/{name}: name it accepted-… or refused-…"),
            };
            if judge(target, &input) != expect {
                wrong.push(format!("{target}/{name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_small_damage_to_an_input_keeps_the_law_too() {
    for target in TARGETS {
        for (name, input) in corpus(target) {
            let stride = input.len().div_ceil(PLACES_MAX).max(1);
            for place in (0..input.len()).step_by(stride) {
                for damaged in damages(&input, place) {
                    let kept = std::panic::catch_unwind(|| judge(target, &damaged));
                    let shown = String::from_utf8_lossy(&damaged);
                    assert!(kept.is_ok(), "{target}/{name}, damaged: {shown:?}");
                }
            }
        }
    }
}

/// Without the byte, cut before it, twice, and with others in its place.
fn damages(input: &[u8], place: usize) -> Vec<Vec<u8>> {
    let (before, after) = (&input[..place], &input[place + 1..]);
    let mut damaged = vec![before.to_vec(), [before, after].concat()];
    for other in [
        &input[place..=place].repeat(2)[..],
        b"\n",
        b"\0",
        b".",
        b"0",
        b"@",
        b"\xc3\xa9",
    ] {
        damaged.push([before, other, after].concat());
    }
    damaged
}

#[test]
fn every_target_has_a_program_a_law_and_a_corpus() {
    let targets: BTreeSet<String> = TARGETS.map(str::to_owned).into();
    assert_eq!(names(&fuzz().join("corpus")), targets);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for target in &targets {
        assert!(
            manifest.contains(&format!("[[bin]]\nname = \"{target}\"\n")),
            "{target}"
        );
        let program = fuzz().join(format!("fuzz_targets/{target}.rs"));
        let program = fs::read_to_string(program).unwrap();
        assert!(
            program.contains(&format!("judge(\"{target}\", input)")),
            "{program}"
        );
    }
}
