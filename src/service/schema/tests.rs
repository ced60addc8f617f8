//! What a schema says, what it may cost, and that another validator agrees.

use std::time::Instant;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn check(schema: &Value, expect: Result<(), &str>) {
    match (Schema::compile(schema).map(drop), expect) {
        (Ok(()), Ok(())) => {}
        (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
        (told, _) => panic!("{told:?}: {:.200}", schema.to_string()),
    }
}

#[test]
fn schemas_that_reach_out_backtrack_or_explode_are_refused() {
    check(&json!({"type": "object"}), Ok(()));
    check(&json!(true), Ok(()));
    check(&json!(7), Err("an object, true or false"));
    check(&json!({"type": "thing"}), Err("is not a JSON Schema"));
    let draft7 = "http://json-schema.org/draft-07/schema#";
    check(&json!({"$schema": draft7}), Err("2020-12"));
    check(
        &json!({"$ref": "https://example.com/a.json"}),
        Err("#/$defs"),
    );
    check(&json!({"$ref": "file:///etc/passwd"}), Err("#/$defs"));
    check(&json!({"$ref": "#/$defs/missing"}), Err("#/$defs"));
    check(&json!({"$id": "https://example.com/"}), Err("$id"));
    check(&json!({"properties": {"$id": {"type": "string"}}}), Ok(()));
    check(&json!({"pattern": "^(a+)+$"}), Ok(()));
    check(&json!({"pattern": "(?=a)b"}), Err("is not a JSON Schema"));
    check(
        &json!({"pattern": "(a{1000}){1000}"}),
        Err("is not a JSON Schema"),
    );
}

#[test]
fn shared_references_count_as_often_as_they_are_followed() {
    let chain = |length: usize| {
        let mut defs = serde_json::Map::new();
        for n in 0..length {
            let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
            defs.insert(format!("d{n}"), json!({"allOf": [next, next]}));
        }
        defs.insert(format!("d{length}"), json!({"type": "object"}));
        json!({"$defs": defs, "$ref": "#/$defs/d0"})
    };
    check(&chain(5), Ok(()));
    check(&chain(25), Err("places"));
    let line: serde_json::Map<String, Value> = (0..100)
        .map(|n| {
            (
                format!("d{n}"),
                json!({"$ref": format!("#/$defs/d{}", n + 1)}),
            )
        })
        .chain([("d100".to_owned(), json!({}))])
        .collect();
    check(&json!({"$defs": line, "$ref": "#/$defs/d0"}), Err("chain"));
}

#[test]
fn a_schema_that_refers_to_itself_judges_deep_data_without_naming_paths() {
    let branch = json!({"type": "object", "properties": {"a": {"$ref": "#"}}});
    let schema = Schema::compile(&json!({"anyOf": [branch, branch]})).unwrap();
    let mut document = json!(1);
    for _ in 0..60 {
        document = json!({ "a": document });
    }
    assert_eq!(schema.faults(&document)[0].path, "");
    assert_eq!(schema.faults(&json!({"a": {}})), []);
    Schema::compile(&json!({"$ref": "#"})).unwrap();
}

#[test]
fn faults_are_named_by_their_path() {
    let schema = json!({"required": ["n"], "properties": {"list": {"items": {"type": "string"}}}});
    let schema = Schema::compile(&schema).unwrap();
    let faults = schema.faults(&json!({"list": ["a", 2]}));
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["", "/list/1"]);
}

/// 600 ways to be wrong for each of 100,000 numbers.
fn numbers() -> Value {
    Value::Array((0..100_000).map(Value::from).collect())
}

fn wide(keyword: &str, branches: usize) -> Value {
    json!({"items": {keyword: vec![json!({"type": "string"}); branches]}})
}

#[test]
fn checking_stops_at_the_tenth_fault() {
    let schema = Schema::compile(&wide("allOf", 600)).unwrap();
    let begun = Instant::now();
    let faults = schema.faults(&numbers());
    assert_eq!(faults.len(), 10);
    assert_eq!(faults[9].path, "/0");
    let required: Vec<String> = (0..500).map(|n| format!("m{n}")).collect();
    let properties = json!({"additionalProperties": false, "required": required});
    let document: Value = (0..5000).map(|n| (format!("x{n}"), json!(n))).collect();
    let schema = Schema::compile(&properties).unwrap();
    assert_eq!(schema.faults(&document).len(), 10);
    println!("ten faults of sixty million: {:?}", begun.elapsed());
}

#[test]
fn checking_has_a_budget_whatever_costs_it() {
    let text = "ab".repeat(100_000);
    let many: Vec<Value> = (0..900)
        .map(|n| json!({"pattern": format!("[ab]*c{n}")}))
        .collect();
    let deep = json!({"$defs": {"t": {"uniqueItems": true, "items": {"$ref": "#/$defs/t"}}},
        "$ref": "#/$defs/t"});
    let mut nested = json!([vec![text.clone(); 2]]);
    for _ in 0..50 {
        nested = json!([nested]);
    }
    let twice = json!({"$defs": {"t": {"anyOf": [
        {"items": {"$ref": "#/$defs/t"}, "minItems": 9}, {"items": {"$ref": "#/$defs/t"}}]}},
        "$ref": "#/$defs/t"});
    let mut narrow = json!([]);
    for _ in 0..30 {
        narrow = json!([narrow]);
    }
    for (schema, document) in [
        (wide("anyOf", 600), numbers()),
        (wide("oneOf", 600), numbers()),
        (
            json!({"not": {"anyOf": many}}),
            json!(vec![text.clone(); 1]),
        ),
        (
            json!({"items": {"allOf": [{"not": {"anyOf": many}}]}}),
            json!([text]),
        ),
        (deep, nested),
        (twice, narrow),
        (
            json!({"items": {"enum": (0..5000).collect::<Vec<_>>()}}),
            numbers(),
        ),
    ] {
        let schema = Schema::compile(&schema).unwrap();
        let begun = Instant::now();
        let faults = schema.faults(&document);
        println!(
            "{:?} in {:?}",
            faults.first().map(|own| &own.message),
            begun.elapsed()
        );
        assert!(faults.len() <= 10);
    }
    // Everything fits, at the last of six hundred attempts.
    let mut branches = vec![json!({"type": "string"}); 599];
    branches.push(json!({"type": "number"}));
    let costly = Schema::compile(&json!({"items": {"anyOf": branches}})).unwrap();
    let costly = costly.faults(&numbers());
    assert_eq!(costly.len(), 1);
    assert!(costly[0].message.contains("4000000 steps"), "{costly:?}");
}

#[test]
fn schemas_are_bounded_in_depth_and_branching() {
    let mut deep = json!({"type": "string"});
    for _ in 0..40 {
        deep = json!({"items": deep});
    }
    check(&deep, Ok(()));
    for _ in 0..40 {
        deep = json!({"items": deep});
    }
    check(&deep, Err("64 levels"));
    for keyword in ["allOf", "anyOf", "oneOf"] {
        check(&json!({keyword: vec![true; 1000]}), Ok(()));
        check(&json!({keyword: vec![true; 1001]}), Err("1000 schemas"));
    }
    let huge = format!("(\\p{{L}}{{500}}){{{}}}", 200);
    check(&json!({"pattern": huge}), Err("256 KiB"));
    check(&json!({"patternProperties": {huge: true}}), Err("256 KiB"));
}

/// What the walk says and what the library says.
fn agree(schema: &Value, document: &Value) {
    let ours = Schema::compile(schema).unwrap().faults(document);
    let theirs = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .build(schema)
        .unwrap();
    assert_eq!(
        ours.is_empty(),
        theirs.is_valid(document),
        "{schema} for {document}: {ours:?}"
    );
}

/// Each keyword at least once, alone and with what it works together with.
fn schemas() -> Vec<Value> {
    vec![
        json!({"type": ["integer", "null"]}),
        json!({"type": "number", "minimum": 1, "exclusiveMaximum": 3.5}),
        json!({"exclusiveMinimum": 1, "maximum": 2}),
        json!({"multipleOf": 0.1}),
        json!({"multipleOf": 2}),
        json!({"enum": [1, "a", {"a": 1, "b": [2]}, null]}),
        json!({"const": 1.0}),
        json!({"minLength": 2, "maxLength": 3.0}),
        json!({"pattern": "^\\d+$"}),
        json!({"minItems": 2, "maxItems": 3, "uniqueItems": true}),
        json!({"minProperties": 1, "maxProperties": 1}),
        json!({"required": ["a"], "dependentRequired": {"a": ["b"]}}),
        json!({"properties": {"a": {"type": "string"}}, "additionalProperties": false}),
        json!({"patternProperties": {"^a": {"type": "string"}}, "additionalProperties": {"type": "number"}}),
        json!({"propertyNames": {"maxLength": 1}}),
        json!({"prefixItems": [{"type": "number"}], "items": {"type": "string"}}),
        json!({"prefixItems": [{"type": "number"}, true], "items": false}),
        json!({"contains": {"type": "number"}, "minContains": 2, "maxContains": 2}),
        json!({"contains": {"type": "number"}}),
        json!({"contains": {"type": "number"}, "minContains": 0}),
        json!({"allOf": [{"type": "object"}, {"required": ["a"]}]}),
        json!({"anyOf": [{"type": "string"}, {"minimum": 2}]}),
        json!({"oneOf": [{"type": "number"}, {"minimum": 2}]}),
        json!({"not": {"type": "object"}}),
        json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"type": "array"}}),
        json!({"dependentSchemas": {"a": {"required": ["b"]}}}),
        json!({"$defs": {"x": {"type": "array", "items": {"$ref": "#/$defs/x"}}}, "$ref": "#/$defs/x"}),
        json!({"properties": {"a": true}, "unevaluatedProperties": false}),
        json!({"anyOf": [{"properties": {"a": {"type": "number"}}}, {"properties": {"b": true}}],
            "unevaluatedProperties": false}),
        json!({"if": {"properties": {"a": {"const": 1}}, "required": ["a"]},
            "then": {"properties": {"b": true}}, "unevaluatedProperties": {"type": "string"}}),
        json!({"prefixItems": [true], "contains": {"type": "string"}, "unevaluatedItems": false}),
        json!({"allOf": [{"prefixItems": [true, true]}], "unevaluatedItems": {"type": "number"}}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"a": true}}},
            "unevaluatedProperties": false}),
        json!(true),
        json!(false),
        json!({}),
    ]
}

/// Values of every kind, near the limits that [`schemas`] set.
fn documents() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(1.0),
        json!(2),
        json!(2.5),
        json!(3.5),
        json!(-3),
        json!(0.3),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("a"),
        json!("ab"),
        json!("123"),
        json!("\u{e4}\u{f6}\u{fc}"),
        json!("abcd"),
        json!([]),
        json!([1]),
        json!([1, 1.0]),
        json!([1, "a"]),
        json!([1, 2]),
        json!([1, 2, 3]),
        json!(["a", 1, "b"]),
        json!([[], [[]]]),
        json!([[], 1]),
        json!([{"a": 1, "b": 2}, {"b": 2, "a": 1.0}]),
        json!({}),
        json!({"a": 1}),
        json!({"a": "x"}),
        json!({"b": 1}),
        json!({"a": 1, "b": 2}),
        json!({"a": 1, "b": [2]}),
        json!({"ab": "x", "c": 3}),
        json!({"ab": 1, "c": "x"}),
        json!({"b": 2, "a": 1, "c": "z"}),
    ]
}

#[test]
fn every_keyword_means_what_the_draft_says() {
    let documents = documents();
    for schema in &schemas() {
        for document in &documents {
            agree(schema, document);
        }
    }
}

fn any_document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-3..4_i64).prop_map(Value::from),
        prop_oneof![Just(0.5), Just(1.0), Just(-2.0)].prop_map(Value::from),
        "[ab]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[ab]{1,2}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        prop_oneof![
            Just("string"),
            Just("integer"),
            Just("number"),
            Just("object"),
            Just("array")
        ]
        .prop_map(|name| json!({ "type": name })),
        (-2..3_i64).prop_map(|n| json!({"minimum": n})),
        (0..3_u64).prop_map(|n| json!({"maxLength": n, "minProperties": n})),
        Just(json!({"uniqueItems": true})),
        Just(json!({"required": ["a"]})),
        any_document().prop_map(|value| json!({ "const": value })),
        any_document().prop_map(|value| json!({"enum": [value, 1, "a"]})),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let pair = || (inner.clone(), inner.clone());
        prop_oneof![
            pair().prop_map(|(a, b)| json!({"allOf": [a, b]})),
            pair().prop_map(|(a, b)| json!({"anyOf": [a, b], "unevaluatedProperties": false})),
            pair().prop_map(|(a, b)| json!({"oneOf": [a, b], "unevaluatedItems": false})),
            inner.clone().prop_map(|a| json!({ "not": a })),
            pair().prop_map(|(a, b)| json!({"properties": {"a": a}, "additionalProperties": b})),
            pair().prop_map(
                |(a, b)| json!({"patternProperties": {"^a": a}, "unevaluatedProperties": b})
            ),
            pair().prop_map(|(a, b)| json!({"prefixItems": [a], "items": b})),
            pair().prop_map(|(a, b)| json!({"contains": a, "unevaluatedItems": b})),
            inner.clone().prop_map(|a| json!({"propertyNames": a})),
            (pair(), inner).prop_map(|((a, b), c)| json!({"if": a, "then": b, "else": c})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn another_validator_agrees_on_whatever_comes(schema in any_schema(), document in any_document()) {
        agree(&schema, &document);
    }
}
