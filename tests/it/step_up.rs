//! What asks people for a fresh second factor, over every route; and how a code is shown.

use std::collections::BTreeSet;
use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::console;
use hookpost::domain::role::Role;
use hookpost::domain::secret::Secret;
use hookpost::domain::session::Channel;
use hookpost::domain::time::Timestamp;
use hookpost::service::Actor;
use hookpost::service::people::{MfaDemand, NewUser, SignIn};
use hookpost::web::audience::Audience;
use hookpost::web::endpoint::{Access, Endpoint, StepUp};
use hookpost::web::limits::STRANGERS_BODY_BYTES_MAX;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::dashboard::between;
use crate::receiver::Receiver;
use crate::second_factor::App as Phone;
use crate::world::{World, api, body, method, with_credential};

const EMAIL: &str = "grace@example.com";
const PASSWORD: &str = "tulip basket engine";
/// A fresh code counts for less than this, and an idle session lives for longer.
const STALE: Duration = Duration::from_secs(16 * 60);
/// Until the phone shows another code.
const NEXT_CODE: Duration = Duration::from_secs(60);

/// What asks, among the endpoints of programs.
#[rustfmt::skip]
const ASKING: &[&str] = &[
    "POST /api/v1/events/{id}/replay",
    "POST /api/v1/webhooks",
    "DELETE /api/v1/webhooks/{id}",
    "POST /api/v1/webhooks/{id}/disable",
    "POST /api/v1/webhooks/{id}/revoke",
    "POST /api/v1/webhooks/{id}/rotate-secret",
    "POST /api/v1/webhooks/{id}/test",
    "POST /api/v1/webhooks/{id}/recover",
    "POST /api/v1/deliveries/retry",
    "POST /api/v1/deliveries/{id}/retry",
    "POST /api/v1/deliveries/{id}/cancel",
    "POST /api/v1/dead-letters/retry",
    "POST /api/v1/dead-letters/discard",
    "POST /api/v1/dead-letters/{id}/retry",
    "DELETE /api/v1/dead-letters/{id}",
    "POST /api/v1/retries/run",
    "DELETE /api/v1/workspaces/{id}",
    "POST /api/v1/workspaces/{id}/rotate-secret",
    "POST /api/v1/api-keys",
    "DELETE /api/v1/api-keys/{id}",
    "PUT /api/v1/profiles/{name}",
    "POST /armalo/api/v1/webhooks",
    "POST /airmy/webhooks",
    "POST /airmy/webhooks/{id}/test",
    "POST /indigiarmor/v1/webhooks",
    "DELETE /indigiarmor/v1/webhooks/{id}",
    "POST /indigiarmor/v1/webhooks/{id}/test",
    "POST /veriswarm/v1/public/providers/webhooks",
    "POST /veriswarm/v1/public/providers/webhooks/deliveries/{id}/retry",
    "POST /veriswarm/v1/public/providers/webhooks/retries/run",
    "POST /veriswarm/v1/public/providers/webhooks/{id}/rotate-secret",
    "POST /veriswarm/v1/public/providers/webhooks/{id}/test",
    "POST /veriswarm/v1/public/providers/webhooks/{id}/revoke",
];

/// What asks where it leads deliveries elsewhere, as the world's own bodies do here.
const ASKING_SOMETIMES: [&str; 2] = [
    "PUT /indigiarmor/v1/webhooks/{id}",
    "PATCH /indigiarmor/v1/webhooks/{id}",
];

/// What asks, among the forms of the dashboard.
#[rustfmt::skip]
const ASKING_FORMS: &[&str] = &[
    "/deliveries/{id}/retry", "/deliveries/{id}/cancel",
    "/dead-letters", "/dead-letters/{id}/retry", "/dead-letters/{id}/discard",
    "/webhooks", "/webhooks/{id}/test", "/webhooks/{id}/rotate-secret", "/webhooks/{id}/recover",
    "/webhooks/{id}/disable", "/webhooks/{id}/revoke", "/webhooks/{id}/delete",
    "/events/{id}/replay", "/api-keys", "/api-keys/{id}/revoke",
    "/people", "/people/second-factor", "/people/{id}",
    "/profile/second-factor/codes", "/profile/second-factor/off",
    "/system/pause",
];

/// Forms that end the visit.
const NOT_TRIED: [&str; 3] = ["/sign-out", "/profile/sessions/end", "/profile/password"];

/// A person with a phone, and an instance with one of everything.
struct Scene {
    app: TestApp,
    clock: Clock,
    receiver: Receiver,
    phone: Phone,
}

impl Scene {
    async fn open(role: Role) -> Self {
        let clock = Clock::manual(Timestamp::parse("2026-11-21T12:00:00Z").unwrap());
        let app = TestApp::start_at(clock.clone()).await;
        let new = NewUser {
            email: EMAIL.to_owned(),
            password: Secret::new(PASSWORD.to_owned()),
            role,
        };
        app.service.create_user(&Actor::Cli, new).await.unwrap();
        let receiver = Receiver::start().await;
        let person = app.service.sign_in(asked(Channel::Browser, None)).await;
        let phone = Phone::enrol(&app.service, &person.unwrap().person).await;
        clock.advance(NEXT_CODE);
        Self {
            app,
            clock,
            receiver,
            phone,
        }
    }

    /// A session whose second factor was shown right now.
    async fn sign_in(&self, channel: Channel) -> String {
        let code = Secret::new(self.phone.code(self.clock.now()));
        let signed_in = self.app.service.sign_in(asked(channel, Some(code))).await;
        signed_in.unwrap().token.expose().to_owned()
    }

    async fn call(&self, route: &Endpoint, world: &World, token: &str) -> Answer {
        let call = self.app.anonymous(method(route), &world.path(route));
        let call = with_credential(call, route.path, token);
        let call = call.header("hookpost-workspace", &world.workspace);
        match body(route, world, &self.receiver.url("/")) {
            Value::Null => call.send().await,
            body => call.json(&body).send().await,
        }
    }

    async fn post(&self, path: &str, token: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let call = self.app.anonymous(Method::POST, path);
        call.header("cookie", &format!("hookpost={token}"))
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish())
            .send()
            .await
    }

    async fn page(&self, path: &str, token: &str) -> Answer {
        let call = self.app.anonymous(Method::GET, path);
        let cookie = format!("hookpost={token}");
        let call = call.header("accept", "text/html");
        call.header("cookie", &cookie).send().await
    }

    async fn csrf(&self, token: &str) -> String {
        let page = self.page("/deliveries", token).await.text;
        between(&page, "name=\"csrf\" value=\"", "\"").to_owned()
    }
}

fn asked(channel: Channel, code: Option<Secret>) -> SignIn {
    SignIn {
        email: EMAIL.to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        code,
        channel,
        user_agent: String::new(),
        address: [127, 0, 0, 1].into(),
    }
}

fn is_change(route: &Endpoint) -> bool {
    method(route) != Method::GET && !matches!(route.access, Access::Public | Access::Session)
}

fn set<'a>(lines: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    lines.into_iter().map(str::to_owned).collect()
}

#[test]
fn what_always_asks_says_so_where_it_is_offered() {
    let asks = |own: &&Endpoint| own.step_up != StepUp::None;
    let programs = api().filter(asks);
    let programs: BTreeSet<String> = programs
        .map(|own| format!("{} {}", own.method, own.path))
        .collect();
    assert_eq!(programs, set(ASKING.iter().copied()));
    let forms: Vec<&Endpoint> = console::AUDIENCE
        .endpoints()
        .into_iter()
        .filter(asks)
        .collect();
    let paths = set(forms.iter().map(|own| own.path));
    assert_eq!(paths, set(ASKING_FORMS.iter().copied()));
    for form in forms {
        assert!(
            !form.back.is_empty(),
            "{}: where to come back to?",
            form.path
        );
    }
    let stricter: Vec<&Endpoint> = api().filter(|own| own.step_up == StepUp::Shown).collect();
    assert!(
        stricter
            .iter()
            .all(|own| own.path.starts_with("/veriswarm/"))
    );
    assert_eq!(stricter.len(), 4);
}

#[tokio::test]
async fn an_old_code_is_not_enough_to_lead_deliveries_or_alerts_elsewhere() {
    let scene = Scene::open(Role::Owner).await;
    let world = World::make(&scene.app, &scene.receiver, "plain").await;
    let token = scene.sign_in(Channel::Token).await;
    scene.clock.advance(STALE);
    let webhook = format!("/api/v1/webhooks/{}", world.webhook);
    let workspace = format!("/api/v1/workspaces/{}", world.workspace);
    let present = scene.receiver.url("/standard");
    let other = scene.receiver.url("/elsewhere");
    let patch = async |path: &str, body: &Value| {
        let call = scene.app.anonymous(Method::PATCH, path).bearer(&token);
        let call = call.header("hookpost-workspace", &world.workspace);
        call.json(body).send().await
    };
    for (path, body) in [
        (
            &webhook,
            json!({"url": present, "label": "another", "event_types": ["a.b"]}),
        ),
        (
            &workspace,
            json!({"strict_event_types": true, "alert_url": null}),
        ),
    ] {
        patch(path, &body).await.json(StatusCode::OK);
    }
    let asking = [
        (&webhook, json!({"url": other})),
        (&webhook, json!({"headers": {"x-mark": "another"}})),
        (&webhook, json!({"profile": world.profile})),
        (&webhook, json!({"active": false})),
        (&workspace, json!({"alert_url": other})),
        (&workspace, json!({"retention": {"exhausted": "24h"}})),
    ];
    for (path, body) in &asking {
        patch(path, body).await.problem(403, "mfa_required");
    }
    let code = scene.phone.code(scene.clock.now());
    let mfa = scene.app.anonymous(Method::POST, "/api/v1/sessions/mfa");
    let shown = mfa.bearer(&token).json(&json!({"totp": code})).send().await;
    shown.json(StatusCode::OK);
    for (path, body) in &asking {
        patch(path, body).await.json(StatusCode::OK);
    }
}

#[tokio::test]
async fn an_old_code_is_not_enough_to_lead_deliveries_or_alerts_elsewhere_by_a_form() {
    let scene = Scene::open(Role::Owner).await;
    let world = World::make(&scene.app, &scene.receiver, "plain").await;
    let token = scene.sign_in(Channel::Browser).await;
    let csrf = scene.csrf(&token).await;
    let ours = [("csrf", &csrf[..]), ("workspace", &world.workspace)];
    scene.post("/workspace", &token, &ours).await;
    scene.clock.advance(STALE);
    let (present, other) = (scene.receiver.url("/standard"), scene.receiver.url("/else"));
    let edit = format!("/webhooks/{}/edit", world.webhook);
    let webhook = |url, profile, headers| {
        let fields = [
            ("csrf", &csrf[..]),
            ("url", url),
            ("event_types", "*"),
            ("profile", profile),
            ("format", "json"),
            ("retry", "profile"),
            ("max_in_flight", "2"),
            ("headers", headers),
        ];
        fields.to_vec()
    };
    let kept = "x-mark: plain\nx-api-key: ***";
    for (url, profile, headers) in [
        (&other[..], "standard", kept),
        (&present, &world.profile, kept),
        (&present, "standard", "x-mark: another"),
    ] {
        let fields = webhook(url, profile, headers);
        let sent = scene.post(&edit, &token, &fields).await;
        let place = format!("/confirm?back=%2Fwebhooks%2F{}%2Fedit", world.webhook);
        assert_eq!(sent.header("location"), place, "{sent:?}");
    }
    let fields = webhook(&present, "standard", kept);
    let sent = scene.post(&edit, &token, &fields).await;
    assert_eq!(
        sent.header("location"),
        format!("/webhooks/{}", world.webhook)
    );
    let settings = |alert_url, exhausted| {
        let fields = [
            ("csrf", &csrf[..]),
            ("name", &world.name),
            ("plan", "pro"),
            ("profile", "standard"),
            ("alert_url", alert_url),
            ("exhausted", exhausted),
        ];
        fields.to_vec()
    };
    for (alert_url, exhausted) in [(&other[..], ""), ("", "24h")] {
        let fields = settings(alert_url, exhausted);
        let sent = scene.post("/settings", &token, &fields).await;
        assert_eq!(
            sent.header("location"),
            "/confirm?back=%2Fsettings",
            "{sent:?}"
        );
    }
    let saved = scene.post("/settings", &token, &settings("", "")).await;
    assert_eq!(saved.header("location"), "/settings", "{saved:?}");
}

#[tokio::test]
async fn who_shows_a_code_comes_back_to_the_page_that_the_form_stood_on() {
    let scene = Scene::open(Role::Operator).await;
    let token = scene.sign_in(Channel::Browser).await;
    scene.clock.advance(STALE);
    let base = scene.app.base.clone();
    let from = async |page: &str| {
        let call = scene.app.anonymous(Method::POST, "/dead-letters");
        let call = call.header("cookie", &format!("hookpost={token}"));
        let sent = call.header("referer", page).send().await;
        sent.header("location").to_owned()
    };
    let here = format!("{base}/dead-letters?event_type=a.b");
    let back = "/confirm?back=%2Fdead-letters%3Fevent_type%3Da.b";
    assert_eq!(from(&here).await, back);
    for other in ["https://evil.example/dead-letters?x=1", "nonsense", ""] {
        assert_eq!(
            from(other).await,
            "/confirm?back=%2Fdead-letters",
            "{other}"
        );
    }
}

#[tokio::test]
async fn an_old_code_is_not_enough_for_what_is_delicate_by_any_route() {
    let scene = Scene::open(Role::Owner).await;
    let world = World::make(&scene.app, &scene.receiver, "plain").await;
    let token = scene.sign_in(Channel::Token).await;
    scene.clock.advance(STALE);
    let mut asking = BTreeSet::new();
    for route in api().filter(|route| is_change(route)) {
        let answer = scene.call(route, &world, &token).await;
        let what = format!("{} {}", route.method, route.path);
        assert!(answer.status.as_u16() < 500, "{what}: {answer:?}");
        if answer.text.contains("mfa_required") {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
            asking.insert(what);
        }
    }
    assert_eq!(asking, set(ASKING.iter().copied().chain(ASKING_SOMETIMES)));
    // None of it happened.
    let path = format!("/api/v1/webhooks/{}", world.webhook);
    let call = scene.app.call(Method::GET, &path);
    let call = call.header("hookpost-workspace", &world.workspace);
    let webhook = call.send().await.json(StatusCode::OK);
    assert_eq!(webhook["secret_rotated_at"], Value::Null);
    println!("{} routes ask for a fresh code", asking.len());
}

#[tokio::test]
async fn an_old_code_is_not_enough_for_what_is_delicate_by_any_form() {
    let scene = Scene::open(Role::Owner).await;
    let world = World::make(&scene.app, &scene.receiver, "plain").await;
    let token = scene.sign_in(Channel::Browser).await;
    let csrf = scene.csrf(&token).await;
    let ours = [("csrf", &csrf[..]), ("workspace", &world.workspace)];
    let moved = scene.post("/workspace", &token, &ours).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER, "{moved:?}");
    scene.clock.advance(STALE);
    let mut asking = BTreeSet::new();
    let forms = console::AUDIENCE
        .endpoints()
        .into_iter()
        .filter(|route| is_change(route));
    for route in forms.filter(|route| !NOT_TRIED.contains(&route.path)) {
        let fields = [
            ("csrf", &csrf[..]),
            (
                "action",
                if route.path == "/dead-letters" {
                    "retry"
                } else {
                    "disable"
                },
            ),
            ("id", &world.delivery),
            ("last", "7d"),
            ("include", "missed"),
            ("name", "plain"),
            ("confirm", "plain"),
            ("email", "new@example.com"),
            ("password", "another long pass phrase 9"),
            ("role", "viewer"),
            ("scope", "events:read"),
            ("of", "nobody"),
        ];
        let answer = scene.post(&world.path(route), &token, &fields).await;
        assert!(answer.status.as_u16() < 500, "{}: {answer:?}", route.path);
        if answer.header("location").starts_with("/confirm") {
            asking.insert(route.path.to_owned());
        }
    }
    assert_eq!(asking, set(ASKING_FORMS.iter().copied()));
    println!("{} forms ask for a fresh code", asking.len());
}

#[tokio::test]
async fn a_code_shown_again_opens_the_way_with_a_new_token_and_only_once() {
    let scene = Scene::open(Role::Operator).await;
    let world = World::make(&scene.app, &scene.receiver, "plain").await;
    let old = scene.sign_in(Channel::Browser).await;
    let csrf = scene.csrf(&old).await;
    let ours = [("csrf", &csrf[..]), ("workspace", &world.workspace)];
    scene.post("/workspace", &old, &ours).await;
    scene.clock.advance(STALE);
    let path = format!("/webhooks/{}/rotate-secret", world.webhook);
    let sent = scene.post(&path, &old, &[("csrf", &csrf)]).await;
    assert!(
        sent.header("location").starts_with("/confirm?back="),
        "{sent:?}"
    );
    let code = scene.phone.code(scene.clock.now());
    let fields = [("csrf", &csrf[..]), ("code", &code), ("back", "/webhooks")];
    let shown = scene.post("/confirm", &old, &fields).await;
    assert_eq!(shown.header("location"), "/webhooks", "{shown:?}");
    let cookie = shown.header("set-cookie").to_owned();
    let new = between(&cookie, "hookpost=", ";");
    assert_ne!(new, old);
    let gone = scene.page("/webhooks", &old).await;
    assert_eq!(
        gone.status,
        StatusCode::SEE_OTHER,
        "the old token still opens"
    );
    let csrf = scene.csrf(new).await;
    let rotated = scene.post(&path, new, &[("csrf", &csrf)]).await;
    let back = format!("/webhooks/{}", world.webhook);
    assert_eq!(rotated.header("location"), back, "{rotated:?}");
    // The same code is spent, in this session and in any other.
    let fields = [
        ("csrf", &csrf[..]),
        ("code", &code),
        ("back", "//evil.example"),
    ];
    let again = scene.post("/confirm", new, &fields).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED, "{again:?}");
    let spent = asked(Channel::Token, Some(Secret::new(code)));
    assert!(scene.app.service.sign_in(spent).await.is_err());
}

#[tokio::test]
async fn the_same_code_at_once_opens_once() {
    let scene = Scene::open(Role::Viewer).await;
    let code = scene.phone.code(scene.clock.now());
    let tries = (0..8).map(|_| {
        let code = Secret::new(code.clone());
        scene.app.service.sign_in(asked(Channel::Token, Some(code)))
    });
    let outcomes = futures_util::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|one| one.is_ok()).count(), 1);
}

#[tokio::test]
async fn five_wrong_codes_are_followed_by_five_minutes_of_silence() {
    let scene = Scene::open(Role::Viewer).await;
    let token = {
        let signed_in = scene.app.service.sign_in(asked(Channel::Token, None)).await;
        signed_in.unwrap().token.expose().to_owned()
    };
    let show = async |code: &str| {
        let call = scene.app.anonymous(Method::POST, "/api/v1/sessions/mfa");
        let body = serde_json::json!({"totp": code});
        call.bearer(&token).json(&body).send().await
    };
    for _ in 0..5 {
        show("000000").await.problem(401, "unauthorized");
    }
    let right = scene.phone.code(scene.clock.now());
    let silent = show(&right).await;
    silent.problem(429, "rate_limited");
    assert_eq!(silent.header("retry-after"), "300");
    // Recovery codes are guesses like any other.
    show(&scene.phone.recovery[0])
        .await
        .problem(429, "rate_limited");
    scene.clock.advance(Duration::from_secs(301));
    let right = scene.phone.code(scene.clock.now());
    show(&right).await.json(StatusCode::OK);
}

#[tokio::test]
async fn who_is_still_on_the_way_in_may_say_a_code_and_little_more() {
    let scene = Scene::open(Role::Viewer).await;
    let long = "x".repeat(STRANGERS_BODY_BYTES_MAX + 1);
    let signed_in = scene.app.service.sign_in(asked(Channel::Browser, None));
    let half = signed_in.await.unwrap().token.expose().to_owned();
    let answer = scene.post("/sign-in/code", &half, &[("code", &long)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{answer:?}");
    // Who has not even given a password is not listened to at all.
    let answer = scene
        .post("/sign-in/code", "nobody", &[("code", &long)])
        .await;
    assert_eq!(answer.header("location"), "/sign-in", "{answer:?}");
    for (path, place) in [
        ("/sign-in/code?back=/events", "/sign-in"),
        (
            "/profile/second-factor",
            "/sign-in?back=%2Fprofile%2Fsecond-factor",
        ),
    ] {
        let answer = scene.page(path, "nobody").await;
        assert_eq!(answer.header("location"), place, "{path}: {answer:?}");
    }
    let answer = scene.page("/profile/second-factor", &half).await;
    assert!(
        answer.header("location").starts_with("/sign-in/code"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn new_recovery_codes_end_the_old_ones_and_each_is_audited_when_used() {
    let scene = Scene::open(Role::Viewer).await;
    let token = scene.sign_in(Channel::Browser).await;
    let csrf = scene.csrf(&token).await;
    let page = scene
        .post("/profile/second-factor/codes", &token, &[("csrf", &csrf)])
        .await;
    let codes: Vec<&str> = between(&page.text, "<pre>", "</pre>")
        .split_whitespace()
        .collect();
    assert_eq!(codes.len(), 10, "{}", page.text);
    let enter = |code: &str| {
        let code = Secret::new(code.to_owned());
        scene.app.service.sign_in(asked(Channel::Token, Some(code)))
    };
    assert!(enter(&scene.phone.recovery[0]).await.is_err());
    enter(codes[0]).await.unwrap();
    assert!(enter(codes[0]).await.is_err());
    assert!(
        enter(&codes[1].to_uppercase().replace('-', " "))
            .await
            .is_ok()
    );
    let log = scene.app.get("/api/v1/audit-log").await;
    assert!(log.text.contains("mfa.recovery"), "{}", log.text);
    assert!(!log.text.contains(codes[0]), "{}", log.text);
}

#[tokio::test]
async fn where_everybody_needs_a_second_factor_who_has_none_can_only_enrol() {
    let scene = Scene::open(Role::Owner).await;
    let new = NewUser {
        email: "late@example.com".to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        role: Role::Owner,
    };
    let service = &scene.app.service;
    service.create_user(&Actor::Cli, new).await.unwrap();
    let late = |channel| SignIn {
        email: "late@example.com".to_owned(),
        ..asked(channel, None)
    };
    let program = service.sign_in(late(Channel::Token)).await.unwrap().token;
    let browser = service.sign_in(late(Channel::Browser)).await.unwrap().token;
    service
        .demand_mfa(&Actor::Cli, MfaDemand::Everybody)
        .await
        .unwrap();
    let world = World::make(&scene.app, &scene.receiver, "plain").await;
    let mut tried = 0;
    for route in api().filter(|route| !matches!(route.access, Access::Public | Access::Session)) {
        let answer = scene.call(route, &world, program.expose()).await;
        let what = format!("{} {}", route.method, route.path);
        assert!(answer.text.contains("mfa_required"), "{what}: {answer:?}");
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
        tried += 1;
    }
    for route in console::AUDIENCE
        .endpoints()
        .into_iter()
        .filter(|route| matches!(route.access, Access::Page(_)))
    {
        let call = scene.app.anonymous(method(route), &world.path(route));
        let cookie = format!("hookpost={}", browser.expose());
        let answer = call.header("cookie", &cookie).send().await;
        let place = answer.header("location");
        assert!(
            place.starts_with("/profile/second-factor"),
            "{}: {answer:?}",
            route.path
        );
        tried += 1;
    }
    assert!(tried > 120, "{tried}");
}
