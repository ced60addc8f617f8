//! How long functions are, and what they take, as rustfmt lays them out.
//!
//! Owns: finding functions by their indentation. Refuses: understanding their bodies.

/// A function.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its first line.
    pub at: usize,
    /// Its lines, from its first to its closing brace.
    pub lines: usize,
    /// Whether a parameter is a bare `bool`.
    pub takes_bool: bool,
}

/// Every function of a file that rustfmt has laid out.
pub fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate().filter_map(|(at, line)| {
        let name = function_name(line)?;
        Some(function(&lines[at..], at + 1, name))
    });
    starts.collect()
}

fn function(lines: &[&str], at: usize, name: &str) -> Function {
    let indent = &lines[0][..lines[0].len() - lines[0].trim_start().len()];
    let closing = format!("{indent}}}");
    let is_last = |line: &&str| {
        let ends_here = line.starts_with(indent) && !line[indent.len()..].starts_with(' ');
        **line == closing || (ends_here && line.ends_with(['}', ';']))
    };
    let length = lines.iter().position(is_last).unwrap_or(0) + 1;
    let head: Vec<&str> = lines[..length]
        .iter()
        .take_while(|line| !line.trim_start().starts_with("let "))
        .copied()
        .collect();
    let head = head.join(" ");
    let head = head.split("->").next().unwrap_or_default();
    let head = head.split('{').next().unwrap_or_default();
    Function {
        name: name.to_owned(),
        at,
        lines: length,
        takes_bool: head.split([',', '(']).any(is_bool),
    }
}

fn is_bool(parameter: &str) -> bool {
    let parameter = parameter.trim().trim_end_matches(')').trim_end();
    parameter.ends_with(": bool") && !parameter.contains("fn")
}

fn function_name(line: &str) -> Option<&str> {
    let before = line.split("fn ").next()?;
    let words = before.split_whitespace();
    let is_head = words.clone().all(|word| {
        matches!(word, "const" | "async" | "default" | "unsafe") || word.starts_with("pub")
    });
    if !is_head {
        return None;
    }
    let rest = line[before.len()..].strip_prefix("fn ")?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    Some(&rest[..end])
}

#[test]
fn functions_are_measured_and_bare_bools_found() {
    let text = "\
pub fn short(on: bool) -> u8 {
    1
}

impl X {
    pub(crate) async fn long(
        &self,
        names: &[bool],
        is_on: bool,
    ) -> bool {
        true
    }

    fn plain(&self, f: impl Fn(u8) -> bool) -> bool {
        f(1)
    }
}
";
    let found: Vec<(String, usize, usize, bool)> = functions(text)
        .into_iter()
        .map(|one| (one.name, one.at, one.lines, one.takes_bool))
        .collect();
    let expect = [
        ("short".to_owned(), 1, 3, true),
        ("long".to_owned(), 6, 7, true),
        ("plain".to_owned(), 14, 3, false),
    ];
    assert_eq!(found, expect);
}
