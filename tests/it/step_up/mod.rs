//! What asks people for a fresh second factor, over every route; and how a code is shown.

mod codes;
mod delicate;

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
    "POST /svix/api/v1/operational-webhook/endpoint",
    "PUT /svix/api/v1/operational-webhook/endpoint/{endpoint_id}",
    "DELETE /svix/api/v1/operational-webhook/endpoint/{endpoint_id}",
    "POST /svix/api/v1/operational-webhook/endpoint/{endpoint_id}/secret/rotate",
    "POST /svix/api/v1/auth/app-portal-access/{app_id}",
    "POST /svix/api/v1/auth/dashboard-access/{app_id}",
    "DELETE /svix/api/v1/app/{app_id}",
    "POST /svix/api/v1/app/{app_id}/endpoint",
    "PUT /svix/api/v1/app/{app_id}/endpoint/{endpoint_id}",
    "DELETE /svix/api/v1/app/{app_id}/endpoint/{endpoint_id}",
    "POST /svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate",
    "POST /svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover",
    "POST /svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/replay-missing",
    "POST /svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/bulk-replay",
    "POST /svix/api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example",
    "POST /svix/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend",
    "DELETE /svix/api/v1/app/{app_id}/msg/{msg_id}/content",
    "DELETE /svix/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/content",
    "POST /api/v1/events/{id}/replay",
    "POST /api/v1/events/{id}/cancel",
    "DELETE /api/v1/events/{id}/data",
    "POST /api/v1/events/erase",
    "DELETE /api/v1/consumers/{consumer}",
    "POST /api/v1/consumers/{consumer}/portal-links",
    "POST /api/v1/webhooks",
    "DELETE /api/v1/webhooks/{id}",
    "POST /api/v1/webhooks/{id}/disable",
    "POST /api/v1/webhooks/{id}/revoke",
    "POST /api/v1/webhooks/{id}/rotate-secret",
    "POST /api/v1/webhooks/{id}/test",
    "POST /api/v1/webhooks/{id}/preview",
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
    "POST /api/v1/workspaces/{id}/test-alert",
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
    "/deliveries", "/deliveries/{id}/retry", "/deliveries/{id}/cancel",
    "/dead-letters", "/dead-letters/{id}/retry", "/dead-letters/{id}/discard",
    "/consumers/{consumer}/portal-links",
    "/webhooks", "/webhooks/{id}/test", "/webhooks/{id}/preview", "/webhooks/{id}/rotate-secret", "/webhooks/{id}/recover",
    "/webhooks/{id}/disable", "/webhooks/{id}/revoke", "/webhooks/{id}/delete",
    "/events/erase", "/events/{id}/replay", "/api-keys", "/api-keys/{id}/revoke",
    "/people", "/people/second-factor", "/people/{id}",
    "/profile/second-factor/codes", "/profile/second-factor/off",
    "/settings/test-alert", "/system/pause",
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
        format!("/webhooks/{}/settings", world.webhook)
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
