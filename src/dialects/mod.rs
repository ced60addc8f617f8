//! Other systems' management APIs, each served as its documentation describes it.
//!
//! Owns: the table of dialects. Refuses: rules and SQL. A dialect translates paths, names and
//! answers, and calls the same functions of the service as the native API.
//!
//! # What a new dialect is
//! One file with a [`Dialect`] in it, and one line in [`DIALECTS`]. Everything else reads that
//! line: the endpoints are mounted from it, the gate takes the credential from the header it names,
//! and whatever is refused below its base path (unknown paths, wrong methods, broken JSON, missing
//! rights) is told in its form.
//!
//! # Whose webhooks a dialect shows
//! Those of its own wire profile in the workspace of the key, whoever registered them. A client
//! that tidies up after itself (lists, compares, deletes what it does not know) must never meet
//! webhooks that belong to another system which shares the workspace.

pub mod airmy;
pub mod armalo;
pub mod armox;
pub mod dialect;
pub mod indigiarmor;
pub mod svix;
pub mod veriswarm;

pub use dialect::{BEARER, Credential, CredentialForm, Dialect};

/// Every dialect, by name.
pub static DIALECTS: &[&Dialect] = &[
    &airmy::DIALECT,
    &armalo::DIALECT,
    &armox::DIALECT,
    &indigiarmor::DIALECT,
    &svix::DIALECT,
    &veriswarm::DIALECT,
];

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;

    use super::*;
    use crate::service::{FieldError, Refusal};
    use crate::web::Problem;

    #[test]
    fn every_endpoint_of_a_dialect_lies_below_its_base() {
        for dialect in DIALECTS {
            for endpoint in dialect.endpoints {
                let rest = endpoint.path.strip_prefix(dialect.base);
                assert!(
                    rest.is_some_and(|rest| rest.starts_with('/')),
                    "{}",
                    endpoint.path
                );
            }
        }
    }

    #[test]
    fn refusals_name_fields_as_the_client_wrote_them() {
        let problem: Problem = Refusal::Invalid(vec![
            FieldError {
                field: "event_types[1]".to_owned(),
                message: "is odd".to_owned(),
            },
            FieldError {
                field: "url".to_owned(),
                message: "is required".to_owned(),
            },
        ])
        .into();
        let (status, body) = armalo::DIALECT.told(&problem);
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(body["error"], "events[1] is odd; url is required");
        assert_eq!(body["errors"][0]["field"], "events[1]");
        let unknown = Problem::misfit(vec![FieldError {
            field: "event_types".to_owned(),
            message: "is not a known field".to_owned(),
        }]);
        let (_, body) = armalo::DIALECT.told(&unknown);
        assert_eq!(body["error"], "event_types is not a known field");
    }
}
