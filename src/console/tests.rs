//! Every view drawn once, with the nastiest text that a receiver or publisher could have sent.
//!
//! What holds for one page holds for all: no inline script or style, nothing unescaped, no id twice,
//! every form with its token, and no more bytes than a page may have.

use std::collections::BTreeSet;

use askama::Template;

use super::Visitor;
use super::dead_letters::{DeadLettersView, GroupRow};
use super::deliveries::{DeliveriesView, ROWS};
use super::error_page::ErrorPageView;
use super::filters::{FilterForm, Filters};
use super::job::JobView;
use super::page::{PAGE_BYTES_MAX, PageContext};
use super::saved_views::ViewsStrip;
use crate::domain::delivery::Status;
use crate::domain::id::{JobId, SessionId, UserId, WorkspaceId};
use crate::domain::job::{Job, JobKind, JobOutcome, JobReport, JobStatus};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::user::SecondFactor;
use crate::domain::workspace::Plan;
use crate::service::people::{MfaDemand, Person, Stage};
use crate::service::{Caller, Proof};
use crate::ui::delivery_row::{Row, short};
use crate::ui::job_progress::JobProgress;
use crate::ui::parts::{Ago, Badge, Copyable, Due, Stamp};
use crate::ui::preferences::Theme;

/// What an attacker would send.
pub(super) const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&";

pub(super) fn at() -> Timestamp {
    Timestamp::parse("2026-11-21T02:01:14.123Z").unwrap()
}

pub(super) fn visitor() -> Visitor {
    let person = Person {
        session: SessionId::new(at(), 1),
        user: UserId::new(at(), 1),
        email: format!("ada{HOSTILE}@example.com"),
        role: Role::Owner,
        workspace_seq: 1,
        stage: Stage::Inside,
        proof: Proof::Unasked,
        second_factor: SecondFactor::Off,
        mfa: MfaDemand::Nobody,
        recovery_codes_left: 0,
    };
    Visitor {
        caller: Caller {
            workspace: WorkspaceId::new(at(), 1),
            plan: Plan::Pro,
            consumer: None,
            actor: person.actor(),
        },
        person,
        workspace: HOSTILE.to_owned(),
        csrf: "0123456789abcdef".to_owned(),
        changes: 7,
    }
}

fn row(number: i64) -> Row {
    Row {
        id: format!("dlv_{number:026}"),
        badge: Badge::delivery(Status::Exhausted),
        event_type: "a".repeat(128),
        origin: "replay",
        webhook: short(HOSTILE),
        outcome: "timeout".to_owned(),
        failed: true,
        attempts: "29 / 29".to_owned(),
        took: "10.0 s".to_owned(),
        next: Some(Due(at())),
        made: Ago(at()),
        retry: Some("Retry now"),
    }
}

fn form() -> FilterForm {
    let filters = Filters {
        named: HOSTILE.to_owned(),
        event_type: HOSTILE.to_owned(),
        status: "exhausted".to_owned(),
        ..Filters::default()
    };
    FilterForm::sample(filters, "/deliveries")
}

fn deliveries(page: &PageContext) -> String {
    let view = DeliveriesView {
        page,
        rows: (0..i64::from(ROWS)).map(row).collect(),
        form: form(),
        tabs: vec![(HOSTILE.to_owned(), "all", true)],
        further: Some("/deliveries?cursor=c_1".to_owned()),
        start: None,
        curl: HOSTILE.to_owned(),
        views: ViewsStrip::sample(HOSTILE),
        files: [
            ("/export".to_owned(), "CSV"),
            ("/export".to_owned(), "JSON"),
        ],
        may_operate: true,
    };
    view.render().unwrap()
}

fn dead_letters(page: &PageContext) -> String {
    let group = GroupRow {
        webhook: short(HOSTILE),
        webhook_id: "wh_1".to_owned(),
        address: "/dead-letters?webhook_id=wh_1&result=500".to_owned(),
        cause: "status:500".to_owned(),
        word: "HTTP 500".to_owned(),
        explained: "It failed.",
        letters: "7 dead letters".to_owned(),
        oldest: Stamp(at()),
        newest: Stamp(at()),
    };
    let view = DeadLettersView {
        page,
        groups: vec![group; 12],
        groups_cut: Some(5000),
        rows: (0..i64::from(ROWS)).map(row).collect(),
        form: form(),
        further: None,
        start: Some("/dead-letters".to_owned()),
        matching: "2 000 and more".to_owned(),
        views: ViewsStrip::sample("Mine"),
        files: [
            ("/export".to_owned(), "CSV"),
            ("/export".to_owned(), "JSON"),
        ],
        jobs: Vec::new(),
        may_operate: true,
    };
    view.render().unwrap()
}

fn job(page: &PageContext) -> String {
    let job = Job {
        id: JobId::new(at(), 1),
        workspace_seq: 1,
        consumer_seq: None,
        kind: JobKind::Retry,
        task: "{}".to_owned(),
        status: JobStatus::Running,
        total: 10_000,
        done: 2500,
        position: None,
        error: Some(HOSTILE.to_owned()),
        created_at: at(),
        updated_at: at(),
    };
    let outcome = JobOutcome {
        delivered: 298,
        failed: 16,
        ..JobOutcome::default()
    };
    let report = JobReport {
        status: job.status,
        job,
        outcome: Some(outcome),
    };
    let view = JobView {
        page,
        id: Copyable::new(report.job.id.to_string(), "the job's id"),
        badge: Badge::job(report.status),
        work: JobProgress {
            report: &report,
            now: at(),
        },
        may_operate: true,
    };
    view.render().unwrap()
}

fn error_page(_: &PageContext) -> String {
    let view = ErrorPageView {
        assets: crate::ui::assets::addresses(),
        theme: Theme::Dark,
        status: 404,
        title: "There is nothing here",
        detail: HOSTILE,
    };
    view.render().unwrap()
}

/// A view's name and its sample.
type Sample = (&'static str, fn(&PageContext) -> String);

const SAMPLES: &[Sample] = &[
    ("deliveries", deliveries),
    ("dead letters", dead_letters),
    ("job", job),
    ("error page", error_page),
];

#[test]
fn every_view_is_drawn_within_its_bounds_and_without_a_word_of_html_from_outside() {
    let page = PageContext::sample(visitor());
    for (name, draw) in SAMPLES {
        let html = draw(&page);
        let size = html.len();
        assert!(size <= PAGE_BYTES_MAX, "{name} has {size} bytes");
        assert!(html.starts_with("<!doctype html>"), "{name}");
        for forbidden in ["<script>", "<img", " style=", "onerror=alert(2)>", "<style"] {
            assert!(!html.contains(forbidden), "{name} holds {forbidden}");
        }
        let mut ids = BTreeSet::new();
        for rest in html.split(" id=\"").skip(1) {
            let id = rest.split('"').next().unwrap();
            assert!(ids.insert(id.to_owned()), "{name} has the id {id} twice");
        }
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let posts = form.contains("method=\"post\"");
            assert!(!posts || form.contains("name=\"csrf\""), "{name}: {form}");
        }
    }
}
