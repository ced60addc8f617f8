//! A form's field: label, hint, what was typed, what is wrong with it.
//!
//! Owns: tying the three to the input for who listens instead of looking. Refuses: checking values.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::service::FieldError;

/// How a field is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Input {
    Line { kind: &'static str },
    Lines { rows: u8 },
    Choice { options: Vec<(String, String)> },
}

/// A labelled input.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/field.html")]
pub struct Field {
    name: &'static str,
    label: &'static str,
    hint: String,
    value: String,
    placeholder: String,
    faults: Vec<String>,
    required: bool,
    autocomplete: &'static str,
    input: Input,
}

impl HtmlSafe for Field {}

impl Field {
    /// One line of text.
    pub fn line(name: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        Self::new(name, label, value.into(), Input::Line { kind: "text" })
    }

    /// One line of a special kind: `url`, `number`, `email`, `password`.
    pub fn of_kind(
        kind: &'static str,
        name: &'static str,
        label: &'static str,
        value: impl Into<String>,
    ) -> Self {
        Self::new(name, label, value.into(), Input::Line { kind })
    }

    /// Several lines.
    pub fn lines(
        name: &'static str,
        label: &'static str,
        value: impl Into<String>,
        rows: u8,
    ) -> Self {
        Self::new(name, label, value.into(), Input::Lines { rows })
    }

    /// One of several: values and their words.
    pub fn choice(
        name: &'static str,
        label: &'static str,
        value: impl Into<String>,
        options: Vec<(String, String)>,
    ) -> Self {
        Self::new(name, label, value.into(), Input::Choice { options })
    }

    fn new(name: &'static str, label: &'static str, value: String, input: Input) -> Self {
        Self {
            name,
            label,
            hint: String::new(),
            value,
            placeholder: String::new(),
            faults: Vec::new(),
            required: false,
            autocomplete: "off",
            input,
        }
    }

    /// With a hint under the input.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// With an example in the empty input.
    #[must_use]
    pub fn example(mut self, example: impl Into<String>) -> Self {
        self.placeholder = example.into();
        self
    }

    /// That a browser or password manager may fill in, as the standard names it.
    #[must_use]
    pub fn autocomplete(mut self, name: &'static str) -> Self {
        self.autocomplete = name;
        self
    }

    /// That must be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// With those of `errors` that are about the field called `path`, or a part of it.
    #[must_use]
    pub fn faults(mut self, errors: &[FieldError], path: &str) -> Self {
        let own = errors.iter().filter(|error| belongs(&error.field, path));
        self.faults.extend(own.map(|error| {
            let part = error.field[path.len()..].trim_start_matches('.');
            match part {
                "" => error.message.clone(),
                part => format!("{part} {}", error.message),
            }
        }));
        self
    }

    fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if !self.hint.is_empty() {
            ids.push(format!("{}-hint", self.name));
        }
        if !self.faults.is_empty() {
            ids.push(format!("{}-fault", self.name));
        }
        ids.join(" ")
    }
}

/// Whether the field at fault is `path` or lies within it.
fn belongs(field: &str, path: &str) -> bool {
    field
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The errors that none of `paths` shows: they stand above the form.
#[must_use]
pub fn left_over(errors: &[FieldError], paths: &[&str]) -> Vec<String> {
    errors
        .iter()
        .filter(|error| !paths.iter().any(|path| belongs(&error.field, path)))
        .map(|error| format!("{} {}", error.field, error.message))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(field: &str) -> FieldError {
        FieldError {
            field: field.to_owned(),
            message: "is wrong".to_owned(),
        }
    }

    #[test]
    fn a_field_shows_its_own_faults_and_those_of_its_parts() {
        let errors = [
            "url",
            "event_types[2]",
            "url_extra",
            "retry_policy.delays[0]",
        ]
        .map(error);
        let field = Field::line("url", "URL", "").faults(&errors, "url");
        assert_eq!(field.faults, ["is wrong"]);
        let field = Field::line("t", "Types", "").faults(&errors, "event_types");
        assert_eq!(field.faults, ["[2] is wrong"]);
        assert_eq!(
            left_over(&errors, &["url", "event_types", "retry_policy.delays"]),
            ["url_extra is wrong"]
        );
    }

    #[test]
    fn what_was_typed_is_kept_as_text() {
        let html = Field::lines("d", "Data", "</textarea><script>", 3).to_string();
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains("&#60;/textarea&#62;"), "{html}");
    }
}
