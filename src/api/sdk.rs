//! `/sdk/…`: the clients that this build speaks with, one file each.
//!
//! Owns: answering with them. Refuses: credentials and compression: they are public, small, and
//! fetched once by hand or by a build.

use actix_web::HttpResponse;
use actix_web::web::to;

use super::access::PUBLIC;
use crate::web::Answered;
use crate::web::endpoint::Endpoint;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/sdk/hookpost.js", PUBLIC, || to(javascript)).about(|operation| {
        operation
            .named("sdk_javascript", "Operations", "The JavaScript client")
            .gives_text(
                "text/javascript",
                "An ECMAScript module without dependencies.",
            )
    }),
    Endpoint::get("/sdk/hookpost.d.ts", PUBLIC, || to(types)).about(|operation| {
        operation
            .named("sdk_types", "Operations", "The JavaScript client's types")
            .gives_text("text/plain", "TypeScript declarations.")
    }),
    Endpoint::get("/sdk/hookpost.py", PUBLIC, || to(python)).about(|operation| {
        operation
            .named("sdk_python", "Operations", "The Python client")
            .gives_text("text/x-python", "A module without dependencies.")
    }),
];

async fn javascript() -> Answered {
    file(
        "text/javascript",
        include_str!("../../static/sdk/hookpost.js"),
    )
}

async fn types() -> Answered {
    file("text/plain", include_str!("../../static/sdk/hookpost.d.ts"))
}

async fn python() -> Answered {
    file(
        "text/x-python",
        include_str!("../../static/sdk/hookpost.py"),
    )
}

fn file(media_type: &str, text: &'static str) -> Answered {
    Ok(HttpResponse::Ok()
        .content_type(format!("{media_type}; charset=utf-8"))
        .body(text))
}
