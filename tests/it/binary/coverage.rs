//! Whatever the API can do, a command does: each operation, and each field and parameter of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::process::{run, stdout_of};

/// Which command does what an operation of the API does.
#[rustfmt::skip]
const COMMANDS: &[(&str, &str)] = &[
    ("ack_poll", "webhooks ack"),
    ("ack_webhook", "webhooks ack"),
    ("cancel_delivery", "deliveries cancel"),
    ("cancel_event", "events cancel"),
    ("cancel_job", "jobs cancel"),
    ("create_consumer", "consumers create"),
    ("create_event_type", "event-types create"),
    ("create_event_type_version", "event-types versions create"),
    ("create_key", "api-keys create"),
    ("create_portal_link", "consumers portal-link"),
    ("create_profile", "profiles add"),
    ("create_webhook", "webhooks create"),
    ("create_workspace", "workspaces create"),
    ("delete_consumer", "consumers delete"),
    ("delete_event_type", "event-types delete"),
    ("delete_event_type_version", "event-types versions delete"),
    ("delete_profile", "profiles delete"),
    ("delete_webhook", "webhooks delete"),
    ("delete_workspace", "workspaces delete"),
    ("disable_webhook", "webhooks disable"),
    ("discard_dead_letter", "dead-letters discard"),
    ("discard_dead_letters", "dead-letters discard"),
    ("enable_webhook", "webhooks enable"),
    ("end_portal_links", "consumers end-portal-links"),
    ("erase_event", "events erase"),
    ("erase_events", "events erase"),
    ("export_openapi", "event-types export"),
    ("forget_poll_consumer", "webhooks poll-forget"),
    ("handbook", "docs"),
    ("healthz", "healthcheck"),
    ("import_openapi", "event-types import"),
    ("import_schema", "event-types import"),
    ("list_audit_log", "audit-log"),
    ("list_consumers", "consumers list"),
    ("list_dead_letters", "dead-letters list"),
    ("list_deliveries", "deliveries list"),
    ("list_event_type_versions", "event-types versions list"),
    ("list_event_types", "event-types list"),
    ("list_events", "events list"),
    ("list_jobs", "jobs list"),
    ("list_keys", "api-keys list"),
    ("list_poll_consumers", "webhooks poll-consumers"),
    ("list_profile_gallery", "profiles gallery"),
    ("list_profiles", "profiles list"),
    ("list_templates", "webhooks templates"),
    ("list_webhooks", "webhooks list"),
    ("list_workspaces", "workspaces list"),
    ("openapi", "openapi"),
    ("poll_webhook", "webhooks poll"),
    ("preview_webhook", "webhooks preview"),
    ("publish_event", "events send"),
    ("publish_events", "events send-many"),
    ("put_consumer", "consumers update"),
    ("put_event_type", "event-types update"),
    ("put_event_type_version", "event-types versions update"),
    ("put_profile", "profiles put"),
    ("readyz", "healthcheck"),
    ("recover_webhook", "webhooks recover"),
    ("replay_event", "events replay"),
    ("reschedule_event", "events reschedule"),
    ("restore_dead_letter", "dead-letters restore"),
    ("restore_dead_letters", "dead-letters restore"),
    ("retry_dead_letter", "dead-letters retry"),
    ("retry_dead_letters", "dead-letters retry"),
    ("retry_deliveries", "deliveries retry"),
    ("retry_delivery", "deliveries retry"),
    ("revoke_key", "api-keys revoke"),
    ("revoke_webhook", "webhooks revoke"),
    ("rotate_secret", "webhooks rotate-secret"),
    ("rotate_workspace_secret", "workspaces rotate-secret"),
    ("run_retries", "retries run"),
    ("seek_poll", "webhooks seek"),
    ("show_consumer", "consumers show"),
    ("show_consumer_stats", "consumers stats"),
    ("show_delivery", "deliveries show"),
    ("show_event", "events show"),
    ("show_event_type", "event-types show"),
    ("show_event_type_version", "event-types versions show"),
    ("show_gallery_profile", "profiles gallery"),
    ("show_job", "jobs show"),
    ("show_profile", "profiles show"),
    ("show_retries", "retries summary"),
    ("show_stats", "stats"),
    ("show_webhook", "webhooks show"),
    ("show_webhook_stats", "webhooks stats"),
    ("show_workspace", "workspaces show"),
    ("test_alert", "settings test-alert"),
    ("test_webhook", "webhooks test"),
    ("update_consumer", "consumers update"),
    ("update_webhook", "webhooks update"),
    ("update_workspace", "settings update"),
];

/// Signing in is for people: commands present a key. The rest are files for programs.
const NO_COMMANDS: [&str; 11] = [
    "create_session",
    "end_session",
    "show_second_factor",
    "docs",
    "docs_css",
    "metrics",
    "metrics_alerts",
    "metrics_dashboard",
    "sdk_javascript",
    "sdk_python",
    "sdk_types",
];

/// The options of where the server is: none of a command's own stands among them.
const OF_THE_SERVER: [&str; 5] = [
    "--server",
    "--api-key",
    "--workspace",
    "--ca-file",
    "--json",
];

/// Fields that a command takes under another name than theirs, or not at all, and why.
#[rustfmt::skip]
const SAID_OTHERWISE: &[(&str, &str, Option<&str>)] = &[
    // A word of its own.
    ("list_consumers", "q", Some("--search")),
    // Where a command is about events or deliveries, their type is the type.
    ("list_deliveries", "event_type", Some("--type")),
    ("list_dead_letters", "event_type", Some("--type")),
    ("*", "filter.event_type", Some("--type")),
    // They are in the file.
    ("publish_events", "events", Some("FILE")),
    // A key is made in the workspace that is acted in, and lists narrow to it.
    ("create_key", "workspace", Some("--workspace")),
    ("list_keys", "workspace", Some("--workspace")),
    ("list_audit_log", "workspace", Some("--workspace")),
    // They never change: the API takes them back as they were read.
    ("update_webhook", "kind", None),
    ("update_webhook", "consumer", None),
];

/// What a command's help says that it takes: options, and words in capitals on the line of its usage.
fn taken(help: &str) -> BTreeSet<String> {
    let usage = help.lines().find(|line| line.starts_with("Usage:"));
    let words = usage.unwrap_or_default().split_whitespace();
    let positional = words.map(|word| word.trim_matches(['<', '>', '[', ']', '.']).to_owned());
    let options = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line
            .split_once(", --")
            .map_or(line, |(_, long)| &line[line.len() - long.len() - 2..]);
        line.starts_with("--")
            .then(|| line.split([' ', '=']).next().unwrap_or_default().to_owned())
    });
    positional.chain(options).collect()
}

/// Whether one of `taken` is what the field called `name` is called on the line.
fn is_taken(taken: &BTreeSet<String>, name: &str) -> bool {
    let long = name.replace('_', "-");
    let one = long.strip_suffix('s').unwrap_or(&long);
    let thing = long.strip_suffix("-id").unwrap_or(&long);
    let options = [&long, one, thing, &format!("{long}-file")].map(|word| format!("--{word}"));
    options.iter().any(|option| taken.contains(option)) || taken.contains(&name.to_uppercase())
}

/// The fields of a body and the parameters of a query; where a field is an object, with its members.
fn fields(document: &Value, operation: &Value) -> Vec<(String, Vec<String>)> {
    let resolved = |schema: &Value| -> Value {
        let mut at = schema.clone();
        loop {
            let options = at["oneOf"].as_array().or(at["anyOf"].as_array()).cloned();
            let inner = options.and_then(|all| all.into_iter().find(|one| one["type"] != "null"));
            let path = at["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
            at = match (path, inner) {
                (Some(path), _) => document.pointer(path).unwrap().clone(),
                (None, Some(inner)) => inner,
                (None, None) => return at,
            };
        }
    };
    let members = |schema: &Value| -> Vec<String> {
        let members = resolved(schema)["properties"].as_object().cloned();
        members
            .unwrap_or_default()
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    };
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let query = parameters.map(resolved).filter(|own| own["in"] == "query");
    let mut found: Vec<_> = query
        .map(|own| (own["name"].as_str().unwrap().to_owned(), Vec::new()))
        .collect();
    let body = &resolved(&operation["requestBody"])["content"]["application/json"]["schema"];
    let body = resolved(body)["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    found.extend(
        body.iter()
            .map(|(name, schema)| (name.clone(), members(schema))),
    );
    found
}

#[test]
fn a_command_takes_each_field_and_parameter_of_its_operation() {
    let document: Value = serde_json::from_str(&stdout_of(&["openapi"])).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let commands: BTreeMap<&str, &str> = COMMANDS.iter().copied().collect();
    let (mut missing, mut used, mut seen) = (Vec::new(), BTreeSet::new(), 0);
    for operation in operations {
        let Some(id) = operation["operationId"].as_str() else {
            continue;
        };
        let Some(command) = commands.get(id) else {
            continue;
        };
        let words = command.split(' ').chain(["--help"]);
        let help = stdout_of(&words.collect::<Vec<_>>());
        let (own, _) = help.split_once("\nServer:\n").unwrap_or((&help, ""));
        let (all, own) = (taken(&help), taken(own));
        let mut is_said = |name: &str| {
            let exception = SAID_OTHERWISE
                .iter()
                .find(|(of, field, _)| *field == name && (*of == id || *of == "*"));
            match exception {
                Some(found @ (_, _, how)) => {
                    if !is_taken(&own, name) {
                        used.insert(found);
                    }
                    how.is_none_or(|how| all.contains(how))
                }
                None => is_taken(&own, name),
            }
        };
        for (name, members) in fields(&document, operation) {
            seen += 1;
            let is_whole = is_said(&name);
            let within = |member: &String| {
                let (dotted, joined) = (format!("{name}.{member}"), format!("{name}_{member}"));
                is_said(&dotted) || is_said(&joined) || is_said(member)
            };
            if !is_whole && (members.is_empty() || !members.iter().all(within)) {
                missing.push(format!("{command}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "no command takes {missing:#?}");
    assert!(seen > 200, "{seen}");
    let idle = SAID_OTHERWISE.iter().filter(|one| !used.contains(one));
    assert_eq!(idle.collect::<Vec<_>>(), [] as [&(_, _, _); 0]);
}

#[test]
fn a_command_does_what_each_operation_of_the_api_does() {
    let document: Value = serde_json::from_str(&stdout_of(&["openapi"])).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let there: BTreeSet<&str> = operations
        .filter_map(|one| one["operationId"].as_str())
        .collect();
    let told = COMMANDS.iter().map(|(operation, _)| *operation);
    let told: BTreeSet<&str> = told.chain(NO_COMMANDS).collect();
    let differ: Vec<_> = there.symmetric_difference(&told).collect();
    assert!(differ.is_empty(), "in one of the two only: {differ:?}");
    let commands: BTreeSet<&str> = COMMANDS.iter().map(|(_, command)| *command).collect();
    for command in commands {
        let words = command.split(' ').chain(["--help"]);
        let help = run(&words.collect::<Vec<_>>());
        let text = String::from_utf8(help.stdout).unwrap();
        let usage = format!("Usage: hookpost {command}");
        assert!(help.status.success() && text.contains(&usage), "{command}");
        let Some((_, server)) = text.split_once("\nServer:\n") else {
            continue;
        };
        let options = server.lines().filter_map(|line| {
            let word = line.trim_start().split([' ', '=']).next()?;
            (word.starts_with("--")).then_some(word)
        });
        assert_eq!(options.collect::<Vec<_>>(), OF_THE_SERVER, "{command}");
    }
}
