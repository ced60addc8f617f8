//! Snippets in languages that are compiled first.
//!
//! Owns: Go, Java and C#. Refuses: knowing where a profile keeps what ([`SnippetScheme`] says so).

use super::{Piece, SnippetScheme};

impl SnippetScheme {
    pub(super) fn go(&self) -> String {
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

    pub(super) fn java(&self) -> String {
        let word = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => format!("\"{text}\""),
            Piece::Id => format!("headers.get(\"{}\")", self.id_header),
            Piece::Timestamp => "timestamp".to_owned(),
        };
        let update = |text: &str| match Self::around(text, word, " + ") {
            text if text.is_empty() => String::new(),
            text => format!("    mac.update(({text}).getBytes(StandardCharsets.UTF_8));\n"),
        };
        let key = if self.key_is_base64 {
            "Base64.getDecoder().decode(secret.replaceFirst(\"^whsec_\", \"\"))"
        } else {
            "secret.getBytes(StandardCharsets.UTF_8)"
        };
        let digest = if self.is_base64 {
            "Base64.getEncoder().encodeToString(mac.doFinal())"
        } else {
            "HexFormat.of().formatHex(mac.doFinal())"
        };
        let timestamp = match &self.timestamp_lead {
            Some(lead) => format!(
                "headers.get(\"{}\").replaceFirst(\".*{lead}(\\\\d+).*\", \"$1\")",
                self.header
            ),
            None => format!("headers.get(\"{}\")", self.timestamp_header),
        };
        let fresh = self.fresh(format!(
            "    String timestamp = {timestamp};\n    long age = System.currentTimeMillis() / 1000 - Long.parseLong(timestamp);\n    if (Math.abs(age) > 300) return false;\n"
        ));
        let all = match self.parts() {
            "" => format!("List.of(headers.get(\"{}\"))", self.header),
            separator => format!("headers.get(\"{}\").split(\"{separator}\")", self.header),
        };
        format!(
            "import java.nio.charset.StandardCharsets;\nimport java.security.MessageDigest;\n\
             import java.util.*;\nimport javax.crypto.Mac;\nimport javax.crypto.spec.SecretKeySpec;\n\n\
             class Signature {{\n  \
             // rawBody: the bytes as they arrived (Spring: @RequestBody byte[]); headers: names in lower case.\n  \
             static boolean verify(byte[] rawBody, Map<String, String> headers, String secret) throws Exception {{\n\
             {fresh}    byte[] key = {key};\n    \
             Mac mac = Mac.getInstance(\"HmacSHA256\");\n    \
             mac.init(new SecretKeySpec(key, \"HmacSHA256\"));\n\
             {before}    mac.update(rawBody);\n{after}    \
             byte[] wanted = (\"{prefix}\" + {digest}).getBytes(StandardCharsets.UTF_8);\n    \
             for (String one : {all})\n      \
             if (MessageDigest.isEqual(one.trim().getBytes(StandardCharsets.UTF_8), wanted)) return true;\n    \
             return false;\n  }}\n}}",
            before = update(&self.before),
            after = update(&self.after),
            prefix = self.prefix,
        )
    }

    pub(super) fn csharp(&self) -> String {
        let word = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => format!("\"{text}\""),
            Piece::Id => format!("headers[\"{}\"]", self.id_header),
            Piece::Timestamp => "timestamp".to_owned(),
        };
        let append = |text: &str| match Self::around(text, word, " + ") {
            text if text.is_empty() => String::new(),
            text => format!("    mac.AppendData(Encoding.UTF8.GetBytes({text}));\n"),
        };
        let key = if self.key_is_base64 {
            "Convert.FromBase64String(secret.StartsWith(\"whsec_\") ? secret[6..] : secret)"
        } else {
            "Encoding.UTF8.GetBytes(secret)"
        };
        let digest = if self.is_base64 {
            "Convert.ToBase64String(mac.GetHashAndReset())"
        } else {
            "Convert.ToHexString(mac.GetHashAndReset()).ToLowerInvariant()"
        };
        let timestamp = match &self.timestamp_lead {
            Some(lead) => format!(
                "headers[\"{}\"].Split(\"{lead}\")[1].Split(\",\")[0]",
                self.header
            ),
            None => format!("headers[\"{}\"]", self.timestamp_header),
        };
        let fresh = self.fresh(format!(
            "    var timestamp = {timestamp};\n    if (Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse(timestamp)) > 300) return false;\n"
        ));
        let all = match self.parts() {
            "" => format!("new[] {{ headers[\"{}\"] }}", self.header),
            separator => format!("headers[\"{}\"].Split(\"{separator}\")", self.header),
        };
        format!(
            "using System.Security.Cryptography;\nusing System.Text;\n\n\
             // rawBody: the bytes as they arrived (copy Request.Body into a MemoryStream); headers: names in lower case.\n\
             static bool Verify(byte[] rawBody, IDictionary<string, string> headers, string secret) {{\n\
             {fresh}    var key = {key};\n    \
             using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);\n\
             {before}    mac.AppendData(rawBody);\n{after}    \
             var wanted = Encoding.UTF8.GetBytes(\"{prefix}\" + {digest});\n    \
             return {all}.Any(one =>\n        \
             CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one.Trim()), wanted));\n}}",
            before = append(&self.before),
            after = append(&self.after),
            prefix = self.prefix,
        )
    }
}
