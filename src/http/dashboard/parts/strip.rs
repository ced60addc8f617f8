//! The last outcomes of a webhook as a strip: shape *and* colour tell them apart.
//!
//! Owns: its drawing and its words. Refuses: choosing what is shown.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::delivery::Status;

/// Outcomes of a strip.
pub const OUTCOMES: usize = 30;
/// Units from one mark to the next.
const STEP: usize = 5;
/// How high a strip is.
const HEIGHT: usize = 18;

/// A mark: where it stands, how high it is, and its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    x: usize,
    y: usize,
    height: usize,
    class: &'static str,
}

/// A strip of outcomes, the newest on the right.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"<svg class="strip" viewBox="0 0 {{ width() }} 18" width="{{ width() }}" role="img" aria-label="{{ words }}"><title>{{ words }}</title>{% for mark in marks %}<rect class="{{ mark.class }}" x="{{ mark.x }}" y="{{ mark.y }}" width="3" height="{{ mark.height }}" rx="1"/>{% endfor %}</svg>"#,
    ext = "html"
)]
pub struct Strip {
    marks: Vec<Mark>,
    words: String,
}

impl HtmlSafe for Strip {}

impl Strip {
    /// The strip of `statuses`, newest first.
    #[must_use]
    pub fn new(statuses: &[Status]) -> Self {
        let empty = OUTCOMES.saturating_sub(statuses.len());
        let known = statuses
            .iter()
            .take(OUTCOMES)
            .rev()
            .map(|status| Some(*status));
        let all = std::iter::repeat_n(None, empty).chain(known);
        Self {
            marks: all
                .enumerate()
                .map(|(place, status)| mark(place, status))
                .collect(),
            words: words(statuses),
        }
    }

    fn width(&self) -> usize {
        OUTCOMES * STEP - 2
    }
}

fn mark(place: usize, status: Option<Status>) -> Mark {
    // A success stands tall, a failure hangs from the top, what is open is short.
    let (y, height, class) = match status {
        Some(Status::Delivered) => (2, 14, "s-good"),
        Some(Status::Exhausted) => (0, HEIGHT, "s-bad"),
        Some(Status::Retrying) => (6, 6, "s-warn"),
        Some(Status::Pending) => (8, 2, "s-warn"),
        Some(Status::Canceled) => (8, 2, "s-calm"),
        None => (8, 2, "s-none"),
    };
    Mark {
        x: place * STEP,
        y,
        height,
        class,
    }
}

fn words(statuses: &[Status]) -> String {
    let shown = &statuses[..statuses.len().min(OUTCOMES)];
    if shown.is_empty() {
        return "no deliveries yet".to_owned();
    }
    let parts: Vec<String> = Status::ALL
        .into_iter()
        .map(|status| (status, shown.iter().filter(|one| **one == status).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(status, count)| format!("{count} {}", status.as_str()))
        .collect();
    format!("Last {}: {}", shown.len(), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_says_in_words_what_it_draws() {
        let statuses = [Status::Exhausted, Status::Delivered, Status::Delivered];
        let strip = Strip::new(&statuses);
        assert_eq!(strip.words, "Last 3: 2 delivered, 1 exhausted");
        assert_eq!(strip.marks.len(), OUTCOMES);
        assert_eq!(strip.marks[OUTCOMES - 1].class, "s-bad");
        assert_eq!(strip.marks[OUTCOMES - 4].class, "s-none");
        assert_eq!(Strip::new(&[]).words, "no deliveries yet");
    }
}
