//! Snippets in languages that are run as they are written.
//!
//! Owns: Node, Python, Ruby, PHP and the shell. Refuses: knowing where a profile keeps what
//! ([`SnippetScheme`] says so).

use super::{Piece, SnippetScheme};

impl SnippetScheme {
    pub(super) fn node(&self) -> String {
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

    pub(super) fn python(&self) -> String {
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

    pub(super) fn ruby(&self) -> String {
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

    pub(super) fn php(&self) -> String {
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

    /// The wanted signature, to be compared by eye.
    pub(super) fn openssl(&self) -> String {
        let word = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Id => "$ID".to_owned(),
            Piece::Timestamp => "$TIMESTAMP".to_owned(),
        };
        let around = |text: &str| match Self::around(text, word, "") {
            text if text.is_empty() => String::new(),
            text => format!("printf %s \"{text}\"; "),
        };
        let key = if self.key_is_base64 {
            "printf %s \"${SECRET#whsec_}\" | base64 -d"
        } else {
            "printf %s \"$SECRET\""
        };
        let digest = if self.is_base64 {
            "base64"
        } else {
            "od -An -v -tx1 | tr -d ' \\n'"
        };
        let id = if self.mentions_id() {
            format!("ID={}, ", self.id_header)
        } else {
            String::new()
        };
        let timestamp = match (self.mentions_timestamp(), &self.timestamp_lead) {
            (false, _) => String::new(),
            (true, None) => format!("TIMESTAMP={}, ", self.timestamp_header),
            (true, Some(lead)) => format!("TIMESTAMP: what follows {lead} in it, "),
        };
        format!(
            "# Set these from the captured delivery: {id}{timestamp}SECRET; its body is in delivery.body.\n\
             key=$({key} | od -An -v -tx1 | tr -d ' \\n')\n\
             wanted=$({{ {before}cat delivery.body; {after}}} |\n  \
             openssl dgst -sha256 -mac HMAC -macopt \"hexkey:$key\" -binary | {digest})\n\
             # The header {header} must hold exactly this:\n\
             echo \"{prefix}$wanted\"",
            before = around(&self.before),
            after = around(&self.after),
            header = self.header,
            prefix = self.prefix,
        )
    }

    pub(super) fn shell(&self, profile: &str) -> String {
        let mut headers = vec![(&self.header, "$SIGNATURE")];
        if self.mentions_id() {
            headers.push((&self.id_header, "$ID"));
        }
        if self.mentions_timestamp() && self.timestamp_lead.is_none() {
            headers.push((&self.timestamp_header, "$TIMESTAMP"));
        }
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("--header \"{name}: {value}\""))
            .collect();
        format!(
            "# Says whether a captured delivery is genuine, and if not, which step fails.\n\
             hookpost verify --profile {profile} --secret \"$SECRET\" \\\n  \
             {headers} --body-file delivery.body",
            headers = headers.join(" \\\n  ")
        )
    }
}
