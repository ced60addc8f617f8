//! How a receiver checks a signature: snippets per language, made from the wire profile itself.
//!
//! Owns: reading the profile's scheme and writing it down in each language, with nothing but that
//! language's standard library. Refuses: verifying (`domain::signing`).
//!
//! # Why they are generated
//! A profile of one's own has a header, an encoding and a signed content of its own. A snippet that
//! has to be adapted by hand is where most broken verifiers come from.

use serde_json::Value;

use crate::domain::profile::Profile;

/// A snippet and the language it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The language.
    pub language: &'static str,
    /// The code.
    pub code: String,
}

/// What every snippet has to say.
struct Scheme {
    /// The header with the signature, in lower case.
    header: String,
    /// What stands before each signature.
    prefix: String,
    /// What separates several; empty where there is one.
    separator: String,
    is_base64: bool,
    key_is_base64: bool,
    /// What is signed before and after the body, with `{id}` and `{timestamp}` in it.
    before: String,
    after: String,
    id_header: String,
    /// Where the timestamp stands; the signature's own header where it leads that one.
    timestamp_header: String,
    /// What stands before the timestamp in the signature's header, where it is there.
    timestamp_lead: Option<String>,
}

/// A piece of what is signed.
enum Piece<'a> {
    Text(&'a str),
    Id,
    Timestamp,
}

/// The snippets for receivers of `profile`.
#[must_use]
pub fn snippets(profile: &Profile) -> Vec<Snippet> {
    let scheme = Scheme::of(profile);
    let snippet = |language, code| Snippet { language, code };
    vec![
        snippet("Node", scheme.node()),
        snippet("Python", scheme.python()),
        snippet("Go", scheme.go()),
        snippet("Ruby", scheme.ruby()),
        snippet("PHP", scheme.php()),
        snippet("Shell", scheme.shell(profile.name())),
    ]
}

impl Scheme {
    fn of(profile: &Profile) -> Self {
        let document = profile.to_json();
        let signature = &document["signature"];
        let text = |name: &str| signature[name].as_str().unwrap_or("").to_owned();
        let content = text("content");
        let (before, after) = content.split_once("{body}").unwrap_or((&content, ""));
        let id_slot = format!("{{{}}}", signature["id"].as_str().unwrap_or("event_id"));
        let header = text("header").to_ascii_lowercase();
        let lead = text("lead");
        let timestamp_lead = lead
            .split_once("{timestamp}")
            .map(|(lead, _)| lead.to_owned());
        Self {
            timestamp_header: match timestamp_lead {
                Some(_) => header.clone(),
                None => header_with(&document, "{timestamp}"),
            },
            id_header: header_with(&document, &id_slot),
            header,
            prefix: text("prefix"),
            separator: text("separator"),
            is_base64: text("encoding") == "base64",
            key_is_base64: text("key") == "base64_after_prefix",
            before: before.to_owned(),
            after: after.to_owned(),
            timestamp_lead,
        }
    }

    /// What is signed around the body, piece by piece, in a language's own words.
    fn around(text: &str, word: impl Fn(&Piece<'_>) -> String, join: &str) -> String {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            if at > 0 {
                pieces.push(word(&Piece::Text(&rest[..at])));
            }
            let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
            pieces.push(word(match &rest[at..end] {
                "{timestamp}" => &Piece::Timestamp,
                _ => &Piece::Id,
            }));
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            pieces.push(word(&Piece::Text(rest)));
        }
        pieces.join(join)
    }

    fn mentions_timestamp(&self) -> bool {
        self.before.contains("{timestamp}") || self.after.contains("{timestamp}")
    }

    fn encoding(&self) -> &'static str {
        if self.is_base64 { "base64" } else { "hex" }
    }

    fn node(&self) -> String {
        let word = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Id => format!("${{headers[\"{}\"]}}", self.id_header),
            Piece::Timestamp => "${timestamp}".to_owned(),
        };
        let (before, after) = (
            Self::around(&self.before, word, ""),
            Self::around(&self.after, word, ""),
        );
        let key = if self.key_is_base64 {
            "Buffer.from(secret.replace(/^whsec_/, \"\"), \"base64\")"
        } else {
            "Buffer.from(secret)"
        };
        let timestamp = match &self.timestamp_lead {
            Some(lead) => format!(
                "(/{lead}(\\d+)/.exec(headers[\"{}\"]) ?? [])[1]",
                self.header
            ),
            None => format!("headers[\"{}\"]", self.timestamp_header),
        };
        let fresh = self.fresh(format!(
            "  const timestamp = {timestamp};\n  if (!(Math.abs(Date.now() / 1000 - timestamp) < 300)) return false;\n"
        ));
        format!(
            "import {{ createHmac, timingSafeEqual }} from \"node:crypto\";\n\n\
             // rawBody: a Buffer with the bytes as they arrived, before any JSON parsing\n\
             // (Express: express.raw({{ type: \"*/*\" }})).\n\
             export function verify(rawBody, headers, secret) {{\n\
             {fresh}  const key = {key};\n  \
             const signed = Buffer.concat([Buffer.from(`{before}`), rawBody, Buffer.from(`{after}`)]);\n  \
             const wanted = Buffer.from(\"{prefix}\" + createHmac(\"sha256\", key).update(signed).digest(\"{encoding}\"));\n  \
             return {all}.some((one) => {{\n    \
             const given = Buffer.from(one.trim());\n    \
             return given.length === wanted.length && timingSafeEqual(given, wanted);\n  \
             }});\n}}",
            prefix = self.prefix,
            encoding = self.encoding(),
            all = self.split(&format!("headers[\"{}\"]", self.header), "split"),
        )
    }

    fn python(&self) -> String {
        let word = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Id => format!("{{headers['{}']}}", self.id_header),
            Piece::Timestamp => "{timestamp}".to_owned(),
        };
        let (before, after) = (
            Self::around(&self.before, word, ""),
            Self::around(&self.after, word, ""),
        );
        let key = if self.key_is_base64 {
            "base64.b64decode(secret.removeprefix(\"whsec_\"))"
        } else {
            "secret.encode()"
        };
        let digest = if self.is_base64 {
            "base64.b64encode(digest.digest()).decode()"
        } else {
            "digest.hexdigest()"
        };
        let timestamp = match &self.timestamp_lead {
            Some(lead) => format!(
                "headers[\"{}\"].split(\"{lead}\")[1].split(\",\")[0]",
                self.header
            ),
            None => format!("headers[\"{}\"]", self.timestamp_header),
        };
        let fresh = self.fresh(format!(
            "    timestamp = {timestamp}\n    if abs(time.time() - int(timestamp)) > 300:\n        return False\n"
        ));
        format!(
            "import base64, hashlib, hmac, time\n\n\
             # raw_body: the bytes as they arrived (Flask: request.get_data(), Django: request.body).\n\
             def verify(raw_body, headers, secret):\n\
             {fresh}    key = {key}\n    \
             signed = f\"{before}\".encode() + raw_body + f\"{after}\".encode()\n    \
             digest = hmac.new(key, signed, hashlib.sha256)\n    \
             wanted = \"{prefix}\" + {digest}\n    \
             return any(hmac.compare_digest(one.strip(), wanted) for one in {all})",
            prefix = self.prefix,
            all = self.split(&format!("headers[\"{}\"]", self.header), "split"),
        )
    }

    fn go(&self) -> String {
        let word = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => format!("\"{text}\""),
            Piece::Id => format!("header.Get(\"{}\")", self.id_header),
            Piece::Timestamp => "timestamp".to_owned(),
        };
        let (before, after) = (
            Self::around(&self.before, word, " + "),
            Self::around(&self.after, word, " + "),
        );
        let key = if self.key_is_base64 {
            "key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, \"whsec_\"))\n\tif err != nil {\n\t\treturn false\n\t}"
        } else {
            "key := []byte(secret)"
        };
        let digest = if self.is_base64 {
            "base64.StdEncoding.EncodeToString(mac.Sum(nil))"
        } else {
            "hex.EncodeToString(mac.Sum(nil))"
        };
        let timestamp = match &self.timestamp_lead {
            Some(lead) => format!(
                "_, timestamp, _ := strings.Cut(header.Get(\"{}\"), \"{lead}\")\n\ttimestamp, _, _ = strings.Cut(timestamp, \",\")",
                self.header
            ),
            None => format!("timestamp := header.Get(\"{}\")", self.timestamp_header),
        };
        let fresh = self.fresh(format!(
            "\t{timestamp}\n\tsent, err := strconv.ParseInt(timestamp, 10, 64)\n\tif err != nil || math.Abs(float64(time.Now().Unix()-sent)) > 300 {{\n\t\treturn false\n\t}}\n"
        ));
        let write = |text: &str| match text {
            "" => String::new(),
            text => format!("\tmac.Write([]byte({text}))\n"),
        };
        format!(
            "// rawBody: the bytes as they arrived, from io.ReadAll(r.Body).\n\
             func verify(rawBody []byte, header http.Header, secret string) bool {{\n\
             {fresh}\t{key}\n\tmac := hmac.New(sha256.New, key)\n{before}\tmac.Write(rawBody)\n{after}\t\
             wanted := \"{prefix}\" + {digest}\n\t\
             for _, one := range {all} {{\n\t\t\
             if hmac.Equal([]byte(strings.TrimSpace(one)), []byte(wanted)) {{\n\t\t\treturn true\n\t\t}}\n\t}}\n\treturn false\n}}",
            before = write(&before),
            after = write(&after),
            prefix = self.prefix,
            all = match self.parts() {
                "" => format!("[]string{{header.Get(\"{}\")}}", self.header),
                separator => format!(
                    "strings.Split(header.Get(\"{}\"), \"{separator}\")",
                    self.header
                ),
            },
        )
    }

    fn ruby(&self) -> String {
        let word = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Id => format!("#{{headers['{}']}}", self.id_header),
            Piece::Timestamp => "#{timestamp}".to_owned(),
        };
        let (before, after) = (
            Self::around(&self.before, word, ""),
            Self::around(&self.after, word, ""),
        );
        let key = if self.key_is_base64 {
            "secret.delete_prefix('whsec_').unpack1('m')"
        } else {
            "secret"
        };
        let digest = if self.is_base64 {
            "[OpenSSL::HMAC.digest('SHA256', key, signed)].pack('m0')"
        } else {
            "OpenSSL::HMAC.hexdigest('SHA256', key, signed)"
        };
        let timestamp = match &self.timestamp_lead {
            Some(lead) => format!("headers['{}'][/{lead}(\\d+)/, 1]", self.header),
            None => format!("headers['{}']", self.timestamp_header),
        };
        let fresh = self.fresh(format!(
            "  timestamp = {timestamp}\n  return false if (Time.now.to_i - timestamp.to_i).abs > 300\n"
        ));
        format!(
            "require 'openssl'\n\n\
             # raw_body: the bytes as they arrived (Rack: request.body.read).\n\
             def verify(raw_body, headers, secret)\n\
             {fresh}  key = {key}\n  \
             signed = \"{before}\".b + raw_body.b + \"{after}\".b\n  \
             wanted = '{prefix}' + {digest}\n  \
             {all}.any? {{ |one| OpenSSL.secure_compare(one.strip, wanted) }}\nend",
            prefix = self.prefix,
            all = self.split(&format!("headers['{}']", self.header), "split"),
        )
    }

    fn php(&self) -> String {
        let word = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => format!("'{text}'"),
            Piece::Id => format!("$headers['{}']", self.id_header),
            Piece::Timestamp => "$timestamp".to_owned(),
        };
        let around = |text: &str| match Self::around(text, word, " . ") {
            text if text.is_empty() => "''".to_owned(),
            text => text,
        };
        let key = if self.key_is_base64 {
            "base64_decode(preg_replace('/^whsec_/', '', $secret))"
        } else {
            "$secret"
        };
        let digest = if self.is_base64 {
            "base64_encode(hash_hmac('sha256', $signed, $key, true))"
        } else {
            "hash_hmac('sha256', $signed, $key)"
        };
        let timestamp = match &self.timestamp_lead {
            Some(lead) => format!(
                "preg_match('/{lead}(\\d+)/', $headers['{}'], $found) ? $found[1] : 0",
                self.header
            ),
            None => format!("$headers['{}']", self.timestamp_header),
        };
        let fresh = self.fresh(format!(
            "    $timestamp = {timestamp};\n    if (abs(time() - (int) $timestamp) > 300) return false;\n"
        ));
        format!(
            "// $rawBody: file_get_contents('php://input'); $headers: names in lower case.\n\
             function verify(string $rawBody, array $headers, string $secret): bool {{\n\
             {fresh}    $key = {key};\n    \
             $signed = {before} . $rawBody . {after};\n    \
             $wanted = '{prefix}' . {digest};\n    \
             foreach ({all} as $one) {{\n        \
             if (hash_equals($wanted, trim($one))) return true;\n    }}\n    return false;\n}}",
            before = around(&self.before),
            after = around(&self.after),
            prefix = self.prefix,
            all = match self.parts() {
                "" => format!("[$headers['{}']]", self.header),
                separator => format!("explode('{separator}', $headers['{}'])", self.header),
            },
        )
    }

    fn shell(&self, profile: &str) -> String {
        format!(
            "# Says whether a captured delivery is genuine, and if not, which step fails.\n\
             hookpost verify --profile {profile} --secret \"$SECRET\" \\\n  \
             --header \"{header}: $SIGNATURE\" --body-file delivery.body",
            header = self.header
        )
    }

    /// The lines that check the timestamp, where one is signed.
    fn fresh(&self, lines: String) -> String {
        if self.mentions_timestamp() {
            lines
        } else {
            String::new()
        }
    }

    /// What separates the parts of the signature's header.
    fn parts(&self) -> &str {
        match (&self.timestamp_lead, self.separator.as_str()) {
            (Some(_), "") => ",",
            (_, separator) => separator,
        }
    }

    fn split(&self, header: &str, method: &str) -> String {
        match self.parts() {
            "" => format!("[{header}]"),
            separator => format!("{header}.{method}(\"{separator}\")"),
        }
    }
}

/// The header whose value is `slot`, in lower case.
fn header_with(document: &Value, slot: &str) -> String {
    let headers = document["headers"].as_object();
    let found = headers.and_then(|headers| headers.iter().find(|(_, value)| *value == slot));
    found.map_or_else(String::new, |(name, _)| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_has_whole_snippets() {
        for profile in Profile::built_in() {
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
        }
    }
}
