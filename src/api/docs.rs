//! `/docs`: the OpenAPI document as a page, drawn by the server.
//!
//! Owns: the page and its stylesheet. Refuses: scripts, and anything from elsewhere: the page works
//! without a network, and its policy lets a browser load nothing but the one stylesheet.

use std::sync::{LazyLock, OnceLock};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::Value;

use self::drawn::{DocOperation, DocSchema, items, members, operation, schema, text};
use super::handbook::{HandbookPage, PAGES, POLICY};
use crate::packed::PackedBytes;
use crate::web::Answered;
use crate::web::answer::packed;

mod drawn;
mod one;
mod samples;

pub use one::one;

static CSS: LazyLock<PackedBytes> =
    LazyLock::new(|| PackedBytes::new(include_str!("../../static/docs.css").into()));

#[derive(Template)]
#[template(path = "docs.html")]
struct DocPage {
    version: String,
    about: String,
    groups: Vec<Group>,
    schemas: Vec<DocSchema>,
    pages: &'static [HandbookPage],
}

struct Group {
    name: String,
    about: String,
    operations: Vec<DocOperation>,
}

/// `GET /docs`.
///
/// # Errors
/// None.
pub async fn page(document: &'static Value, request: HttpRequest) -> Answered {
    static PAGE: OnceLock<PackedBytes> = OnceLock::new();
    let page = PAGE.get_or_init(|| {
        let page = DocPage::of(document).render();
        PackedBytes::new(page.expect("the page is made of text alone").into())
    });
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    Ok(packed(&request, response, page))
}

/// `GET /docs.css`.
///
/// # Errors
/// None.
pub async fn css(request: HttpRequest) -> Answered {
    let mut response = HttpResponse::Ok();
    response.content_type("text/css; charset=utf-8");
    Ok(packed(&request, response, &CSS))
}

impl DocPage {
    fn of(document: &Value) -> Self {
        let operations: Vec<(String, DocOperation)> = members(&document["paths"])
            .flat_map(|(path, methods)| {
                members(methods).map(|(method, own)| {
                    (
                        text(&own["tags"][0]),
                        operation(document, method, path, own),
                    )
                })
            })
            .collect();
        let mut groups: Vec<Group> = items(&document["tags"])
            .map(|tag| Group {
                name: text(&tag["name"]),
                about: text(&tag["description"]),
                operations: Vec::new(),
            })
            .collect();
        for (tag, operation) in operations {
            if let Some(group) = groups.iter_mut().find(|group| group.name == tag) {
                group.operations.push(operation);
            }
        }
        Self {
            version: text(&document["info"]["version"]),
            about: text(&document["info"]["description"]),
            groups,
            pages: &PAGES,
            schemas: members(&document["components"]["schemas"])
                .map(schema)
                .collect(),
        }
    }
}
