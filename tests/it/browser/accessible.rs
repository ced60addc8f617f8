//! Every page, for everybody: by keyboard and by ear, in light and dark, on a wide screen and on a
//! narrow one.
//!
//! axe-core judges against WCAG 2.2 AA and best practice; nothing scrolls sideways at 320 px; and
//! [`Reader::leave`] fails where the browser complained.

use std::collections::BTreeSet;
use std::path::Path;

use hookpost::console;
use hookpost::domain::role::Role;
use hookpost::web::audience::Audience;
use hookpost::web::endpoint::Access;

use super::Seat;
use super::chromium::Scripts;
use super::reader::{Colours, Reader, Width};
use super::story::Story;

/// Every page of the dashboard, and where to find one with something on it.
#[rustfmt::skip]
const PAGES: [(&str, &str); 40] = [
    ("/", "/"),
    ("/deliveries", "/deliveries"),
    ("/deliveries/{id}", "/deliveries/{delivery}"),
    ("/dead-letters", "/dead-letters"),
    ("/consumers", "/consumers"),
    ("/consumers/{consumer}", "/consumers/acme-42"),
    ("/webhooks", "/webhooks"),
    ("/webhooks/new", "/webhooks/new"),
    ("/webhooks/{id}", "/webhooks/{webhook}"),
    ("/webhooks/{id}/edit", "/webhooks/{webhook}/edit"),
    ("/webhooks/{id}/settings", "/webhooks/{webhook}/settings"),
    ("/webhooks/{id}/test", "/webhooks/{webhook}/test"),
    ("/webhooks/{id}/verify", "/webhooks/{webhook}/verify"),
    ("/webhooks/{id}/secret", "/webhooks/{webhook}/secret"),
    ("/webhooks/{id}/recover", "/webhooks/{webhook}/recover"),
    ("/webhooks/{id}/check", "/webhooks/{webhook}/check"),
    ("/jobs", "/jobs"),
    ("/search", "/search?q=order"),
    ("/jobs/{id}", "/jobs/{job}"),
    ("/events", "/events"),
    ("/events/new", "/events/new?type=order.paid"),
    ("/events/{id}", "/events/{event}"),
    ("/event-types", "/event-types"),
    ("/event-types/new", "/event-types/new"),
    ("/event-types/{name}", "/event-types/order.paid"),
    ("/event-types/{name}/new-version", "/event-types/order.paid/new-version"),
    ("/event-types/{name}/versions/{version}", "/event-types/order.paid/versions/1"),
    ("/api-keys", "/api-keys"),
    ("/workspaces", "/workspaces"),
    ("/settings", "/settings"),
    ("/wire-profiles", "/wire-profiles"),
    ("/people", "/people"),
    ("/profile", "/profile"),
    ("/audit-log", "/audit-log"),
    ("/system", "/system"),
    ("/confirm", "/confirm?back=%2F"),
    ("/profile/second-factor", "/profile/second-factor"),
    ("/sign-in", "/sign-in"),
    ("/sign-in/code", "/sign-in/code"),
    ("/setup", "/setup?token={setup}"),
];
/// What is no page: files, the live signal, a body to save, the options of a field.
#[rustfmt::skip]
const NO_PAGES: [&str; 6] = ["/static/{file}", "/live", "/deliveries/{id}/body", "/webhooks/names",
    "/deliveries/export", "/dead-letters/export"];
/// The pages of [`PAGES`] that are looked at while nobody has an account, not while somebody is
/// signed in.
const IN_FRONT: [&str; 2] = ["/sign-in", "/setup"];

const LOOKS: [(Width, Colours); 4] = [
    (Width::Desk, Colours::Light),
    (Width::Desk, Colours::Dark),
    (Width::Phone, Colours::Dark),
    (Width::Phone, Colours::Light),
];

/// Judges the page at hand; answers one line a fault.
const JUDGE: &str = "
const done = arguments[arguments.length - 1];
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const told = (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`);
axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then(
  (found) => done(found.violations.flatMap(told)),
  (fault) => done([String(fault)]));";
/// What is shown only once and cut off; empty where all of it can be read.
const CUT_OFF: &str = "
const codes = [...document.querySelectorAll('.secret code, .bare code, .bare pre')];
return codes.filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
  .map((one) => `cut off: ${one.outerHTML.slice(0, 40)}`);";
/// Words of headers, badges and buttons that wrap in their middle; empty where none does.
const BROKEN_WORDS: &str = "
const found = [];
for (const one of document.querySelectorAll('th, .badge, .button, .tabs a, .figures dt')) {
  if (one.closest('.unseen') || one.getClientRects().length === 0) continue;
  const walk = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
  for (let text = walk.nextNode(); text !== null; text = walk.nextNode()) {
    if (text.parentElement.closest('.unseen, .cut, code')) continue;
    for (const word of text.data.matchAll(/[^\\s-]+/g)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const tops = new Set([...range.getClientRects()].map((rect) => Math.round(rect.top)));
      if (tops.size > 1) found.push(`wraps within a word: ${word[0]}`);
    }
  }
}
return found;";
/// What sticks out at the side; empty where nothing does.
const STICKS_OUT: &str = "
const root = document.documentElement;
if (root.scrollWidth <= root.clientWidth) return [];
const held = (one) => one.parentElement?.closest('.scroll, pre, .unseen');
const wide = [...document.body.querySelectorAll('*')].filter((one) => !held(one)
  && one.getBoundingClientRect().right > root.clientWidth + 1);
return [`scrolls sideways: ${root.scrollWidth} of ${root.clientWidth} px`,
  ...wide.slice(0, 5).map((one) => one.outerHTML.slice(0, 120))];";

#[test]
fn no_page_is_left_out() {
    let gets = console::AUDIENCE
        .endpoints()
        .into_iter()
        .filter(|route| route.method.as_str() == "GET");
    let known: BTreeSet<&str> = gets.map(|route| route.path).collect();
    let pages = PAGES.iter().map(|(route, _)| *route);
    assert_eq!(known, pages.chain(NO_PAGES).collect());
    let open = console::AUDIENCE
        .endpoints()
        .into_iter()
        .filter(|route| route.access == Access::Public);
    let open: BTreeSet<&str> = open.map(|route| route.path).collect();
    assert!(IN_FRONT.iter().all(|path| open.contains(path)));
}

#[tokio::test]
async fn the_first_half_of_the_pages_is_for_everybody() {
    let (first, _) = PAGES.split_at(PAGES.len() / 2);
    full_pages(first).await;
}

#[tokio::test]
async fn the_second_half_of_the_pages_is_for_everybody() {
    let (_, second) = PAGES.split_at(PAGES.len() / 2);
    full_pages(second).await;
}

#[tokio::test]
async fn empty_pages_are_for_everybody() {
    let seat = Seat::owner(Scripts::On).await;
    let lists = PAGES.iter().filter(|(route, _)| !route.contains('{'));
    let mut all = Vec::new();
    for (route, _) in lists.filter(|(route, _)| !IN_FRONT.contains(route)) {
        seat.reader.open(route).await;
        let faults = faults(&seat.reader).await;
        all.extend(faults.iter().map(|fault| format!("empty {route}: {fault}")));
    }
    assert!(all.is_empty(), "{all:#?}");
    seat.reader.leave().await;
}

#[tokio::test]
async fn pages_in_front_of_the_house_are_for_everybody() {
    let seat = Seat::nobody(Scripts::On).await;
    let reader = &seat.reader;
    reader.open("/sign-in").await;
    check(reader, "/sign-in while nobody has an account").await;
    let link = seat.app.service.setup_link("").await.unwrap().unwrap();
    reader.open(link.url.expose()).await;
    check(reader, "/setup").await;
    reader.type_into("E-mail address", "ada@example.com").await;
    reader.type_into("Password", "short").await;
    reader.press("Create the account").await;
    reader.see("at least 12 characters").await;
    check(reader, "/setup with a fault").await;
    reader.open("/setup?token=old").await;
    check(reader, "/setup with an old link").await;
    reader.open("/no/such/page").await;
    check(reader, "a page that is not there").await;
    for page in [
        "/docs",
        "/docs/EventBody",
        "/docs/concepts",
        "/docs/publish_event",
        "/docs/verifying",
        "/docs/configuration",
        "/docs/search?q=backup",
    ] {
        reader.open(page).await;
        check(reader, page).await;
    }
    seat.reader.leave().await;
}

async fn full_pages(pages: &[(&str, &str)]) {
    let seat = Seat::a_day_ago(Scripts::On).await;
    let story = Story::tell(&seat, 6).await;
    seat.sign_in(Role::Owner).await;
    let mut all = Vec::new();
    for (route, sample) in pages.iter().filter(|(route, _)| !IN_FRONT.contains(route)) {
        seat.reader.open(&story.place(sample)).await;
        let faults = faults(&seat.reader).await;
        all.extend(faults.iter().map(|fault| format!("{route}: {fault}")));
    }
    assert!(all.is_empty(), "{all:#?}");
    seat.reader.leave().await;
}

/// Checks what the browser shows now, in every look. Without scripts there is nobody to judge.
pub async fn check(reader: &Reader, what: &str) {
    if reader.scripts == Scripts::Off {
        return;
    }
    let faults = faults(reader).await;
    assert!(faults.is_empty(), "{what}: {faults:#?}");
}

/// What is wrong with what the browser shows now, in any look.
async fn faults(reader: &Reader) -> Vec<String> {
    let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("tests/run installs what this needs");
    let driver = &reader.chromium.driver;
    driver.execute(axe, Vec::new()).await.unwrap();
    let mut faults = Vec::new();
    for (width, colours) in LOOKS {
        reader.look(width, colours).await;
        let judged = driver.execute_async(JUDGE, Vec::new()).await.unwrap();
        let sideways = driver.execute(STICKS_OUT, Vec::new()).await.unwrap();
        let cut_off = driver.execute(CUT_OFF, Vec::new()).await.unwrap();
        let broken = driver.execute(BROKEN_WORDS, Vec::new()).await.unwrap();
        let all = [&judged, &sideways, &cut_off, &broken];
        for found in all.map(thirtyfour::prelude::ScriptRet::json) {
            let found = found.as_array().unwrap().iter();
            faults.extend(found.map(|fault| format!("{width:?} {colours:?}: {fault}")));
        }
    }
    reader.look(Width::Desk, Colours::Light).await;
    faults
}
