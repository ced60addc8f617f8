//! The search in the handbook and the reference.
//!
//! Owns: which sections hold all words, and which of them come first. Refuses: an index; all there is to
//! look through is some hundred kilobytes.

use serde_json::Value;

use super::markdown::Drawn;
use super::pages::HandbookPage;

/// The most words that are looked for.
const WORDS_MAX: usize = 8;
/// The most characters of a query.
const QUERY_CHARS_MAX: usize = 200;
/// The most places that are shown.
const HITS_MAX: usize = 25;
/// Characters of an excerpt.
const EXCERPT_CHARS: usize = 180;

/// A place that holds all words.
pub(super) struct Hit {
    pub(super) path: String,
    pub(super) title: String,
    pub(super) excerpt: String,
    score: usize,
}

/// The places that hold all of the words of `query`, the best first.
pub(super) fn search(
    query: &str,
    pages: &[HandbookPage],
    drawn: &[Drawn],
    document: &Value,
) -> Vec<Hit> {
    let query: String = query.chars().take(QUERY_CHARS_MAX).collect();
    let query = query.to_lowercase();
    let words: Vec<&str> = query.split_whitespace().take(WORDS_MAX).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for (page, drawn) in pages.iter().zip(drawn) {
        for section in &drawn.sections {
            let path = format!("/docs/{}#{}", page.name, section.anchor);
            let title = match section.title == page.title {
                true => page.title.to_owned(),
                false => format!("{}: {}", page.title, section.title),
            };
            hits.extend(hit(&words, path, title, &section.text));
        }
    }
    let paths = document["paths"].as_object().into_iter().flatten();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let title = format!("{} {path}", method.to_uppercase());
            let summary = operation["summary"].as_str().unwrap_or_default();
            hits.extend(hit(&words, format!("/docs/{id}"), title, summary));
        }
    }
    let schemas = document["components"]["schemas"].as_object();
    for (name, schema) in schemas.into_iter().flatten() {
        let members = schema["properties"].as_object().into_iter().flatten();
        let members: Vec<&str> = members.map(|(name, _)| name.as_str()).collect();
        let about = schema["description"].as_str().unwrap_or_default();
        let text = format!("{about} {}", members.join(", "));
        hits.extend(hit(&words, format!("/docs/{name}"), name.clone(), &text));
    }
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.score));
    hits.truncate(HITS_MAX);
    hits
}

fn hit(words: &[&str], path: String, title: String, text: &str) -> Option<Hit> {
    let (low_title, low_text) = (title.to_lowercase(), text.to_lowercase());
    let mut score = 0;
    for word in words {
        let (in_title, in_text) = (
            low_title.matches(word).count(),
            low_text.matches(word).count(),
        );
        if in_title + in_text == 0 {
            return None;
        }
        score += 10 * in_title.min(2) + in_text.min(5);
    }
    Some(Hit {
        excerpt: excerpt(text, words),
        path,
        title,
        score,
    })
}

/// The text around the first word that it holds.
fn excerpt(text: &str, words: &[&str]) -> String {
    let chars: Vec<char> = text.chars().collect();
    let low: Vec<char> = chars
        .iter()
        .map(|one| one.to_lowercase().next().unwrap_or(*one))
        .collect();
    let place = |word: &&str| {
        let word: Vec<char> = word.chars().collect();
        low.windows(word.len()).position(|window| window == word)
    };
    let first = words.iter().filter_map(place).min().unwrap_or(0);
    let from = first.saturating_sub(EXCERPT_CHARS / 3);
    let to = (from + EXCERPT_CHARS).min(chars.len());
    let cut: String = chars[from..to].iter().collect();
    let cut = cut.split_whitespace().collect::<Vec<_>>().join(" ");
    format!(
        "{}{cut}{}",
        if from > 0 { "…" } else { "" },
        if to < chars.len() { "…" } else { "" }
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::handbook::markdown::draw;
    use crate::api::handbook::pages::PAGES;

    #[track_caller]
    fn check(query: &str, first: &str) {
        let document = json!({"paths": {"/api/v1/events": {"post": {
            "operationId": "publish_event", "summary": "Publish an event",
        }}}, "components": {"schemas": {"EventBody": {"properties": {"wombat": {}}}}}});
        let drawn: Vec<Drawn> = PAGES.iter().map(|page| draw(page.text)).collect();
        let hits = search(query, &PAGES, &drawn, &document);
        let found = hits.first().map_or("", |hit| hit.path.as_str());
        assert_eq!(found, first, "{query}");
    }

    #[test]
    fn all_words_must_be_there_and_headings_come_first() {
        check("Litestream", "/docs/operations#with-litestream");
        check("BACKUP restore", "/docs/operations#backup-and-restore");
        check("post /api/v1/events", "/docs/publish_event");
        check("wombat", "/docs/EventBody");
        check("litestream kangaroo", "");
        check("  ", "");
        check(&"x".repeat(5000), "");
    }

    #[test]
    fn an_excerpt_shows_the_word_within_its_sentence() {
        let text = format!("{} needle {}", "a ".repeat(200), "b ".repeat(200));
        let cut = excerpt(&text, &["needle"]);
        assert!(cut.starts_with('…') && cut.ends_with('…'), "{cut}");
        assert!(cut.contains("needle"), "{cut}");
    }
}
