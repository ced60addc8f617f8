//! Which file names which: `use` lines and paths in the code, followed to the file that holds what
//! they name.
//!
//! Owns: that reading, as far as rustfmt's layout of this house goes. Refuses: macros and globs,
//! which bring in nothing that is not named elsewhere.
//!
//! # Why a re-export is followed
//! `web::Problem` stands in `web/problem.rs`; `web/mod.rs` only passes it on. Whoever names it
//! depends on the former, and the latter depends on nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

type Module = Vec<String>;

/// Every file with the files that it names.
pub struct Imports {
    /// By module.
    pub edges: BTreeMap<Module, BTreeSet<Module>>,
}

#[derive(Default)]
struct Named {
    /// What the file names for itself.
    used: Vec<Module>,
    /// What it passes on, by the name under which it does.
    passed_on: BTreeMap<String, Module>,
}

impl Imports {
    /// Reads all of `sources` that prove nothing.
    pub fn of(sources: &[Source]) -> Self {
        let files = sources.iter().filter(|source| !source.is_proof());
        let known: BTreeSet<Module> = files.clone().map(Source::module).collect();
        let named: BTreeMap<Module, Named> = files
            .map(|source| (source.module(), named(source, &known)))
            .collect();
        let mut edges = BTreeMap::new();
        for (module, own) in &named {
            let held = own.used.iter().filter_map(|path| holder(path, &named, 0));
            let others = held.filter(|holder| holder != module && !holder.is_empty());
            edges.insert(module.clone(), others.collect());
        }
        Self { edges }
    }

    /// Files that name each other, whether directly or over others: each such group once.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let reach: BTreeMap<&Module, BTreeSet<Module>> = self
            .edges
            .keys()
            .map(|module| (module, self.reached_from(module)))
            .collect();
        let mut groups = BTreeSet::new();
        for (module, reached) in &reach {
            let back = |other: &&Module| reach.get(other).is_some_and(|r| r.contains(*module));
            let group: Vec<String> = reached
                .iter()
                .filter(back)
                .map(|part| part.join("::"))
                .collect();
            if !group.is_empty() {
                groups.insert(group);
            }
        }
        groups.into_iter().collect()
    }

    fn reached_from(&self, module: &Module) -> BTreeSet<Module> {
        let mut reached = BTreeSet::new();
        let mut open = vec![module.clone()];
        while let Some(next) = open.pop() {
            for other in self.edges.get(&next).into_iter().flatten() {
                if reached.insert(other.clone()) {
                    open.push(other.clone());
                }
            }
        }
        reached
    }
}

/// The file that holds what `path` names.
fn holder(path: &[String], named: &BTreeMap<Module, Named>, hops: u8) -> Option<Module> {
    const HOPS_MAX: u8 = 8;
    for length in (0..=path.len()).rev() {
        let (module, rest) = path.split_at(length);
        let Some(own) = named.get(module) else {
            continue;
        };
        let passed_on = rest.first().and_then(|name| own.passed_on.get(name));
        return match passed_on.filter(|_| hops < HOPS_MAX) {
            Some(target) => {
                let further = [target.as_slice(), &rest[1..]].concat();
                holder(&further, named, hops + 1)
            }
            None => Some(module.to_vec()),
        };
    }
    None
}

fn named(source: &Source, known: &BTreeSet<Module>) -> Named {
    let own = source.module();
    let text: Vec<&str> = source.code().map(|(_, line)| line).collect();
    let mut named = Named::default();
    let mut rest = String::new();
    let mut lines = text.into_iter();
    while let Some(line) = lines.next() {
        let Some((head, tree)) = use_line(line) else {
            // Whom a thing is shown to is no dependency.
            rest.push_str(&line.replace("pub(in crate::", "pub("));
            rest.push('\n');
            continue;
        };
        let mut tree = tree.to_owned();
        while !tree.contains(';') {
            let Some(more) = lines.next() else { break };
            tree.push_str(more.trim());
        }
        for path in branches(tree.trim_end_matches(';')) {
            let Some(path) = absolute(&path, &own, known) else {
                continue;
            };
            match (head, path.last()) {
                (Head::PassedOn, Some(name)) => {
                    named.passed_on.insert(name.clone(), path);
                }
                _ => named.used.push(path),
            }
        }
    }
    for start in ["crate::", "super::"] {
        for path in paths_in(&rest, start) {
            named.used.extend(absolute(&path, &own, known));
        }
    }
    named
}

#[derive(Clone, Copy)]
enum Head {
    Used,
    PassedOn,
}

/// What stands behind `use`, if the line begins with it.
fn use_line(line: &str) -> Option<(Head, &str)> {
    let line = line.trim_start();
    if let Some(tree) = line.strip_prefix("use ") {
        return Some((Head::Used, tree));
    }
    let public = line.strip_prefix("pub")?;
    let (_, tree) = public.split_once("use ")?;
    let is_use = public.starts_with(" use ") || public.starts_with('(');
    is_use.then_some((Head::PassedOn, tree))
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn branches(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let plain = tree.split(" as ").next().unwrap_or(tree);
        return vec![plain.trim().to_owned()];
    };
    let (before, inner) = (&tree[..open], &tree[open + 1..tree.rfind('}').unwrap()]);
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for letter in inner.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(letter);
    }
    parts.push(part);
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    let whole = parts.flat_map(|part| branches(part));
    whole.map(|part| format!("{before}{part}")).collect()
}

/// A path from the crate's root; `None` for other crates.
fn absolute(path: &str, own: &[String], known: &BTreeSet<Module>) -> Option<Module> {
    let mut parts: Vec<String> = path
        .split("::")
        .map(|part| part.trim().to_owned())
        .collect();
    if parts
        .last()
        .is_some_and(|part| part == "self" || part == "*")
    {
        parts.pop();
    }
    let first = parts.first()?.clone();
    let mut base = own.to_vec();
    match first.as_str() {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            while parts.first().is_some_and(|part| part == "super") {
                parts.remove(0);
                base.pop();
            }
            base.extend(parts);
            return Some(base);
        }
        _ => {
            base.push(first);
            if !known.contains(&base) {
                return None;
            }
            base.pop();
            base.extend(parts);
            return Some(base);
        }
    }
    base.extend(parts.into_iter().skip(1));
    Some(base)
}

/// Paths in the code that begin with `start`.
fn paths_in(text: &str, start: &str) -> Vec<String> {
    let found = text.match_indices(start).filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
    });
    found
        .map(|(at, _)| {
            let path = &text[at..];
            let end = path.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            let path = &path[..end.unwrap_or(path.len())];
            path.trim_end_matches(':').to_owned()
        })
        .collect()
}

#[test]
fn imports_are_followed_to_the_file_that_holds_what_they_name() {
    let source = |path: &str, text: &str| Source {
        path: path.into(),
        text: text.to_owned(),
    };
    let house = [
        source("lib.rs", "pub mod a;\npub mod b;\n"),
        source(
            "a/mod.rs",
            "pub mod one;\npub use one::{One, Two as Other};\n",
        ),
        source(
            "a/one.rs",
            "use crate::b::{self, Three};\npub struct One;\n",
        ),
        source(
            "b.rs",
            "//! crate::a is only talked about\nfn f(_: crate::a::One) {}\n",
        ),
        source(
            "c.rs",
            "use super::b::\n    Three;\n#[cfg(test)]\nmod tests { use crate::a; }\n",
        ),
    ];
    let imports = Imports::of(&house);
    let check = |from: &str, expect: &[&str]| {
        let key: Module = from.split("::").map(str::to_owned).collect();
        let found: Vec<String> = imports.edges[&key].iter().map(|to| to.join("::")).collect();
        assert_eq!(found, expect, "{from}");
    };
    check("a", &[]);
    check("a::one", &["b"]);
    check("b", &["a::one"]);
    check("c", &["b"]);
    assert_eq!(imports.circles(), [["a::one", "b"]]);
}
