//! `hookpost docs`: the handbook in a terminal.
//!
//! Owns: printing its pages, and the reference of options, which is made from the options themselves.
//! Refuses: drawing; Markdown is readable as it is.

use std::fmt::Write;

use anyhow::Context;
use clap::{Args, CommandFactory};

use super::output;
use crate::api::handbook::PAGES;
use crate::config::options::Options;

/// Read the handbook
#[derive(Args)]
pub(super) struct Docs {
    /// The page; without it, which there are
    page: Option<String>,
}

impl Docs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Some(name) = &self.page else {
            for page in &PAGES {
                output::say(format_args!("{:<16}{}", page.name, page.title))?;
            }
            return Ok(());
        };
        if name == "configuration" {
            // As this build has it, whatever was written down.
            return Ok(output::write(configuration().as_bytes())?);
        }
        let page = PAGES.iter().find(|page| page.name == name);
        let page = page.with_context(|| format!("there is no page {name}; see hookpost docs"))?;
        Ok(output::write(page.text.as_bytes())?)
    }
}

/// Only to have clap list the options.
#[derive(clap::Parser)]
struct OptionList {
    #[command(flatten)]
    _options: Options,
}

/// The page `configuration`.
fn configuration() -> String {
    let mut page = String::from(CONFIGURATION);
    for argument in OptionList::command().get_arguments() {
        let (Some(flag), Some(variable)) = (argument.get_long(), argument.get_env()) else {
            continue;
        };
        let key = flag.replace('-', "_");
        let about = argument
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let (about, default) = match about.rsplit_once(" [default: ") {
            Some((about, default)) => (about.to_owned(), default.trim_end_matches(']').to_owned()),
            None => (about, String::new()),
        };
        let about = about.replace('|', "\\|").replace('\n', " ");
        let default = if default.is_empty() {
            String::new()
        } else {
            format!(" Default: `{default}`.")
        };
        let variable = variable.to_string_lossy();
        // Writing to a text never fails.
        let _written = writeln!(
            page,
            "| `--{flag}`<br>`{variable}`<br>`{key}` | {about}.{default} |"
        );
    }
    page.push_str(PROOF);
    page
}

const CONFIGURATION: &str = "# Configuration

Every option of `hookpost serve` is a flag, a variable and a key of a TOML file. A flag goes before the
variable, the variable before the file, the file before the default. The file is the one that `--config` names,
else `hookpost.toml` in the data directory. A key that no option has is an error that names it.

```toml
listen = \"0.0.0.0:8443\"
public_url = \"https://hooks.example.com\"
tls_cert = \"/etc/hookpost/fullchain.pem\"
tls_key = \"/etc/hookpost/privkey.pem\"
retention_delivered = \"168h\"
```

Durations are written `250ms`, `15s`, `5m`, `720h`. A variable that is empty counts as one that is not set; lists
are separated by commas. TERM, INT and QUIT stop hookpost; HUP has it read wire profiles and the log's level
again, and a renewed certificate is noticed without it.

The master key is no option, because a command line is read by too many: `HOOKPOST_MASTER_KEY` holds it, or the
file that `--master-key-file` names, or the systemd credential `hookpost-master-key`, or `master.key` in the data
directory, which is made at the first start.

## Options

| flag, variable, key | what it does |
|---|---|
";

/// What stands behind the options.
const PROOF: &str = "
## Proof

| promise | command |
|---|---|
| a flag goes before the variable, and that before the file | `tests/run -E 'test(/^binary::configuration/)'` |
| an empty variable counts as one that is not set | `tests/run -E 'test(/^binary::variables/)'` |
| contradictions and unknown keys are refused by name | `tests/run -E 'test(/^config::tests/)'` |
| HUP has profiles and the log's level read again | `tests/run -E 'test(/^binary::signals/)'` |
| this page has every option | `tests/run -E 'test(/^house::reference/)'` |
";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::Cli;

    /// Lines of shell in the handbook that call hookpost.
    fn commands() -> Vec<String> {
        let mut found = Vec::new();
        for page in &PAGES {
            let mut is_shell = false;
            for line in page.text.lines() {
                if line.starts_with("```") {
                    is_shell = line == "```sh";
                } else if is_shell && let Some(at) = line.find("hookpost ") {
                    found.push(line[at..].trim_end_matches(')').to_owned());
                }
            }
        }
        found
    }

    /// A line as a shell splits it, as far as the handbook needs that.
    fn split(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
        for one in line.chars() {
            match (quote, one) {
                (None, '\'' | '"') => quote = Some(one),
                (Some(open), one) if open == one => quote = None,
                (None, ' ') => words.push(std::mem::take(&mut word)),
                _ => word.push(one),
            }
        }
        words.push(word);
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_command_in_the_handbook_is_one_that_hookpost_takes() {
        let commands = commands();
        assert!(commands.len() > 20, "{commands:?}");
        for line in commands {
            let parsed = Cli::command().try_get_matches_from(split(&line));
            if let Err(error) = parsed {
                let kind = error.kind();
                let asks = matches!(
                    kind,
                    clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion
                );
                assert!(asks, "{line}: {error}");
            }
        }
    }

    /// The sources at or below a module's path under `root`.
    fn sources(root: &Path, module: &[&str]) -> Vec<String> {
        let at = module
            .iter()
            .fold(root.to_owned(), |at, name| at.join(name));
        let mut open = vec![at.clone(), at.with_extension("rs")];
        let mut found = Vec::new();
        while let Some(path) = open.pop() {
            if path.is_dir() {
                let entries = std::fs::read_dir(&path).unwrap();
                open.extend(entries.map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|own| own == "rs") {
                found.extend(std::fs::read_to_string(&path));
            }
        }
        found
    }

    /// Whether there is a test whose path begins so: a module with tests in it, or one of its tests.
    fn is_a_test(path: &str) -> bool {
        let parts: Vec<&str> = path.split("::").collect();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let roots = ["tests/it", "src"].map(|root| repository.join(root));
        roots.iter().any(|root| {
            // As far as the path names files; the rest names what is in them.
            let of = |cut| sources(root, &parts[..cut]);
            let Some(cut) = (1..=parts.len()).rev().find(|cut| !of(*cut).is_empty()) else {
                return false;
            };
            let within = of(cut).concat();
            let marks = ["test]", "::test("].into_iter();
            let mut after = marks.flat_map(|mark| within.split(mark).skip(1));
            match parts[cut..] {
                [] | ["tests"] => after.next().is_some(),
                [name] | ["tests", name] => after.any(|rest| {
                    let rest = rest.split_once("fn ").map_or("", |(_, rest)| rest);
                    rest.starts_with(name)
                }),
                _ => false,
            }
        })
    }

    #[test]
    fn a_test_is_known_by_its_path_or_the_beginning_of_it() {
        let check = |path: &str, expect: bool| assert_eq!(is_a_test(path), expect, "{path}");
        check("binary::crash", true);
        check("matrix", true);
        check("binary::crash::nothing_accepted", true);
        check("cli::docs::tests::a_test_is_known", true);
        check("binary::crash::something_else", false);
        check("binary::nowhere", false);
        // A module that holds none.
        check("binary::process", false);
        check("store::migrations", false);
    }

    #[test]
    fn every_page_of_the_handbook_has_proofs_and_each_names_a_test_that_is_there() {
        for page in &PAGES {
            let (_, proofs) = page.text.split_once("\n## Proof\n").unwrap_or_else(|| {
                panic!("{} proves nothing", page.name);
            });
            let named: Vec<&str> = proofs
                .split("test(/^")
                .skip(1)
                .map(|after| after.split_once("/)").unwrap().0)
                .collect();
            assert!(named.len() > 2, "{}: {named:?}", page.name);
            for path in named {
                assert!(is_a_test(path), "{}: there is no test {path}", page.name);
            }
        }
    }
}
