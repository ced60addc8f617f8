//! What Svix's clients know and hookpost does not do.
//!
//! Owns: telling that apart from what nobody knows: 501 rather than 404, so that a client's author learns
//! that the call is right and the server lacks it. Refuses: doing any of it.

use crate::web::Problem;
use crate::web::audience::lost;

/// How the paths begin below which the clients know more than is done here.
const FAMILIES: &[&str] = &[
    "/svix/api/v1/app/",
    "/svix/api/v1/auth/",
    "/svix/api/v1/background-task/",
    "/svix/api/v1/connector",
    "/svix/api/v1/environment/",
    "/svix/api/v1/event-type/",
    "/svix/api/v1/events",
    "/svix/api/v1/management/",
    "/svix/api/v1/msg/",
    "/svix/api/v1/operational-webhook/",
    "/svix/api/v1/stats/",
    "/svix/api/v1/stream",
    "/svix/ingest/api/v1/source",
];

/// Last parts of paths that look like a message's, and are actions.
const ACTIONS: &[&str] = &[
    "/msg/bulk-expunge",
    "/msg/expunge-all-contents",
    "/msg/search",
];

/// What a path comes to that leads to nothing here; `answers` names the methods that it does have.
pub(super) fn astray(path: &str, answers: Option<&str>) -> Problem {
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_known = match answers {
        None => FAMILIES.iter().any(|family| path.starts_with(family)),
        Some(_) => ACTIONS.iter().any(|action| path.ends_with(action)),
    };
    match is_known {
        true => Problem::not_implemented(path),
        false => lost(path, answers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_know_is_told_apart_from_what_nobody_knows() {
        let check = |path: &str, answers: Option<&str>, expect: u16| {
            let path = format!("/svix{path}");
            assert_eq!(astray(&path, answers).status().as_u16(), expect, "{path}");
        };
        check("/api/v1/app/app_1/endpoint/ep_1/oauth", None, 501);
        check("/api/v1/stream", None, 501);
        check("/api/v1/stream/", None, 501);
        check("/ingest/api/v1/source/src_1", None, 501);
        check("/api/v1/app/app_1/msg/search", Some("GET"), 501);
        check("/api/v1/app/app_1/msg/order.1", Some("GET"), 405);
        check("/api/v1/nowhere", None, 404);
        check("/api/v2/app", None, 404);
    }
}
