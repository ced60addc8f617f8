//! Every figure of a page leads to the list of exactly what it counts.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Desk, between};
use crate::portal::{Guest, cookies, link, pair, path_of};
use crate::receiver::{Receiver, Reply};

/// A link whose words are a number and what is counted.
#[derive(Debug, PartialEq, Eq)]
struct Figure {
    address: String,
    count: usize,
    words: String,
}

/// What may stand behind a number that counts.
const COUNTED: [&str; 8] = [
    "",
    "gave up",
    "pending",
    "dead letter",
    "dead letters",
    "delivered",
    "failed again",
    "waiting",
];

fn without_tags(html: &str) -> String {
    let parts = html.split('<').enumerate();
    let text = parts.map(|(at, part)| match at {
        0 => part,
        _ => part.split_once('>').map_or("", |(_, text)| text),
    });
    text.collect::<String>().trim().to_owned()
}

/// The figures of a page, by their links: `12`, `3 gave up`, `All 3 dead letters`, `failing 1`.
fn figures(page: &str) -> Vec<Figure> {
    let links = page.split("<a ").skip(1).filter_map(|link| {
        let (tag, rest) = link.split_once('>')?;
        let address = tag.split_once("href=\"")?.1.split_once('"')?.0;
        let text = without_tags(rest.split_once("</a>")?.0);
        let text = text.trim_start_matches("All ");
        let is_tab = rest.contains("<span class=\"n soft\">");
        let (number, words) = match text.rsplit_once(' ') {
            Some((_, number)) if is_tab && !text.starts_with(char::is_numeric) => (number, ""),
            _ => text.split_once(' ').unwrap_or((text, "")),
        };
        let figure = Figure {
            address: address.replace("&amp;", "&").replace("&#38;", "&"),
            count: number.parse().ok()?,
            words: words.to_owned(),
        };
        COUNTED.contains(&figure.words.as_str()).then_some(figure)
    });
    links.collect()
}

/// How many rows the list at `address` has, over all of its pages.
async fn rows<F: Future<Output = String>>(address: &str, get: impl Fn(String) -> F) -> usize {
    let (mut next, mut count) = (Some(address.to_owned()), 0);
    while let Some(place) = next {
        let page = get(place).await;
        let list = page.split_once("<tbody>").map_or("", |(_, list)| list);
        // Groups stand above the list of dead letters, in a table of their own.
        let list = list.rsplit("<tbody>").next().unwrap();
        count += list.matches("class=\"open main cut\"").count();
        let further = page.split("<a ").find(|link| {
            link.split_once('>')
                .is_some_and(|(tag, _)| tag.contains("rel=\"next\""))
        });
        next = further.map(|link| {
            let (_, address) = link.split_once("href=\"").unwrap();
            let (address, _) = address.split_once('"').unwrap();
            address.replace("&amp;", "&").replace("&#38;", "&")
        });
    }
    count
}

/// A webhook that gets everything and gives up at once, or tries again in an hour; its id.
async fn hook(desk: &Desk, receiver: &Receiver, label: &str, delays: &Value) -> String {
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "label": label,
        "consumer": "acme", "retry_policy": {"delays": delays}});
    let made = desk.app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    made["id"].as_str().unwrap().to_owned()
}

async fn publish(desk: &Desk, count: usize) {
    let events = vec![json!({"type": "order.paid", "consumer": "acme", "data": {}}); count];
    let body = json!({ "events": events });
    let accepted = desk.app.post("/api/v1/events/batch", &body).await;
    assert!(accepted.status.is_success(), "{}", accepted.text);
}

/// A customer's day: deliveries of every status, two causes, tests that arrive and that fail, a dead
/// letter that somebody discarded. Answers the webhook that gave up.
async fn day(desk: &Desk) -> String {
    let acme = json!({"uid": "acme", "name": "Acme"});
    let made = desk.app.post("/api/v1/consumers", &acme).await;
    made.json(StatusCode::CREATED);
    let (good, slow, dead) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    slow.answer(Reply::status(503));
    dead.answer(Reply::status(500));
    dead.script([404, 404].map(Reply::status));
    let shop = hook(desk, &good, "Shop", &json!([])).await;
    hook(desk, &slow, "CRM", &json!(["1h"])).await;
    let erp = hook(desk, &dead, "ERP", &json!([])).await;
    publish(desk, 35).await;
    let tried = |stats: &Value| stats["counts"]["pending"] == 0;
    desk.app.poll("/api/v1/stats", tried).await;
    for id in [&shop, &erp] {
        let path = format!("/api/v1/webhooks/{id}/test");
        desk.app.post(&path, &json!({})).await.json(StatusCode::OK);
    }
    let letters = desk.app.get("/api/v1/dead-letters?limit=1").await;
    let letters = letters.json(StatusCode::OK);
    let path = format!(
        "/api/v1/dead-letters/{}",
        letters["data"][0]["id"].as_str().unwrap()
    );
    let discarded = desk.app.call(Method::DELETE, &path).send().await;
    assert_eq!(discarded.status, StatusCode::NO_CONTENT);
    let paused = desk.post("/system/pause", &[("confirmed", "yes")]).await;
    assert_eq!(paused.status, StatusCode::SEE_OTHER, "{}", paused.text);
    publish(desk, 2).await;
    erp
}

/// Follows every figure of the page at `path`; there are as many as `expect` names, in this order.
async fn check(desk: &Desk, path: &str, expect: &[(usize, &str)]) {
    let page = desk.get(path).await;
    let found = figures(&page);
    let told: Vec<(usize, &str)> = found
        .iter()
        .map(|figure| (figure.count, figure.words.as_str()))
        .collect();
    assert_eq!(told, expect, "{path}: {page}");
    for figure in &found {
        let get = async |place: String| desk.get(&place).await;
        assert_eq!(rows(&figure.address, get).await, figure.count, "{figure:?}");
    }
}

/// Follows the rates and percentiles of a page to the deliveries that they are computed from; there are as
/// many as `expect` says, in this order.
async fn check_rates(desk: &Desk, path: &str, expect: &[usize]) {
    let page = desk.get(path).await;
    let mut found = Vec::new();
    for link in page.split("<a ").skip(1) {
        let (tag, rest) = link.split_once('>').unwrap();
        let words = without_tags(rest.split_once("</a>").unwrap().0);
        let is_rate = words.contains(" %") || words.ends_with(" ms") || words.ends_with(" s");
        if !is_rate || !tag.contains("/deliveries?") || tag.contains("status=") {
            continue;
        }
        let address = between(tag, "href=\"", "\"");
        let address = address.replace("&amp;", "&").replace("&#38;", "&");
        let get = async |place: String| desk.get(&place).await;
        found.push(rows(&address, get).await);
    }
    assert_eq!(found, expect, "{path}: {page}");
}

/// Follows each row of the dead letters' causes to the list of what it counts; answers how many each has.
async fn check_causes(desk: &Desk) -> Vec<usize> {
    let page = desk.get("/dead-letters").await;
    let table = between(&page, "Dead letters by webhook and cause", "</table>");
    let body = table.split_once("<tbody>").unwrap().1;
    let mut counts = Vec::new();
    for row in body.split("<tr>").skip(1) {
        let address = between(row, "href=\"", "\"").replace("&#38;", "&");
        let count = between(row, "<span class=\"sub narrow\">", " dead letter");
        let count = count.parse().unwrap();
        let get = async |place: String| desk.get(&place).await;
        assert_eq!(rows(&address, get).await, count, "{address}");
        counts.push(count);
    }
    counts
}

#[tokio::test]
async fn every_figure_leads_to_exactly_the_list_that_it_counts() {
    let desk = Desk::open().await;
    let erp = day(&desk).await;
    // 37 events; 35 and a test arrived; 35 wait for another attempt; 35 gave up, a test apart, of
    // which 1 was discarded; 2 of each wait for their first attempt.
    let overview = [
        (37, ""),
        (36, ""),
        (35, ""),
        (35, "gave up"),
        (6, "pending"),
        (34, "dead letters"),
        (34, "dead letters"),
    ];
    check(&desk, "/", &overview).await;
    let page = desk.get("/").await;
    let oldest = "<a class=\"n\" href=\"/deliveries?status=pending,retrying&amp;order=oldest\">";
    assert!(page.contains(oldest), "{page}");
    // All, in need of somebody, active, failing, disabled, revoked.
    let all_three = [(3, ""), (2, ""), (2, ""), (1, ""), (0, ""), (0, "")];
    check(&desk, "/webhooks", &all_three).await;
    let own = [(2, ""), (35, "")];
    check(&desk, &format!("/webhooks/{erp}"), &own).await;
    assert_eq!(check_causes(&desk).await, [32, 2]);

    check(&desk, "/consumers", &[(3, "")]).await;
    // 111 deliveries and a test that arrived; each of the three webhooks got 37. No rate counts the test
    // that failed.
    check_rates(&desk, "/", &[112, 112]).await;
    check_rates(&desk, &format!("/webhooks/{erp}"), &[37, 37]).await;
    check_rates(&desk, "/webhooks", &[37, 37, 37, 37, 38, 38]).await;
    check_rates(&desk, "/consumers/acme", &[112]).await;
    // Of every customer: what waits, what arrived, and the dead letters, of which no failed test is one.
    let own = [(41, ""), (36, ""), (34, ""), (3, "")];
    check(&desk, "/consumers/acme", &own).await;
    check_job(&desk, &erp).await;
}

/// A job of which one part fails again and is tried later, and another waits: all of it is retrying.
async fn check_job(desk: &Desk, erp: &str) {
    let later = json!({"retry_policy": {"delays": ["1h"]}});
    let path = format!("/api/v1/webhooks/{erp}");
    let changed = desk
        .app
        .call(Method::PATCH, &path)
        .json(&later)
        .send()
        .await;
    changed.json(StatusCode::OK);
    let hooks = desk.app.get("/api/v1/webhooks").await.json(StatusCode::OK);
    let hooks = hooks["data"].as_array().unwrap();
    let crm = hooks.iter().find(|hook| hook["label"] == "CRM").unwrap();
    let path = format!("/api/v1/webhooks/{}/disable", crm["id"].as_str().unwrap());
    desk.app.post(&path, &json!({})).await.json(StatusCode::OK);
    let resumed = desk.post("/system/resume", &[]).await;
    assert_eq!(resumed.status, StatusCode::SEE_OTHER, "{}", resumed.text);
    let idle = |stats: &Value| stats["counts"]["pending"] == 2;
    desk.app.poll("/api/v1/stats", idle).await;
    let retried = json!({"filter": {"status": "retrying,exhausted"}});
    let begun = desk.app.post("/api/v1/deliveries/retry", &retried).await;
    let job = begun.json(StatusCode::ACCEPTED)["job_id"].clone();
    let path = format!("/api/v1/jobs/{}", job.as_str().unwrap());
    let parted = |job: &Value| job["failed"] == 36 && job["waiting"] == 35;
    let job = desk.app.poll(&path, parted).await;
    assert_eq!(job["status"], "running");
    let path = format!("/jobs/{}", job["id"].as_str().unwrap());
    check(desk, &path, &[(36, "failed again"), (35, "waiting")]).await;
}

#[tokio::test]
async fn the_portals_figures_lead_to_exactly_what_they_count() {
    let desk = Desk::open().await;
    day(&desk).await;
    let link = link(&desk.app, "acme", &json!({"can": ["view"]})).await;
    let opened = desk
        .app
        .anonymous(Method::GET, &path_of(&link))
        .send()
        .await;
    let cookie = pair(&cookies(&opened)[0]).to_owned();
    let guest = Guest {
        app: desk.app,
        cookie,
    };
    let page = guest.get("/portal").await;
    let found = figures(&page);
    let told: Vec<usize> = found.iter().map(|figure| figure.count).collect();
    assert_eq!(told, [3, 41, 34], "{page}");
    for figure in &found {
        let get = async |place: String| guest.get(&place).await;
        assert_eq!(rows(&figure.address, get).await, figure.count, "{figure:?}");
    }
}

#[tokio::test]
async fn an_amiss_filter_of_events_says_so_in_place() {
    let desk = Desk::open().await;
    for (query, words) in [
        ("type=order+paid", "type"),
        ("since=yesterday", "since"),
        (
            "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
            "must be later than since",
        ),
    ] {
        let answer = desk.ask(Method::GET, &format!("/events?{query}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let page = &answer.text;
        let said = page.split_once("id=\"amiss\"").expect(query).1;
        assert!(said.contains(words) && page.contains("<nav"), "{page}");
        assert!(page.contains("aria-invalid=\"true\""), "{page}");
    }
}
