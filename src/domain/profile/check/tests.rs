//! What a profile file may not say, each with the field that the refusal names.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A profile that uses every key.
const WHOLE_PROFILE: &str = include_str!("tests/whole.toml");

/// Parses [`WHOLE_PROFILE`] with `old` replaced by `new`, and expects a refusal of `field`.
fn check(old: &str, new: &str, field: &str) {
    assert!(WHOLE_PROFILE.contains(old), "{old}");
    let error = Profile::parse(&WHOLE_PROFILE.replacen(old, new, 1)).unwrap_err();
    assert_eq!(error.field, field, "{new}: {}", error.message);
    assert!(error.message.len() > 8, "{}", error.message);
}

#[test]
fn a_profile_with_every_key_is_read() {
    let profile = Profile::parse(WHOLE_PROFILE).unwrap();
    assert_eq!(profile.name(), "sixth");
    assert_eq!(profile.source(), WHOLE_PROFILE);
    assert_eq!(profile.timeout().as_secs(), 5);
    assert_eq!(profile.retry_policy().delays().len(), 2);
    assert_eq!(profile.test_event().data, "{\"amount\": 1.0}");
    let names: Vec<&str> = profile.header_names().collect();
    assert_eq!(names, ["X-Sixth-Id", "X-Sixth-Time", "X-Sixth-Signature"]);
}

#[test]
fn a_second_name_belongs_to_a_header_of_the_profile_and_is_free() {
    let profile = Profile::parse(WHOLE_PROFILE).unwrap();
    assert_eq!(profile.alias_of("X-Sixth-Id"), Some("X-Five-Id"));
    assert_eq!(profile.alias_of("X-Sixth-Time"), None);
    let line = "x-sixth-id = \"X-Five-Id\"";
    check(line, "x-seventh = \"x-a\"", "aliases.x-seventh");
    for taken in [
        "x-sixth-id",
        "X-SIXTH-SIGNATURE",
        "host",
        "x a",
        "Authorization",
    ] {
        check("X-Five-Id", taken, "aliases.x-sixth-id");
    }
    let twice = format!("{line}\nX-SIXTH-ID = \"x-b\"");
    check(line, &twice, "aliases.x-sixth-id");
    let same = format!("{line}\nx-sixth-time = \"x-five-id\"");
    check(line, &same, "aliases.x-sixth-time");
}

#[test]
fn the_shortest_profile_has_the_native_defaults() {
    let profile = Profile::parse(
        r#"
        name = "short"
        envelope = [ { name = "data", from = "data" } ]
        signature = { header = "x-sig", encoding = "hex", content = "{body}", key = "utf8" }
        secret = { generate = "whsec" }
        "#,
    )
    .unwrap();
    let standard = Profile::standard();
    assert_eq!(profile.retry_policy(), standard.retry_policy());
    assert_eq!(profile.timeout(), standard.timeout());
    assert_eq!(profile.breaker(), standard.breaker());
    assert_eq!(profile.test_event(), standard.test_event());
    assert!(profile.default_event_types().is_none());
}

#[test]
fn names_and_texts_have_a_form() {
    for bad in ["", "Sixth", "-a", "a b", "ä", "../x", &"x".repeat(65)] {
        check("\"sixth\"", &format!("{bad:?}"), "name");
    }
    check("A sixth system", "two\\nlines", "description");
    check("A sixth system", &"x".repeat(501), "description");
}

#[test]
fn unknown_keys_and_words_are_refused_where_they_stand() {
    check("description =", "descripton =", "descripton");
    check(
        "key = \"utf8\"",
        "key = \"utf8\"\nalgorithm = \"sha1\"",
        "signature.algorithm",
    );
    check("jitter = false", "jiter = false", "retry.jiter");
    check(
        "from = \"type\"",
        "from = \"type\", color = 1",
        "envelope[0].color",
    );
    check("from = \"data\"", "from = \"nonsense\"", "envelope[2].from");
    check(
        "encoding = \"hex\"",
        "encoding = \"hex256\"",
        "signature.encoding",
    );
    check(
        "generate = \"hex64\"",
        "generate = \"uuid\"",
        "secret.generate",
    );
    check("id = \"event_id\"", "id = \"job_id\"", "signature.id");
    check("jitter = false", "jitter = \"no\"", "retry.jitter");
    check("= 20", "= -1", "breaker.disable_after_failures");
}

#[test]
fn what_must_be_there_is_missed() {
    let without = |section: &str| {
        let start = WHOLE_PROFILE.find(section).unwrap();
        let length = WHOLE_PROFILE[start + 1..].find("\n[").unwrap() + 1;
        let toml = WHOLE_PROFILE.replace(&WHOLE_PROFILE[start..start + length], "");
        Profile::parse(&toml).unwrap_err().field
    };
    assert_eq!(without("[signature]"), "signature");
    assert_eq!(without("[secret]"), "secret");
    check("name = \"sixth\"\n", "", "name");
    check("header = \"X-Sixth-Signature\"\n", "", "signature.header");
    check("type = \"order.tested\"\n", "", "test.type");
    check(
        "name = \"kind\", from = \"type\"",
        "name = \"kind\"",
        "envelope[0].from",
    );
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_place() {
    let error = Profile::parse("name = \"a\"\nenvelope = [").unwrap_err();
    assert_eq!(error.field, "profile");
    assert!(error.message.contains("line 2"), "{error}");
    let twice = Profile::parse("name = \"a\"\nname = \"b\"").unwrap_err();
    assert!(twice.message.contains("line 2"), "{twice}");
    let long = format!("{WHOLE_PROFILE}\n# {}", "x".repeat(FILE_BYTES_MAX));
    assert_eq!(Profile::parse(&long).unwrap_err().field, "profile");
}

#[test]
fn an_envelope_must_make_sense() {
    check("name = \"version\"", "name = \"kind\"", "envelope[1].name");
    check("name = \"kind\", ", "", "envelope[0].name");
    check("name = \"kind\"", "name = \"\"", "envelope[0].name");
    check("from = \"data\"", "from = \"time\"", "envelope");
    check("from = \"type\"", "from = \"data\"", "envelope");
    check(
        "from = \"data\"",
        "from = \"data_members\"",
        "envelope[2].name",
    );
    check("value = 2", "value = 2.5", "envelope[1].value");
    check("value = 2", "value = [2]", "envelope[1].value");
    check(", value = 2", "", "envelope[1].value");
    check(
        "from = \"type\"",
        "from = \"type\", value = 1",
        "envelope[0].value",
    );
    let fields = "{ name = \"f\", from = \"type\" },".repeat(33);
    check("{ name = \"kind\", from = \"type\" },", &fields, "envelope");
}

#[test]
fn headers_must_be_legal_free_and_readable() {
    check("X-Sixth-Id", "Content-Length", "headers.Content-Length");
    check("X-Sixth-Id", "authorization", "headers.authorization");
    check("X-Sixth-Id", "Host", "headers.Host");
    check("X-Sixth-Id", "x-forwarded-for", "headers.x-forwarded-for");
    check("X-Sixth-Id", "\"x id\"", "headers.x id");
    check("X-Sixth-Id", "\"x\\r\\nb\"", "headers.x\u{fffd}\u{fffd}b");
    check("\"{event_id}\"", "\"\"", "headers.X-Sixth-Id");
    check("\"{event_id}\"", "\" {event_id}\"", "headers.X-Sixth-Id");
    check("X-Sixth-Id", "x-sixth-time", "headers.x-sixth-time");
    check("X-Sixth-Id", "x-sixth-signature", "signature.header");
    check("\"{event_id}\"", "\"{url}\"", "headers.X-Sixth-Id");
    check("\"{event_id}\"", "\"{body}\"", "headers.X-Sixth-Id");
    check("\"{event_id}\"", "\"{event_id\"", "headers.X-Sixth-Id");
    check(
        "\"{event_id}\"",
        "\"{event_id}{delivery_id}\"",
        "headers.X-Sixth-Id",
    );
    check("\"{event_id}\"", "\"a\\r\\nb: c\"", "headers.X-Sixth-Id");
    check("\"{event_id}\"", "\"é\"", "headers.X-Sixth-Id");
    let many: String = (0..16).map(|n| format!("X-N{n} = \"1\"\n")).collect();
    check("X-Sixth-Id =", &format!("{many}X-Sixth-Id ="), "headers");
}

#[test]
fn a_signature_must_be_verifiable() {
    check("\"X-Sixth-Signature\"", "\"host\"", "signature.header");
    check("\"X-Sixth-Signature\"", "\"a:b\"", "signature.header");
    check(
        "{id}:{timestamp}:{body}",
        "{id}:{timestamp}",
        "signature.content",
    );
    check(
        "{id}:{timestamp}:{body}",
        "{id}{body}{body}",
        "signature.content",
    );
    check(
        "{id}:{timestamp}:{body}",
        "{id}{body}{secret}",
        "signature.content",
    );
    check("{id}:{timestamp}:{body}", "{body}", "signature.id");
    check("id = \"event_id\"\n", "", "signature.id");
    check(
        "id = \"event_id\"\n",
        "id = \"delivery_id\"\n",
        "signature.content",
    );
    check(
        "separator = \",\"",
        "separator = \"-\"",
        "signature.separator",
    );
    check("prefix = \"v1=\"", "prefix = \"v1,\"", "signature.prefix");
    check(
        "prefix = \"v1=\"",
        "prefix = \"{timestamp}=\"",
        "signature.prefix",
    );
    check(
        "lead = \"t={timestamp},\"",
        "lead = \"t={timestamp}\"",
        "signature.lead",
    );
    check(
        "lead = \"t={timestamp},\"",
        "lead = \"t={timestamp}0,\"",
        "signature.lead",
    );
    check(
        "lead = \"t={timestamp},\"",
        "lead = \"{body},\"",
        "signature.lead",
    );
    check(
        "key = \"utf8\"",
        "key = \"base64_after_prefix\"",
        "secret.generate",
    );
}

#[test]
fn a_signed_timestamp_must_be_sent_somewhere() {
    let lead_only = WHOLE_PROFILE.replace("X-Sixth-Time = \"{timestamp}\"", "");
    assert!(Profile::parse(&lead_only).is_ok());
    let nowhere = lead_only.replace("lead = \"t={timestamp},\"", "");
    assert_eq!(
        Profile::parse(&nowhere).unwrap_err().field,
        "signature.content"
    );
}

#[test]
fn policies_must_make_sense() {
    check("\"1s\", \"1m\"", "\"1s\", \"soon\"", "retry.delays[1]");
    check("\"1s\", \"1m\"", "\"200h\"", "retry.delays");
    check("give_up_after = \"12h\"\n", "", "retry.give_up_after");
    check(
        "then_every = \"1h\"",
        "then_every = \"1ms\"",
        "retry.then_every",
    );
    check("timeout = \"5s\"", "timeout = \"0s\"", "timeout");
    check("timeout = \"5s\"", "timeout = \"1h\"", "timeout");
    check("timeout = \"5s\"", "timeout = \"5\"", "timeout");
    check("= 20", "= 0", "breaker.disable_after_failures");
    check("\"48h\"", "\"0s\"", "breaker.disable_after");
}

#[test]
fn event_types_and_the_test_event_must_make_sense() {
    check(
        "\"order.*\"",
        "\"order.*\", \"or der\"",
        "default_event_types[1]",
    );
    check("\"order.tested\"", "\"order tested\"", "test.type");
    check("{\"amount\": 1.0}", "{amount}", "test.data");
    check(
        "name = \"order.created\"",
        "name = \"order.*\"",
        "event_types[0].name",
    );
    check(
        "group = \"Orders\"",
        "group = \"a\\tb\"",
        "event_types[0].group",
    );
    let again = "group = \"Orders\"\n[[event_types]]\nname = \"order.created\"";
    check("group = \"Orders\"", again, "event_types[1].name");
    let many: String = (0..=500)
        .map(|n| format!("[[event_types]]\nname=\"t{n}\"\n"))
        .collect();
    check(
        "[[event_types]]",
        &format!("{many}[[event_types]]"),
        "event_types",
    );
}

#[test]
fn a_flattening_profile_needs_an_object_as_test_data() {
    let flat = "{ from = \"data_members\" }";
    let toml = WHOLE_PROFILE.replace("{ name = \"payload\", from = \"data\" }", flat);
    assert!(Profile::parse(&toml).is_ok());
    let error = Profile::parse(&toml.replace("{\"amount\": 1.0}", "[1]")).unwrap_err();
    assert_eq!(error.field, "test.data");
}

#[test]
fn a_profile_reads_back_from_its_source_and_its_json() {
    let whole = Profile::parse(WHOLE_PROFILE).unwrap();
    let all = Profile::built_in()
        .iter()
        .map(AsRef::as_ref)
        .chain([&whole]);
    for profile in all {
        let again = Profile::parse(profile.source()).unwrap();
        assert_eq!(again.to_json(), profile.to_json());
        let from_json = Profile::from_json(profile.to_json()).unwrap();
        assert_eq!(from_json.to_json(), profile.to_json());
        let from_its_source = Profile::parse(from_json.source()).unwrap();
        assert_eq!(
            from_its_source.to_json(),
            profile.to_json(),
            "{}",
            profile.name()
        );
    }
}

#[test]
fn json_is_refused_with_the_same_fields() {
    let refused = |pointer: &str, value: Value| {
        let mut json = Profile::parse(WHOLE_PROFILE).unwrap().to_json();
        *json.pointer_mut(pointer).unwrap() = value;
        Profile::from_json(json).unwrap_err().field
    };
    assert_eq!(
        refused("/envelope/1/name", json!("kind")),
        "envelope[1].name"
    );
    assert_eq!(
        refused("/envelope/1/value", json!(1.5)),
        "envelope[1].value"
    );
    assert_eq!(
        refused("/envelope/0", json!({"from": "x"})),
        "envelope[0].from"
    );
    assert_eq!(refused("/signature", json!("none")), "signature");
    assert_eq!(refused("/retry/delays/0", json!(5)), "retry.delays[0]");
    assert_eq!(Profile::from_json(json!([])).unwrap_err().field, "profile");
    assert_eq!(
        Profile::from_json(json!({"nme": 1})).unwrap_err().field,
        "nme"
    );
}

proptest! {
    #[test]
    fn a_damaged_file_is_refused_or_read_but_never_panics(
        at in any::<prop::sample::Index>(),
        length in 0..12_usize,
        filler in "[a-z{}\\[\\]\"=,.0-9\n ]{0,6}",
    ) {
        let chars: Vec<char> = WHOLE_PROFILE.chars().collect();
        let start = at.index(chars.len());
        let end = (start + length).min(chars.len());
        let damaged: String = chars[..start].iter().copied()
            .chain(filler.chars())
            .chain(chars[end..].iter().copied())
            .collect();
        if let Ok(profile) = Profile::parse(&damaged) {
            let again = Profile::from_json(profile.to_json()).unwrap();
            prop_assert_eq!(again.to_json(), profile.to_json());
        }
    }
}
