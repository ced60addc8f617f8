//! What is a path, what is none, and where paths lead.

use serde_json::json;

use super::*;

#[test]
fn a_path_is_names_between_points_with_indexes_in_brackets() {
    let check = |path: &str, message: &str| {
        let fault = ContentFilter::parse(&json!({ path: 1 }).to_string()).unwrap_err();
        assert_eq!(fault.place, path);
        assert!(fault.message.contains(message), "{path}: {}", fault.message);
    };
    for path in ["", ".", ".a", "a.", "a..b", "a[0].", "a[0]..b"] {
        check(path, "an empty part between its points");
    }
    for path in ["a[0", "a[", "a.b[*", "a[\"b", "a[0][1"] {
        check(path, "a [ that no ] closes");
    }
    for path in ["a]", "]", "a.b]", "a0].b"] {
        check(path, "a ] that no [ opens");
    }
    for path in ["[0]", "a.[0]", "[0"] {
        check(path, "brackets behind no name");
    }
    for path in ["a[0]b", "a[0]]", "a[*]*", "a[0] .b"] {
        check(path, "a name right behind a ]");
    }
    for inside in [
        "", "-1", "+1", "01", "1.5", " 0 ", "x", "**", "\"b\"", "'b'", "[0",
    ] {
        check(&format!("a[{inside}]"), &format!("“{inside}” in brackets"));
    }
    for path in ["a.**", "a.*b", "b*.c"] {
        check(path, "* stands alone");
    }
    for path in ["a\\", "a\\b", "a.\\n"] {
        check(path, "stands before none of");
    }
}

#[test]
fn a_backslash_makes_a_letter_of_a_path_one_of_a_name() {
    let check = |path: &str, name: &str| {
        let event = json!({ name: {"x": 1} }).to_string();
        let conditions = json!({ format!("{path}.x"): 1 }).to_string();
        assert!(fits(&conditions, &event), "{path} {name}");
        assert!(!fits(&conditions, r#"{"a":{"x":1}}"#), "{path}");
    };
    check("a\\.b", "a.b");
    check("a\\[0\\]", "a[0]");
    check("\\*", "*");
    check("a\\*", "a*");
    check("a\\\\", "a\\");
    check("\"a", "\"a");
    let event = JsonTape::read(r#"{"a":{"b.c":1}}"#.into()).unwrap();
    let misfit = filter(&json!({"a.b\\.c": 2})).misfit(event.root()).unwrap();
    assert_eq!(misfit.words, "a.b\\.c is 1, but must be 2");
}

#[test]
fn an_index_has_digits_only_and_no_needless_zero() {
    let event = r#"{"l":["a","b"],"o":{"01":"c","+1":"d","-1":"e"}}"#;
    check(r#"{"l.1":"b"}"#, event, true);
    check(r#"{"l.01":{"$exists":true}}"#, event, false);
    check(r#"{"l.+1":{"$exists":true}}"#, event, false);
    check(r#"{"l.-1":{"$exists":true}}"#, event, false);
    check(r#"{"o.01":"c","o.+1":"d","o.-1":"e"}"#, event, true);
}

#[test]
fn what_was_stored_before_a_rule_goes_on_meaning_what_it_meant() {
    let event = JsonTape::read(r#"{"a":[7],"[0]":8,"b":{"*c":9}}"#.into()).unwrap();
    for text in [r#"{"a[0":7}"#, r#"{"[0]":8}"#, r#"{"b.*c":9}"#] {
        assert!(ContentFilter::parse(text).is_err(), "{text}");
        let stored = ContentFilter::read(text, FilterOrigin::Stored).unwrap();
        assert!(stored.fits(event.root()), "{text}");
    }
    assert!(ContentFilter::read(r#"{"a..b":1}"#, FilterOrigin::Stored).is_err());
}
