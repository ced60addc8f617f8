//! What walks have in common: the client, the environment, how a refusal is read.
//!
//! Owns: that every refusal carries what the documentation promises. Refuses: repeating a call.

use svix::Error;
use svix::api::{Svix, SvixOptions};

/// What the test says under `name`.
pub fn said(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is set by the test"))
}

/// The client with a token.
pub fn client(token: String) -> Svix {
    let options = SvixOptions {
        server_url: Some(said("SVIX_SERVER_URL")),
        ..SvixOptions::default()
    };
    Svix::new(token, Some(options))
}

/// Checks that a call was refused with `status` in the documented form, and answers its code.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(status: u16, outcome: Result<T, Error>) -> String {
    match outcome {
        Err(Error::Http(refusal)) => {
            assert_eq!(refusal.status.as_u16(), status, "{refusal:?}");
            let told = refusal.payload.expect("code and detail");
            assert!(!told.detail.is_empty(), "{told:?}");
            told.code
        }
        Err(Error::Validation(refusal)) => {
            assert_eq!(refusal.status.as_u16(), status, "{refusal:?}");
            let told = refusal.payload.expect("what is wrong with each field");
            assert!(!told.detail.is_empty(), "{told:?}");
            "validation".to_owned()
        }
        other => panic!("{status} was expected: {other:?}"),
    }
}
