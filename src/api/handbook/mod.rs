//! `/docs/{page}`: the handbook, and a search in it.
//!
//! Owns: the pages, their order, drawing them. Refuses: scripts, and anything from elsewhere; its words
//! are Markdown files (`static/docs`), which can be read in the repository as well.

use std::sync::LazyLock;

use actix_web::HttpRequest;
use askama::Template;
use serde_json::Value;

use self::markdown::{Drawn, draw};
use self::search::{Hit, search};
use crate::web::extract::{Query, path_text};
use crate::web::{Answered, Problem};

mod kept;
mod markdown;
mod pages;
mod search;

use kept::dressed;
pub(super) use kept::kept;
pub use pages::{HandbookPage, PAGES};

static DRAWN: LazyLock<Vec<Drawn>> =
    LazyLock::new(|| PAGES.iter().map(|page| draw(page.text)).collect());

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
    kept(&request, &name, || HandbookView {
        pages: &PAGES,
        current: PAGES[at].name,
        title: PAGES[at].title,
        html: &DRAWN[at].html,
    })
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
    Ok(dressed().body(view.render()?))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use pulldown_cmark::{Event, Parser, Tag};

    use super::*;

    #[test]
    fn every_link_within_leads_to_a_file_of_the_repository_and_a_heading_in_it() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |file: &Path| std::fs::read_to_string(file).unwrap_or_default();
        let pages = PAGES
            .iter()
            .map(|page| format!("static/docs/{}.md", page.name));
        let mut count = 0;
        for name in pages.chain(["README.md".to_owned()]) {
            let file = repository.join(&name);
            let text = read(&file);
            for event in Parser::new(&text) {
                let Event::Start(Tag::Link { dest_url, .. }) = event else {
                    continue;
                };
                if dest_url.starts_with("https://") {
                    continue;
                }
                let (target, anchor) = dest_url.split_once('#').unwrap_or((&dest_url, ""));
                let target = match target {
                    "" => file.clone(),
                    target => file.with_file_name(target),
                };
                assert!(
                    !dest_url.starts_with('/') && target.exists(),
                    "{name}: {dest_url}"
                );
                let there = draw(&read(&target)).sections;
                let is_there = anchor.is_empty() || there.iter().any(|one| one.anchor == anchor);
                assert!(is_there, "{name}: {dest_url}");
                count += 1;
            }
        }
        assert!(count > 1, "{count}");
    }

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
