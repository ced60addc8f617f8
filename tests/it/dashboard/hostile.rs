//! What strangers wrote stays text: no element, attribute or address of any page comes from data,
//! and what a receiver answered is never interpreted.
//!
//! Every page is taken apart by rules stricter than a browser's, in a workspace where the same mark
//! stands wherever somebody may write what they like.

use std::collections::BTreeSet;

use hookpost::console;
use hookpost::domain::role::Role;
use hookpost::web::audience::Audience;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Desk, PASSWORD};
use crate::app::{Answer, TestApp};
use crate::receiver::Receiver;
use crate::world::{World, ask, method};

/// It closes whatever may be open, then opens what must not be there.
const MARK: &str = "\"'></a></pre></title></textarea><script>hostile()</script><b-hostile on=1>&";
/// Its part that is the same however it is escaped.
const CORE: &str = "hostile";
/// Somebody who may sign in.
const EMAIL: &str = "\"'><b-hostile/on=1>&@example.com";

const ELEMENTS: &str = "a article aside b body button caption code datalist dd defs details dialog div dl dt em \
     fieldset figcaption figure form h1 h2 h3 head header hr html i input kbd label legend li link \
     main meta nav ol option p path pre progress rect script section select small span strong \
     summary svg symbol table tbody td textarea th thead time title tr ul use var";
const ATTRIBUTES: &str = "action autocomplete autofocus charset checked class content d datetime \
     disabled fill fill-opacity for formaction height hidden href id inputmode lang list max maxlength method min \
     name novalidate open pattern placeholder popover popovertarget preserveAspectRatio rel \
     required role rows rx scope selected spellcheck src step stroke stroke-linecap stroke-linejoin \
     stroke-width tabindex title type value viewBox width x y";

/// Answers that are taken into a page, and are none themselves.
const FRAGMENTS: [&str; 1] = ["/webhooks/names"];

/// Takes a page apart; answers how often the mark is shown.
#[track_caller]
fn shown_as_text(page: &str, html: &str) -> usize {
    let elements: BTreeSet<&str> = ELEMENTS.split_whitespace().collect();
    let mut rest = match html.strip_prefix("<!doctype html>") {
        None if FRAGMENTS.contains(&page) => html,
        whole => whole.expect(page),
    };
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        let (inside, after) = tag.split_once('>').expect(page);
        let closing = inside.strip_prefix('/');
        let name = closing.unwrap_or(inside);
        let (name, attributes) = name.split_at(name.find([' ', '/', '\n']).unwrap_or(name.len()));
        assert!(elements.contains(name), "{page}: <{inside}>");
        rest = match closing {
            Some(closing) => {
                assert_eq!(closing, name, "{page}");
                after
            }
            None => read_attributes(page, name, &tag[name.len()..], attributes),
        };
        if name == "script" {
            let filled = closing.is_none() && !rest.starts_with("</script>");
            assert!(!filled, "{page}: a script stands in the page");
        }
    }
    html.matches(CORE).count()
}

/// Reads `name="value"` until the tag ends; answers what follows the tag.
#[track_caller]
fn read_attributes<'a>(page: &str, element: &str, tag: &'a str, inside: &str) -> &'a str {
    let attributes: BTreeSet<&str> = ATTRIBUTES.split_whitespace().collect();
    let mut rest = tag;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>").or_else(|| rest.strip_prefix('>')) {
            return after;
        }
        let end = rest.find(['=', ' ', '>', '/', '\n']).expect(page);
        let (name, after) = rest.split_at(end);
        let own = name.starts_with("data-") || name.starts_with("aria-");
        assert!(
            own || attributes.contains(name),
            "{page}: <{element}{inside}> has {name:?}"
        );
        rest = after;
        if let Some(quoted) = after.strip_prefix("=\"") {
            let (value, after) = quoted.split_once('"').expect(page);
            assert!(!value.contains(['<', '>', '\'']), "{page}: {name}={value}");
            check_address(page, name, value);
            rest = after;
        }
    }
}

/// Links and forms stay in the house.
#[track_caller]
fn check_address(page: &str, attribute: &str, value: &str) {
    if ["href", "src", "action", "formaction"].contains(&attribute) {
        let own = value.starts_with('#') || value.starts_with('/') && !value.starts_with("//");
        assert!(own, "{page}: {attribute} leads to {value}");
    }
}

/// An answer to a browser, taken apart.
#[track_caller]
fn check(what: &str, answer: &Answer) -> usize {
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    let kind = answer.header("content-type");
    assert_eq!(kind, "text/html; charset=utf-8", "{what}: {}", answer.text);
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("script-src 'self';") && !policy.contains("unsafe"),
        "{what}: {policy}"
    );
    shown_as_text(what, &answer.text)
}

/// A workspace full of marks, and its owner, whose name is one too.
async fn open() -> (Desk, World) {
    let app = TestApp::start().await;
    super::sign_in(&app, EMAIL, Role::Owner).await;
    let form = |fields: &[(&str, &str)]| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        form.finish()
    };
    let call = app
        .anonymous(Method::POST, "/sign-in")
        .header("user-agent", MARK);
    let call = call.header("content-type", "application/x-www-form-urlencoded");
    let entered = call
        .body(form(&[("email", EMAIL), ("password", PASSWORD)]))
        .send()
        .await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.text);
    let cookie = entered
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let receiver = Receiver::start().await;
    let world = World::make(&app, &receiver, MARK).await;
    let renamed = format!("/api/v1/workspaces/{}", world.workspace);
    let renamed = app.patch(&renamed, &json!({"name": MARK})).await;
    assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.text);
    let mute = json!({"url": "http://127.0.0.1:1024/\"'><b-hostile>?on='", "event_types": ["*"]});
    let made = ask(
        &app,
        &world.workspace,
        Method::POST,
        "/api/v1/webhooks",
        &mute,
    )
    .await;
    made.json(StatusCode::CREATED);
    let desk = Desk { app, cookie };
    let entered = desk.post("/workspace", &[("workspace", MARK)]).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.text);
    (desk, world)
}

#[tokio::test]
async fn no_page_takes_an_element_an_attribute_or_an_address_from_data() {
    let (desk, world) = open().await;
    let mut pages: Vec<String> = console::AUDIENCE
        .endpoints()
        .into_iter()
        .filter(|route| method(route) == Method::GET)
        .map(|route| world.path(route))
        .filter(|path| !["/live", "/confirm"].contains(&path.as_str()))
        .filter(|path| !path.starts_with("/static/"))
        // What is saved to a disk is no page.
        .filter(|path| !path.ends_with("/body") && !path.ends_with("/export"))
        .filter(|path| !path.starts_with("/setup") && !path.starts_with("/sign-in"))
        .collect();
    let query: String = url::form_urlencoded::byte_serialize(MARK.as_bytes()).collect();
    for filter in [
        "/deliveries?event_type=",
        "/deliveries?webhook_id=",
        "/deliveries?event_id=",
        "/deliveries?status=",
        "/deliveries?since=",
        "/deliveries?cursor=",
        "/deliveries?unknown=",
        "/deliveries?webhook=",
        "/deliveries?result=",
        "/webhooks?q=",
        "/webhooks?state=",
        "/dead-letters?event_type=",
        "/events?type=",
        "/events?id=",
        "/events/new?type=",
        "/?period=",
        "/",
        "/deliveries/",
        "/webhooks/",
        "/events/",
        "/event-types/",
        "/sign-in?back=",
    ] {
        pages.push(format!("{filter}{query}"));
    }
    pages.push(format!("/deliveries/{}?attempt=1", world.delivery));
    pages.push("/dead-letters".to_owned());
    let mut silent = BTreeSet::new();
    for path in &pages {
        let answer = desk.ask(Method::GET, path).await;
        if answer.status == StatusCode::SEE_OTHER {
            continue;
        }
        // Whoever is signed in, and where, stands on every page of the house but this one.
        let framed = answer.status == StatusCode::OK && path != "/profile/second-factor";
        if check(path, &answer) == 0 && framed {
            silent.insert(path.as_str());
        }
    }
    assert!(pages.len() > 40, "{}", pages.len());
    assert!(silent.is_empty(), "{silent:?} show nothing of it");
}

#[tokio::test]
async fn every_place_where_somebody_may_write_is_shown_as_it_was_written() {
    let (desk, world) = open().await;
    let checks = [
        (format!("/webhooks/{}", world.webhook), "label"),
        (
            format!("/webhooks/{}/edit", world.webhook),
            "a header's value",
        ),
        (format!("/events/{}", world.event), "data"),
        (
            format!("/deliveries/{}", world.delivery),
            "the request and the response",
        ),
        ("/webhooks".to_owned(), "labels and URLs"),
        ("/event-types".to_owned(), "a description"),
        (format!("/event-types/{}", world.event_type), "an example"),
        ("/api-keys".to_owned(), "a key's name"),
        ("/workspaces".to_owned(), "a workspace's name"),
        ("/people".to_owned(), "an address"),
        ("/profile".to_owned(), "a browser's name"),
        ("/audit-log".to_owned(), "who did what"),
    ];
    let bare = check("/system", &desk.ask(Method::GET, "/system").await);
    for (path, what) in checks {
        let answer = desk.ask(Method::GET, &path).await;
        let count = check(&path, &answer);
        // More than the frame around every page has.
        assert!(count > bare, "{path} does not show {what}");
        assert!(answer.text.contains("&#60;b-hostile"), "{path}");
    }
}

#[tokio::test]
async fn what_was_typed_comes_back_as_text() {
    let (desk, world) = open().await;
    let webhook = format!("/webhooks/{}/edit", world.webhook);
    let event_type = format!("/event-types/{}", world.event_type);
    let forms: [(&str, &[&str]); 9] = [
        (
            "/webhooks",
            &[
                "url",
                "label",
                "event_types",
                "headers",
                "metadata",
                "secret",
                "timeout",
            ],
        ),
        (
            &webhook,
            &[
                "url",
                "label",
                "event_types",
                "headers",
                "metadata",
                "timeout",
            ],
        ),
        ("/events", &["type", "data", "id"]),
        (
            "/event-types",
            &["name", "description", "group", "schema", "example"],
        ),
        (&event_type, &["description", "group", "schema", "example"]),
        ("/api-keys", &["name", "expires", "scope"]),
        ("/workspaces", &["name", "profile", "plan"]),
        ("/people", &["email", "password", "role"]),
        ("/settings", &["name", "alert_url", "retention", "profile"]),
    ];
    for (path, names) in forms {
        let wrong = format!("{MARK}@");
        let fields: Vec<(&str, &str)> = names.iter().map(|name| (*name, wrong.as_str())).collect();
        let answer = desk.post(path, &fields).await;
        assert!(
            answer.status.is_client_error(),
            "{path}: {} {}",
            answer.status,
            answer.text
        );
        assert!(check(path, &answer) > 0, "{path}");
    }
    let call = desk.app.anonymous(Method::POST, "/sign-in");
    let call = call.header("content-type", "application/x-www-form-urlencoded");
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", MARK), ("password", MARK)])
        .finish();
    let answer = call.body(body).send().await;
    assert!(answer.status.is_client_error());
    check("/sign-in", &answer);
}

#[tokio::test]
async fn bodies_are_saved_and_never_interpreted() {
    let (desk, world) = open().await;
    let path = format!("/deliveries/{}/body", world.delivery);
    let answer = desk.ask(Method::GET, &path).await;
    assert!(answer.text.contains(CORE));
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(
        answer
            .header("content-disposition")
            .starts_with("attachment;")
    );
    assert!(
        answer
            .header("content-security-policy")
            .starts_with("sandbox")
    );
    for path in [
        format!("/api/v1/deliveries/{}", world.delivery),
        format!("/api/v1/events/{}", world.event),
    ] {
        let answer = ask(
            &desk.app,
            &world.workspace,
            Method::GET,
            &path,
            &Value::Null,
        )
        .await;
        answer.json(StatusCode::OK);
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}
