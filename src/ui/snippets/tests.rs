//! The snippets, run by the languages they are for, on deliveries that were signed just now.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::clock::Clock;
use crate::domain::signing::AttemptToSign;

const BODY: &str = "{\"type\":\"order.paid\",\"data\":{\"note\":\"caf\u{e9}\"}}";
const ID: &str = "evt_1";

/// A delivery as its receiver sees it: names in lower case.
struct Delivered {
    secret: String,
    headers: BTreeMap<String, String>,
}

fn delivered(profile: &Profile) -> Delivered {
    let secret = profile.generate_secret([7; 32]);
    let key = profile.signing_key(&secret).unwrap();
    let attempt = AttemptToSign {
        event_id: ID,
        event_type: "order.paid",
        event_version: None,
        workspace_id: "ws_1",
        delivery_id: ID,
        attempt_at: Clock::System.now(),
        body: BODY.as_bytes(),
    };
    let headers = profile.sign(&[key], &attempt).into_iter();
    Delivered {
        secret: secret.expose().to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect(),
    }
}

fn code(profile: &Profile, language: &str) -> String {
    let found = snippets(profile);
    let found = found.into_iter().find(|one| one.language == language);
    found.unwrap().code
}

/// What a program says; it must end well.
#[track_caller]
fn run(command: &mut Command) -> String {
    let ended = command.stdin(Stdio::null()).output().unwrap();
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{complaint}");
    String::from_utf8(ended.stdout).unwrap().trim().to_owned()
}

/// Runs `{file} {body} {given}` for a genuine and for a forged body.
fn check(program: &str, language: &str, file: &str, driver: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(file);
    for profile in Profile::built_in() {
        let delivered = delivered(profile);
        fs::write(&file, format!("{}\n{driver}", code(profile, language))).unwrap();
        let given = serde_json::json!({"headers": delivered.headers, "secret": delivered.secret});
        let says = |body: &str| {
            let mut command = Command::new(program);
            run(command.arg(&file).arg(body).arg(given.to_string()))
        };
        let forged = BODY.replace("paid", "void");
        assert_eq!(says(BODY), "genuine", "{language}, {}", profile.name());
        assert_eq!(says(&forged), "forged", "{language}, {}", profile.name());
    }
}

#[test]
fn the_node_snippets_tell_genuine_from_forged() {
    let driver = "const [body, given] = process.argv.slice(2);\n\
         const { headers, secret } = JSON.parse(given);\n\
         console.log(verify(Buffer.from(body), headers, secret) ? \"genuine\" : \"forged\");\n";
    check("node", "Node", "snippet.mjs", driver);
}

#[test]
fn the_python_snippets_tell_genuine_from_forged() {
    let driver = "import json, sys\n\
         given = json.loads(sys.argv[2])\n\
         genuine = verify(sys.argv[1].encode(), given[\"headers\"], given[\"secret\"])\n\
         print(\"genuine\" if genuine else \"forged\")\n";
    check("python3", "Python", "snippet.py", driver);
}

#[test]
fn the_shell_snippets_compute_the_signature_that_was_sent() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("delivery.body"), BODY).unwrap();
    for profile in Profile::built_in() {
        let delivered = delivered(profile);
        let scheme = SnippetScheme::of(profile);
        let timestamp = delivered.headers.get(&scheme.timestamp_header);
        let mut command = shell(directory.path());
        command
            .args(["-c", &code(profile, "Shell with openssl")])
            .env("SECRET", &delivered.secret)
            .env("TIMESTAMP", timestamp.map_or("", String::as_str))
            .env("ID", ID);
        let computed = run(&mut command);
        assert_eq!(
            Some(&computed),
            delivered.headers.get(&scheme.header),
            "{}",
            profile.name()
        );
    }
}

fn shell(directory: &Path) -> Command {
    let mut command = Command::new("sh");
    command.current_dir(directory);
    command
}

#[test]
fn the_command_names_every_header_that_is_signed() {
    let mut built_in = Profile::built_in().iter();
    let standard = built_in.find(|one| one.name() == "standard");
    let command = code(standard.unwrap(), "hookpost verify");
    for header in ["webhook-id: $ID", "webhook-timestamp: $TIMESTAMP"] {
        assert!(command.contains(header), "{command}");
    }
}

#[test]
fn every_built_in_profile_has_whole_snippets() {
    for profile in Profile::built_in() {
        let signed = SnippetScheme::of(profile);
        for Snippet { language, code } in snippets(profile) {
            let what = format!("{} in {language}:\n{code}", profile.name());
            assert!(!code.contains("headers[\"\"]"), "{what}");
            assert!(
                !code.contains("headers['']") && !code.contains("Get(\"\")"),
                "{what}"
            );
            let braces = code.matches('{').count() == code.matches('}').count();
            assert!(braces, "{what}");
        }
        let command = code(profile, "hookpost verify");
        for (needed, header) in [
            (true, &signed.header),
            (signed.mentions_id(), &signed.id_header),
            (signed.mentions_timestamp(), &signed.timestamp_header),
        ] {
            assert!(
                !needed || command.contains(&format!("\"{header}: $")),
                "{command}"
            );
        }
    }
}
