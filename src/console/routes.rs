//! The dashboard's routes: every page and form, and the role it takes.

use actix_web::web::to;

use super::{
    api_keys, assets, audit_log, dead_letters, deliveries, delivery, event, event_types, events,
    job, live, login, overview, people, preferences, profile, system, webhook, webhook_form,
    webhooks, workspaces,
};
use crate::domain::role::Role;
use crate::web::endpoint::{Access, Endpoint, get, post};

const PUBLIC: Access = Access::Public;
const VIEWER: Access = Access::Page(Role::Viewer);
const OPERATOR: Access = Access::Page(Role::Operator);
const OWNER: Access = Access::Page(Role::Owner);

#[rustfmt::skip]
static ROUTES: &[Endpoint] = &[
    get("/static/{file}", PUBLIC, || to(assets::file)),
    get("/live", VIEWER, || to(live::stream)),
    get("/setup", PUBLIC, || to(login::setup)),
    post("/setup", PUBLIC, || to(login::set_up)),
    get("/sign-in", PUBLIC, || to(login::sign_in)),
    post("/sign-in", PUBLIC, || to(login::check_in)),
    get("/sign-in/code", PUBLIC, || to(login::code)),
    post("/sign-in/code", PUBLIC, || to(login::check_code)),
    get("/confirm", VIEWER, || to(login::confirm)),
    post("/confirm", VIEWER, || to(login::confirmed)),
    post("/sign-out", VIEWER, || to(login::sign_out)),
    get("/", VIEWER, || to(overview::overview)),
    post("/preferences", VIEWER, || to(preferences::save)),

    get("/deliveries", VIEWER, || to(deliveries::list)),
    get("/deliveries/{id}", VIEWER, || to(delivery::detail)),
    get("/deliveries/{id}/body", VIEWER, || to(delivery::body)),
    post("/deliveries/{id}/retry", OPERATOR, || to(delivery::retry)),
    post("/deliveries/{id}/cancel", OPERATOR, || to(delivery::cancel)),

    get("/dead-letters", VIEWER, || to(dead_letters::list)),
    post("/dead-letters", OPERATOR, || to(dead_letters::bulk)),
    post("/dead-letters/{id}/retry", OPERATOR, || to(dead_letters::retry)),
    post("/dead-letters/{id}/discard", OPERATOR, || to(dead_letters::discard)),
    get("/webhooks", VIEWER, || to(webhooks::list)),
    post("/webhooks", OPERATOR, || to(webhook_form::create)),
    get("/webhooks/new", OPERATOR, || to(webhook_form::new)),
    get("/webhooks/{id}", VIEWER, || to(webhook::detail)),
    get("/webhooks/{id}/edit", OPERATOR, || to(webhook_form::edit)),
    post("/webhooks/{id}/edit", OPERATOR, || to(webhook_form::update)),
    post("/webhooks/{id}/test", OPERATOR, || to(webhook::test)),
    post("/webhooks/{id}/rotate-secret", OPERATOR, || to(webhook::rotate)),
    post("/webhooks/{id}/enable", OPERATOR, || to(webhook::enable)),
    post("/webhooks/{id}/disable", OPERATOR, || to(webhook::disable)),
    post("/webhooks/{id}/recover", OPERATOR, || to(webhook::recover)),
    post("/webhooks/{id}/revoke", OPERATOR, || to(webhook::revoke)),
    post("/webhooks/{id}/delete", OPERATOR, || to(webhook::delete)),

    get("/events", VIEWER, || to(events::list)),
    post("/events", OPERATOR, || to(event::publish)),
    get("/events/new", OPERATOR, || to(event::new)),
    get("/events/{id}", VIEWER, || to(event::detail)),
    post("/events/{id}/replay", OPERATOR, || to(event::replay)),

    get("/event-types", VIEWER, || to(event_types::list)),
    post("/event-types", OPERATOR, || to(event_types::create)),
    get("/event-types/new", OPERATOR, || to(event_types::new)),
    get("/event-types/{name}", VIEWER, || to(event_types::edit)),
    post("/event-types/{name}", OPERATOR, || to(event_types::update)),
    post("/event-types/{name}/delete", OPERATOR, || to(event_types::delete)),

    get("/api-keys", OWNER, || to(api_keys::list)),
    post("/api-keys", OWNER, || to(api_keys::create)),
    post("/api-keys/{id}/revoke", OWNER, || to(api_keys::revoke)),

    get("/workspaces", VIEWER, || to(workspaces::list)),
    post("/workspaces", OWNER, || to(workspaces::create)),
    post("/workspace", VIEWER, || to(workspaces::switch)),
    get("/settings", VIEWER, || to(workspaces::settings)),
    post("/settings", OWNER, || to(workspaces::save)),
    get("/people", OWNER, || to(people::list)),
    post("/people", OWNER, || to(people::create)),
    post("/people/second-factor", OWNER, || to(people::demand)),
    post("/people/{id}", OWNER, || to(people::change)),
    get("/profile", VIEWER, || to(profile::profile)),
    post("/profile/password", VIEWER, || to(profile::password)),
    post("/profile/sessions/end", VIEWER, || to(profile::end_sessions)),
    post("/profile/sessions/{id}/end", VIEWER, || to(profile::end_session)),
    get("/profile/second-factor", PUBLIC, || to(profile::second_factor)),
    post("/profile/second-factor", PUBLIC, || to(profile::confirm)),
    post("/profile/second-factor/begin", PUBLIC, || to(profile::begin)),
    post("/profile/second-factor/codes", VIEWER, || to(profile::codes)),
    post("/profile/second-factor/off", VIEWER, || to(profile::turn_off)),
    get("/audit-log", OWNER, || to(audit_log::list)),
    get("/system", VIEWER, || to(system::system)),
    post("/system/pause", OWNER, || to(system::pause)),
    post("/system/resume", OWNER, || to(system::resume)),

    get("/jobs/{id}", VIEWER, || to(job::detail)),
    post("/jobs/{id}/cancel", OPERATOR, || to(job::cancel)),
];

/// Every route of the dashboard.
pub fn routes() -> impl Iterator<Item = &'static Endpoint> {
    ROUTES.iter()
}
