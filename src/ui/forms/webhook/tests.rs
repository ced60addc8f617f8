//! What is typed is read as it is meant.

use super::*;
use crate::service::Refusal;
use crate::ui::form::{Form, FormDraft};

fn form(fields: &[(&str, &str)]) -> Form {
    let typed = fields.iter();
    typed.fold(Form::default(), |form, (name, value)| {
        form.with(name, *value)
    })
}

fn read(spec: &FormSpec<Webhook, WebhookInput>, fields: &[(&str, &str)]) -> WebhookInput {
    spec.read(&form(fields), WebhookInput::default()).unwrap()
}

#[test]
fn empty_fields_mean_the_default_and_no_names_the_profiles_own() {
    let typed = [("url", " https://a.example "), ("retry", "profile")];
    let input = as_new(read(&NEW, &typed));
    assert_eq!(input.url.as_deref(), Some("https://a.example"));
    assert!(input.event_types.is_none() && input.secret.is_none());
    assert!(matches!(input.retry_policy, Some(None)));
    assert!(matches!(input.timeout, Some(None)));
    assert_eq!(input.metadata.as_deref(), Some("{}"));
}

#[test]
fn what_cannot_be_read_names_its_field() {
    let typed = form(&[
        ("headers", "x-a: 1\nnonsense"),
        ("max_in_flight", "many"),
        ("metadata", "[1]"),
    ]);
    let Err(Refusal::Invalid(errors)) = NEW.read(&typed, WebhookInput::default()) else {
        panic!("nothing of it can be read");
    };
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["headers", "max_in_flight", "metadata"]);
}

#[test]
fn a_policy_of_ones_own_is_read_whole() {
    let input = read(
        &NEW,
        &[
            ("retry", "custom"),
            ("delays", "1s, 5s"),
            ("then_every", "1h"),
            ("give_up_after", "24h"),
        ],
    );
    let Some(Some(RetryInput::Custom(own))) = input.retry_policy else {
        panic!("{input:?}");
    };
    assert_eq!(
        own.delays.as_deref(),
        Some(&["1s".to_owned(), "5s".to_owned()][..])
    );
    assert_eq!(own.then_every.as_deref(), Some("1h"));
    assert_eq!(own.give_up_after.as_deref(), Some("24h"));
    assert_eq!(own.jitter, Some(false));
}

#[test]
fn a_webhook_that_exists_has_its_state_changed_elsewhere_and_never_shows_its_secret() {
    let fields = [("secret", "whsec_x"), ("active", "on")];
    let (new, edit) = (read(&NEW, &fields), read(&EDIT, &fields));
    assert!(new.secret.is_some() && new.active == Some(true));
    assert!(edit.secret.is_some() && edit.active.is_none());
    let html = EDIT.draw(&FormDraft::default()).to_string();
    assert!(!html.contains("name=\"active\""));
    assert!(html.contains("name=\"metadata\""));
}

#[test]
fn every_choice_has_a_word() {
    let html = NEW.draw(&NEW.blank()).to_string();
    for word in [
        ">PUT</option>",
        ">application/x-www-form-urlencoded</option>",
    ] {
        assert!(html.contains(word), "{html}");
    }
    assert!(!html.contains("></option>"), "{html}");
}
