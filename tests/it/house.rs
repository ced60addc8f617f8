//! The house's own rules, read from its source: floors, SQL, documentation.

use std::path::{Path, PathBuf};

/// Modules and their floors, as `src/lib.rs` shows them.
const FLOORS: [(u8, &[&str]); 6] = [
    (5, &["main", "cli", "admin", "config", "app"]),
    (4, &["web"]),
    (3, &["service"]),
    (2, &["engine"]),
    (1, &["store", "net", "telemetry"]),
    (0, &["domain", "clock", "entropy"]),
];
/// Words that only statements of SQL begin with.
const SQL: [&str; 5] = [
    "SELECT ",
    "INSERT INTO ",
    "DELETE FROM ",
    "UPDATE ",
    "PRAGMA ",
];

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The module at the top of the house to which the file belongs.
    fn room(&self) -> String {
        let relative = self.path.strip_prefix(root()).unwrap();
        let first = relative.components().next().unwrap();
        let name = first.as_os_str().to_str().unwrap();
        name.trim_end_matches(".rs").to_owned()
    }

    /// Whether it proves something. Proofs look into the database themselves, because what they
    /// prove is the store's work too.
    fn is_proof(&self) -> bool {
        let relative = self.path.strip_prefix(root()).unwrap();
        relative
            .iter()
            .any(|part| part == "tests" || part == "tests.rs")
    }

    /// Its lines of code, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate();
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut dirs = vec![root()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                sources.push(Source { path, text });
            }
        }
    }
    assert!(sources.len() > 50, "the source was not found");
    sources
}

fn floor(room: &str) -> Option<u8> {
    let found = FLOORS.iter().find(|(_, rooms)| rooms.contains(&room));
    found.map(|(floor, _)| *floor)
}

/// Rooms that a line names as `crate::room`.
fn rooms_in(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

#[test]
fn a_module_imports_only_from_floors_below_its_own() {
    let mut wrong = Vec::new();
    for source in sources() {
        let from = source.room();
        if from == "lib" {
            continue;
        }
        let own = floor(&from).unwrap_or_else(|| panic!("{from} is on no floor"));
        for (number, line) in source.code() {
            for to in rooms_in(line).filter(|to| *to != from) {
                let Some(theirs) = floor(to) else { continue };
                let is_wiring = own == 5 && theirs == 5;
                let is_timestamp = from == "clock" && to == "domain";
                if theirs >= own && !is_wiring && !is_timestamp {
                    wrong.push(format!("{}:{}: {to}", source.path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn there_is_no_sql_outside_the_store() {
    let mut wrong = Vec::new();
    for source in sources() {
        if source.room() == "store" || source.is_proof() {
            continue;
        }
        for (number, line) in source.code() {
            let text = line.trim_start().trim_start_matches('"');
            if SQL.iter().any(|word| text.starts_with(word)) {
                wrong.push(format!("{}:{}: {line}", source.path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_opens_by_saying_what_it_owns() {
    let silent: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}
