//! What templates make of events, what they say where they can't, and what is no template.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::json::JsonTape;

const EVENT: &str = r#"{"id":"evt_1","type":"order.paid","timestamp":"2026-03-16T10:05:00.000Z",
    "data":{"agent":{"name":"Ada","score":1.0},"big":12345678901234567890,"none":null,"no":false,
    "items":[{"sku":"a","n":1},{"sku":"b","n":2}],"tags":["x","y"],"a b":"space","a/b":"slash",
    "at":1773655500,"quote":"say \"hi\"\n"}}"#;

fn fill(template: &str, event: &str) -> Result<String, TemplateFailure> {
    let tape = JsonTape::read(event.into()).unwrap();
    let bytes = BodyTemplate::parse(template).unwrap().fill(tape.root())?;
    Ok(String::from_utf8(bytes).unwrap())
}

#[track_caller]
fn check(template: &str, expect: &str) {
    assert_eq!(fill(template, EVENT).unwrap(), expect, "{template}");
}

#[test]
fn a_text_alone_stands_for_the_value_with_its_type_and_its_digits() {
    check(r#""{{ /data/agent }}""#, r#"{"name":"Ada","score":1.0}"#);
    check(r#"{"n":"{{/data/big}}"}"#, r#"{"n":12345678901234567890}"#);
    check(
        r#"["{{ /data/no }}","{{ /data/none }}","{{ /data/tags/1 }}"]"#,
        r#"[false,null,"y"]"#,
    );
    check(r#""{{ /data/a b }}""#, r#""space""#);
    check(r#""{{ /data/a~1b }}""#, r#""slash""#);
    check(
        r#"{ "plain" : [1.0, "text", null, {}] }"#,
        r#"{"plain":[1.0,"text",null,{}]}"#,
    );
}

#[test]
fn inside_a_longer_text_it_stands_for_its_text() {
    check(
        r#""{{ /data/agent/name }} has {{ /data/agent/score }} ({{ /data/tags }}){{ /data/none }}""#,
        r#""Ada has 1.0 ([\"x\",\"y\"])""#,
    );
    check(r#""> {{ /data/quote }}""#, r#""> say \"hi\"\n""#);
    check(r#"" {{ /data/big }}""#, r#"" 12345678901234567890""#);
}

#[test]
fn what_follows_the_bar_is_done_to_the_value() {
    check(r#""{{ /data/x | default: 0 }}""#, "0");
    check(r#""{{ /data/none | default: [] }}""#, "[]");
    check(
        r#""{{ /data/x | default: \"a | b }}\" | upper }}""#,
        r#""A | B }}""#,
    );
    check(
        r#""{{ /data/agent/name | default: \"n\" | lower }}""#,
        r#""ada""#,
    );
    check(r#""{{ /data/agent/score | upper }}""#, r#""1.0""#);
    check(
        r#""{{ /data/agent | json }}""#,
        r#""{\"name\":\"Ada\",\"score\":1.0}""#,
    );
    check(r#""q {{ /data/agent/name | json }}""#, r#""q \"Ada\"""#);
    check(
        r#""{{ /timestamp | date: \"%Y-%m-%d\" }}""#,
        r#""2026-03-16""#,
    );
    check(r#""{{ /data/at | date: \"%H:%M\" }}""#, r#""10:05""#);
    check(r#""{{ \"fixed\" | upper }}""#, r#""FIXED""#);
    check(r#""{{ \"fixed\" | cut: 5 }}""#, r#""fixed""#);
    check(r#""{{ \"fixed\" | cut: 4 }}""#, r#""fix…""#);
    check(r#""{{ /data/tags | json | cut: 5 }}""#, r#""[\"x\"…""#);
    // Counted as receivers count; no character is taken apart.
    check(r#""{{ \"💚💚💚\" | cut: 6 }}""#, r#""💚💚💚""#);
    check(r#""{{ \"💚💚💚\" | cut: 4 }}""#, r#""💚…""#);
    check(r#""{{ \"💚💚💚\" | cut: 2 }}""#, r#""…""#);
    check(r#""{{ \"ééé\" | cut: 3 }}""#, r#""ééé""#);
    check(r#""{{ \"ab\" | cut: 1 }}""#, r#""…""#);
}

#[test]
fn each_makes_a_list_and_looks_names_up_in_the_item_first() {
    check(
        r#"{"rows":{"$each":"/data/items","$as":{"name":"{{ /sku }}","of":"{{ /id }}","all":"{{ /item }}"}}}"#,
        r#"{"rows":[{"name":"a","of":"evt_1","all":{"sku":"a","n":1}},{"name":"b","of":"evt_1","all":{"sku":"b","n":2}}]}"#,
    );
    check(
        r#"{"$each":"/data/tags","$as":"<{{ /item }}>"}"#,
        r#"["<x>","<y>"]"#,
    );
    check(
        r#"{"$each":"{{ /data/tags }}","$as":"{{ . }}"}"#,
        r#"["x","y"]"#,
    );
    check(r#"{"$each":"/data/x | default: []","$as":1}"#, "[]");
    check(
        r#"{"$each":"/data/items","$as":{"$if":{"n":{"$gt":1}},"$then":"{{ /item/sku }}"}}"#,
        r#"["b"]"#,
    );
    check(
        r#"{"$each":"/data/items","$as":{"$each":"/data/tags","$as":"{{ /sku }}{{ /item }}"}}"#,
        r#"[["ax","ay"],["bx","by"]]"#,
    );
}

#[test]
fn a_condition_chooses_and_without_else_leaves_out() {
    let one = r#"{"a":{"$if":{"data.agent.score":{"$gte":1}},"$then":"yes","$else":"no"},"b":1}"#;
    check(one, r#"{"a":"yes","b":1}"#);
    let two = r#"{"a":{"$if":{"data.agent.score":{"$gt":1}},"$then":"yes"},"b":1}"#;
    check(two, r#"{"b":1}"#);
    check(r#"[1,{"$if":{"type":"x"},"$then":2},3]"#, "[1,3]");
    check(
        r#"[{"$if":{"type":"x"},"$then":2,"$else":{"$if":{"type":"order.paid"},"$then":4}}]"#,
        "[4]",
    );
    let failure = fill(r#"{"$if":{"type":"x"},"$then":2}"#, EVENT).unwrap_err();
    assert!(failure.message.contains("no $else"), "{failure}");
}

#[test]
fn what_cannot_be_filled_in_says_where_and_what_would_help() {
    let check = |template: &str, place: &str, words: &str| {
        let failure = fill(template, EVENT).unwrap_err();
        assert_eq!(failure.place, place, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
        assert!(!failure.message.contains("Ada"), "{failure}");
    };
    check(r#"{"a":["{{ /data/x }}"]}"#, "a[0]", "/data/x is missing");
    check(
        r#"{"a":"{{ /data/x/y | upper }}"}"#,
        "a",
        "/data/x/y is missing",
    );
    check(r#"{"a":"b {{ /data/x }}"}"#, "a", "| default: …");
    check(
        r#"{"a":"{{ /data/agent | upper }}"}"#,
        "a",
        "a list or an object",
    );
    check(
        r#"{"a":"{{ /data/agent/name | date: \"%Y\" }}"}"#,
        "a",
        "neither RFC 3339",
    );
    check(
        r#"{"a":{"$each":"/data/agent","$as":1}}"#,
        "a.$each",
        "is not a list",
    );
    check(
        r#"{"a":{"$each":"/data/x","$as":1}}"#,
        "a.$each",
        "is missing",
    );
}

#[test]
fn a_body_is_bounded_in_bytes_and_steps() {
    let half = "x".repeat(TEMPLATE_OUTPUT_BYTES_MAX / 2);
    let event = format!("{{\"t\":\"{half}\"}}");
    assert!(fill(r#"["{{ /t }}"]"#, &event).is_ok());
    let failure = fill(r#"["{{ /t }}","{{ /t }}","{{ /t }}"]"#, &event).unwrap_err();
    assert!(failure.message.contains("more than 256 KiB"), "{failure}");
    let many = vec!["0"; 400].join(",");
    let event = format!("{{\"l\":[{many}]}}");
    let squared = r#"{"$each":"/l","$as":{"$each":"/l","$as":1}}"#;
    let failure = fill(squared, &event).unwrap_err();
    assert!(failure.message.contains("too many steps"), "{failure}");
}

#[test]
fn a_list_of_alternatives_costs_a_step_for_each_comparison() {
    let event = format!("{{\"l\":[{}]}}", vec!["0"; 400].join(","));
    let among = |operands: usize| {
        let list = vec!["1"; operands].join(",");
        format!(r#"{{"$if":{{"l":{{"$in":[{list}]}}}},"$then":1,"$else":2}}"#)
    };
    assert_eq!(fill(&among(200), &event).unwrap(), "2");
    let failure = fill(&among(300), &event).unwrap_err();
    assert!(failure.message.contains("too many steps"), "{failure}");
    let none = among(300).replace("$in", "$nin");
    let failure = fill(&none, &event).unwrap_err();
    assert!(failure.message.contains("too many steps"), "{failure}");
}

#[test]
fn what_is_no_template_is_refused_with_the_place_and_the_reason() {
    let check = |text: &str, place: &str, words: &str| {
        let fault = BodyTemplate::parse(text).unwrap_err();
        assert_eq!(fault.place, place, "{fault}");
        assert!(fault.message.contains(words), "{fault}");
    };
    check("{", "", "must be JSON");
    check(r#"{"a":[1,"{{ /x"]}"#, "a[1]", "{{ without }}");
    check(r#"{"a":"{{ x }}"}"#, "a", "no JSON pointer");
    check(r#"{"a":"{{ }}"}"#, "a", "no JSON pointer");
    check(r#"{"a":"{{ /a~2 }}"}"#, "a", "~0");
    check(
        r#"{"a":"{{ /x | reverse }}"}"#,
        "a",
        "there are default, upper",
    );
    check(r#"{"a":"{{ /x | default }}"}"#, "a", "needs a value");
    check(r#"{"a":"{{ /x | default: y }}"}"#, "a", "no JSON");
    check(r#"{"a":"{{ /x | date: \"%!\" }}"}"#, "a", "no known form");
    check(r#"{"a":"{{ /x | upper: 1 }}"}"#, "a", "takes none");
    for amiss in ["0", "-1", "1.5", "\\\"9\\\"", "262145", ""] {
        let template = format!(r#"{{"a":"{{{{ /x | cut: {amiss} }}}}"}}"#);
        check(&template, "a", "not a number from 1 to 262144");
    }
    check(r#"{"a":"{{ /x | cut }}"}"#, "a", "needs a value");
    check(r#"{"a":{"$each":"/x"}}"#, "a", "needs $as");
    check(
        r#"{"a":{"$each":1,"$as":1}}"#,
        "a.$each",
        "must be a pointer",
    );
    check(
        r#"{"a":{"$each":"/x","$as":1,"b":2}}"#,
        "a.b",
        "no meaning beside $each",
    );
    check(r#"{"a":{"$if":{}}}"#, "a", "needs $then");
    check(
        r#"{"a":{"$if":{"x":{"$y":1}},"$then":1}}"#,
        "a.$if.x.$y",
        "not an operator",
    );
    check(r#"{"a":{"$then":1}}"#, "a.$then", "beside $if");
    check(r#"{"{{ /x }}":1}"#, "{{ /x }}", "names hold no");
    check(r#"{"a":1,"a":2}"#, "a", "given twice");
    let deep = (0..TEMPLATE_DEPTH_MAX).fold("1".to_owned(), |inner, _| format!("[{inner}]"));
    check(&deep, &"[0]".repeat(TEMPLATE_DEPTH_MAX), "deeper than 32");
    let many = format!("[{}]", vec!["1"; TEMPLATE_PARTS_MAX].join(","));
    check(&many, "[3999]", "4000 allowed");
    check(
        &format!("\"{}\"", "x".repeat(TEMPLATE_BYTES_MAX)),
        "",
        "at most 65536 bytes",
    );
    let conditional = r#"{"a":{"$if":{"x[0":1},"$then":1}}"#;
    check(conditional, "a.$if.x[0", "no ] closes");
    BodyTemplate::read(conditional, FilterOrigin::Stored).unwrap();
    // A name that only looks like a word of ours is the receiver's own.
    BodyTemplate::parse(r#"{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json"}"#)
        .unwrap();
}

#[test]
fn a_text_of_its_own_is_filled_in_too() {
    let tape = JsonTape::read(EVENT.into()).unwrap();
    let template = TextTemplate::parse("order {{ /type | upper }}")
        .unwrap()
        .unwrap();
    assert_eq!(template.fill(tape.root()).unwrap(), "order ORDER.PAID");
    assert!(TextTemplate::parse("plain").unwrap().is_none());
    assert!(TextTemplate::parse("{{ x }}").is_err());
    let check = |text: &str, expect: Result<&str, &str>| {
        let filled = TextTemplate::parse(text)
            .unwrap()
            .unwrap()
            .fill(tape.root());
        match (filled, expect) {
            (Ok(text), Ok(expect)) => assert_eq!(text, expect),
            (Err(message), Err(expect)) => assert!(message.contains(expect), "{message}"),
            (filled, _) => panic!("{text}: {filled:?}"),
        }
    };
    check("{{ /data/agent/score }}", Ok("1.0"));
    check("{{ /data/no }}{{ /data/none }}", Ok("false"));
    check("{{ /data/tags | json }}", Ok(r#"["x","y"]"#));
    check("{{ /data/tags }}", Err("only “| json” makes a text of it"));
    check(
        "a {{ /data/agent }}",
        Err("/data/agent meets a list or an object"),
    );
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[a-c{}|/ ]{0,6}".prop_map(Value::from),
        prop::sample::select(vec![
            "{{ /a }}",
            "{{ /b | default: 1 }}",
            "x {{ /c/0 | json }}",
            "{{ /a | upper }}",
            "{{ /item }}",
            "{{ /a/b/c | default: {} }}",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner.clone(), 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
            (
                prop::sample::select(vec!["/a", "/c", "/item"]),
                inner.clone()
            )
                .prop_map(|(list, item)| json!({"$each": list, "$as": item})),
            inner.prop_map(|part| json!({"$if": {"a": {"$exists": true}}, "$then": part})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_filled_template_is_json_within_its_bounds_and_always_the_same(
        template in tree(),
        event in prop::collection::btree_map("[abc]", tree(), 0..4),
    ) {
        let event = Value::Object(event.into_iter().collect()).to_string();
        let Ok(parsed) = BodyTemplate::parse(&template.to_string()) else {
            return Ok(());
        };
        let tape = JsonTape::read(event.into()).unwrap();
        let filled = parsed.fill(tape.root());
        prop_assert_eq!(&filled, &parsed.fill(tape.root()));
        if let Ok(bytes) = filled {
            prop_assert!(bytes.len() <= TEMPLATE_OUTPUT_BYTES_MAX);
            prop_assert!(serde_json::from_slice::<Value>(&bytes).is_ok());
        }
    }

    #[test]
    fn any_text_is_read_or_refused_and_never_a_panic(text in "[\\[\\]{}:,\"$|/.a-z0-9\\\\]{0,60}") {
        let _ = BodyTemplate::parse(&text);
        let _ = TextTemplate::parse(&text);
    }
}

#[test]
fn a_text_ends_before_it_is_longer_than_a_body_may_be() {
    let doubling = format!(
        "{{\"a\":\"{{{{ /type | json{} }}}}\"}}",
        " | json".repeat(40)
    );
    let failure = fill(&doubling, EVENT).unwrap_err();
    assert!(failure.message.contains("more than 256 KiB"), "{failure}");
    let event = format!("{{\"data\":\"{}\"}}", "x".repeat(200 * 1024));
    let many = format!("\"{}\"", "{{/data}}-".repeat(5000));
    let failure = fill(&many, &event).unwrap_err();
    assert!(failure.message.contains("more than 256 KiB"), "{failure}");
    let header = TextTemplate::parse(&"{{/data}}-".repeat(5000))
        .unwrap()
        .unwrap();
    let tape = JsonTape::read(event.into()).unwrap();
    let refused = header.fill(tape.root()).unwrap_err();
    assert!(refused.contains("more than 256 KiB"), "{refused}");
}
