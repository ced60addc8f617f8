//! How a code is shown: which counts, how often, and what it opens.

use super::*;

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
    let back = format!("/webhooks/{}/secret", world.webhook);
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
