//! A request as its receiver got it, as a form.
//!
//! Owns: the fields, and reading header lines. Refuses: judging it (`service::webhooks`).

use crate::service::webhooks::CapturedRequest;
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormSpec, Frame, Typed};

/// Headers and body as they arrived.
pub static CAPTURED: FormSpec<(), CapturedRequest> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Stack(&[
        FieldSpec::lines("headers", "Headers", 6)
            .hint("One to a line, as in Name: value. More than the signed ones does no harm.")
            .required()
            .sets(|request, typed| request.headers = headers(typed)),
        FieldSpec::lines("body", "Body", 8)
            .hint("Exactly as it arrived, neither parsed nor indented anew.")
            .sets(|request, typed| request.body = typed.typed().as_bytes().to_vec()),
    ])],
}]);

fn headers(typed: &mut Typed<'_>) -> Vec<(String, String)> {
    let text = typed.typed().to_owned();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut headers = Vec::new();
    for line in lines {
        match line.split_once(':') {
            Some((name, value)) => headers.push((name.trim().to_owned(), value.trim().to_owned())),
            None => typed.fault(format!("has a line without a colon: {line}")),
        }
    }
    headers
}
