//! The source of the house as its tests read it: files, their place, their lines of code.
//!
//! Owns: finding files, and telling proofs from what they prove. Refuses: judging anything.

use std::path::{Path, PathBuf};

/// A file below `src/`.
pub struct Source {
    /// Its path below `src/`, such as `store/jobs.rs`.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Its module, such as `["store", "jobs"]`; empty for the crate's root.
    pub fn module(&self) -> Vec<String> {
        let stem = self.path.with_extension("");
        let parts = stem.iter().map(|part| part.to_str().unwrap().to_owned());
        parts
            .filter(|part| part != "mod" && part != "lib")
            .collect()
    }

    /// The module at the top of the house to which the file belongs.
    pub fn room(&self) -> String {
        self.module().into_iter().next().unwrap_or_default()
    }

    /// Whether it proves something. Proofs look into the database themselves, because what they
    /// prove is the store's work too.
    pub fn is_proof(&self) -> bool {
        self.module().iter().any(|part| part == "tests")
    }

    /// Its lines of code, with their numbers, without comments and the proofs at its end.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let proof = |line: &&str| line.starts_with("#[cfg(test)]");
        let lines = self.text.lines().take_while(move |line| !proof(line));
        let numbered = lines.enumerate().map(|(at, line)| (at + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Every file below `src/`.
pub fn sources() -> Vec<Source> {
    below("src")
}

/// Every file of these tests.
pub fn tests() -> Vec<Source> {
    below("tests/it")
}

fn below(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut sources = Vec::new();
    let mut dirs = vec![root.clone()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().to_owned();
                sources.push(Source { path, text });
            }
        }
    }
    assert!(sources.len() > 50, "the source was not found");
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}
