//! `hookpost listen`: a receiver for developers.
//!
//! Owns: printing each delivery so that a person can read it, and saying whether its signature
//! holds. Refuses: keeping anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::receiver::{self, Received, ReceiverReply};
use super::{output, profiles};
use crate::clock::Clock;
use crate::domain::profile::Profile;
use crate::domain::secret::Secret;
use crate::domain::signing::TOLERANCE_DEFAULT;
use crate::domain::time::Timestamp;

/// The most characters of a body that are printed.
const PRINTED_CHARS_MAX: usize = 4000;
/// The members under which built-in profiles and formats carry the event's type.
const TYPE_MEMBERS: [&str; 3] = ["type", "event", "event_type"];

/// Receive deliveries on this machine, print them, and say whether their signatures hold
#[derive(Args)]
#[command(
    after_help = "hookpost calls a receiver on this machine only if it is allowed to:\n  \
                  hookpost serve --allow-http --allow-private 127.0.0.0/8"
)]
pub(super) struct ListenCommand {
    /// The port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 8081)]
    port: u16,
    /// The webhook's secret, to check signatures with
    #[arg(long, env = "HOOKPOST_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// The wire profile: a built-in one's name, or the path of a profile's file
    #[arg(long, value_name = "PROFILE", default_value = "standard")]
    profile: String,
    /// Answer the first N requests with 500, to watch retries
    #[arg(long, value_name = "N", default_value_t = 0)]
    fail_first: u32,
    /// The status to answer with
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599))]
    status: u16,
}

impl ListenCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let viewer = Viewer {
            profile: profiles::find(&self.profile)?,
            secret: self.secret.map(Secret::new),
        };
        if let Some(secret) = &viewer.secret {
            let key = viewer.profile.signing_key(secret);
            key.map_err(|error| anyhow::anyhow!("the secret {error}"))?;
        }
        let failures_left = AtomicU32::new(self.fail_first);
        let status = self.status;
        let judge = move |received: Received| {
            let failing = failures_left
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                    left.checked_sub(1)
                })
                .is_ok();
            let status = if failing { 500 } else { status };
            let now = Clock::System.now();
            // The receiver goes on answering although nobody can read what it prints.
            drop(output::say(viewer.describe(&received, status, now)));
            let delay = Duration::ZERO;
            ReceiverReply { status, delay }
        };
        actix_web::rt::System::new().block_on(serve(self.port, Arc::new(judge)))
    }
}

async fn serve(port: u16, judge: receiver::Judge) -> anyhow::Result<()> {
    let (address, server) = receiver::start(port, judge)?;
    output::say(format_args!("listening on http://{address}"))?;
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    tokio::signal::ctrl_c().await?;
    handle.stop(false).await;
    running.await??;
    Ok(())
}

/// Turns a request into lines for a person.
struct Viewer {
    profile: Arc<Profile>,
    secret: Option<Secret>,
}

impl Viewer {
    fn describe(&self, received: &Received, status: u16, now: Timestamp) -> String {
        let body: Option<Value> = serde_json::from_slice(&received.body).ok();
        let event_type = body.as_ref().and_then(event_type).unwrap_or("(no type)");
        let mut text = format!(
            "\n{} {} {}  {}\n",
            now.rfc3339(),
            received.method,
            output::visible(&received.path),
            output::visible(event_type),
        );
        for name in self.profile.header_names() {
            if let Some(value) = received.header(name) {
                push_line(&mut text, &format!("{name}: {}", output::visible(value)));
            }
        }
        push_line(&mut text, &self.verdict(received, now));
        let raw = String::from_utf8_lossy(&received.body);
        match &body {
            Some(_) => push_body(&mut text, &output::indented(&raw)),
            None => push_body(&mut text, &raw),
        }
        text.push_str("  answered ");
        text.push_str(&status.to_string());
        text
    }

    fn verdict(&self, received: &Received, now: Timestamp) -> String {
        let name = self.profile.name();
        let Some(secret) = &self.secret else {
            return "signature: not checked (give --secret)".to_owned();
        };
        let verified = self.profile.verify(
            secret,
            &received.headers,
            &received.body,
            now,
            TOLERANCE_DEFAULT,
        );
        match verified {
            Ok(_) => format!("signature: holds ({name})"),
            Err(why) => format!("signature: DOES NOT HOLD ({name}): {why}"),
        }
    }
}

fn event_type(body: &Value) -> Option<&str> {
    let mut members = TYPE_MEMBERS.iter();
    members.find_map(|member| body.get(member).and_then(Value::as_str))
}

fn push_line(text: &mut String, line: &str) {
    text.push_str("  ");
    text.push_str(line);
    text.push('\n');
}

/// JSON in print has no control characters but line ends, so lines are made visible one by one.
fn push_body(text: &mut String, body: &str) {
    let shown: String = body.chars().take(PRINTED_CHARS_MAX).collect();
    for line in shown.lines() {
        push_line(text, &output::visible(line));
    }
    if shown.len() < body.len() {
        push_line(
            text,
            &format!("… {} in all", output::counted(body.len(), "byte", "bytes")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::signing::AttemptToSign;

    #[test]
    fn a_person_sees_type_ids_and_whether_the_signature_holds() {
        let profile = Profile::standard();
        let secret = profile.generate_secret([7; 32]);
        let now = Timestamp::from_millis(1_773_655_500_000);
        let body = br#"{"type":"score.changed","data":{"score":1.0}}"#;
        let attempt = AttemptToSign {
            event_id: "evt_1",
            event_type: "score.changed",
            event_version: None,
            workspace_id: "ws_1",
            delivery_id: "dlv_1",
            attempt_at: now,
            body,
        };
        let key = profile.signing_key(&secret).unwrap();
        let headers = profile.sign(&[key], &attempt);
        let received = Received {
            method: "POST".to_owned(),
            path: "/hook".to_owned(),
            headers: headers
                .into_iter()
                .map(|(n, v)| (n.to_owned(), v))
                .collect(),
            body: body.to_vec(),
        };
        let check = |secret: Option<Secret>, expect: &str| {
            let profile = Profile::standard();
            let text = Viewer { profile, secret }.describe(&received, 200, now);
            assert!(text.contains("POST /hook  score.changed"), "{text}");
            assert!(text.contains("webhook-id: evt_1"), "{text}");
            assert!(text.contains(expect), "{text}");
        };
        check(Some(secret), "signature: holds (standard)");
        check(None, "signature: not checked");
        check(
            Some(profile.generate_secret([8; 32])),
            "signature: DOES NOT HOLD",
        );
    }

    #[test]
    fn what_a_sender_writes_cannot_steer_the_terminal_and_is_cut() {
        let mut text = String::new();
        push_body(&mut text, &format!("\u{1b}[2J{}", "x".repeat(9000)));
        assert!(!text.contains('\u{1b}'));
        assert!(text.len() < 4200);
        assert!(text.contains("bytes in all"));
    }
}
