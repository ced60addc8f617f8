//! Programs: keys with each scope, keys of the instance and sessions over the API, on the native
//! routes and those of all dialects.

use hookpost::domain::api_key::Scope;
use hookpost::domain::role::Role;
use hookpost::web::endpoint::{Access, Endpoint};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Counts, Neighbours};
use crate::app::{Answer, Call, TestApp};
use crate::dashboard::sign_in_program;
use crate::world::{World, api, body, method, with_credential};

/// A credential and what it is good for in our workspace.
struct Holder {
    name: String,
    token: String,
    scopes: Vec<Scope>,
}

fn all_but_admin() -> Vec<Scope> {
    let own = Scope::ALL
        .into_iter()
        .filter(|scope| *scope != Scope::Admin);
    own.collect()
}

fn allows(held: &[Scope], access: Access) -> bool {
    let holds = |scope| held.contains(&scope);
    match access {
        Access::Public => true,
        Access::Scope(scope) => holds(scope),
        Access::Either(one, other) => holds(one) || holds(other),
        // What only people may do is tried apart.
        Access::Session
        | Access::Portal
        | Access::Page(_)
        | Access::Enrolment
        | Access::SecondFactor => false,
    }
}

/// Putting something of the same name into one's own workspace is one's own affair. It comes last,
/// since then there is something of that name.
fn is_put_by_name(route: &Endpoint) -> bool {
    route.method.as_str() == "PUT" && route.path.contains("{name}")
}

/// What a role comes to over the API.
fn scopes_of(role: Role) -> Vec<Scope> {
    match role {
        Role::Viewer => vec![
            Scope::EventsRead,
            Scope::WebhooksRead,
            Scope::DeliveriesRead,
        ],
        Role::Operator => all_but_admin(),
        Role::Owner => Scope::ALL.to_vec(),
    }
}

async fn key(app: &TestApp, world: &World, scopes: &[Scope]) -> String {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let body = json!({"name": "k", "workspace": world.workspace, "scopes": scopes});
    let made = app.post("/api/v1/api-keys", &body).await;
    let made = made.json(StatusCode::CREATED);
    made["key"].as_str().unwrap().to_owned()
}

/// Everybody who may do something in our workspace: a key per scope, one with all of them, one of
/// the instance, and people of each role.
async fn holders(near: &Neighbours) -> Vec<Holder> {
    let mut holders = Vec::new();
    for scope in all_but_admin() {
        holders.push(Holder {
            name: scope.as_str().to_owned(),
            token: key(&near.app, &near.ours, &[scope]).await,
            scopes: vec![scope],
        });
    }
    holders.push(Holder {
        name: "every scope".to_owned(),
        token: key(&near.app, &near.ours, &all_but_admin()).await,
        scopes: all_but_admin(),
    });
    holders.push(Holder {
        name: "instance".to_owned(),
        token: near.app.admin.clone(),
        scopes: Scope::ALL.to_vec(),
    });
    for role in Role::ALL {
        holders.push(Holder {
            name: role.as_str().to_owned(),
            token: sign_in_program(&near.app, &format!("{}@example.com", role.as_str()), role)
                .await,
            scopes: scopes_of(role),
        });
    }
    holders
}

impl Neighbours {
    fn request(&self, route: &Endpoint, world: &World) -> (Call, String) {
        let path = world.path(route);
        let body = body(route, world, &self.receiver.url("/"));
        let call = self.app.anonymous(method(route), &path);
        match body {
            Value::Null => (call, path),
            body => (call.json(&body), format!("{path} {body}")),
        }
    }

    async fn ask_as(&self, holder: &Holder, route: &Endpoint, world: &World) -> (Answer, String) {
        let (call, asked) = self.request(route, world);
        let answer = with_credential(call, route.path, &holder.token)
            .header("hookpost-workspace", &self.ours.workspace)
            .send();
        (answer.await, asked)
    }

    /// Without credentials, and with each that lacks the right; things of our own, so that nothing
    /// but the right is missing.
    async fn refuse_the_unentitled(
        &self,
        route: &Endpoint,
        holders: &[Holder],
        counts: &mut Counts,
    ) {
        let what = format!("{} {}", route.method, route.path);
        let (call, asked) = self.request(route, &self.ours);
        let answer = call.send().await;
        self.assert_silent(&what, &asked, &answer);
        if route.access == Access::Public {
            return;
        }
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        counts.without_credentials += 1;
        for holder in holders {
            if allows(&holder.scopes, route.access) || route.access == Access::Session {
                continue;
            }
            let (answer, _) = self.ask_as(holder, route, &self.ours).await;
            let what = format!("{what} as {}", holder.name);
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}: {answer:?}");
            counts.without_right += 1;
        }
    }

    /// With each right, and with ids of theirs.
    async fn refuse_the_foreign(&self, route: &Endpoint, holders: &[Holder], counts: &mut Counts) {
        // What belongs to the instance belongs to who looks after it.
        if matches!(
            route.access,
            Access::Scope(Scope::Admin) | Access::Session | Access::Public
        ) {
            return;
        }
        for holder in holders {
            if !allows(&holder.scopes, route.access) {
                continue;
            }
            let what = format!("{} {} as {}", route.method, route.path, holder.name);
            let (answer, asked) = self.ask_as(holder, route, &self.theirs).await;
            self.assert_silent(&what, &asked, &answer);
            if route.path.contains('{') && !is_put_by_name(route) {
                // A dialect may ask people for a second factor before it looks for anything.
                let is_hidden =
                    answer.status == StatusCode::NOT_FOUND || answer.text.contains("mfa_required");
                assert!(is_hidden, "{what}: {answer:?}");
                counts.foreign += 1;
            } else {
                let status = answer.status.as_u16();
                let is_let_in =
                    !matches!(status, 401 | 403) || answer.text.contains("mfa_required");
                assert!(is_let_in, "{what}: {answer:?}");
                counts.lists += 1;
            }
        }
    }
}

#[tokio::test]
async fn no_route_of_programs_shows_or_changes_anything_of_another_workspace() {
    let near = Neighbours::meet().await;
    let holders = holders(&near).await;
    let before = near.theirs_as_they_are().await;
    let mut counts = Counts::default();
    let (last, first): (Vec<_>, Vec<_>) = api().partition(|route| is_put_by_name(route));
    for route in first.into_iter().chain(last) {
        counts.routes += 1;
        near.refuse_the_unentitled(route, &holders, &mut counts)
            .await;
        near.refuse_the_foreign(route, &holders, &mut counts).await;
    }
    assert_eq!(near.theirs_as_they_are().await, before);
    println!(
        "matrix of programs: {} requests; {counts:?}",
        counts.requests()
    );
    assert!(
        counts.routes >= 80 && counts.requests() >= 700,
        "{counts:?}"
    );
}

#[tokio::test]
async fn no_filter_and_no_header_leads_into_another_workspace() {
    let near = Neighbours::meet().await;
    let theirs = &near.theirs;
    let ours = key(&near.app, &near.ours, &all_but_admin()).await;
    for path in [
        format!("/api/v1/deliveries?webhook_id={}", theirs.webhook),
        format!("/api/v1/deliveries?event_id={}", theirs.event),
        format!("/api/v1/dead-letters?webhook_id={}", theirs.webhook),
        format!("/api/v1/dead-letters?event_id={}", theirs.event),
        format!("/api/v1/deliveries?event_type={}", "job.completed"),
        format!("/api/v1/events?after={}", theirs.event),
        "/api/v1/events?type=job.completed".to_owned(),
    ] {
        let call = near.app.anonymous(Method::GET, &path).bearer(&ours);
        let answer = call.send().await;
        near.assert_silent(&path, &path, &answer);
        if path.contains("_id=") && answer.status == StatusCode::OK {
            let page = answer.json(StatusCode::OK);
            assert_eq!(page["data"], json!([]), "{path}");
        }
    }
    for bulk in [
        "deliveries/retry",
        "dead-letters/retry",
        "dead-letters/discard",
        "dead-letters/restore",
    ] {
        for chosen in [
            json!({"ids": [theirs.delivery]}),
            json!({"filter": {"webhook_id": theirs.webhook}}),
            json!({"filter": {"event_id": theirs.event}}),
        ] {
            let call = near.app.anonymous(Method::POST, &format!("/api/v1/{bulk}"));
            let answer = call.bearer(&ours).json(&chosen).send().await;
            let what = format!("{bulk} {chosen}");
            near.assert_silent(&what, &what, &answer);
            if answer.status != StatusCode::NOT_FOUND {
                assert_eq!(answer.json(StatusCode::ACCEPTED)["matched"], 0, "{what}");
            }
        }
    }
    let call = near.app.anonymous(Method::POST, "/api/v1/events/erase");
    let chosen = json!({"ids": [theirs.event]});
    let answer = call.bearer(&ours).json(&chosen).send().await;
    assert_eq!(answer.json(StatusCode::ACCEPTED)["matched"], 0);
    for workspace in [&theirs.workspace, &theirs.name] {
        for path in ["/api/v1/webhooks", "/airmy/webhooks"] {
            let call = near.app.anonymous(Method::GET, path).bearer(&ours);
            let answer = call.header("hookpost-workspace", workspace).send().await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path} {workspace}");
        }
    }
}

#[tokio::test]
async fn what_is_for_people_is_not_for_keys() {
    let near = Neighbours::meet().await;
    for route in api().filter(|route| route.access == Access::Session) {
        for token in [&near.ours.token, &near.app.admin] {
            let (call, _) = near.request(route, &near.ours);
            call.bearer(token).send().await.problem(403, "forbidden");
        }
    }
}
