//! YAML documents as JSON values.
//!
//! Owns: reading them, within bounds. Refuses: what they mean, and writing any.
//!
//! # Why the bounds are here and not the reader's own
//! A few lines of YAML can stand for gigabytes: an alias repeats what it names, and what it names may hold
//! aliases. What counts is therefore what comes out, not what went in.

use serde_json::Value;
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, Options};

/// The most values that a document comes to, with what its aliases repeat.
const YAML_NODES_MAX: usize = 500_000;
/// The most parts of it that aliases repeat.
const YAML_REPEATED_MAX: usize = 100_000;
/// The deepest nesting.
const YAML_DEPTH_MAX: usize = 64;
/// The most bytes of all texts that come out: 32 MiB.
const YAML_TEXT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Reads one document. Only `true` and `false` are such, as in JSON; tags mean nothing.
///
/// # Errors
/// Says what is wrong, with line and column; a key that is given twice, more than one document, and more
/// than the bounds allow are wrong as well.
pub fn json_of(text: &str) -> Result<Value, String> {
    let budget = serde_saphyr::budget! {
        max_nodes: YAML_NODES_MAX,
        max_depth: YAML_DEPTH_MAX,
        max_documents: 1,
        max_total_scalar_bytes: YAML_TEXT_BYTES_MAX,
        max_recorded_anchor_bytes: YAML_TEXT_BYTES_MAX,
    };
    let alias_limits = serde_saphyr::alias_limits! {
        max_total_replayed_events: YAML_REPEATED_MAX,
    };
    let options: Options = serde_saphyr::options! {
        budget: budget,
        alias_limits: alias_limits,
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Merge,
        strict_booleans: true,
        with_snippet: false,
    };
    let read = serde_saphyr::from_str_with_options(text, options);
    read.map_err(|error| {
        let said = error.to_string();
        let said = said.lines().next().unwrap_or_default();
        match said.contains("budget") || said.contains("limit exceeded") {
            false => said.to_owned(),
            true => format!("comes to more than is read at once: {said}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_openapi_documents_are_written_in_is_read() {
        let text = "
openapi: 3.1.0
webhooks:
  order.paid:
    post:
      description: >-
        Somebody
        paid.
      tags: [Orders]
      responses:
        200: {description: 'ok'}
      x-flags: {no: no, yes: on, is: true, none: ~, day: 2026-03-16}
";
        let expect = json!({"openapi": "3.1.0", "webhooks": {"order.paid": {"post": {
            "description": "Somebody paid.", "tags": ["Orders"],
            "responses": {"200": {"description": "ok"}},
            "x-flags": {"no": "no", "yes": "on", "is": true, "none": null, "day": "2026-03-16"}}}}});
        assert_eq!(json_of(text).unwrap(), expect);
    }

    #[test]
    fn anchors_aliases_and_merges_stand_for_what_they_name() {
        let text = "a: &a {x: 1, y: [2]}\nb: *a\nc:\n  <<: *a\n  x: 3\n";
        let expect =
            json!({"a": {"x": 1, "y": [2]}, "b": {"x": 1, "y": [2]}, "c": {"x": 3, "y": [2]}});
        assert_eq!(json_of(text).unwrap(), expect);
    }

    #[test]
    fn what_is_no_document_is_refused_with_its_place() {
        for (text, said) in [
            ("a: [1\n", "line"),
            ("a: 1\na: 2\n", "duplicate"),
            ("a: 1\n---\nb: 2\n", "document"),
            ("a: .nan\n", "nan"),
            ("a: *none\n", "anchor"),
        ] {
            let error = json_of(text).unwrap_err();
            assert!(error.to_lowercase().contains(said), "{text:?}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn a_few_lines_that_stand_for_gigabytes_are_refused_at_once() {
        let mut laughs = "l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for level in 1..12 {
            let alias = format!("*l{}", level - 1);
            let aliases = [alias.as_str(); 9].join(", ");
            laughs.push_str(&format!("l{level}: &l{level} [{aliases}]\n"));
        }
        let long = format!(
            "a: &a {}\nb: [{}]\n",
            "x".repeat(1_000_000),
            ["*a"; 5000].join(", ")
        );
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let many = format!("[{}1]", "1, ".repeat(YAML_NODES_MAX));
        for text in [laughs, long, deep, many] {
            assert!(json_of(&text).is_err(), "{}", &text[..40]);
        }
    }

    proptest! {
        #[test]
        fn what_is_json_is_read_as_json_reads_it(text in "[a-z0-9 :,{}\\[\\]\"'&*#|>~-]{0,80}") {
            // Whatever is said, it is answered.
            let _ = json_of(&text);
        }

        #[test]
        fn a_json_document_is_a_yaml_document(
            name in "[a-zA-Z ]{1,10}", number in any::<i32>(), text in "[a-zA-Z0-9 ]{0,20}",
        ) {
            let document = json!({ name: [number, text, null, true], "own": {"x": {}} });
            prop_assert_eq!(json_of(&document.to_string()).unwrap(), document);
        }
    }
}
