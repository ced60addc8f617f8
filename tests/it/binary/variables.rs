//! Variables that are there but empty, as compose files give them for what nobody set.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::process::{Server, complaint, hookpost, run, serve, stdout_of};

/// The variables that a command's help names.
fn variables_of(command: &[&str]) -> BTreeSet<String> {
    let help = stdout_of(&[command, &["--help"]].concat());
    // Help is wrapped wherever there is a blank.
    let named = help.split("[env:").skip(1);
    let named = named.map(|rest| rest.trim_start().split(['=', ']']).next().unwrap());
    named.map(str::to_owned).collect()
}

fn emptied(command: &mut Command, variables: &BTreeSet<String>) {
    for variable in variables {
        command.env(variable, "");
    }
}

#[tokio::test]
async fn an_empty_variable_of_serve_counts_as_unset() {
    let variables = variables_of(&["serve"]);
    assert!(
        variables.contains("HOOKPOST_ALLOW_PRIVATE"),
        "{variables:?}"
    );
    assert!(variables.len() > 20, "{variables:?}");
    // Each alone, so that none hides behind another, as one that stops the start would.
    for variable in &variables {
        let dir = tempfile::tempdir().unwrap();
        let mut command = serve(dir.path());
        command.args(["--listen", "127.0.0.1:0"]).env(variable, "");
        let output = Server::spawn(&mut command);
        assert!(output.url.starts_with("http://127.0.0.1:"), "{variable}");
    }
    let dir = tempfile::tempdir().unwrap();
    let mut command = serve(dir.path());
    emptied(&mut command, &variables);
    command.env("HOOKPOST_MASTER_KEY", "");
    command.env("CREDENTIALS_DIRECTORY", "");
    // What the file says is not put aside by an empty variable.
    std::fs::write(dir.path().join("hookpost.toml"), "listen = \"127.0.0.9:0\"").unwrap();
    let server = Server::spawn(&mut command);
    assert!(
        server.url.starts_with("http://127.0.0.9:"),
        "{}",
        server.url
    );
}

#[test]
fn an_empty_variable_of_any_command_counts_as_unset() {
    let check = |line: &[&str], dir: &Path, expect: &str| {
        let variables = variables_of(line);
        assert!(!variables.is_empty(), "{line:?}");
        let mut with = hookpost(line);
        emptied(&mut with, &variables);
        let with = with.current_dir(dir).output().unwrap();
        let without = hookpost(line).current_dir(dir).output().unwrap();
        let without = String::from_utf8(without.stderr).unwrap();
        assert!(without.contains(expect), "{line:?}: {without}");
        assert_eq!(String::from_utf8(with.stderr).unwrap(), without, "{line:?}");
    };
    let dir = tempfile::tempdir().unwrap();
    for line in [
        &["key", "list"][..],
        &["user", "list"],
        &["workspace", "list"],
        &["backup", "copy"],
        &["pause"],
        &["resume"],
    ] {
        check(line, dir.path(), "hookpost-data");
    }
    for line in [
        &["webhooks", "list"][..],
        &["events", "list"],
        &["deliveries", "list"],
        &["dead-letters", "list"],
    ] {
        check(line, dir.path(), "no API key");
    }
}

#[test]
fn an_empty_server_address_is_the_usual_one_and_an_empty_secret_is_none() {
    let output = hookpost(&["webhooks", "list", "--api-key", "hpk_x"])
        .env("HOOKPOST_SERVER", "")
        .env("HOOKPOST_WORKSPACE", "")
        .output()
        .unwrap();
    let said = complaint(&output, 1);
    let usual = complaint(&run(&["webhooks", "list", "--api-key", "hpk_x"]), 1);
    assert_eq!(said, usual);
    let output = hookpost(&["verify", "--profile", "standard"])
        .env("HOOKPOST_SECRET", "")
        .output()
        .unwrap();
    let said = complaint(&output, 2);
    assert!(said.contains("--secret"), "{said}");
}

#[test]
fn an_empty_value_that_somebody_typed_is_still_wrong() {
    let output = run(&["serve", "--listen="]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(&["serve", "--allow-private", ""]);
    assert_eq!(output.status.code(), Some(2));
}
