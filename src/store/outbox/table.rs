//! The name of an outbox's table.
//!
//! Owns: its form, and how it is written in a statement. Refuses: names that would need escaping; a
//! statement can't take a name as a parameter, so it must be harmless.

use std::str::FromStr;

use super::OutboxError;

/// The most characters of a name: what PostgreSQL keeps.
const NAME_CHARS_MAX: usize = 63;

/// A table, perhaps within a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxTable {
    schema: Option<String>,
    name: String,
}

impl FromStr for OutboxTable {
    type Err = OutboxError;

    fn from_str(text: &str) -> Result<Self, OutboxError> {
        let part = |text: &str| {
            let fits = (1..=NAME_CHARS_MAX).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && !text.starts_with(|first: char| first.is_ascii_digit());
            match fits {
                true => Ok(text.to_owned()),
                false => Err(OutboxError::TableName),
            }
        };
        match text.split_once('.') {
            Some((schema, name)) => Ok(Self {
                schema: Some(part(schema)?),
                name: part(name)?,
            }),
            None => Ok(Self {
                schema: None,
                name: part(text)?,
            }),
        }
    }
}

impl OutboxTable {
    /// The table's own name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// It as statements of MySQL name it.
    pub(super) fn in_backticks(&self) -> String {
        match &self.schema {
            Some(schema) => format!("`{schema}`.`{}`", self.name),
            None => format!("`{}`", self.name),
        }
    }

    /// It as statements name it.
    pub(super) fn quoted(&self) -> String {
        match &self.schema {
            Some(schema) => format!("\"{schema}\".\"{}\"", self.name),
            None => format!("\"{}\"", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_hold_nothing_that_a_statement_would_take_for_more() {
        let check = |text: &str, expect: Option<&str>| {
            let table = text.parse::<OutboxTable>().ok();
            assert_eq!(
                table.map(|table| table.quoted()).as_deref(),
                expect,
                "{text}"
            );
        };
        check("outbox", Some("\"outbox\""));
        check("app.outbox_2", Some("\"app\".\"outbox_2\""));
        for wrong in ["", ".", "a.", ".a", "a.b.c", "a b", "a\"", "a;", "1a", "ä"] {
            check(wrong, None);
        }
        check(&"a".repeat(64), None);
    }
}
