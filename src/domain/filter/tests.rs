//! What filters let through, what they say of the rest, and what is no filter.

mod naive;
mod paths;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::json::JsonTape;

fn filter(filter: &Value) -> ContentFilter {
    ContentFilter::parse(&filter.to_string()).unwrap()
}

fn fits(conditions: &str, event: &str) -> bool {
    let filter = ContentFilter::parse(conditions).unwrap();
    let tape = JsonTape::read(event.into()).unwrap();
    let fits = filter.fits(tape.root());
    assert_eq!(
        filter.misfit(tape.root()).is_none(),
        fits,
        "{conditions} {event}"
    );
    fits
}

#[track_caller]
fn check(conditions: &str, event: &str, expect: bool) {
    assert_eq!(fits(conditions, event), expect, "{conditions} {event}");
}

#[test]
fn the_filter_of_the_contract_means_what_it_says() {
    let filter = r#"{"data.amount":{"$gte":100},
        "$or":[{"data.currency":"EUR"},{"data.tags":{"$in":["vip"]}}]}"#;
    check(filter, r#"{"data":{"amount":100,"currency":"EUR"}}"#, true);
    check(
        filter,
        r#"{"data":{"amount":100.5,"currency":"USD","tags":["new","vip"]}}"#,
        true,
    );
    check(
        filter,
        r#"{"data":{"amount":99.99,"currency":"EUR"}}"#,
        false,
    );
    check(
        filter,
        r#"{"data":{"amount":100,"currency":"USD","tags":["new"]}}"#,
        false,
    );
    check(
        filter,
        r#"{"data":{"amount":"100","currency":"EUR"}}"#,
        false,
    );
    check(filter, r#"{"data":7}"#, false);
}

#[test]
fn numbers_are_compared_exactly() {
    let event = r#"{"n":12345678901234567890,"one":1.0}"#;
    check(r#"{"n":12345678901234567890}"#, event, true);
    check(r#"{"n":12345678901234567891}"#, event, false);
    check(r#"{"n":{"$ne":12345678901234567891}}"#, event, true);
    check(r#"{"n":{"$lt":12345678901234567891}}"#, event, true);
    check(r#"{"n":{"$gte":12345678901234567891}}"#, event, false);
    check(r#"{"n":{"$in":[12345678901234567890.0]}}"#, event, true);
    for one in ["1", "1.0", "1e0", "10e-1"] {
        check(&format!("{{\"one\":{one}}}"), event, true);
        check(&format!("{{\"one\":{{\"$gt\":{one}}}}}"), event, false);
    }
}

#[test]
fn every_operator_lets_through_what_fits_and_nothing_else() {
    let event = r#"{"a":{"text":"héllo world","list":[1,"two",[3]],"n":5,"none":null,"no":false,
        "o":{"x":1,"y":2}},"rows":[{"sku":"a","n":1},{"sku":"b","n":20}]}"#;
    for (conditions, expect) in [
        (r#"{"a.n":5}"#, true),
        (r#"{"a.n":{"$eq":6}}"#, false),
        (r#"{"a.missing":null}"#, false),
        (r#"{"a.none":null}"#, true),
        (r#"{"a.no":false}"#, true),
        (r#"{"a.o":{"$eq":{"y":2,"x":1}}}"#, true),
        (r#"{"a.o":{"$eq":{"x":1}}}"#, false),
        (r#"{"a":{"o":{"x":1}}}"#, true),
        (r#"{"a":{"o":{"x":{"$gt":1}}}}"#, false),
        (r#"{"a.n":{"$ne":5}}"#, false),
        (r#"{"a.missing":{"$ne":5}}"#, true),
        (r#"{"a.n":{"$gt":4,"$lt":6}}"#, true),
        (r#"{"a.n":{"$gte":5,"$lte":4}}"#, false),
        (r#"{"a.text":{"$gt":"h"}}"#, true),
        (r#"{"a.text":{"$gt":4}}"#, false),
        (r#"{"a.n":{"$in":[4,5]}}"#, true),
        (r#"{"a.list":{"$in":["two"]}}"#, true),
        (r#"{"a.list":{"$nin":["two"]}}"#, false),
        (r#"{"a.missing":{"$nin":[1]}}"#, true),
        (r#"{"a.list":"two"}"#, true),
        (r#"{"a.list":[1,"two",[3.0]]}"#, true),
        (r#"{"a.none":{"$exists":true}}"#, true),
        (r#"{"a.missing":{"$exists":true}}"#, false),
        (r#"{"a.missing.deeper":{"$exists":false}}"#, true),
        (r#"{"a.text":{"$startsWith":"hé"}}"#, true),
        (r#"{"a.text":{"$startsWith":"world"}}"#, false),
        (r#"{"a.n":{"$startsWith":"5"}}"#, false),
        (r#"{"a.text":{"$endsWith":"world"}}"#, true),
        (r#"{"a.text":{"$contains":"o w"}}"#, true),
        (r#"{"a.list":{"$contains":"two"}}"#, true),
        (r#"{"a.list":{"$contains":[3]}}"#, true),
        (r#"{"a.list":{"$contains":"tw"}}"#, false),
        (r#"{"a.n":{"$not":{"$gt":5}}}"#, true),
        (r#"{"a.n":{"$or":[{"$lt":1},{"$eq":5}]}}"#, true),
        (r#"{"$not":{"a.n":5}}"#, false),
        (r#"{"$and":[{"a.n":5},{"a.no":true}]}"#, false),
        (r#"{"rows.1.sku":"b"}"#, true),
        (r#"{"rows[1].sku":"b"}"#, true),
        (r#"{"rows.2.sku":{"$exists":true}}"#, false),
        (r#"{"rows.*.n":{"$gt":10}}"#, true),
        (r#"{"rows[*].n":{"$gt":20}}"#, false),
        (r#"{"rows.*.sku":{"$ne":"a"}}"#, false),
        (r#"{"a.*.x":1}"#, true),
        (r#"{}"#, true),
    ] {
        check(conditions, event, expect);
    }
    check(r#"{"a\\.b":1}"#, r#"{"a.b":1}"#, true);
    check(r#"{"x.0":1}"#, r#"{"x":{"0":1}}"#, true);
}

#[test]
fn why_not_names_the_first_condition_that_failed() {
    let event = r#"{"type":"order.paid","data":{"amount":50,"tags":["new","old"]}}"#;
    let tape = JsonTape::read(event.into()).unwrap();
    let check = |conditions: Value, condition: &str, words: &str| {
        let misfit = filter(&conditions).misfit(tape.root()).unwrap();
        assert_eq!(
            (misfit.condition.as_str(), misfit.words.as_str()),
            (condition, words)
        );
    };
    check(
        json!({"type": "order.paid", "data.amount": {"$gte": 100}}),
        "data.amount.$gte",
        "data.amount is 50, but must be at least 100",
    );
    check(
        json!({"data.currency": "EUR"}),
        "data.currency",
        "data.currency is missing, but must be \"EUR\"",
    );
    check(
        json!({"$or": [{"data.amount": 1}, {"data.tags": {"$in": ["vip"]}}]}),
        "$or[0].data.amount",
        "data.amount is 50, but must be 1, and none of the 1 alternatives after it fits",
    );
    check(
        json!({"$not": {"data.amount": {"$lt": 100}}}),
        "$not",
        "“data.amount must be less than 100” must not hold, but does",
    );
    check(
        json!({"data.tags.*": {"$startsWith": "x"}}),
        "data.tags.*.$startsWith",
        "data.tags.* is \"new\" and \"old\", but must start with “x”",
    );
    check(
        json!({"data": {"amount": {"$in": [1, 2]}}}),
        "data.amount.$in",
        "data.amount is 50, but must be one of 1, 2",
    );
}

#[test]
fn what_is_no_filter_is_refused_with_the_place_and_the_reason() {
    let check = |text: &str, place: &str, message: &str| {
        let fault = ContentFilter::parse(text).unwrap_err();
        assert_eq!(fault.place, place, "{text}");
        assert!(fault.message.contains(message), "{text}: {}", fault.message);
    };
    check("[]", "", "must be an object");
    check("{", "", "must be JSON");
    check(
        r#"{"$or":[{"type":"x"},{"data.amount":{"$gte":true}}]}"#,
        "$or[1].data.amount.$gte",
        "must be a number or a text",
    );
    check(
        r#"{"data.a":{"$gte":1,"$bogus":2}}"#,
        "data.a.$bogus",
        "is not an operator",
    );
    check(
        r#"{"data.a":{"$neq":1}}"#,
        "data.a.$neq",
        "did you mean $ne?",
    );
    check(r#"{"$gte":1}"#, "$gte", "without a path");
    check(r#"{"$or":{}}"#, "$or", "must be a list");
    check(r#"{"$and":[]}"#, "$and", "must be a list");
    check(r#"{"$and":[1]}"#, "$and[0]", "must be an object");
    check(r#"{"$not":{}}"#, "$not", "is empty");
    check(r#"{"data.a":{}}"#, "data.a", "is empty");
    check(r#"{"data.a":{"$eq":1,"b":2}}"#, "data.a", "not both");
    check(r#"{"data.a":{"$in":3}}"#, "data.a.$in", "must be a list");
    check(r#"{"data.a":{"$in":[]}}"#, "data.a.$in", "must be a list");
    check(
        r#"{"data.a":{"$exists":1}}"#,
        "data.a.$exists",
        "must be true or false",
    );
    check(
        r#"{"data.a":{"$startsWith":1}}"#,
        "data.a.$startsWith",
        "must be a text",
    );
    check(r#"{"data.a":1,"data.a":2}"#, "data.a", "is given twice");
    let long = format!("{{\"{}\":1}}", ["a"; 17].join("."));
    check(&long, &["a"; 17].join("."), "more than 16 parts");
    check(
        &format!("{{\"a\":\"{}\"}}", "x".repeat(FILTER_BYTES_MAX)),
        "",
        "at most 16384 bytes",
    );
}

#[test]
fn a_filter_has_64_conditions_and_8_levels_at_most() {
    let of = |count: usize| {
        let all: Vec<Value> = (0..count).map(|n| json!({ "data.n": n })).collect();
        json!({"$or": all}).to_string()
    };
    ContentFilter::parse(&of(FILTER_CONDITIONS_MAX)).unwrap();
    let fault = ContentFilter::parse(&of(FILTER_CONDITIONS_MAX + 1)).unwrap_err();
    assert_eq!(fault.place, "$or[64].data.n");
    let nested = |levels: usize| {
        let inner = json!({"data.n": {"$gte": 1}});
        (1..levels)
            .fold(inner, |inner, _| json!({"$not": inner}))
            .to_string()
    };
    ContentFilter::parse(&nested(FILTER_DEPTH_MAX)).unwrap();
    let fault = ContentFilter::parse(&nested(FILTER_DEPTH_MAX + 1)).unwrap_err();
    assert!(fault.message.contains("deeper than 8"), "{fault}");
    assert_eq!(fault.place, ["$not"; 8].join("."));
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn demand() -> impl Strategy<Value = Value> {
    let comparable = prop_oneof![
        (-3_i64..4).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from)
    ];
    prop_oneof![
        leaf(),
        tree().prop_map(|operand| json!({"$eq": operand})),
        tree().prop_map(|operand| json!({"$ne": operand})),
        (
            prop::sample::select(vec!["$gt", "$gte", "$lt", "$lte"]),
            comparable
        )
            .prop_map(|(operator, bound)| json!({operator: bound})),
        (
            prop::sample::select(vec!["$in", "$nin"]),
            prop::collection::vec(tree(), 1..3)
        )
            .prop_map(|(operator, list)| json!({operator: list})),
        any::<bool>().prop_map(|wanted| json!({"$exists": wanted})),
        (
            prop::sample::select(vec!["$startsWith", "$endsWith", "$contains"]),
            "[ab]{1,2}"
        )
            .prop_map(|(operator, text)| json!({operator: text})),
        leaf().prop_map(|operand| json!({"$contains": operand})),
    ]
}

fn conditions() -> impl Strategy<Value = Value> {
    let path = "([abc*0-2]\\.){0,2}[abc*0-2]";
    let field = (path, demand()).prop_map(|(path, demand)| json!({path: demand}));
    field.prop_recursive(3, 12, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            list.clone().prop_map(|list| json!({"$and": list})),
            list.prop_map(|list| json!({"$or": list})),
            inner.clone().prop_map(|inner| json!({"$not": inner})),
            ("[abc]", inner).prop_map(|(name, inner)| json!({name: inner})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_filter_agrees_with_a_second_naive_judgement(
        filter in conditions(),
        event in prop::collection::btree_map("[abc]", tree(), 0..4),
    ) {
        let event = Value::Object(event.into_iter().collect());
        let expect = naive::fits(&filter, &event);
        prop_assert_eq!(fits(&filter.to_string(), &event.to_string()), expect);
    }

    #[test]
    fn any_text_is_read_or_refused_and_never_a_panic(text in "[\\[\\]{}:,\"$.a-z0-9*\\\\]{0,40}") {
        let _ = ContentFilter::parse(&text);
    }
}
