//! Pages of the handbook, from Markdown to HTML.
//!
//! Owns: anchors of headings, tables that can be scrolled, links from page to page, and the sections that the
//! search looks into.
//! Refuses: Markdown from anybody but us; nothing is cleaned.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A page, ready to be shown and searched.
pub(super) struct Drawn {
    pub(super) html: String,
    pub(super) sections: Vec<DocSection>,
}

/// What stands below one heading.
pub(super) struct DocSection {
    pub(super) title: String,
    pub(super) anchor: String,
    pub(super) text: String,
}

/// Draws a page.
pub(super) fn draw(markdown: &str) -> Drawn {
    let events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    let mut sections: Vec<DocSection> = Vec::new();
    let mut drawn = Vec::with_capacity(events.len());
    let mut events = events.into_iter().peekable();
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let mut words = Vec::new();
                while let Some(inner) =
                    events.next_if(|inner| !matches!(inner, Event::End(TagEnd::Heading(_))))
                {
                    words.push(inner);
                }
                let section = begun(&words);
                drawn.push(heading(level, &section.anchor));
                drawn.append(&mut words);
                sections.push(section);
            }
            // Wide tables and long lines are moved within themselves, not the page.
            Event::Start(Tag::Table(columns)) => {
                drawn.push(Event::Html("<div class=\"wide\" tabindex=\"0\">".into()));
                drawn.push(Event::Start(Tag::Table(columns)));
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => drawn.push(Event::Start(Tag::Link {
                link_type,
                dest_url: served(&dest_url).map_or(dest_url, CowStr::from),
                title,
                id,
            })),
            Event::End(TagEnd::Table) => {
                drawn.push(Event::End(TagEnd::Table));
                drawn.push(Event::Html("</div>\n".into()));
            }
            other => {
                if let (Event::Text(text) | Event::Code(text), Some(section)) =
                    (&other, sections.last_mut())
                {
                    section.text.push_str(text);
                    section.text.push(' ');
                }
                drawn.push(other);
            }
        }
    }
    let mut page = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut page, drawn.into_iter());
    let page = page.replace("<pre>", "<pre tabindex=\"0\">");
    Drawn {
        html: page,
        sections,
    }
}

/// Where a link to another page's file, which leads there in a repository, leads on the server.
fn served(target: &str) -> Option<String> {
    let at = target.find('#').unwrap_or(target.len());
    let (file, anchor) = target.split_at(at);
    let page = file.strip_suffix(".md")?;
    (!page.contains('/')).then(|| format!("/docs/{page}{anchor}"))
}

fn heading(level: HeadingLevel, anchor: &str) -> Event<'static> {
    Event::Start(Tag::Heading {
        level,
        id: Some(CowStr::from(anchor.to_owned())),
        classes: Vec::new(),
        attrs: Vec::new(),
    })
}

fn begun(words: &[Event<'_>]) -> DocSection {
    let title: String = words
        .iter()
        .filter_map(|word| match word {
            Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    DocSection {
        anchor: anchor(&title),
        title,
        text: String::new(),
    }
}

/// A heading as an anchor, the way that repositories make them: `Back again!` is `back-again`.
fn anchor(title: &str) -> String {
    title
        .to_lowercase()
        .chars()
        .filter_map(|one| match one {
            ' ' | '-' => Some('-'),
            one if one.is_alphanumeric() || one == '_' => Some(one),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_anchors_and_what_stands_below_them_can_be_searched() {
        let drawn =
            draw("# A page\n\nWords.\n\n## Upgrade, and `back`\n\n| a |\n|---|\n| cell |\n");
        let anchors: Vec<&str> = drawn
            .sections
            .iter()
            .map(|one| one.anchor.as_str())
            .collect();
        assert_eq!(anchors, ["a-page", "upgrade-and-back"]);
        assert!(
            drawn.html.contains("<h2 id=\"upgrade-and-back\">"),
            "{}",
            drawn.html
        );
        assert!(
            drawn
                .html
                .contains("<div class=\"wide\" tabindex=\"0\"><table>"),
            "{}",
            drawn.html
        );
        assert!(drawn.sections[1].text.contains("cell"));
    }

    #[test]
    fn a_link_to_a_file_leads_to_its_page() {
        let check = |target: &str, expect: &str| {
            let drawn = draw(&format!("# A\n\n[words]({target})\n"));
            let link = format!("href=\"{expect}\"");
            assert!(drawn.html.contains(&link), "{}", drawn.html);
        };
        check("concepts.md", "/docs/concepts");
        check("concepts.md#the-life", "/docs/concepts#the-life");
        check("#proof", "#proof");
        check("https://a.example/b.md", "https://a.example/b.md");
    }
}
