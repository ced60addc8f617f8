//! What the demo's platform has: a catalogue, customers, webhooks, a second workspace.
//!
//! Owns: these settings. Refuses: rules: each is made by the action that the API and the dashboard
//! call, and refused where theirs would be.

use std::net::SocketAddr;

use anyhow::{Context, anyhow};

use super::moods::Mood;
use crate::domain::id::WorkspaceId;
use crate::domain::workspace::Plan;
use crate::service::consumers::ConsumerInput;
use crate::service::event_types::EventTypeInput;
use crate::service::keys::{CreatedKey, KeyInput};
use crate::service::webhooks::{CustomRetry, RetryInput, WebhookInput};
use crate::service::workspaces::WorkspaceInput;
use crate::service::{Actor, Caller, Done, Idempotency, Refusal, Service};
use crate::store::workspaces;

/// The second workspace.
const SANDBOX: &str = "sandbox";

/// The catalogue: name, description, heading, schema, example.
const EVENT_TYPES: [[&str; 5]; 4] = [
    [
        "agent.created",
        "An agent was registered.",
        "Agents",
        r#"{"type":"object","required":["agentId","owner"],"properties":{"agentId":{"type":"string"},"owner":{"type":"string","description":"The team that answers for it."}}}"#,
        r#"{"agentId":"agt_3","owner":"team-blue"}"#,
    ],
    [
        "agent.updated",
        "An agent's status changed.",
        "Agents",
        r#"{"type":"object","required":["agentId","status"],"properties":{"agentId":{"type":"string"},"status":{"enum":["active","paused","retired"]}}}"#,
        r#"{"agentId":"agt_3","status":"active"}"#,
    ],
    [
        "job.completed",
        "A job came to its end.",
        "Jobs",
        r#"{"type":"object","required":["jobId"],"properties":{"jobId":{"type":"integer"},"seconds":{"type":"number","minimum":0}}}"#,
        r#"{"jobId":17,"seconds":12.5}"#,
    ],
    [
        "score.changed",
        "An agent's score was computed anew.",
        "Scores",
        r#"{"type":"object","required":["agentId","score"],"properties":{"agentId":{"type":"string"},"score":{"type":"integer","minimum":0,"maximum":1000},"previousScore":{"type":"integer"}}}"#,
        r#"{"agentId":"agt_3","score":712,"previousScore":700}"#,
    ],
];

/// What was set up, and by whom it is used.
pub(super) struct Scene {
    /// The platform's program, with its key.
    pub(super) platform: Caller,
    /// The same people's second workspace.
    pub(super) sandbox: Caller,
    /// The key that the program presents.
    pub(super) key: CreatedKey,
}

/// Sets everything up for receivers at `address`.
pub(super) async fn set_up(service: &Service, address: SocketAddr) -> anyhow::Result<Scene> {
    let workspace = default_workspace(service).await?;
    let key = make_key(service, workspace).await?;
    let platform = caller(workspace, Actor::Key(key.key.id));
    for [name, description, group, schema, example] in EVENT_TYPES {
        let input = EventTypeInput {
            name: name.to_owned(),
            description: Some(description.to_owned()),
            group: Some(group.to_owned()),
            schema: Some(schema.to_owned()),
            example: Some(example.to_owned()),
            ..EventTypeInput::default()
        };
        let made = service.create_event_type(&platform, input, Idempotency::unkeyed());
        new(made.await).context(name)?;
    }
    for (uid, name) in [("acme", "Acme Corporation"), ("globex", "Globex")] {
        let input = ConsumerInput {
            uid: Some(uid.to_owned()),
            name: Some(name.to_owned()),
            ..ConsumerInput::default()
        };
        let made = service.create_consumer(&platform, input, Idempotency::unkeyed());
        new(made.await).context(name)?;
    }
    for webhook in platforms(address).into_iter().chain(customers(address)) {
        register(service, &platform, webhook).await?;
    }
    let sandbox = make_sandbox(service, &platform).await?;
    register(
        service,
        &sandbox,
        webhook("Try-outs", address, Mood::Steady, &["*"]),
    )
    .await?;
    Ok(Scene {
        platform,
        sandbox,
        key,
    })
}

async fn default_workspace(service: &Service) -> anyhow::Result<WorkspaceId> {
    let read = service
        .store()
        .read(|conn| workspaces::find_named(conn, workspaces::DEFAULT_NAME));
    let found = read.await?.context("there is no workspace")?;
    Ok(found.id)
}

fn caller(workspace: WorkspaceId, actor: Actor) -> Caller {
    Caller {
        workspace,
        plan: Plan::Pro,
        consumer: None,
        actor,
    }
}

async fn make_key(service: &Service, workspace: WorkspaceId) -> anyhow::Result<CreatedKey> {
    let input = KeyInput {
        name: "demo".to_owned(),
        ..KeyInput::default()
    };
    let operator = caller(workspace, Actor::Cli);
    let made = service.create_key(&operator, input, Idempotency::unkeyed());
    new(made.await).context("no key could be made")
}

async fn make_sandbox(service: &Service, platform: &Caller) -> anyhow::Result<Caller> {
    let input = WorkspaceInput {
        name: Some(SANDBOX.to_owned()),
        ..WorkspaceInput::default()
    };
    let operator = caller(platform.workspace, Actor::Cli);
    let made = service.create_workspace(&operator, input, Idempotency::unkeyed());
    Ok(caller(new(made.await)?.workspace.id, Actor::Cli))
}

async fn register(service: &Service, caller: &Caller, input: WebhookInput) -> anyhow::Result<()> {
    let label = input.label.clone().unwrap_or_default();
    let made = service.create_webhook(caller, input, Idempotency::unkeyed());
    new(made.await).context(label)?;
    Ok(())
}

/// What was done now: nothing here is asked for twice.
fn new<T>(done: Result<Done<T>, Refusal>) -> anyhow::Result<T> {
    match done {
        Ok(done) => done.fresh().context("it was done before"),
        Err(refusal) => Err(anyhow!("{refusal:?}")),
    }
}

fn webhook(label: &str, address: SocketAddr, mood: Mood, types: &[&str]) -> WebhookInput {
    WebhookInput {
        url: Some(format!("http://{address}{}", mood.path())),
        label: Some(label.to_owned()),
        event_types: Some(types.iter().map(|&name| name.to_owned()).collect()),
        ..WebhookInput::default()
    }
}

/// The platform's own.
fn platforms(address: SocketAddr) -> [WebhookInput; 6] {
    let profiled = |profile: &str| Some(profile.to_owned());
    [
        webhook("Production", address, Mood::Steady, &["*"]),
        WebhookInput {
            profile: profiled("armox"),
            ..webhook(
                "Partner with a slow server",
                address,
                Mood::Slow,
                &["job.*"],
            )
        },
        WebhookInput {
            profile: profiled("armalo"),
            ..webhook(
                "Staging",
                address,
                Mood::Flaky,
                &["score.changed", "agent.*"],
            )
        },
        // Gives up soon, so that dead letters can be seen, and retried, soon.
        WebhookInput {
            profile: profiled("veriswarm"),
            retry_policy: Some(Some(RetryInput::Custom(CustomRetry {
                delays: Some(vec!["10s".to_owned(), "30s".to_owned()]),
                jitter: Some(false),
                ..CustomRetry::default()
            }))),
            disable_after_failures: Some(Some(240)),
            ..webhook(
                "Forgotten endpoint",
                address,
                Mood::Down,
                &["agent.created"],
            )
        },
        WebhookInput {
            ordered: Some(true),
            ..webhook(
                "Ledger, in event order",
                address,
                Mood::Steady,
                &["score.changed"],
            )
        },
        WebhookInput {
            rate_limit: Some(Some(0.2)),
            ..webhook(
                "Reports, 12 a minute",
                address,
                Mood::Steady,
                &["job.completed"],
            )
        },
    ]
}

/// Those of its customers.
fn customers(address: SocketAddr) -> [WebhookInput; 2] {
    let owned = |uid: &str, webhook: WebhookInput| WebhookInput {
        consumer: Some(Some(uid.to_owned())),
        ..webhook
    };
    [
        owned(
            "acme",
            webhook("Acme's intake", address, Mood::Steady, &["*"]),
        ),
        owned(
            "globex",
            webhook("Globex's gateway", address, Mood::Flaky, &["*"]),
        ),
    ]
}
