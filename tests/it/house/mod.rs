//! The house's own rules, read from its source: floors, circles, who may name what, sizes, words.

mod bounds;
mod imports;
mod plurals;
mod reference;
mod size;
mod source;
mod words;

use std::collections::BTreeMap;

use imports::Imports;
use source::{Source, sources, tests};

/// Modules and their floors, as `src/lib.rs` shows them.
const FLOORS: [(u8, &[&str]); 7] = [
    (6, &["main", "cli", "admin", "config", "app"]),
    (5, &["api", "dialects", "console", "portal"]),
    (4, &["web", "ui"]),
    (3, &["service"]),
    (2, &["engine"]),
    (1, &["store", "net", "telemetry"]),
    (0, &["domain", "clock", "entropy", "packed"]),
];
/// Words that only statements of SQL begin with.
const SQL: [&str; 5] = [
    "SELECT ",
    "INSERT INTO ",
    "DELETE FROM ",
    "UPDATE ",
    "PRAGMA ",
];
/// Crates that speak to a database.
const DATABASES: [&str; 6] = [
    "mysql",
    "rusqlite",
    "r2d2",
    "r2d2_sqlite",
    "rusqlite_migration",
    "postgres",
];
/// Where the characters of a secret leave their type in front of people: onto a page that is then not
/// compressed, into a cookie, onto the page of a second factor, which never is, and on to the page after.
const REVEALING: [&str; 6] = [
    "console/api_keys.rs",
    "console/page.rs",
    "console/profile.rs",
    "console/session.rs",
    "portal/page.rs",
    "portal/session.rs",
];
/// Lines of a file at most, and of a function.
const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

fn floor(room: &str) -> Option<u8> {
    let found = FLOORS.iter().find(|(_, rooms)| rooms.contains(&room));
    found.map(|(floor, _)| *floor)
}

fn shown(source: &Source, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", source.path.display())
}

#[test]
fn a_module_imports_only_from_floors_below_its_own() {
    let mut wrong = Vec::new();
    for (from, named) in Imports::of(&sources()).edges {
        let Some(from_room) = from.first() else {
            continue;
        };
        let own = floor(from_room).unwrap_or_else(|| panic!("{from_room} is on no floor"));
        for to in named.iter().filter(|to| to.first() != from.first()) {
            let theirs = floor(&to[0]).unwrap_or_else(|| panic!("{} is on no floor", to[0]));
            let is_wiring = own == 6 && theirs == 6;
            let is_timestamp = from_room == "clock" && to[0] == "domain";
            if theirs >= own && !is_wiring && !is_timestamp {
                wrong.push(format!("{} names {}", from.join("::"), to.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_two_files_name_each_other() {
    let circles = Imports::of(&sources()).circles();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn audiences_and_what_they_are_made_of_know_nothing_of_the_store() {
    let above = |room: &str| floor(room).is_some_and(|floor| floor == 4 || floor == 5);
    let mut wrong = Vec::new();
    for (from, named) in Imports::of(&sources()).edges {
        let to = named.iter().filter(|to| to[0] == "store");
        if from.first().is_some_and(|room| above(room)) {
            wrong.extend(to.map(|to| format!("{} names {}", from.join("::"), to.join("::"))));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_store_names_a_database() {
    let mut wrong = Vec::new();
    for source in sources() {
        if source.room() == "store" || source.is_proof() {
            continue;
        }
        for (number, line) in source.code() {
            let named = DATABASES
                .iter()
                .any(|name| line.contains(&format!("{name}::")));
            if named {
                wrong.push(shown(&source, number, line));
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
                wrong.push(shown(&source, number, line));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What reads a clock, the dice, the environment, the disk or the network.
const WORLD: [&str; 8] = [
    "std::fs",
    "std::env",
    "std::process",
    "SystemTime::now",
    "Instant::now",
    "TcpStream",
    "UdpSocket",
    "tokio::",
];

#[test]
fn the_domain_touches_nothing_of_the_world() {
    let mut wrong = Vec::new();
    for source in sources() {
        if source.room() != "domain" || source.is_proof() {
            continue;
        }
        for (number, line) in source.code() {
            if WORLD.iter().any(|word| line.contains(word)) {
                wrong.push(shown(&source, number, line));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_files_that_the_architecture_names_exist() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let behind_floors = text.split("```").nth(2).unwrap();
    let quoted = behind_floors.split('`').skip(1).step_by(2);
    let named: Vec<&str> = quoted
        .filter(|name| name.contains('/') || name.ends_with(".md"))
        .collect();
    assert!(named.len() > 15, "{named:?}");
    for name in named {
        let exists = root.join(name).exists() || root.join("src").join(name).exists();
        assert!(exists, "{name}");
    }
}

#[test]
fn no_page_shows_a_secret_without_saying_so() {
    let mut wrong = Vec::new();
    for source in sources() {
        let is_known = REVEALING.iter().any(|file| source.path.ends_with(file));
        if is_known
            || !["console", "portal", "ui"].contains(&source.room().as_str())
            || source.is_proof()
        {
            continue;
        }
        for (number, line) in source.code() {
            if line.contains(".expose()") {
                wrong.push(shown(&source, number, line));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_opens_by_saying_what_it_owns() {
    let silent: Vec<_> = sources()
        .into_iter()
        .chain(tests())
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn files_and_functions_stay_short() {
    let mut long = Vec::new();
    for source in sources().iter().chain(&tests()) {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            long.push(shown(source, 1, &format!("{lines} lines")));
        }
        for function in size::functions(&source.text) {
            if function.lines > FUNCTION_LINES_MAX {
                let what = format!("{} has {} lines", function.name, function.lines);
                long.push(shown(source, function.at, &what));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn a_function_says_in_words_what_is_to_be_done_instead_of_taking_a_bool() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_proof()) {
        let code: String = source.text.split("\n#[cfg(test)]").next().unwrap().into();
        for function in size::functions(&code) {
            if function.takes_bool {
                wrong.push(shown(source, function.at, &function.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a transaction is given outlives who began it, so only a handle of its own lets it ask the engine.
#[test]
fn no_transaction_asks_the_engine() {
    let mut asking = Vec::new();
    let services = sources();
    let services = services.iter().filter(|source| source.room() == "service");
    for source in services.filter(|source| !source.is_proof()) {
        for (number, line) in source.code() {
            if line.contains("engine().clone()") || line.contains("engine: &Engine") {
                asking.push(shown(source, number, line));
            }
        }
    }
    assert!(asking.is_empty(), "{asking:#?}");
}

#[test]
fn no_two_types_have_one_name() {
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources().iter().filter(|source| !source.is_proof()) {
        for (number, line) in source.code() {
            if let Some(name) = type_name(line) {
                let places = named.entry(name.to_owned()).or_default();
                places.push(shown(source, number, ""));
            }
        }
    }
    named.retain(|_, places| places.len() > 1);
    assert!(named.is_empty(), "{named:#?}");
}

/// The name of the type that a line at the outermost level makes, or gives another one.
fn type_name(line: &str) -> Option<&str> {
    let line = match line.strip_prefix("pub") {
        Some(public) if public.starts_with('(') => public.split_once(") ")?.1,
        Some(public) => public.trim_start(),
        None => line,
    };
    let (word, rest) = line.split_once(' ')?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    matches!(word, "struct" | "enum" | "trait" | "type").then_some(&rest[..end])
}

#[test]
fn proofs_inside_the_source_are_called_tests() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (at, pair) in lines.windows(2).enumerate() {
            let is_proof = pair[0].trim() == "#[cfg(test)]" && pair[1].trim().starts_with("mod ");
            if is_proof && !pair[1].trim().starts_with("mod tests") {
                wrong.push(shown(&source, at + 2, pair[1]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
