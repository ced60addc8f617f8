//! `/docs/{operation}`: one operation with calls of it to copy.
//!
//! Owns: the page. Refuses: what the reference says of all operations together.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::Value;

use super::drawn::{DocOperation, Kind, items, members, operation};
use super::samples::{CodeSample, SampledCall, laid_out, samples};
use crate::api::handbook::{self, HandbookPage, PAGES, POLICY};
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

/// `GET /docs/{page}`: an operation, or else a page of the handbook.
///
/// # Errors
/// 404 where there is neither.
pub async fn one(document: &'static Value, request: HttpRequest) -> Answered {
    let name = path_text(&request, "page");
    let Some((path, method, own)) = found(document, &name) else {
        return handbook::show(document, request).await;
    };
    let body = own.pointer("/requestBody/content/application~1json/example");
    let takes: Vec<&Value> = items(&own["security"]).collect();
    let drawn = operation(document, method, path, own);
    let call = SampledCall {
        method: &drawn.method,
        path,
        body,
        shows_key: !takes.is_empty(),
    };
    let page = OperationPage {
        pages: &PAGES,
        shows_key: call.shows_key,
        takes_key: takes.iter().any(|one| one.get("api_key").is_some()),
        example: body.map(laid_out).unwrap_or_default(),
        samples: samples(&call),
        operation: drawn,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(page.render()?))
}

fn found<'a>(document: &'a Value, id: &str) -> Option<(&'a str, &'a str, &'a Value)> {
    let paths = members(&document["paths"]);
    let mut operations = paths
        .flat_map(|(path, methods)| members(methods).map(move |(method, own)| (path, method, own)));
    operations.find(|(_, _, own)| own["operationId"] == id)
}

impl OperationPage {
    /// Where a kind is described; nowhere if that is empty.
    fn place(&self, kind: &Kind) -> String {
        match kind.target.as_str() {
            "" => String::new(),
            target => format!("/docs#schema-{target}"),
        }
    }
}
