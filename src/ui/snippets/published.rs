//! Snippets with libraries that others have published.
//!
//! Owns: those of Standard Webhooks and of Svix, and telling whether a profile is signed as they expect.
//! Refuses: every other scheme, whose provider's library would look for its own headers.

use super::{Snippet, SnippetScheme};

impl SnippetScheme {
    /// The snippets, where the libraries understand this scheme.
    pub(super) fn published(&self) -> Vec<Snippet> {
        if !self.is_standard() {
            return Vec::new();
        }
        let snippet = |language, code: &str| Snippet {
            language,
            code: code.to_owned(),
        };
        vec![
            snippet("Node, standardwebhooks", &node("standardwebhooks")),
            snippet("Node, svix", &node("svix")),
            snippet(
                "Python, standardwebhooks",
                &python("standardwebhooks", "standardwebhooks"),
            ),
            snippet("Python, svix", &python("svix", "svix.webhooks")),
            snippet("Go, standardwebhooks", GO),
            snippet("Ruby, standardwebhooks", RUBY),
            snippet("PHP, svix", PHP),
            snippet("Rust, standardwebhooks", RUST),
        ]
    }

    /// Whether it is the scheme of Standard Webhooks.
    fn is_standard(&self) -> bool {
        let names = [&self.header, &self.id_header, &self.timestamp_header];
        let is_content = self.before == "{id}.{timestamp}." && self.after.is_empty();
        names == ["webhook-signature", "webhook-id", "webhook-timestamp"]
            && self.prefix == "v1,"
            && self.is_base64
            && self.key_is_base64
            && is_content
    }
}

fn node(package: &str) -> String {
    format!(
        "// npm install {package}\n\
         import {{ Webhook }} from \"{package}\";\n\n\
         // rawBody: the bytes as they arrived (Express: express.raw({{ type: \"*/*\" }})).\n\
         export function verify(rawBody, headers, secret) {{\n  \
         try {{\n    new Webhook(secret).verify(rawBody, headers);\n    return true;\n  \
         }} catch {{\n    return false;\n  }}\n}}"
    )
}

fn python(package: &str, module: &str) -> String {
    format!(
        "# pip install {package}\n\
         from {module} import Webhook, WebhookVerificationError\n\n\
         # raw_body: the bytes as they arrived (Flask: request.get_data()).\n\
         def verify(raw_body, headers, secret):\n    \
         try:\n        Webhook(secret).verify(raw_body, headers)\n        return True\n    \
         except WebhookVerificationError:\n        return False"
    )
}

const GO: &str = "// go get github.com/standard-webhooks/standard-webhooks/libraries
import standardwebhooks \"github.com/standard-webhooks/standard-webhooks/libraries/go\"

// rawBody: the bytes as they arrived, from io.ReadAll(r.Body).
func verify(rawBody []byte, header http.Header, secret string) bool {
\twh, err := standardwebhooks.NewWebhook(secret)
\treturn err == nil && wh.Verify(rawBody, header) == nil
}";

const RUBY: &str = "# gem install standardwebhooks
require 'standardwebhooks'

# raw_body: the bytes as they arrived (Rack: request.body.read).
def verify(raw_body, headers, secret)
  StandardWebhooks::Webhook.new(secret).verify(raw_body, headers)
  true
rescue StandardWebhooks::WebhookVerificationError
  false
end";

const PHP: &str = "// composer require svix/svix
// $rawBody: file_get_contents('php://input'); $headers: names in lower case.
function verify(string $rawBody, array $headers, string $secret): bool {
    try {
        (new \\Svix\\Webhook($secret))->verify($rawBody, $headers);
        return true;
    } catch (\\Svix\\Exception\\WebhookVerificationException $e) {
        return false;
    }
}";

const RUST: &str = "// cargo add standardwebhooks http
// raw_body: the bytes as they arrived (axum: Bytes).
fn verify(raw_body: &[u8], headers: &http::HeaderMap, secret: &str) -> bool {
    let webhook = standardwebhooks::Webhook::new(secret);
    webhook.is_ok_and(|webhook| webhook.verify(raw_body, headers).is_ok())
}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::profile::Profile;

    #[test]
    fn libraries_are_offered_where_a_profile_is_signed_as_they_expect_and_nowhere_else() {
        let offered = Profile::built_in().iter();
        let offered = offered.filter(|one| !SnippetScheme::of(one).published().is_empty());
        let names: Vec<&str> = offered.map(|one| one.name()).collect();
        assert!(names.contains(&"standard"), "{names:?}");
        assert!(!names.contains(&"armalo"), "{names:?}");
    }
}
