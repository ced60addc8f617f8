//! People in front of the dashboard: each role, and nobody, on every page and form.

use hookpost::console;
use hookpost::domain::role::Role;
use hookpost::web::audience::Audience;
use hookpost::web::endpoint::{Access, Endpoint};
use reqwest::{Method, StatusCode};

use super::{Counts, Neighbours};
use crate::app::Answer;
use crate::dashboard::{between, sign_in};
use crate::world::method;

/// What ends or holds open the visit itself, and so ends the round.
const NOT_TRIED: [&str; 5] = [
    "/live",
    "/sign-out",
    "/profile/sessions/end",
    "/profile/second-factor/begin",
    "/profile/second-factor",
];

/// Pages of the instance: whoever may see them may see it whole.
const OF_THE_INSTANCE: [&str; 5] = [
    "/api-keys",
    "/people",
    "/audit-log",
    "/workspaces",
    "/system",
];

struct Visitor {
    role: Role,
    cookie: String,
    csrf: String,
}

impl Visitor {
    /// Signs in and looks at our workspace.
    async fn come(near: &Neighbours, role: Role) -> Self {
        let email = format!("{}@example.com", role.as_str());
        let cookie = sign_in(&near.app, &email, role).await;
        let mut visitor = Self {
            role,
            cookie,
            csrf: String::new(),
        };
        let page = visitor.ask(near, Method::GET, "/deliveries", "").await;
        visitor.csrf = between(&page.text, "name=\"csrf\" value=\"", "\"").to_owned();
        let ours = format!("workspace={}", near.ours.workspace);
        let moved = visitor.ask(near, Method::POST, "/workspace", &ours).await;
        assert_eq!(moved.status, StatusCode::SEE_OTHER, "{moved:?}");
        visitor
    }

    async fn ask(&self, near: &Neighbours, method: Method, path: &str, fields: &str) -> Answer {
        let call = near.app.anonymous(method.clone(), path);
        let call = call
            .header("cookie", &self.cookie)
            .header("accept", "text/html");
        match method {
            Method::POST => {
                let form = format!("csrf={}&{fields}", self.csrf);
                let call = call.header("content-type", "application/x-www-form-urlencoded");
                call.body(form).send().await
            }
            _ => call.send().await,
        }
    }
}

/// What the form needs to get as far as looking for what it is about.
fn fields(near: &Neighbours, route: &Endpoint) -> String {
    let theirs = &near.theirs;
    match route.path {
        "/dead-letters" => format!("action=retry&id={}", theirs.delivery),
        "/webhooks/{id}/edit" => format!(
            "url={}&event_type=*&profile=standard&format=json&retry=profile&max_in_flight=1",
            near.receiver.url("/")
        ),
        "/webhooks/{id}/recover" => "last=7d&include=missed".to_owned(),
        "/events/{id}/replay" => format!("webhook_id={}", theirs.webhook),
        "/events" => "type=a.b&data=1".to_owned(),
        _ => String::new(),
    }
}

fn is_of_the_instance(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    OF_THE_INSTANCE.iter().any(|page| page[1..] == *first)
}

impl Neighbours {
    async fn turn_nobody_in(&self, route: &Endpoint, counts: &mut Counts) {
        let path = self.theirs.path(route);
        let call = self.app.anonymous(method(route), &path);
        let answer = call.header("accept", "text/html").send().await;
        let what = format!("{} {}", route.method, route.path);
        self.assert_silent(&what, &path, &answer);
        if route.access != Access::Public {
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{what}: {answer:?}");
            let place = answer.header("location");
            assert!(place.starts_with("/sign-in"), "{what}: {place}");
            counts.without_credentials += 1;
        }
    }

    async fn turn_away(&self, route: &Endpoint, visitor: &Visitor, counts: &mut Counts) {
        let Access::Page(needed) = route.access else {
            return;
        };
        let what = format!("{} {} as {:?}", route.method, route.path, visitor.role);
        let path = self.theirs.path(route);
        let fields = fields(self, route);
        let answer = visitor.ask(self, method(route), &path, &fields).await;
        if !visitor.role.allows(needed) {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}: {answer:?}");
            self.assert_silent(&what, &path, &answer);
            counts.without_right += 1;
            return;
        }
        assert_ne!(answer.status, StatusCode::FORBIDDEN, "{what}: {answer:?}");
        if is_of_the_instance(route.path) {
            return;
        }
        let asked = format!("{path} {fields}");
        self.assert_silent(&what, &asked, &answer);
        if route.path.contains('{') {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}: {answer:?}");
            counts.foreign += 1;
        } else {
            counts.lists += 1;
        }
    }
}

#[tokio::test]
async fn no_page_and_no_form_shows_or_changes_anything_of_another_workspace() {
    let near = Neighbours::meet().await;
    let before = near.theirs_as_they_are().await;
    let mut counts = Counts::default();
    let tried = || {
        console::AUDIENCE
            .endpoints()
            .into_iter()
            .filter(|route| !NOT_TRIED.contains(&route.path))
    };
    for route in tried() {
        counts.routes += 1;
        near.turn_nobody_in(route, &mut counts).await;
    }
    for role in Role::ALL {
        let visitor = Visitor::come(&near, role).await;
        for route in tried() {
            near.turn_away(route, &visitor, &mut counts).await;
        }
    }
    assert_eq!(near.theirs_as_they_are().await, before);
    println!(
        "matrix of people: {} requests; {counts:?}",
        counts.requests()
    );
    assert!(
        counts.routes >= 60 && counts.requests() >= 200,
        "{counts:?}"
    );
}

#[tokio::test]
async fn filters_and_searches_of_pages_stay_in_the_workspace() {
    let near = Neighbours::meet().await;
    let visitor = Visitor::come(&near, Role::Owner).await;
    let theirs = &near.theirs;
    for path in [
        format!("/deliveries?webhook_id={}", theirs.webhook),
        format!("/deliveries?event_id={}", theirs.event),
        format!("/dead-letters?webhook_id={}", theirs.webhook),
        format!("/events?id={}", theirs.event),
        "/events?type=job.completed".to_owned(),
        "/deliveries?status=exhausted".to_owned(),
        format!("/events/new?type={}", theirs.event_type),
    ] {
        let answer = visitor.ask(&near, Method::GET, &path, "").await;
        near.assert_silent(&path, &path, &answer);
    }
}
