//! Verifying deliveries with other people's code, in its own language.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::receiver::Received;

/// A language's runtime with the driver of its snippets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runtime {
    Node,
    Python,
    Rust,
}

/// The published crates of Rust, as one program that `tests/run` builds.
pub fn crates_program() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("target/clients/debug/hookpost-clients")
}

/// Checks that Node's own Ed25519 accepts a delivery with a public key, and refuses a changed body.
#[track_caller]
pub fn accepted_with_public_key(key: &str, delivery: &Received) {
    let accepts = |body: &[u8]| Runtime::Node.accepts("ed25519", key, delivery, body);
    assert!(accepts(&delivery.body));
    let mut flipped = delivery.body.clone();
    flipped[3] ^= 1;
    assert!(!accepts(&flipped));
}

/// Checks that the snippets of `system` accept a delivery in Node and in Python, the published crates in
/// Rust where there are any, and that they refuse it with one byte of its body changed.
#[track_caller]
pub fn accepted_everywhere(system: &str, secret: &str, delivery: &Received) {
    let has_crate = ["standard", "svix"].contains(&system);
    for runtime in [Runtime::Node, Runtime::Python, Runtime::Rust] {
        if runtime == Runtime::Rust && !has_crate {
            continue;
        }
        let accepts = |body: &[u8]| runtime.accepts(system, secret, delivery, body);
        assert!(accepts(&delivery.body), "{runtime:?} refuses {system}");
        for at in [0, delivery.body.len() / 2, delivery.body.len() - 1] {
            let mut flipped = delivery.body.clone();
            flipped[at] ^= 1;
            assert!(
                !accepts(&flipped),
                "{runtime:?} accepts a changed byte {at}"
            );
        }
    }
}

/// Checks that the published verifier of a provider, in the language that it comes in, accepts a
/// delivery and refuses it with one byte of its body changed.
#[track_caller]
pub fn accepted_by_provider(provider: &str, secret: &str, delivery: &Received) {
    let runtime = match provider {
        "razorpay" | "slack" | "stripe" => Runtime::Python,
        _ => Runtime::Node,
    };
    let accepts = |body: &[u8]| runtime.accepts(provider, secret, delivery, body);
    assert!(accepts(&delivery.body), "{provider}'s library refuses");
    let mut flipped = delivery.body.clone();
    // Within a text, so that it stays JSON.
    let at = flipped.iter().position(|byte| *byte == b'K').unwrap();
    flipped[at] = b'k';
    assert!(
        !accepts(&flipped),
        "{provider}'s library accepts a changed byte"
    );
}

/// Checks that a snippet with a published library, run in its language, accepts a delivery and
/// refuses it with one byte of its body changed.
#[track_caller]
pub fn published_snippet_judges(language: &str, code: &str, secret: &str, delivery: &Received) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let directory = tempfile::tempdir().unwrap();
    let modules = directory.path().join("node_modules");
    std::os::unix::fs::symlink(tests.join("node_modules"), modules).unwrap();
    let (program, file, driver) = match language {
        "Node" => (PathBuf::from("node"), "snippet.mjs", NODE_DRIVER),
        _ => (tests.join(".venv/bin/python"), "snippet.py", PYTHON_DRIVER),
    };
    let file = directory.path().join(file);
    std::fs::write(&file, format!("{code}\n{driver}")).unwrap();
    let headers = lower_headers(delivery);
    let given = json!({ "secret": secret, "headers": headers }).to_string();
    let says = |body: &str| {
        let mut command = Command::new(&program);
        let command = command.arg(&file).arg(body).arg(&given);
        let ended = command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{code}\n{complaint}");
        String::from_utf8(ended.stdout).unwrap().trim().to_owned()
    };
    let body = String::from_utf8(delivery.body.clone()).unwrap();
    assert_eq!(says(&body), "genuine", "{code}");
    assert_eq!(says(&body.replace('7', "8")), "forged", "{code}");
}

const NODE_DRIVER: &str = "const [body, given] = process.argv.slice(2);
const { headers, secret } = JSON.parse(given);
console.log(verify(body, headers, secret) ? \"genuine\" : \"forged\");";
const PYTHON_DRIVER: &str = "import json, sys
given = json.loads(sys.argv[2])
print(\"genuine\" if verify(sys.argv[1], given[\"headers\"], given[\"secret\"]) else \"forged\")";

/// A delivery's headers, names in lower case.
fn lower_headers(delivery: &Received) -> Map<String, Value> {
    let headers = delivery.headers().iter();
    headers
        .map(|(name, value)| (name.to_ascii_lowercase(), json!(value)))
        .collect()
}

impl Runtime {
    fn accepts(self, system: &str, secret: &str, delivery: &Received, body: &[u8]) -> bool {
        let headers = lower_headers(delivery);
        let given = json!({ "secret": secret, "headers": headers, "body": STANDARD.encode(body) });
        let mut command = self.command(system);
        let mut child = command
            .arg(system)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run installs it"));
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(given.to_string().as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        match (output.status.success(), said.trim()) {
            (true, "true") => true,
            (true, "false") => false,
            _ => panic!(
                "{self:?} could not verify: {}; tests/run installs the libraries",
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }

    fn command(self, system: &str) -> Command {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let (program, driver) = match self {
            Self::Node => (PathBuf::from("node"), "verify.mjs"),
            // Only published libraries need more than Python itself.
            Self::Python
                if ["standard", "svix", "razorpay", "slack", "stripe"].contains(&system) =>
            {
                (tests.join(".venv/bin/python"), "verify.py")
            }
            Self::Python => (PathBuf::from("python3"), "verify.py"),
            Self::Rust => return Command::new(crates_program()),
        };
        let mut command = Command::new(program);
        command.arg(tests.join("snippets").join(driver));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}
