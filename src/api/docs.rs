//! `/docs`: the OpenAPI document as pages, drawn by the server.
//!
//! Owns: the page that leads to every operation and every shape, and the stylesheet. Refuses: scripts, and
//! anything from elsewhere: the pages work without a network, and their policy lets a browser load nothing
//! but the one stylesheet.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::Value;

use self::drawn::{items, members, text};
use super::handbook::{HandbookPage, PAGES, kept};
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
    /// The names of the shapes.
    schemas: Vec<&'static str>,
    pages: &'static [HandbookPage],
}

struct Group {
    name: String,
    about: String,
    operations: Vec<ListedOperation>,
}

/// An operation in the list.
struct ListedOperation {
    id: String,
    method: String,
    path: &'static str,
    summary: String,
}

pub(super) async fn page(document: &'static Value, request: HttpRequest) -> Answered {
    kept(&request, "", || DocPage::of(document))
}

pub(super) async fn css(request: HttpRequest) -> Answered {
    let mut response = HttpResponse::Ok();
    response.content_type("text/css; charset=utf-8");
    Ok(packed(&request, response, &CSS))
}

impl DocPage {
    fn of(document: &'static Value) -> Self {
        let mut groups: Vec<Group> = items(&document["tags"])
            .map(|tag| Group {
                name: text(&tag["name"]),
                about: text(&tag["description"]),
                operations: Vec::new(),
            })
            .collect();
        for (path, methods) in members(&document["paths"]) {
            for (method, own) in members(methods) {
                let is_its = |group: &&mut Group| own["tags"][0] == *group.name;
                let Some(group) = groups.iter_mut().find(is_its) else {
                    continue;
                };
                group.operations.push(ListedOperation {
                    id: text(&own["operationId"]),
                    method: method.to_ascii_uppercase(),
                    path,
                    summary: text(&own["summary"]),
                });
            }
        }
        let schemas = members(&document["components"]["schemas"]);
        Self {
            version: text(&document["info"]["version"]),
            about: text(&document["info"]["description"]),
            groups,
            pages: &PAGES,
            schemas: schemas.map(|(name, _)| name).collect(),
        }
    }
}
