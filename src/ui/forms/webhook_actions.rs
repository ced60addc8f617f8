//! What is done to a webhook, as forms.
//!
//! Owns: the fields of a test, a rotation, a recovery, and of what ends a webhook. Refuses: doing any of
//! it (`service`), and who may.

use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::service::jobs::RecoverInput;
use crate::ui::form::{
    FieldSet, FieldSpec, Fields, FormDraft, FormSpec, FormView, Frame, Offer, Typed,
};
use crate::ui::parts::periods::PERIODS;
use crate::ui::parts::stamp;
use crate::ui::speech::Language;

/// The overlaps that a rotation offers.
const OVERLAPS: [(&str, &str); 5] = [
    ("24h", "24 hours"),
    ("0s", "none: the old secret ends now"),
    ("1h", "1 hour"),
    ("72h", "3 days"),
    ("168h", "7 days"),
];

/// The period that a recovery begins with, by its word.
const RECOVERED_FIRST: &str = "24h";
/// What a recovery begins with.
const RECOVERED_SORTS: &[&str] = &["exhausted", "missed"];

/// The forms of the page.
#[derive(Debug)]
pub struct ActionForms {
    /// What is sent to try it out.
    pub test: FormView,
    /// How its secret is rotated.
    pub rotation: FormView,
    /// What is put back in line.
    pub recovery: FormView,
    /// The name, typed before it ends.
    pub confirmation: FormView,
}

impl ActionForms {
    /// The forms for the webhook called `called`, which `began` to fail then, if it does.
    #[must_use]
    pub fn of(called: &str, began: Option<Timestamp>, language: Language) -> Self {
        Self {
            test: TEST.draw(&TEST.blank()),
            rotation: ROTATION.draw(&ROTATION.blank()),
            recovery: recovery(None, began, language),
            confirmation: confirmation(called),
        }
    }
}

/// The field for the name of the webhook called `called`, typed before it ends.
#[must_use]
pub fn confirmation(called: &str) -> FormView {
    let blank = CONFIRMATION.draw(&CONFIRMATION.blank());
    blank.hint("confirm", &format!("Type {called} to confirm."))
}

/// How it is recovered; beginning with the period whose word is `last`, else with since it `began` to
/// fail, else with a day.
#[must_use]
pub fn recovery(last: Option<&str>, began: Option<Timestamp>, language: Language) -> FormView {
    let since = began.map(|at| at.to_string());
    let first = last.or(since.as_deref()).unwrap_or(RECOVERED_FIRST);
    let draft = FormDraft::default().with("last", first);
    let sorts = RECOVERED_SORTS.iter();
    let form = RECOVERY.draw(&sorts.fold(draft, |draft, sort| draft.with("include", *sort)));
    let Some(began) = began else {
        return form;
    };
    let shown = stamp::words(&began);
    let words = format!("since it began to fail, {}", language.date(&shown));
    let mut offers = vec![Offer::new(began.to_string(), words)];
    offers.extend(periods());
    form.offer("last", &offers)
}

fn periods() -> Vec<Offer> {
    PERIODS
        .map(|(word, words, _)| Offer::new(word, words))
        .to_vec()
}

/// What a test sends.
#[derive(Debug, Default)]
pub struct TestForm {
    /// The event's type; the wire profile's own where absent.
    pub event_type: Option<String>,
    /// Its data, as JSON.
    pub data: Option<String>,
}

/// What is sent to try a webhook out.
pub static TEST: FormSpec<(), TestForm> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Stack(&[
        FieldSpec::text("event_type", "Event type")
            .hint("Empty: the wire profile's own test event.")
            .sets(|event, typed| event.event_type = typed.text()),
        FieldSpec::lines("data", "Data", 3)
            .hint("JSON. Empty: the wire profile's own.")
            .sets(|event, typed| event.data = json(typed)),
    ])],
}]);

fn json(typed: &mut Typed<'_>) -> Option<String> {
    let data = typed.text()?;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&data) {
        typed.fault(format!("is not JSON: {error}"));
    }
    Some(data)
}

/// How a secret is rotated.
#[derive(Debug, Default)]
pub struct RotateForm {
    /// The new secret; made up where absent.
    pub secret: Option<String>,
    /// How long old ones stay valid.
    pub overlap: Option<String>,
}

/// How its secret is rotated.
pub static ROTATION: FormSpec<(), RotateForm> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Grid(&[
        FieldSpec::choice("overlap", "Old secret stays valid for")
            .initial(&["24h"])
            .offers(|| {
                OVERLAPS
                    .map(|(value, words)| Offer::new(value, words))
                    .to_vec()
            })
            .sets(|rotation, typed| rotation.overlap = typed.text()),
        FieldSpec::text("secret", "New secret")
            .hint("Leave empty to have one generated.")
            .sets(|rotation, typed| rotation.secret = typed.text()),
    ])],
}]);

/// What is put back in line, and how far back.
#[derive(Debug, Default)]
pub struct RecoverForm {
    last: Option<Duration>,
    /// In place of a period: since then.
    since: Option<Timestamp>,
    include: Vec<String>,
}

impl RecoverForm {
    /// What the service understands of it, at `now`.
    #[must_use]
    pub fn input(self, now: Timestamp) -> RecoverInput {
        RecoverInput {
            since: self
                .last
                .map(|last| now.before(last))
                .or(self.since)
                .map(|since| since.to_string()),
            until: None,
            include: Some(self.include),
        }
    }
}

/// What it is given of what it did not get.
pub static RECOVERY: FormSpec<(), RecoverForm> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Stack(&[
        FieldSpec::choice("last", "Created")
            .initial(&[RECOVERED_FIRST])
            .offers(periods)
            .sets(|recovery, typed| {
                let known = PERIODS.iter().find(|(word, ..)| *word == typed.typed());
                recovery.last = known.map(|(.., length)| *length);
                recovery.since = Timestamp::parse(typed.typed()).ok();
            }),
        FieldSpec::boxes("include", "What")
            .initial(RECOVERED_SORTS)
            .offers(|| {
                vec![
                    Offer::new("exhausted", "Exhausted").hint("What gave up."),
                    Offer::new("missed", "Missed").hint("Events that came while it was disabled."),
                    Offer::new("undelivered", "Everything undelivered")
                        .hint("Also what was canceled."),
                ]
            })
            .sets(|recovery, typed| recovery.include = typed.all()),
    ])],
}]);

/// Its name, typed before it ends.
pub static CONFIRMATION: FormSpec<(), String> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[Fields::Stack(&[FieldSpec::text("confirm", "Name")
        .required()
        .sets(|name, typed| *name = typed.trimmed())])],
}]);
