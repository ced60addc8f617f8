//! `/`: whether everything is well, within five seconds.
//!
//! Owns: the figures, the charts, what needs attention, the latest dead letters, the first steps.
//! Refuses: detail: every figure leads to the page that has it.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::api_keys::FIRST_KEY;
use super::page::{PageContext, Section, show_asked};
use super::{Shown, Visitor, state};
use crate::domain::delivery::Delivery;
use crate::domain::id::UserId;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Webhook, WebhookState};
use crate::service::FieldError;
use crate::service::retries::Summary;
use crate::service::stats::{PeriodInput, Stats};
use crate::service::views::{FirstSteps, Troubled};
use crate::ui::delivery_row::Row;
use crate::ui::explain::explain;
use crate::ui::figures::{success, took_about};
use crate::ui::names::{Names, called_by};
use crate::ui::parts::chart::{Bars, Lines};
use crate::ui::parts::stamp::lasting;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Badge, Copyable, Since, counted, grouped};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/", VIEWER, || to(overview))];

/// The periods of the switch: the word in the address, the words, the length.
const PERIODS: [(&str, &str, Duration); 4] = [
    ("1h", "1 hour", Duration::from_secs(3600)),
    ("24h", "24 hours", Duration::from_secs(24 * 3600)),
    ("7d", "7 days", Duration::from_secs(7 * 24 * 3600)),
    ("30d", "30 days", Duration::from_secs(30 * 24 * 3600)),
];
/// A workspace of this age has an hour's worth to show.
const YOUNG: Duration = Duration::from_secs(2 * 3600);

/// A webhook that needs somebody.
#[derive(Clone, Debug)]
pub struct TroubledRow {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub called: String,
    /// How it stands.
    pub badge: Badge,
    /// Since when.
    pub since: Option<Since>,
    /// What is wrong, in words.
    pub words: String,
    /// Dead letters that wait, in words; empty where there are none.
    pub dead_letters: String,
    /// Whether it can be enabled.
    pub is_disabled: bool,
}

/// A step of the first run.
#[derive(Clone, Debug)]
pub struct FirstStep {
    /// What to do.
    pub words: &'static str,
    /// Whether it is done.
    pub done: bool,
    /// Where it is done, and the word that leads there; empty where nothing leads.
    pub way: (String, &'static str),
}

/// The page.
#[derive(Template)]
#[template(path = "overview.html")]
pub struct OverviewView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What is amiss with the period that was asked for; the usual one is shown.
    pub faults: Vec<FieldError>,
    /// The period's words.
    pub period: &'static str,
    /// The switch: address, word, whether it is the present one.
    pub periods: Vec<(String, &'static str, bool)>,
    /// What happened.
    pub stats: &'a Stats,
    /// What stands open.
    pub summary: &'a Summary,
    /// How long the oldest delivery has been waiting.
    pub waited: Option<String>,
    /// Outcomes by time.
    pub bars: Bars,
    /// Answer times by time.
    pub lines: Lines,
    /// What needs attention.
    pub troubled: Vec<TroubledRow>,
    /// How many more.
    pub troubled_left_out: usize,
    /// The latest dead letters.
    pub letters: Vec<Row>,
    /// The first steps, until they are done.
    pub steps: Vec<FirstStep>,
    /// A publish call for a shell.
    pub curl: String,
    /// The key that was just made, shown this once.
    pub token: Option<Copyable>,
    /// Whether the reader may make one here.
    pub may_make_key: bool,
    /// Whether sending is paused.
    pub paused: bool,
    /// Whether the reader may act.
    pub may_operate: bool,
}

impl OverviewView<'_> {
    fn troubled_left_out_words(&self) -> String {
        counted(
            self.troubled_left_out as u64,
            "more webhook",
            "more webhooks",
        )
    }

    fn accepted(&self) -> String {
        grouped(self.stats.total.events)
    }

    fn delivered(&self) -> String {
        grouped(self.stats.total.delivered)
    }

    fn gave_up(&self) -> String {
        grouped(self.stats.total.exhausted)
    }

    fn success(&self) -> Option<String> {
        success(&self.stats.total)
    }

    fn failing(&self) -> String {
        grouped(self.summary.retrying)
    }

    fn dead_letters(&self) -> String {
        counted(self.summary.exhausted, "dead letter", "dead letters")
    }

    fn pending(&self) -> String {
        grouped(self.summary.pending)
    }

    fn p50(&self) -> Option<String> {
        self.stats.p50_ms.map(took_about)
    }

    fn p95(&self) -> Option<String> {
        self.stats.p95_ms.map(took_about)
    }

    fn is_first_run(&self) -> bool {
        self.token.is_some() || self.steps.iter().any(|step| !step.done)
    }

    fn is_well(&self) -> bool {
        self.troubled.is_empty() && self.summary.exhausted == 0
    }
}

/// The period of a reader who chose none: a day, or an hour of a workspace that is so young that its
/// day would be an empty chart.
fn usual(age: Duration) -> (&'static str, &'static str, Duration) {
    if age < YOUNG { PERIODS[0] } else { PERIODS[1] }
}

/// `GET /`.
///
/// # Errors
/// 422 for parameters that nobody knows; what is amiss with the period is said on the page.
pub async fn overview(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let chosen = query.parsed("period", |text| {
        let found = PERIODS.into_iter().find(|(word, ..)| *word == text);
        found.ok_or("must be 1h, 24h, 7d or 30d")
    });
    let faults = query.faults();
    query.finish()?;
    let now = state.service.clock().now();
    let caller = visitor.caller.clone();
    let (word, period, length) = chosen.unwrap_or_else(|| usual(now.since(caller.workspace.at())));
    let input = PeriodInput {
        since: Some(now.before(length)),
        until: None,
    };
    let found = state.service.views().overview(&caller, input).await?;
    let names = Names(found.names);
    let may_operate = visitor.may_operate();
    let user = visitor.person.user;
    let may_make_key = visitor.may_own() && !found.first_steps.has_key;
    let token = new_key(&request, user, now);
    let mut page =
        PageContext::of(&state, &request, visitor, Section::Overview, "Overview").await?;
    let curl = page.publish_call(token.as_ref());
    let token = token.map(|token| Copyable::new(page.reveal(&token), "the API key"));
    let view = OverviewView {
        faults,
        period,
        periods: PERIODS
            .map(|(own, words, _)| (with_query("/", &[("period", own)]), words, own == word))
            .to_vec(),
        waited: found.oldest_waiting.map(|at| lasting(now.since(at))),
        bars: Bars::of(&found.stats),
        lines: Lines::of(&found.latencies, found.stats.since, found.stats.until),
        troubled: found.troubled.iter().map(troubled_row).collect(),
        troubled_left_out: found.troubled_left_out,
        letters: Row::all(&found.letters, &names),
        steps: steps(&found.first_steps),
        curl,
        token,
        may_make_key,
        paused: state.service.engine().status().paused,
        may_operate,
        summary: &found.summary,
        stats: &found.stats,
        page: &page,
    };
    show_asked(&page, &view.faults, &view)
}

/// The checklist of the first run; it ticks itself. Empty where the first run is long over.
fn steps(done: &FirstSteps) -> Vec<FirstStep> {
    if done.is_settled {
        return Vec::new();
    }
    let step = |words, done, way: (String, &'static str)| FirstStep { words, done, way };
    let none = || (String::new(), "");
    let check = done.delivered.map(|(delivery, webhook)| {
        let path = format!("/webhooks/{webhook}/check");
        let address = with_query(&path, &[("delivery", &delivery.to_string())]);
        (address, "Check it")
    });
    let registering = ("/webhooks/new".to_owned(), "Register");
    let publishing = ("/events/new".to_owned(), "Publish here");
    vec![
        step("Register a webhook", done.registered, registering),
        step("Make an API key for your program", done.has_key, none()),
        step("Publish an event", done.published, publishing),
        step("See it delivered", done.delivered.is_some(), none()),
        step(
            "Check its signature, as your receiver will",
            done.verified,
            check.unwrap_or_else(none),
        ),
    ]
}

/// The key that this person has just made among the first steps.
fn new_key(request: &HttpRequest, user: UserId, now: Timestamp) -> Option<Secret> {
    let waiting = &state::of(request).one_time_secrets;
    waiting.take(user, FIRST_KEY, now)
}

fn troubled_row(one: &Troubled) -> TroubledRow {
    let webhook = &one.webhook;
    TroubledRow {
        id: webhook.id.to_string(),
        called: called_by(&webhook.settings.label, &webhook.settings.url),
        badge: Badge::webhook(webhook.state, webhook.health.consecutive_failures),
        since: since(webhook).map(Since),
        words: words(webhook, one.last_failure.as_ref()),
        dead_letters: match one.dead_letters {
            0 => String::new(),
            letters => counted(letters, "dead letter", "dead letters"),
        },
        is_disabled: matches!(webhook.state, WebhookState::Disabled { .. }),
    }
}

fn since(webhook: &Webhook) -> Option<Timestamp> {
    match webhook.state {
        WebhookState::Disabled { at, .. } => Some(at),
        WebhookState::Active | WebhookState::Revoked => webhook.health.failing_since,
    }
}

/// What is wrong, and the last failure in words.
fn words(webhook: &Webhook, last: Option<&Delivery>) -> String {
    use crate::ui::parts::badge::disabled_words;
    let health = &webhook.health;
    let what = match (webhook.state.disabled_reason(), health.consecutive_failures) {
        (Some(reason), _) => disabled_words(reason).to_owned(),
        (None, 0) => return "answers again; its dead letters wait".to_owned(),
        (None, count) => in_a_row(count),
    };
    let cause = last.and_then(|one| explain(one.last_error_kind, one.last_status_code));
    match (cause, last.and_then(|one| one.last_status_code)) {
        (Some(explained), Some(code)) => format!("{what}; HTTP {code}: {}", explained.cause),
        (Some(explained), None) => format!("{what}: {}", explained.cause),
        (None, _) => what,
    }
}

fn in_a_row(failures: u32) -> String {
    format!(
        "{} in a row",
        counted(failures.into(), "failure", "failures")
    )
}
