//! `hookpost mcp`: a server of the Model Context Protocol, so that an assistant can look into
//! deliveries.
//!
//! Owns: the conversation on standard input and output, a JSON-RPC message a line. Refuses: knowing
//! what the tools do (`tools`), and asking the other side for anything.
//!
//! # Why it calls the API
//! What an assistant may see is what the key may see that it was started with: one with the scopes
//! `events:read`, `webhooks:read` and `deliveries:read` cannot change anything, whatever is asked. On top
//! of that, tools that act exist only where the operator started it with `--allow-actions`.
//!
//! # Why it is written here
//! Of the protocol a server of tools needs four methods. The library for it brings an asynchronous
//! service framework, a schema generator and a calendar, which is far more code than this.

use std::io::ErrorKind;

use clap::Args;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Stdin};

use self::message::{Message, RpcFault, RpcHeard, heard};
use self::tool::{McpTool, ToolEffect};
use super::{Api, Connection};
use crate::cli::output::say_on;

mod bounded;
mod message;
mod tool;
mod tools;

/// The most bytes of a message: 1 MiB.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// Revisions of the protocol that are spoken, the latest first.
const REVISIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

const INSTRUCTIONS: &str = "hookpost delivers webhooks. An event is published once and becomes a \
     delivery for each webhook that subscribes to it; a delivery has attempts, and one that gave up \
     (status exhausted) is a dead letter. To find out why something did not arrive: show_event tells \
     what became of the event at each webhook, show_delivery shows every attempt with the receiver's \
     answer, why_not says why a webhook does not get an event. Lists are newest first; next_cursor \
     leads on. Long texts are cut.";

/// Let an assistant look into deliveries: a Model Context Protocol server on standard input and output
#[derive(Args)]
pub(in crate::cli) struct McpCommand {
    /// Also offer tools that act: retry, replay, test, enable
    #[arg(long)]
    allow_actions: bool,
    // Last, because its heading is that of what follows.
    #[command(flatten)]
    connection: Connection,
}

impl McpCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let allowed = match self.allow_actions {
            true => ToolEffect::Acts,
            false => ToolEffect::Reads,
        };
        super::run(self.connection, async move |api| {
            converse(&api, allowed).await
        })
    }
}

/// Answers what is said, in order, until the other side is gone.
async fn converse(api: &Api, allowed: ToolEffect) -> anyhow::Result<()> {
    let mut input = BufReader::new(tokio::io::stdin());
    while let Some(line) = next_line(&mut input).await? {
        let reply = match heard(&line) {
            RpcHeard::Nothing => continue,
            RpcHeard::Broken(fault) => fault.reply(&Value::Null),
            RpcHeard::Message(message) => match answer(api, allowed, &message).await {
                Ok(result) => json!({"jsonrpc": "2.0", "id": message.id, "result": result}),
                Err(fault) => fault.reply(&message.id),
            },
        };
        match say_on(reply) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            said => said?,
        }
    }
    Ok(())
}

/// The next line, or [`message::TOO_LONG`] in the place of one that is.
async fn next_line(input: &mut BufReader<Stdin>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = (&mut *input)
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', &mut line)
        .await?;
    if read == 0 {
        return Ok(None);
    }
    if line.ends_with(b"\n") || line.len() < usize::try_from(LINE_BYTES_MAX).unwrap_or(usize::MAX) {
        return Ok(Some(line));
    }
    // Nothing of it is kept but that it was too long; its rest is read and forgotten.
    loop {
        let mut rest = Vec::new();
        let read = (&mut *input)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut rest)
            .await?;
        if read == 0 || rest.ends_with(b"\n") {
            return Ok(Some(message::TOO_LONG.into()));
        }
    }
}

async fn answer(api: &Api, allowed: ToolEffect, message: &Message) -> Result<Value, RpcFault> {
    match message.method.as_str() {
        "initialize" => Ok(introduction(&message.params)),
        "ping" => Ok(json!({})),
        "tools/list" => {
            let tools: Vec<Value> = tools::offered(allowed).map(McpTool::described).collect();
            Ok(json!({ "tools": tools }))
        }
        "tools/call" => {
            let name = message.params.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| RpcFault::parameters("name must name a tool"))?;
            let tool = tools::offered(allowed).find(|tool| tool.name == name);
            let tool = tool.ok_or_else(|| unknown(name, allowed))?;
            let given = match message.params.get("arguments") {
                None | Some(Value::Null) => Map::new(),
                Some(Value::Object(given)) => given.clone(),
                Some(_) => return Err(RpcFault::parameters("arguments must be an object")),
            };
            Ok(outcome(tool.call(api, &given).await))
        }
        other => Err(RpcFault::method(other)),
    }
}

fn unknown(name: &str, allowed: ToolEffect) -> RpcFault {
    let acts = tools::offered(ToolEffect::Acts).any(|tool| tool.name == name);
    if acts && allowed == ToolEffect::Reads {
        return RpcFault::parameters(format!(
            "{name} acts; it is offered only where hookpost mcp runs with --allow-actions"
        ));
    }
    RpcFault::parameters(format!("there is no tool {name:?}"))
}

/// What the other side is told first.
fn introduction(params: &Value) -> Value {
    let asked = params.get("protocolVersion").and_then(Value::as_str);
    let revision = REVISIONS.iter().find(|own| Some(**own) == asked);
    json!({
        "protocolVersion": revision.unwrap_or(&REVISIONS[0]),
        "capabilities": {"tools": {}},
        "serverInfo": {
            "name": "hookpost", "title": "hookpost", "version": env!("CARGO_PKG_VERSION"),
        },
        "instructions": INSTRUCTIONS,
    })
}

/// What a tool answers; a refusal is an answer, so that the assistant can read it and mend its call.
fn outcome(answered: Result<String, String>) -> Value {
    let is_error = answered.is_err();
    let text = answered.unwrap_or_else(|refusal| refusal);
    json!({"content": [{"type": "text", "text": text}], "isError": is_error})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_is_the_one_that_was_asked_for_or_the_latest() {
        let check = |asked: Value, expect: &str| {
            let said = introduction(&json!({ "protocolVersion": asked }));
            assert_eq!(said["protocolVersion"], expect);
        };
        check(json!("2024-11-05"), "2024-11-05");
        check(json!("1999-01-01"), "2025-11-25");
        check(Value::Null, "2025-11-25");
    }
}
