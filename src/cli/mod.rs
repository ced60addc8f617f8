//! The command line: one file per command.
//!
//! Owns: the commands and their options, exit codes, and what is printed where. Refuses: rules;
//! every command calls what the API calls.
//!
//! # What goes where
//! Standard output carries what was asked for and nothing else, so that `$(hookpost key create …)`
//! is a key. One line on standard error says why a command failed.
//!
//! # Empty variables
//! Compose files and unit files pass on a variable that nobody set as an empty one. No option has an
//! empty value, so an empty variable counts as unset, whichever command reads it.
//!
//! # Exit codes
//! 0 success, 1 failure, 2 wrong usage: what shells and service managers expect, and the same for every
//! command. What the server refuses, or cannot be reached for, is a failure; what a command can tell of its own
//! line (an option that is missing, options that exclude each other) is wrong usage.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, CommandFactory, FromArgMatches, Parser, Subcommand};

mod backup;
mod completions;
mod data;
mod demo;
mod docs;
mod healthcheck;
mod import;
mod input;
mod install;
mod key;
mod listen;
mod man;
mod master_key;
mod openapi;
mod output;
mod profiles;
mod progress;
mod reach;
mod receiver;
mod relay;
mod rest;
mod sending;
mod serve;
mod table;
mod user;
mod verify;
mod workspace;

use output::WrongUsage;

/// The exit code of wrong usage.
const USAGE: u8 = 2;

/// Outbound webhooks in one binary: publish an event, and hookpost signs it, delivers it, retries
/// it and shows what came of it.
#[derive(Parser)]
#[command(
    name = "hookpost",
    version,
    max_term_width = 100,
    subcommand_required = true,
    after_help = "Exit codes of every command: 0 it is done; 1 it failed, or was refused; 2 wrong usage."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(Box<serve::Serve>),
    Demo(demo::Demo),
    Key(key::KeyCommand),
    Workspace(workspace::WorkspaceCommand),
    User(user::UserCommand),
    Listen(listen::ListenCommand),
    Verify(verify::Verify),
    Webhooks(Box<rest::webhooks::Webhooks>),
    Consumers(rest::consumers::Consumers),
    Events(rest::events::Events),
    Deliveries(rest::deliveries::DeliveriesCommand),
    DeadLetters(rest::dead_letters::DeadLettersCommand),
    Import(import::ImportCommand),
    Retries(rest::retries::RetriesCommand),
    Jobs(rest::jobs::JobsCommand),
    EventTypes(rest::event_types::EventTypesCommand),
    Profiles(rest::profiles::ProfilesCommand),
    ApiKeys(rest::api_keys::ApiKeysCommand),
    Workspaces(rest::workspaces::WorkspacesCommand),
    Settings(rest::settings::SettingsCommand),
    Stats(rest::stats::StatsCommand),
    AuditLog(rest::audit_log::AuditLogCommand),
    Apply(rest::apply::ApplyCommand),
    Mcp(rest::mcp::McpCommand),
    Relay(Box<relay::RelayCommand>),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Check(backup::Check),
    Pause(sending::Pause),
    Resume(sending::Resume),
    Openapi(openapi::Openapi),
    #[command(visible_alias = "completion")]
    Completions(completions::Completions),
    Man(man::Man),
    Docs(docs::Docs),
    Healthcheck(healthcheck::Healthcheck),
    Install(install::Install),
    Package(install::Package),
}

impl Command {
    fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Serve(serve) => serve.run(),
            Self::Demo(demo) => demo.run(),
            Self::Key(key) => key.run(),
            Self::Workspace(workspace) => workspace.run(),
            Self::User(user) => user.run(),
            Self::Listen(listen) => listen.run(),
            Self::Verify(verify) => verify.run(),
            Self::Webhooks(webhooks) => webhooks.run(),
            Self::Consumers(consumers) => consumers.run(),
            Self::Events(events) => events.run(),
            Self::Deliveries(deliveries) => deliveries.run(),
            Self::DeadLetters(dead_letters) => dead_letters.run(),
            Self::Import(import) => import.run(),
            Self::Retries(retries) => retries.run(),
            Self::Jobs(jobs) => jobs.run(),
            Self::EventTypes(event_types) => event_types.run(),
            Self::Profiles(profiles) => profiles.run(),
            Self::ApiKeys(api_keys) => api_keys.run(),
            Self::Workspaces(workspaces) => workspaces.run(),
            Self::Settings(settings) => settings.run(),
            Self::Stats(stats) => stats.run(),
            Self::AuditLog(audit_log) => audit_log.run(),
            Self::Apply(apply) => apply.run(),
            Self::Mcp(mcp) => mcp.run(),
            Self::Relay(relay) => relay.run(),
            Self::Backup(backup) => backup.run(),
            Self::Restore(restore) => restore.run(),
            Self::Check(check) => check.run(),
            Self::Pause(pause) => pause.run(),
            Self::Resume(resume) => resume.run(),
            Self::Openapi(openapi) => openapi.run(),
            Self::Completions(completions) => completions.run(&mut Cli::command()),
            Self::Docs(docs) => docs.run(),
            Self::Man(man) => man.run(&Cli::command()),
            Self::Healthcheck(check) => check.run(),
            Self::Install(install) => install.run(&Cli::command()),
            Self::Package(package) => package.run(&Cli::command()),
        }
    }
}

/// Runs the command that this process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_usage(&error),
    };
    match cli.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            match error.downcast_ref::<WrongUsage>() {
                Some(_) => ExitCode::from(USAGE),
                None => ExitCode::FAILURE,
            }
        }
    }
}

fn parse() -> Result<Cli, clap::Error> {
    let mut command = without_empty_variables(Cli::command());
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let unset = |argument: Arg| {
        let value = argument.get_env().and_then(std::env::var_os);
        match value.is_some_and(|value| value.is_empty()) {
            true => argument.env(None),
            false => argument,
        }
    };
    command
        .mut_args(unset)
        .mut_subcommands(without_empty_variables)
}

/// Prints clap's answer (help and versions are answers too) and gives its exit code.
fn refuse_usage(error: &clap::Error) -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    match variable_at_fault(error, &arguments) {
        Some((variable, value)) => {
            let reason = std::error::Error::source(error).map(ToString::to_string);
            let reason = reason.unwrap_or_else(|| "not allowed here".to_owned());
            output::complain(&anyhow::anyhow!(
                "the environment variable {variable} holds '{value}': {reason}"
            ));
        }
        // Nothing is left to tell anybody if standard error is gone.
        None => drop(error.print()),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}

/// clap complains about a flag even where its value came from the environment. If nobody gave the
/// flag, the variable of that name must have been the source.
fn variable_at_fault(error: &clap::Error, arguments: &[String]) -> Option<(String, String)> {
    if !matches!(
        error.kind(),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue
    ) {
        return None;
    }
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let flag = argument.split([' ', '[', '=']).next()?;
    let was_given = |given: &String| {
        given
            .strip_prefix(flag)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    if arguments.iter().any(was_given) {
        return None;
    }
    let name = flag.strip_prefix("--")?.replace('-', "_").to_uppercase();
    let variable = format!("HOOKPOST_{name}");
    let value = std::env::var(&variable).ok()?;
    Some((variable, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Each command below `command` that has none below itself, with its line.
    fn leaves(command: &clap::Command, line: &str, found: &mut Vec<(String, clap::Command)>) {
        let line = format!("{line} {}", command.get_name());
        if !command.has_subcommands() {
            found.push((line, command.clone()));
            return;
        }
        for below in command
            .get_subcommands()
            .filter(|one| one.get_name() != "help")
        {
            leaves(below, &line, found);
        }
    }

    #[test]
    fn a_commands_own_options_stand_apart_from_those_that_all_have() {
        let mut cli = Cli::command();
        cli.build();
        let mut found = Vec::new();
        leaves(&cli, "", &mut found);
        let mut calls = 0;
        for (line, mut command) in found {
            let shared = ["server", "api_key", "workspace", "ca_file", "json"];
            let calls_the_api = command.get_arguments().any(|one| one.get_id() == "ca_file");
            if !calls_the_api {
                continue;
            }
            calls += 1;
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                let is_servers = argument.get_help_heading() == Some("Server");
                let is_usual = ["help", "version"].contains(&id);
                assert_eq!(
                    is_servers,
                    shared.contains(&id) && !is_usual,
                    "{line}: {id}"
                );
            }
            let help = command.render_help().to_string();
            let (own, servers) = help.split_once("\nServer:\n").unwrap();
            assert!(
                !own.contains("--ca-file") && servers.contains("--ca-file"),
                "{help}"
            );
        }
        assert!(calls > 60, "{calls}");
    }

    #[test]
    fn a_flag_that_was_given_is_never_blamed_on_the_environment() {
        let line = ["hookpost", "listen", "--port", "many"];
        let error = Cli::try_parse_from(line).err().unwrap();
        let arguments = line.map(str::to_owned);
        assert_eq!(variable_at_fault(&error, &arguments), None);
    }
}
