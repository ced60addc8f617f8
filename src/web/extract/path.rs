//! Parameters of the path.
//!
//! Owns: reading them. An id that cannot be read names nothing that exists, so it is a 404 like
//! any other that names nothing: callers need not know how ids look.

use actix_web::HttpRequest;

use crate::domain::id::{Id, Kind};
use crate::service::Refusal;
use crate::web::Problem;

/// The id in the path's `{id}`; `what` is the word for the thing, as in "no such webhook".
///
/// # Errors
/// 404 where it is no id of this kind.
pub fn path_id<K: Kind>(request: &HttpRequest, what: &'static str) -> Result<Id<K>, Problem> {
    Id::parse(&path_text(request, "id")).ok_or_else(|| Refusal::NotFound(what).into())
}

/// The text of the parameter called `name`, percent-decoded.
///
/// # Panics
/// Where the route has no such parameter.
#[must_use]
pub fn path_text(request: &HttpRequest, name: &str) -> String {
    let raw = request
        .match_info()
        .get(name)
        .expect("the route table names the parameter");
    raw.to_owned()
}
