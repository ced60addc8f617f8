//! Whatever the API can do, a command does.

use std::collections::BTreeSet;

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
