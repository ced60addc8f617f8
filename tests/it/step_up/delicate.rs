//! What is delicate by itself asks on every route and every form.

use super::*;

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
