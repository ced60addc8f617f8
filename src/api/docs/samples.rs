//! Calls of an operation as one would write them: with curl, in JavaScript, in Python.
//!
//! Owns: the text of the calls, made of the operation and the example of its body. Refuses: libraries;
//! each sample runs with what its language brings along.

use serde_json::Value;

/// Where samples send their calls.
const BASE: &str = "https://hooks.example.com";

/// A call in one language.
pub(super) struct CodeSample {
    pub(super) language: &'static str,
    pub(super) code: String,
}

/// What is called.
pub(super) struct SampledCall<'a> {
    /// In capitals.
    pub(super) method: &'a str,
    /// With names in braces.
    pub(super) path: &'a str,
    /// The body's example.
    pub(super) body: Option<&'a Value>,
    /// Whether the call shows a key.
    pub(super) shows_key: bool,
}

/// The call in every language.
pub(super) fn samples(call: &SampledCall<'_>) -> Vec<CodeSample> {
    let url = format!("{BASE}{}", filled(call.path));
    let sample = |language, code| CodeSample { language, code };
    vec![
        sample("curl", curl(call, &url)),
        sample("JavaScript", javascript(call, &url)),
        sample("Python", python(call, &url)),
    ]
}

/// The path with words to be replaced: `/webhooks/{id}` is `/webhooks/WEBHOOK_ID`.
fn filled(path: &str) -> String {
    let mut before = "";
    let parts = path.split('/').map(|part| {
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        let word = match name {
            Some("id") => format!("{}_ID", before.trim_end_matches('s')).replace('-', "_"),
            Some(name) => name.to_owned(),
            None => {
                before = part;
                return part.to_owned();
            }
        };
        word.to_uppercase()
    });
    parts.collect::<Vec<_>>().join("/")
}

/// A body as one would write it.
pub(super) fn laid_out(body: &Value) -> String {
    serde_json::to_string_pretty(body).expect("a value is JSON")
}

fn curl(call: &SampledCall<'_>, url: &str) -> String {
    let mut lines = vec![match call.method {
        "GET" => format!("curl {url}"),
        method => format!("curl -X {method} {url}"),
    }];
    if call.shows_key {
        lines.push("  -H \"Authorization: Bearer $HOOKPOST_API_KEY\"".to_owned());
    }
    if let Some(body) = call.body {
        lines.push("  -H 'Content-Type: application/json'".to_owned());
        let body = laid_out(body).replace('\'', "'\\''");
        lines.push(format!("  -d '{body}'"));
    }
    lines.join(" \\\n")
}

fn javascript(call: &SampledCall<'_>, url: &str) -> String {
    let mut headers = Vec::new();
    if call.shows_key {
        headers.push("    Authorization: `Bearer ${process.env.HOOKPOST_API_KEY}`,".to_owned());
    }
    if call.body.is_some() {
        headers.push("    \"Content-Type\": \"application/json\",".to_owned());
    }
    let mut lines = vec![
        format!("const answer = await fetch(\"{url}\", {{"),
        format!("  method: \"{}\",", call.method),
    ];
    if !headers.is_empty() {
        lines.push(format!("  headers: {{\n{}\n  }},", headers.join("\n")));
    }
    if let Some(body) = call.body {
        let body = laid_out(body).replace('\n', "\n  ");
        lines.push(format!("  body: JSON.stringify({body}),"));
    }
    lines.push("});".to_owned());
    lines.push("console.log(answer.status, await answer.text());".to_owned());
    lines.join("\n")
}

fn python(call: &SampledCall<'_>, url: &str) -> String {
    let mut arguments = vec![
        format!("    \"{url}\","),
        format!("    method=\"{}\",", call.method),
    ];
    let mut headers = Vec::new();
    if call.shows_key {
        headers.push("\"Authorization\": \"Bearer \" + os.environ[\"HOOKPOST_API_KEY\"]");
    }
    if call.body.is_some() {
        headers.push("\"Content-Type\": \"application/json\"");
    }
    if !headers.is_empty() {
        arguments.push(format!("    headers={{{}}},", headers.join(", ")));
    }
    if let Some(body) = call.body {
        arguments.push(format!(
            "    data=r\"\"\"{}\"\"\".encode(),",
            laid_out(body)
        ));
    }
    format!(
        "import os, urllib.request\n\nrequest = urllib.request.Request(\n{}\n)\n\
         with urllib.request.urlopen(request) as answer:\n    \
         print(answer.status, answer.read().decode())",
        arguments.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_in_paths_become_words_to_replace() {
        let check = |path: &str, expect: &str| assert_eq!(filled(path), expect);
        check(
            "/api/v1/webhooks/{id}/test",
            "/api/v1/webhooks/WEBHOOK_ID/test",
        );
        check(
            "/api/v1/dead-letters/{id}",
            "/api/v1/dead-letters/DEAD_LETTER_ID",
        );
        check("/api/v1/consumers/{consumer}", "/api/v1/consumers/CONSUMER");
        check("/api/v1/events", "/api/v1/events");
    }

    #[test]
    fn a_shell_keeps_quotes_within_a_body() {
        let body = json!({"note": "it's"});
        let call = SampledCall {
            method: "POST",
            path: "/x",
            body: Some(&body),
            shows_key: false,
        };
        let code = curl(&call, "https://a/x");
        assert!(code.contains("\"note\": \"it'\\''s\""), "{code}");
        assert!(!code.contains("Bearer"), "{code}");
    }
}
