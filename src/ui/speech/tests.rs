//! What languages say.
//!
//! Owns: that each has every text, and says it right. Refuses: judging style.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use askama::Template;

use super::phrasebook::Phrasebook;
use super::*;
use crate::domain::delivery::Status;
use crate::domain::time::Timestamp;
use crate::ui::parts::{Badge, Since, Stamp};

const FILES: [(&str, &str); 3] = [
    ("de", include_str!("de.toml")),
    ("fr", include_str!("fr.toml")),
    ("es", include_str!("es.toml")),
];

/// The words within braces, each once for each time that it stands there.
fn places(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text
        .split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
        .collect();
    words.sort_unstable();
    words
}

#[test]
fn every_language_has_every_text_with_the_same_places_in_it() {
    let keys = |text| Phrasebook::all(text).into_keys().collect::<BTreeSet<_>>();
    for (tag, text) in FILES {
        assert_eq!(keys(text), keys(FILES[0].1), "{tag}");
        for (english, said) in Phrasebook::all(text) {
            assert!(!said.trim().is_empty(), "{tag}: {english}");
            assert_eq!(places(&english), places(&said), "{tag}: {english}");
        }
    }
    let spoken = Language::ALL
        .iter()
        .filter(|own| own.phrasebook().is_some());
    assert_eq!(spoken.count(), FILES.len());
}

/// The texts that templates say: whatever stands in quotes before the filter.
fn said_in(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let before = text.split("\"|say").map(str::to_owned).collect::<Vec<_>>();
    let (_, before) = before.split_last().unwrap();
    let quoted = |text: &String| text.rsplit('"').next().unwrap().to_owned();
    before.iter().map(quoted).collect()
}

#[test]
fn every_text_of_a_template_is_known_to_every_language() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut asked = 0;
    for folder in ["portal", "parts"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let file = entry.unwrap().path();
            for english in said_in(&file) {
                for language in Language::ALL.iter().skip(1) {
                    let known = language.phrasebook().unwrap().say(&english);
                    assert!(
                        known.is_some(),
                        "{language:?} lacks {english:?} of {file:?}"
                    );
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 200, "{asked}");
}

#[test]
fn what_differs_each_time_is_kept_and_what_is_said_within_is_said_too() {
    let check = |english: &str, german: &str| assert_eq!(Language::German.say(english), german);
    check("3 failed attempts", "3 Fehlschläge");
    check("1\u{202f}234 deliveries", "1\u{202f}234 Zustellungen");
    check(
        "Last 3: 2 delivered, 1 exhausted",
        "Letzte 3: 2 zugestellt, 1 aufgegeben",
    );
    check(
        "disabled: a person disabled it",
        "deaktiviert: jemand hat ihn deaktiviert",
    );
    // A name is nobody's to translate, whatever it says.
    check("Check signatures of Delete", "Signaturen von Delete prüfen");
    check("what nobody has said yet", "what nobody has said yet");
    check("", "");
    check("x failed attempts", "x failed attempts");
    assert_eq!(Language::English.say("Delete"), "Delete");
}

#[test]
fn numbers_and_dates_are_written_as_the_language_writes_them() {
    for (language, figure, date) in [
        (Language::English, "1.24 s", "2026-03-16 10:05:00 UTC"),
        (Language::German, "1,24 s", "16.03.2026 10:05:00 UTC"),
        (Language::French, "1,24 s", "16/03/2026 10:05:00 UTC"),
        (Language::Spanish, "1,24 s", "16/03/2026 10:05:00 UTC"),
    ] {
        assert_eq!(language.figure("1.24 s"), figure);
        assert_eq!(language.date("2026-03-16 10:05:00 UTC"), date);
    }
    assert_eq!(Language::German.figure("a.b 1. x"), "a.b 1. x");
    assert_eq!(Language::German.date("03-16"), "16.03.");
    assert_eq!(Language::French.date("10:05"), "10:05");
}

#[test]
fn a_browser_gets_the_spoken_language_that_it_puts_first() {
    let check = |header: &str, expect: Option<Language>| {
        assert_eq!(Language::accepted(header), expect, "{header:?}");
    };
    check("de", Some(Language::German));
    check("pt-BR,fr-CA;q=0.8,de;q=0.9", Some(Language::German));
    check("es;q=0.5, en;q=0.5", Some(Language::Spanish));
    check(
        "de;q=0, fr;q=nonsense, EN-us;q=0.1",
        Some(Language::English),
    );
    check("*", None);
    check("", None);
    check(&"de,".repeat(400), None);
}

#[test]
fn parts_of_a_page_speak_its_language() {
    #[derive(Template)]
    #[template(source = "{{ badge }} {{ since }} {{ at }}", ext = "html")]
    struct Page {
        badge: Badge,
        since: Since,
        at: Stamp,
    }
    let at = Timestamp::parse("2026-03-16T10:05:00Z").unwrap();
    let page = Page {
        badge: Badge::delivery(Status::Delivered),
        since: Since(at),
        at: Stamp(at),
    };
    let german = page.render_with_values(&Language::German).unwrap();
    assert!(
        german.contains("zugestellt") && german.contains("seit <time"),
        "{german}"
    );
    assert!(german.contains(">16.03.2026 10:05:00 UTC<"), "{german}");
    assert!(page.render().unwrap().contains("delivered"));
}
