//! JSON-RPC messages, as far as the protocol uses them.
//!
//! Owns: what was said, and faults with their codes. Refuses: batches; the protocol has none.

use serde_json::{Value, json};

/// Stands for a line that was too long to be kept; no message looks like it.
pub(super) const TOO_LONG: &str = "\"too long\"";

/// What a line says.
pub(super) enum RpcHeard {
    /// A request.
    Message(Message),
    /// Something that wants no answer: a notification, a blank line.
    Nothing,
    /// No message.
    Broken(RpcFault),
}

/// A request.
pub(super) struct Message {
    /// To be repeated in the answer: text or a number.
    pub(super) id: Value,
    pub(super) method: String,
    /// Null where there are none.
    pub(super) params: Value,
}

/// Why a request has no result.
#[derive(Debug)]
pub(super) struct RpcFault {
    code: i32,
    message: String,
}

impl RpcFault {
    /// A method that is not offered.
    pub(super) fn method(name: &str) -> Self {
        let shown: String = name.chars().take(100).collect();
        Self {
            code: -32601,
            message: format!("there is no method {shown:?}"),
        }
    }

    /// Parameters that make no sense.
    pub(super) fn parameters(message: impl Into<String>) -> Self {
        Self {
            code: -32602,
            message: message.into(),
        }
    }

    fn message(message: impl Into<String>) -> Self {
        Self {
            code: -32600,
            message: message.into(),
        }
    }

    /// It as an answer to the request with `id`.
    pub(super) fn reply(&self, id: &Value) -> Value {
        json!({
            "jsonrpc": "2.0", "id": id,
            "error": {"code": self.code, "message": self.message},
        })
    }
}

/// What `line` says.
pub(super) fn heard(line: &[u8]) -> RpcHeard {
    if line.trim_ascii().is_empty() {
        return RpcHeard::Nothing;
    }
    if line == TOO_LONG.as_bytes() {
        return RpcHeard::Broken(RpcFault::message("a message may have 1 MiB at most"));
    }
    let said: Value = match serde_json::from_slice(line) {
        Ok(said) => said,
        Err(error) => {
            return RpcHeard::Broken(RpcFault {
                code: -32700,
                message: format!("this is not JSON: {error}"),
            });
        }
    };
    if !said.is_object() || said["jsonrpc"] != "2.0" {
        return RpcHeard::Broken(RpcFault::message(
            "a message is one object with \"jsonrpc\": \"2.0\"",
        ));
    }
    let id = match &said["id"] {
        // Notifications have none, and nothing is ever asked from here that could be answered.
        Value::Null => return RpcHeard::Nothing,
        id @ (Value::String(_) | Value::Number(_)) => id.clone(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return RpcHeard::Broken(RpcFault::message("an id is text or a number"));
        }
    };
    match said["method"].as_str() {
        Some(method) => RpcHeard::Message(Message {
            id,
            method: method.to_owned(),
            params: said["params"].clone(),
        }),
        None if said["result"].is_null() && said["error"].is_null() => {
            RpcHeard::Broken(RpcFault::message("a request names a method"))
        }
        None => RpcHeard::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        let said = match heard(line.as_bytes()) {
            RpcHeard::Nothing => "nothing".to_owned(),
            RpcHeard::Broken(fault) => fault.code.to_string(),
            RpcHeard::Message(message) => format!("{} {}", message.id, message.method),
        };
        assert_eq!(said, expect, "{line}");
    }

    #[test]
    fn requests_are_told_from_what_wants_no_answer_and_from_what_is_no_message() {
        check(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "1 ping");
        check(
            r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#,
            "\"a\" ping",
        );
        check(
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            "nothing",
        );
        check(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "nothing");
        check("", "nothing");
        check(" \n", "nothing");
        check("{", "-32700");
        check("[]", "-32600");
        check("7", "-32600");
        check(r#"{"id":1,"method":"ping"}"#, "-32600");
        check(r#"{"jsonrpc":"2.0","id":1}"#, "-32600");
        check(r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, "-32600");
        check(TOO_LONG, "-32600");
    }
}
