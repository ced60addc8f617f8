//! Values lie where they are said to lie, and what is no JSON harms nobody.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn tape(text: &str) -> JsonTape {
    JsonTape::read(text.into()).unwrap()
}

#[test]
fn a_value_is_had_as_it_was_written() {
    let tape =
        tape(" {\"a\" : [1.0, 12345678901234567890,{}], \"\\u0062\":\"x\\n\", \"b\" : null } ");
    let root = tape.root();
    let list = root.member("a").unwrap();
    assert_eq!(list.raw(), "[1.0, 12345678901234567890,{}]");
    assert_eq!(list.element(1).unwrap().raw(), "12345678901234567890");
    assert_eq!(list.element(2).unwrap().kind(), JsonKind::Object);
    assert!(list.element(3).is_none());
    // The last of two members with one name counts.
    assert_eq!(root.member("b").unwrap().kind(), JsonKind::Null);
    assert_eq!(root.members().count(), 3);
    let text = root.members().nth(1).unwrap().1;
    assert_eq!(text.text().unwrap(), "x\n");
}

#[test]
fn what_is_no_json_text_is_noticed_and_never_a_panic() {
    for text in ["", " ", "}", "[", "{\"a\":1", "1 2", "[]]", "[1] {}"] {
        assert!(JsonTape::read(text.into()).is_none(), "{text:?}");
    }
    for text in ["{\"a\"}", "\"", "\"\\", "{1:2}", "\\", "x"] {
        if let Some(tape) = JsonTape::read(text.into()) {
            let root = tape.root();
            let _ = (root.text(), root.member("a"), root.equals(root), root.raw());
        }
    }
}

#[test]
fn equal_values_may_be_written_differently() {
    let check = |one: &str, other: &str, same: bool| {
        assert_eq!(
            tape(one).root().equals(tape(other).root()),
            same,
            "{one} {other}"
        );
    };
    check(
        "{\"a\":1,\"b\":[2]}",
        "{ \"b\" : [2.0], \"\\u0061\":1e0 }",
        true,
    );
    check("{\"a\":1}", "{\"a\":1,\"b\":1}", false);
    check("[1,2]", "[2,1]", false);
    check("\"\\u0041\"", "\"A\"", true);
    check("1", "\"1\"", false);
    check("true", "false", false);
    check("12345678901234567890", "12345678901234567891", false);
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every value of the tape says what serde's tree says in its place.
fn agrees(own: JsonValue<'_>, tree: &Value) -> bool {
    let read: Value = serde_json::from_str(own.raw()).unwrap();
    let inside = match tree {
        Value::Array(items) => {
            own.elements().count() == items.len()
                && own
                    .elements()
                    .zip(items)
                    .all(|(own, item)| agrees(own, item))
        }
        Value::Object(members) => members
            .iter()
            .all(|(name, value)| agrees(own.member(name).unwrap(), value)),
        Value::String(text) => own.text().unwrap() == text.as_str(),
        _ => true,
    };
    inside && read == *tree
}

proptest! {
    #[test]
    fn every_value_lies_where_it_is_said_to_lie(tree in json(), is_pretty in any::<bool>()) {
        let text = if is_pretty {
            serde_json::to_string_pretty(&tree).unwrap()
        } else {
            tree.to_string()
        };
        let tape = tape(&text);
        prop_assert!(agrees(tape.root(), &tree));
        prop_assert!(tape.root().equals(tape.root()));
    }
}
