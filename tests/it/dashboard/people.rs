//! `/people` and `/profile`

use hookpost::domain::role::Role;
use hookpost::domain::secret::Secret;
use reqwest::{Method, StatusCode};

use super::{Desk, PASSWORD, between, sign_in};
use crate::second_factor::App as Phone;

#[tokio::test]
async fn people_are_made_changed_and_removed_and_an_owner_remains() {
    let desk = Desk::open().await;
    let fields = [
        ("email", "bob@example.com"),
        ("password", PASSWORD),
        ("role", "viewer"),
    ];
    let answer = desk.post("/people", &fields).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(page.contains("bob@example.com may sign in now"), "{page}");
    let fields = [
        ("email", "nobody"),
        ("password", "tiny-pw"),
        ("role", "viewer"),
    ];
    let answer = desk.post("/people", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("value=\"nobody\""), "{}", answer.text);
    assert!(!answer.text.contains("tiny-pw"), "{}", answer.text);
    let bob = desk
        .app
        .service
        .user_by_email("bob@example.com")
        .await
        .unwrap();
    let bob = format!("/people/{}", bob.id);
    for (fields, said) in [
        (
            vec![("action", "role"), ("role", "operator")],
            "The role was changed",
        ),
        (vec![("action", "disable")], "Barred"),
        (vec![("action", "enable")], "May sign in again"),
        (vec![("action", "remove")], "Removed"),
    ] {
        let mut answer = desk.post(&bob, &fields).await;
        if fields[0].1 == "remove" {
            assert!(
                answer.text.contains("Remove 1 account, bob@example.com?"),
                "{}",
                answer.text
            );
            assert!(desk.get("/people").await.contains("bob@example.com"));
            answer = desk.post(&bob, &[fields[0], ("confirmed", "yes")]).await;
        }
        let (_, page) = desk.follow(&answer).await;
        assert!(page.contains(said), "no {said} in {page}");
    }
    let ada = desk
        .app
        .service
        .user_by_email("ada@example.com")
        .await
        .unwrap();
    let fields = [("action", "role"), ("role", "viewer")];
    let answer = desk.post(&format!("/people/{}", ada.id), &fields).await;
    assert!(desk.follow(&answer).await.1.contains("the only owner"));
}

#[tokio::test]
async fn a_second_factor_is_enrolled_and_asked_for_before_a_rotation() {
    let mut desk = Desk::open().await;
    let post =
        async |desk: &Desk, path: &str, fields: &[(&str, &str)]| desk.post(path, fields).await;
    let bare = desk.post_raw("/profile/second-factor/begin", &[]).await;
    assert_eq!(bare.status, StatusCode::FORBIDDEN);
    let begun = post(&desk, "/profile/second-factor/begin", &[]).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER);
    let page = desk.get("/profile/second-factor").await;
    let seed = between(&page, "data-copy=\"", "\"").to_owned();
    assert!(page.contains("<svg"), "{page}");
    let wrong = post(&desk, "/profile/second-factor", &[("code", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let code = Phone::of_base32(&seed).code(desk.app.service.clock().now());
    let answer = post(&desk, "/profile/second-factor", &[("code", &code)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(answer.text.contains("recovery codes"), "{}", answer.text);
    let renewed = answer.header("set-cookie").split(';').next().unwrap();
    renewed.clone_into(&mut desk.cookie);
    assert!(
        desk.get("/profile")
            .await
            .contains("10 recovery codes are left")
    );
    // Another session of the same person has not shown a code yet.
    let asked = hookpost::service::people::SignIn {
        email: "ada@example.com".to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        code: None,
        channel: hookpost::domain::session::Channel::Browser,
        user_agent: String::new(),
        address: [127, 0, 0, 1].into(),
    };
    let other = desk.app.service.sign_in(asked).await.unwrap();
    let cookie = format!("hookpost={}", other.token.expose());
    let call = desk.app.anonymous(Method::GET, "/deliveries");
    let answer = call.header("cookie", &cookie).send().await;
    assert!(
        answer.header("location").starts_with("/sign-in/code"),
        "{answer:?}"
    );
    let off = "/profile/second-factor/off";
    let asked = post(&desk, off, &[]).await;
    assert!(
        asked.text.contains("Turn off your second factor?"),
        "{}",
        asked.text
    );
    assert!(
        desk.get("/profile")
            .await
            .contains("10 recovery codes are left")
    );
    let done = post(&desk, off, &[("confirmed", "yes")]).await;
    let (_, page) = desk.follow(&done).await;
    assert!(page.contains("Your second factor is turned off"), "{page}");
}

#[tokio::test]
async fn a_password_is_changed_and_sessions_are_ended() {
    let mut desk = Desk::open().await;
    let fields = [
        ("current_password", "wrong"),
        ("new_password", "another long pass phrase 9"),
    ];
    let answer = desk.post("/profile/password", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.text.contains("current_password-fault"),
        "{}",
        answer.text
    );
    let fields = [
        ("current_password", PASSWORD),
        ("new_password", "another long pass phrase 9"),
    ];
    let answer = desk.post("/profile/password", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let mut cookies = answer.headers.get_all("set-cookie").iter();
    let renewed = cookies.find_map(|one| {
        one.to_str()
            .ok()?
            .split(';')
            .next()?
            .strip_prefix("hookpost=")
    });
    desk.cookie = format!("hookpost={}", renewed.unwrap());
    assert!(desk.get("/profile").await.contains("this one"));
    let answer = desk.post("/profile/sessions/end", &[]).await;
    assert_eq!(answer.header("location"), "/sign-in");
    let gone = desk.ask(Method::GET, "/profile").await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER);
    let viewer = sign_in(&desk.app, "eve@example.com", Role::Viewer).await;
    let call = desk
        .app
        .anonymous(Method::GET, "/people")
        .header("cookie", &viewer);
    assert_eq!(call.send().await.status, StatusCode::FORBIDDEN);
}
