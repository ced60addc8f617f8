//! The words of every operation: a few lines per line of the route table.
//!
//! Owns: names, summaries, parameters, and which shapes go in and out. Refuses: access and the
//! refusals that follow from it. Whoever adds a route adds its operation here; a test compares.

use actix_web::http::Method;

use super::operation::{Operation, operation};
use super::parts::{cursor, one_of, text, time};
use crate::api::api_keys::{CreatedKeyBody, KeyBody, KeyRequest};
use crate::api::audit_log::EntryBody;
use crate::api::bulk::{BegunBody, BulkRequest, RecoverRequest};
use crate::api::deliveries::{DeliveryBody, DeliveryDetailBody};
use crate::api::event_types::{EventTypeBody, EventTypeRequest};
use crate::api::events::{
    BatchAnswer, BatchBody, EventBody, EventDetailBody, PublishBody, PublishedBody, ReplayBody,
    ReplayedBody,
};
use crate::api::health::HealthBody;
use crate::api::jobs::JobBody;
use crate::api::profiles::{ProfileBody, ProfileRequest};
use crate::api::retries::{RanBody, SummaryBody};
use crate::api::sessions::{SecondFactorRequest, SessionBody, SessionRequest};
use crate::api::stats::StatsBody;
use crate::api::webhooks::{
    RegisteredBody, RotateRequest, RotatedBody, TestRequest, TestedBody, WebhookBody,
    WebhookRequest,
};
use crate::api::workspaces::{SecretBody, SecretRequest, WorkspaceBody, WorkspaceRequest};
use crate::web::extract::Nothing;

/// The groups, in the order of reading.
#[rustfmt::skip]
pub(super) const TAGS: [(&str, &str); 7] = [
    ("Events", "Publishing, reading, polling, replaying."),
    ("Event types", "The catalogue: what may be published, and how its data looks."),
    ("Webhooks", "Receivers: registering, changing, testing and ending them."),
    ("Deliveries", "Where each event stands with each webhook, and what came back."),
    ("Dead letters", "Deliveries that gave up and wait for a person."),
    ("Instance", "Workspaces, keys, wire profiles, background work: what belongs to the whole instance."),
    ("Operations", "For load balancers, monitoring and documentation."),
];

const STATUSES: &str =
    "One of `pending`, `retrying`, `delivered`, `exhausted`, `canceled`, or several with commas.";

fn get(
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
) -> Operation {
    operation(Method::GET, path, id, tag, summary)
}

fn post(
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
) -> Operation {
    operation(Method::POST, path, id, tag, summary)
}

fn patch(
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
) -> Operation {
    operation(Method::PATCH, path, id, tag, summary)
}

fn put(
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
) -> Operation {
    operation(Method::PUT, path, id, tag, summary)
}

fn delete(
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
) -> Operation {
    operation(Method::DELETE, path, id, tag, summary)
}

/// Every operation.
pub(super) fn all() -> Vec<Operation> {
    [
        events(),
        event_types(),
        webhooks(),
        deliveries(),
        dead_letters(),
        instance(),
        workspaces_and_keys(),
        profiles(),
        sessions(),
        operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn events() -> Vec<Operation> {
    const TAG: &str = "Events";
    vec![
        post("/api/v1/events", "publish_event", TAG, "Publish an event")
            .takes::<PublishBody>()
            .gives::<PublishedBody>(202, "It is on the disk and will be delivered.")
            .gives::<PublishedBody>(200, "It had been published before; nothing is delivered.")
            .keyed(),
        get("/api/v1/events", "list_events", TAG, "List or poll events")
            .query("type", text(), "Only events of this type.")
            .query("order", one_of(&["asc", "desc"]), "Newest first if absent.")
            .query("after", cursor(), "Like `cursor`, for going on polling.")
            .lists::<EventBody>("A page of events."),
        post(
            "/api/v1/events/batch",
            "publish_events",
            TAG,
            "Publish events together",
        )
        .takes::<BatchBody>()
        .gives::<BatchAnswer>(202, "One result per event, in order.")
        .keyed(),
        get("/api/v1/events/{id}", "show_event", TAG, "Show an event")
            .gives::<EventDetailBody>(200, "The event and what became of it."),
        post(
            "/api/v1/events/{id}/replay",
            "replay_event",
            TAG,
            "Deliver an event again",
        )
        .may_take::<ReplayBody>()
        .gives::<ReplayedBody>(202, "The new deliveries.")
        .keyed(),
    ]
}

fn event_types() -> Vec<Operation> {
    const TAG: &str = "Event types";
    vec![
        post(
            "/api/v1/event-types",
            "create_event_type",
            TAG,
            "Add an event type",
        )
        .takes::<EventTypeRequest>()
        .gives::<EventTypeBody>(201, "The event type.")
        .keyed(),
        get(
            "/api/v1/event-types",
            "list_event_types",
            TAG,
            "List event types",
        )
        .lists::<EventTypeBody>("A page of event types."),
        get(
            "/api/v1/event-types/{name}",
            "show_event_type",
            TAG,
            "Show an event type",
        )
        .gives::<EventTypeBody>(200, "The event type."),
        put(
            "/api/v1/event-types/{name}",
            "put_event_type",
            TAG,
            "Add or replace an event type",
        )
        .takes::<EventTypeRequest>()
        .gives::<EventTypeBody>(200, "It was replaced.")
        .gives::<EventTypeBody>(201, "It was added.")
        .or(409),
        delete(
            "/api/v1/event-types/{name}",
            "delete_event_type",
            TAG,
            "Delete an event type",
        )
        .ends("It is gone."),
    ]
}

fn webhooks() -> Vec<Operation> {
    const TAG: &str = "Webhooks";
    vec![
        post(
            "/api/v1/webhooks",
            "create_webhook",
            TAG,
            "Register a webhook",
        )
        .takes::<WebhookRequest>()
        .gives::<RegisteredBody>(201, "The webhook, and only here its secret.")
        .keyed(),
        get("/api/v1/webhooks", "list_webhooks", TAG, "List webhooks")
            .lists::<WebhookBody>("A page of webhooks."),
        get(
            "/api/v1/webhooks/{id}",
            "show_webhook",
            TAG,
            "Show a webhook",
        )
        .gives::<WebhookBody>(200, "The webhook."),
        patch(
            "/api/v1/webhooks/{id}",
            "update_webhook",
            TAG,
            "Change a webhook",
        )
        .takes::<WebhookRequest>()
        .gives::<WebhookBody>(200, "The webhook as it is now.")
        .or(409),
        delete(
            "/api/v1/webhooks/{id}",
            "delete_webhook",
            TAG,
            "Delete a webhook",
        )
        .ends("It is gone; its deliveries can still be read."),
        post(
            "/api/v1/webhooks/{id}/enable",
            "enable_webhook",
            TAG,
            "Let a webhook take part again",
        )
        .may_take::<Nothing>()
        .gives::<WebhookBody>(200, "The webhook as it is now.")
        .or(409),
        post(
            "/api/v1/webhooks/{id}/disable",
            "disable_webhook",
            TAG,
            "Stop a webhook for a while",
        )
        .may_take::<Nothing>()
        .gives::<WebhookBody>(200, "The webhook as it is now.")
        .or(409),
        post(
            "/api/v1/webhooks/{id}/revoke",
            "revoke_webhook",
            TAG,
            "End a webhook for good",
        )
        .may_take::<Nothing>()
        .gives::<WebhookBody>(200, "The webhook as it is now.")
        .or(409),
        post(
            "/api/v1/webhooks/{id}/rotate-secret",
            "rotate_secret",
            TAG,
            "Give a webhook a new secret",
        )
        .may_take::<RotateRequest>()
        .gives::<RotatedBody>(200, "The new secret, only here.")
        .or(409)
        .keyed(),
        post(
            "/api/v1/webhooks/{id}/test",
            "test_webhook",
            TAG,
            "Send a webhook a test event, now",
        )
        .may_take::<TestRequest>()
        .gives::<TestedBody>(200, "What came of it.")
        .or(409),
        post(
            "/api/v1/webhooks/{id}/recover",
            "recover_webhook",
            TAG,
            "Put back in line what a webhook did not get",
        )
        .takes::<RecoverRequest>()
        .gives::<BegunBody>(202, "The job that does it.")
        .keyed(),
        in_period(get(
            "/api/v1/webhooks/{id}/stats",
            "show_webhook_stats",
            TAG,
            "Show how a webhook has been doing",
        )),
        in_period(get(
            "/api/v1/stats",
            "show_stats",
            TAG,
            "Show how the workspace has been doing",
        )),
    ]
}

fn in_period(operation: Operation) -> Operation {
    operation
        .query(
            "since",
            time(),
            "From when on; a day before the end if absent.",
        )
        .query("until", time(), "Until when; now if absent.")
        .gives::<StatsBody>(200, "Counts, rates and a time series.")
}

fn filtered(operation: Operation) -> Operation {
    operation
        .query("webhook_id", text(), "Only those to this webhook.")
        .query("event_id", text(), "Only those of this event.")
        .query("event_type", text(), "Only those of events of this type.")
        .query("status", text(), STATUSES)
        .query("since", time(), "Only those made at or after this time.")
        .query("until", time(), "Only those made before this time.")
}

fn deliveries() -> Vec<Operation> {
    const TAG: &str = "Deliveries";
    vec![
        filtered(get(
            "/api/v1/deliveries",
            "list_deliveries",
            TAG,
            "List deliveries",
        ))
        .lists::<DeliveryBody>("A page of deliveries."),
        get(
            "/api/v1/deliveries/{id}",
            "show_delivery",
            TAG,
            "Show a delivery",
        )
        .gives::<DeliveryDetailBody>(200, "The delivery, what is sent and every attempt."),
        post(
            "/api/v1/deliveries/{id}/retry",
            "retry_delivery",
            TAG,
            "Attempt a delivery again, now",
        )
        .may_take::<Nothing>()
        .gives::<DeliveryBody>(202, "The delivery that is attempted.")
        .or(409),
        post(
            "/api/v1/deliveries/{id}/cancel",
            "cancel_delivery",
            TAG,
            "Give a delivery up",
        )
        .may_take::<Nothing>()
        .gives::<DeliveryBody>(200, "The delivery as it is now.")
        .or(409),
        post(
            "/api/v1/deliveries/retry",
            "retry_deliveries",
            TAG,
            "Put many deliveries back in line",
        )
        .takes::<BulkRequest>()
        .gives::<BegunBody>(202, "The job that does it.")
        .keyed(),
        post(
            "/api/v1/retries/run",
            "run_retries",
            TAG,
            "Attempt now what waits for another attempt, and wait for the results",
        )
        .query(
            "limit",
            text(),
            "How many at most; 100 if absent, at most 1,000.",
        )
        .may_take::<Nothing>()
        .gives::<RanBody>(200, "What came of it."),
        get(
            "/api/v1/retries/summary",
            "show_retries",
            TAG,
            "Show what waits, and when it is due",
        )
        .gives::<SummaryBody>(200, "What waits."),
    ]
}

fn dead_letters() -> Vec<Operation> {
    const TAG: &str = "Dead letters";
    vec![
        filtered(get(
            "/api/v1/dead-letters",
            "list_dead_letters",
            TAG,
            "List dead letters",
        ))
        .lists::<DeliveryBody>("A page of deliveries that gave up."),
        post(
            "/api/v1/dead-letters/{id}/retry",
            "retry_dead_letter",
            TAG,
            "Attempt a dead letter again, now",
        )
        .may_take::<Nothing>()
        .gives::<DeliveryBody>(202, "The delivery that is attempted.")
        .or(409),
        delete(
            "/api/v1/dead-letters/{id}",
            "discard_dead_letter",
            TAG,
            "Discard a dead letter",
        )
        .ends("It is no longer listed as one."),
        post(
            "/api/v1/dead-letters/retry",
            "retry_dead_letters",
            TAG,
            "Put many dead letters back in line",
        )
        .takes::<BulkRequest>()
        .gives::<BegunBody>(202, "The job that does it.")
        .keyed(),
        post(
            "/api/v1/dead-letters/discard",
            "discard_dead_letters",
            TAG,
            "Discard many dead letters",
        )
        .takes::<BulkRequest>()
        .gives::<BegunBody>(202, "The job that does it.")
        .keyed(),
    ]
}

fn instance() -> Vec<Operation> {
    const TAG: &str = "Instance";
    vec![
        get(
            "/api/v1/jobs/{id}",
            "show_job",
            TAG,
            "Show how far a job has come",
        )
        .gives::<JobBody>(200, "The job."),
        get("/api/v1/jobs", "list_jobs", TAG, "List background jobs")
            .lists::<JobBody>("A page of jobs."),
        post(
            "/api/v1/jobs/{id}/cancel",
            "cancel_job",
            TAG,
            "Call a background job off",
        )
        .may_take::<Nothing>()
        .gives::<JobBody>(200, "The job as it is now.")
        .or(409),
        get(
            "/api/v1/audit-log",
            "list_audit_log",
            TAG,
            "List who changed what",
        )
        .query(
            "workspace",
            text(),
            "Only what happened in this workspace, by id or name.",
        )
        .lists::<EntryBody>("A page of the audit log."),
    ]
}

fn workspaces_and_keys() -> Vec<Operation> {
    const TAG: &str = "Instance";
    vec![
        post(
            "/api/v1/workspaces",
            "create_workspace",
            TAG,
            "Add a workspace",
        )
        .takes::<WorkspaceRequest>()
        .gives::<WorkspaceBody>(201, "The workspace.")
        .keyed(),
        get(
            "/api/v1/workspaces",
            "list_workspaces",
            TAG,
            "List workspaces",
        )
        .lists::<WorkspaceBody>("A page of workspaces."),
        get(
            "/api/v1/workspaces/{id}",
            "show_workspace",
            TAG,
            "Show a workspace",
        )
        .gives::<WorkspaceBody>(200, "The workspace."),
        patch(
            "/api/v1/workspaces/{id}",
            "update_workspace",
            TAG,
            "Change a workspace",
        )
        .takes::<WorkspaceRequest>()
        .gives::<WorkspaceBody>(200, "The workspace as it is now.")
        .or(409),
        delete(
            "/api/v1/workspaces/{id}",
            "delete_workspace",
            TAG,
            "Delete a workspace",
        )
        .ends("It is gone, with everything in it.")
        .or(409),
        post(
            "/api/v1/workspaces/{id}/rotate-secret",
            "rotate_workspace_secret",
            TAG,
            "Give a workspace a new secret for alerts and one-off receivers",
        )
        .may_take::<SecretRequest>()
        .gives::<SecretBody>(200, "The new secret, only here."),
        post("/api/v1/api-keys", "create_key", TAG, "Make an API key")
            .takes::<KeyRequest>()
            .gives::<CreatedKeyBody>(201, "The key, and only here its text.")
            .keyed(),
        get("/api/v1/api-keys", "list_keys", TAG, "List API keys")
            .query(
                "workspace",
                text(),
                "Only keys of this workspace, by id or name.",
            )
            .lists::<KeyBody>("A page of keys."),
        delete(
            "/api/v1/api-keys/{id}",
            "revoke_key",
            TAG,
            "Revoke an API key",
        )
        .ends("No request with it is let through any more."),
    ]
}

fn profiles() -> Vec<Operation> {
    const TAG: &str = "Instance";
    vec![
        post(
            "/api/v1/profiles",
            "create_profile",
            TAG,
            "Add a wire profile",
        )
        .takes::<ProfileRequest>()
        .gives::<ProfileBody>(201, "The profile.")
        .keyed(),
        get(
            "/api/v1/profiles",
            "list_profiles",
            TAG,
            "List wire profiles",
        )
        .lists::<ProfileBody>("The newest first.")
        .or(422),
        get(
            "/api/v1/profiles/{name}",
            "show_profile",
            TAG,
            "Show a wire profile",
        )
        .gives::<ProfileBody>(200, "The profile."),
        put(
            "/api/v1/profiles/{name}",
            "put_profile",
            TAG,
            "Add or replace a wire profile",
        )
        .takes::<ProfileRequest>()
        .gives::<ProfileBody>(200, "It was replaced.")
        .gives::<ProfileBody>(201, "It was added.")
        .or(409),
        delete(
            "/api/v1/profiles/{name}",
            "delete_profile",
            TAG,
            "Delete a wire profile",
        )
        .ends("It is gone.")
        .or(409),
    ]
}

fn sessions() -> Vec<Operation> {
    const TAG: &str = "Instance";
    vec![
        post("/api/v1/sessions", "create_session", TAG, "Sign in")
            .takes::<SessionRequest>()
            .gives::<SessionBody>(201, "A session; its token, only here.")
            .or(401)
            .or(403)
            .or(429),
        post(
            "/api/v1/sessions/mfa",
            "show_second_factor",
            TAG,
            "Show the second factor",
        )
        .takes::<SecondFactorRequest>()
        .gives::<SessionBody>(
            200,
            "The session, and until when the factor counts as fresh.",
        )
        .or(409),
        delete("/api/v1/sessions", "end_session", TAG, "Sign out")
            .ends("The session of this request is over."),
    ]
}

fn operations() -> Vec<Operation> {
    const TAG: &str = "Operations";
    vec![
        get("/healthz", "healthz", TAG, "Whether the process is up")
            .gives::<HealthBody>(200, "It is."),
        get(
            "/readyz",
            "readyz",
            TAG,
            "Whether the database takes writes and deliveries are made",
        )
        .gives::<HealthBody>(200, "Both are so."),
        get(super::PATH, "openapi", TAG, "This document").gives_any("The document."),
        get("/metrics", "metrics", TAG, "Numbers for Prometheus")
            .gives_text("application/openmetrics-text", "The numbers."),
        get("/docs", "docs", TAG, "This document as a page").gives_text("text/html", "The page."),
        get("/docs.css", "docs_css", TAG, "The page's stylesheet")
            .gives_text("text/css", "The stylesheet."),
    ]
}
