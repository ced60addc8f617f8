//! The last outcomes of a webhook as a strip: shape *and* colour tell them apart.
//!
//! Owns: its drawing and its words. Refuses: choosing what is shown.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::delivery::Status;
use crate::service::views::OUTCOMES;
use crate::ui::speech::filters;

/// Units from one mark to the next.
const STEP: usize = 5;
/// How high a strip is.
const HEIGHT: usize = 18;

/// The marks of one colour, drawn as one path.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    class: &'static str,
    path: String,
}

/// A strip of outcomes, the newest on the right.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(
    source = r#"<svg class="strip" viewBox="0 0 {{ width() }} 18" width="{{ width() }}" role="img" aria-label="{{ words|say }}"><title>{{ words|say }}</title>{% for layer in layers %}<path class="{{ layer.class }}" d="{{ layer.path }}"/>{% endfor %}</svg>"#,
    ext = "html"
)]
pub struct Strip {
    layers: Vec<Segment>,
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
        let mut layers: Vec<Segment> = Vec::new();
        for (place, status) in all.enumerate() {
            let (class, mark) = mark(place, status);
            match layers.iter_mut().find(|layer| layer.class == class) {
                Some(layer) => layer.path.push_str(&mark),
                None => layers.push(Segment { class, path: mark }),
            }
        }
        Self {
            layers,
            words: words(statuses),
        }
    }

    fn width(&self) -> usize {
        OUTCOMES * STEP - 2
    }
}

/// A mark's class and its stroke.
fn mark(place: usize, status: Option<Status>) -> (&'static str, String) {
    // A success stands tall, a failure hangs from the top, what is open is short.
    let (y, height, class) = match status {
        Some(Status::Delivered) => (2, 14, "s-good"),
        Some(Status::Exhausted) => (0, HEIGHT, "s-bad"),
        Some(Status::Retrying) => (6, 6, "s-warn"),
        Some(Status::Pending) => (8, 2, "s-warn"),
        Some(Status::Scheduled) => (8, 2, "s-calm"),
        Some(Status::Canceled) => (8, 2, "s-calm"),
        None => (8, 2, "s-none"),
    };
    (class, format!("M{} {y}v{height}", place * STEP + 2))
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
        let layer = |class: &str| {
            let found = strip.layers.iter().find(|layer| layer.class == class);
            found.map(|layer| layer.path.as_str())
        };
        assert_eq!(layer("s-bad"), Some("M147 0v18"));
        assert_eq!(layer("s-good"), Some("M137 2v14M142 2v14"));
        assert_eq!(layer("s-none").unwrap().matches('M').count(), OUTCOMES - 3);
        assert_eq!(layer("s-warn"), None);
        assert_eq!(Strip::new(&[]).words, "no deliveries yet");
    }
}
