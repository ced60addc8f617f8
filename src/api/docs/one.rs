//! `/docs/{page}`: one operation with calls of it to copy, or one shape of what they take and give.
//!
//! Owns: the pages. Refuses: what the reference says of all together.

use actix_web::HttpRequest;
use askama::Template;
use serde_json::Value;

use super::drawn::{DocOperation, DocSchema, items, members, operation, schema};
use super::samples::{CodeSample, SampledCall, laid_out, samples};
use crate::api::handbook::{self, HandbookPage, PAGES, kept};
use crate::web::Answered;
use crate::web::extract::path_text;

#[derive(Template)]
#[template(path = "docs_operation.html")]
struct OperationPage {
    pages: &'static [HandbookPage],
    operation: DocOperation,
    /// Whether it asks for credentials.
    shows_key: bool,
    /// Whether a key is among those that it takes.
    takes_key: bool,
    /// The body's example; empty where there is none.
    example: String,
    samples: Vec<CodeSample>,
}

#[derive(Template)]
#[template(path = "docs_schema.html")]
struct SchemaPage {
    pages: &'static [HandbookPage],
    schema: DocSchema,
}

/// `GET /docs/{page}`: an operation, a shape, or else a page of the handbook.
pub async fn one(document: &'static Value, request: HttpRequest) -> Answered {
    let name = path_text(&request, "page");
    if let Some((path, method, own)) = found(document, &name) {
        return kept(&request, &name, || {
            OperationPage::of(document, path, method, own)
        });
    }
    match document["components"]["schemas"].get(&name) {
        Some(own) => kept(&request, &name, || SchemaPage {
            pages: &PAGES,
            schema: schema((&name, own)),
        }),
        None => handbook::show(document, request).await,
    }
}

fn found<'a>(document: &'a Value, id: &str) -> Option<(&'a str, &'a str, &'a Value)> {
    let paths = members(&document["paths"]);
    let mut operations = paths
        .flat_map(|(path, methods)| members(methods).map(move |(method, own)| (path, method, own)));
    operations.find(|(_, _, own)| own["operationId"] == id)
}

impl OperationPage {
    fn of(document: &Value, path: &str, method: &str, own: &Value) -> Self {
        let body = own.pointer("/requestBody/content/application~1json/example");
        let takes: Vec<&Value> = items(&own["security"]).collect();
        let drawn = operation(document, method, path, own);
        let call = SampledCall {
            method: &drawn.method,
            path,
            body,
            shows_key: !takes.is_empty(),
        };
        Self {
            pages: &PAGES,
            shows_key: call.shows_key,
            takes_key: takes.iter().any(|one| one.get("api_key").is_some()),
            example: body.map(laid_out).unwrap_or_default(),
            samples: samples(&call),
            operation: drawn,
        }
    }
}
