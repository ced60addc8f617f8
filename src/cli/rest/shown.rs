//! What people see of the API's objects: labelled lines of one, a table of many.
//!
//! Owns: turning members of JSON into words. Refuses: changing what `--json` prints: that is the API's
//! own answer.

use serde_json::Value;

use super::Api;
use crate::cli::output::{say, visible};
use crate::cli::table::{Column, Table};

/// Characters of a label and the space behind it, unless a label is longer.
const LABEL_CHARS: usize = 16;

/// A member of an object and what it is called.
pub(super) type Labelled<'a> = (&'a str, &'a str);

/// Prints the API's JSON, or `members` of the object in it.
pub(super) fn facts(api: &Api, body: &[u8], members: &[Labelled<'_>]) -> anyhow::Result<()> {
    api.answer(body, |object: &Value| say_facts(object, members))
}

/// Prints `members` of an object, one a line; those that it does not have are left out.
pub(super) fn say_facts(object: &Value, members: &[Labelled<'_>]) -> anyhow::Result<()> {
    for (label, member) in members {
        if let Some(value) = found(object, member) {
            say(format_args!("{label:<LABEL_CHARS$}{}", words(value)))?;
        }
    }
    Ok(())
}

/// Prints the API's JSON, or a table of the page in it: each column shows the member beside it.
pub(super) fn listing(api: &Api, body: &[u8], columns: &[(Column, &str)]) -> anyhow::Result<()> {
    api.answer_page(body, |objects: &[Value]| say_table(objects, columns))
}

/// Prints a table of objects.
pub(super) fn say_table(objects: &[Value], columns: &[(Column, &str)]) -> anyhow::Result<()> {
    let shown: Vec<Column> = columns.iter().map(|(column, _)| *column).collect();
    let mut table = Table::new(&shown);
    for object in objects {
        let cell = |(_, member): &(Column, &str)| member_words(object, member);
        table.row(columns.iter().map(cell));
    }
    Ok(table.print()?)
}

/// A member of an object in words; `a.b` is the member `b` of the member `a`, `a|b` is `b` where `a` is
/// nothing.
pub(super) fn member_words(object: &Value, member: &str) -> String {
    let given = member.split('|').filter_map(|member| found(object, member));
    let mut given = given.filter(|value| !value.is_null());
    given.next().map_or_else(|| "-".to_owned(), words)
}

fn found<'a>(object: &'a Value, member: &str) -> Option<&'a Value> {
    member.split('.').try_fold(object, |at, name| at.get(name))
}

/// A value in words.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => visible(&moment(text)),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(words).collect();
            items.join(", ")
        }
        Value::Object(members) if members.is_empty() => "-".to_owned(),
        Value::Object(_) => visible(&value.to_string()),
    }
}

/// The API's times without what people do not read: `2026-03-16T10:05:00.123Z` is
/// `2026-03-16 10:05:00Z`. Any other text is as it was.
pub(in crate::cli) fn moment(text: &str) -> String {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00.000Z";
    let fits = |(own, shape): (u8, &u8)| match shape {
        b'0' => own.is_ascii_digit(),
        shape => own == *shape,
    };
    if text.len() == SHAPE.len() && text.bytes().zip(SHAPE).all(fits) {
        return format!("{} {}Z", &text[..10], &text[11..19]);
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_words() {
        let check = |value: Value, expect: &str| assert_eq!(words(&value), expect);
        check(json!(null), "-");
        check(json!([]), "-");
        check(json!(["a", "b"]), "a, b");
        check(json!({"x": 1}), r#"{"x":1}"#);
        check(json!(true), "yes");
        check(json!("2026-03-16T10:05:00.123Z"), "2026-03-16 10:05:00Z");
        check(
            json!("2026-03-16T10:05:00Z!aaa"),
            "2026-03-16T10:05:00Z!aaa",
        );
        check(json!("a\u{1b}[2J"), "a\u{fffd}[2J");
    }

    #[test]
    fn members_are_found_within_members() {
        let object = json!({"counts": {"pending": 3}});
        assert_eq!(member_words(&object, "counts.pending"), "3");
        assert_eq!(member_words(&object, "counts.none"), "-");
        let object = json!({"code": null, "kind": "timeout"});
        assert_eq!(member_words(&object, "code|kind"), "timeout");
        assert_eq!(member_words(&object, "code"), "-");
    }
}
