//! `/docs/{page}`: the handbook, and a search in it.
//!
//! Owns: the pages, their order, drawing them. Refuses: scripts, and anything from elsewhere; its words
//! are Markdown files (`static/docs`), which can be read in the repository as well.

use std::sync::{LazyLock, OnceLock};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use serde_json::Value;

use self::markdown::{Drawn, draw};
use self::search::{Hit, search};
use crate::packed::PackedBytes;
use crate::web::answer::packed;
use crate::web::extract::{Query, path_text};
use crate::web::{Answered, Problem};

mod markdown;
mod pages;
mod search;

pub use pages::{HandbookPage, PAGES};

/// What a browser may load for a page: the one stylesheet; it may ask the search.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static DRAWN: LazyLock<Vec<Drawn>> =
    LazyLock::new(|| PAGES.iter().map(|page| draw(page.text)).collect());

/// The pages as they are sent, each from when it is first asked for.
static PACKED: [OnceLock<PackedBytes>; PAGES.len()] = [const { OnceLock::new() }; PAGES.len()];

#[derive(Template)]
#[template(path = "handbook.html")]
struct HandbookView<'a> {
    pages: &'static [HandbookPage],
    current: &'a str,
    title: &'a str,
    /// Drawn from our own files.
    html: &'a str,
}

#[derive(Template)]
#[template(path = "handbook_search.html")]
struct HandbookSearchView<'a> {
    pages: &'static [HandbookPage],
    query: &'a str,
    hits: Vec<Hit>,
}

/// `GET /docs/{page}`.
///
/// # Errors
/// 404 where there is no such page.
pub async fn show(document: &'static Value, request: HttpRequest) -> Answered {
    let name = path_text(&request, "page");
    if name == "search" {
        return found(document, &request);
    }
    let at = PAGES.iter().position(|page| page.name == name);
    let at = at.ok_or_else(|| Problem::no_route(request.path()))?;
    let page = PACKED[at].get_or_init(|| {
        let view = HandbookView {
            pages: &PAGES,
            current: PAGES[at].name,
            title: PAGES[at].title,
            html: &DRAWN[at].html,
        };
        let page = view.render();
        PackedBytes::new(page.expect("the page is made of text alone").into())
    });
    Ok(packed(&request, dressed(), page))
}

fn found(document: &Value, request: &HttpRequest) -> Answered {
    let mut query = Query::of(request);
    let words = query.text("q").unwrap_or_default();
    query.finish()?;
    let words = words.trim();
    let view = HandbookSearchView {
        pages: &PAGES,
        query: words,
        hits: search(words, &PAGES, &DRAWN, document),
    };
    html(view.render()?)
}

fn html(page: String) -> Answered {
    Ok(dressed().body(page))
}

fn dressed() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_begins_with_a_heading_and_every_link_within_leads_somewhere() {
        for (page, drawn) in PAGES.iter().zip(DRAWN.iter()) {
            assert!(page.text.starts_with("# "), "{}", page.name);
            let mut rest = drawn.html.as_str();
            while let Some((_, after)) = rest.split_once("href=\"/docs") {
                let (target, more) = after.split_once('"').unwrap();
                rest = more;
                let (name, anchor) = target.split_once('#').unwrap_or((target, ""));
                let Some(name) = name.strip_prefix('/') else {
                    continue;
                };
                let at = PAGES.iter().position(|page| page.name == name);
                let at = at.unwrap_or_else(|| panic!("{}: {target}", page.name));
                let anchors = &DRAWN[at].sections;
                assert!(
                    anchor.is_empty() || anchors.iter().any(|one| one.anchor == anchor),
                    "{}: {target}",
                    page.name
                );
            }
        }
    }
}
