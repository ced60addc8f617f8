//! The dashboard's routes: every page and form, and the role it takes.

use actix_web::web::to;

use super::{
    assets, dead_letters, deliveries, delivery, entrance, job, live, preferences, webhook,
    webhook_form, webhooks,
};
use crate::domain::role::Role;
use crate::http::routes::{Access, Route, get, post};

const PUBLIC: Access = Access::Public;
const VIEWER: Access = Access::Page(Role::Viewer);
const OPERATOR: Access = Access::Page(Role::Operator);

#[rustfmt::skip]
static ROUTES: &[Route] = &[
    get("/static/{file}", PUBLIC, || to(assets::file)),
    get("/live", VIEWER, || to(live::stream)),
    get("/setup", PUBLIC, || to(entrance::setup)),
    post("/setup", PUBLIC, || to(entrance::set_up)),
    get("/sign-in", PUBLIC, || to(entrance::sign_in)),
    post("/sign-in", PUBLIC, || to(entrance::check_in)),
    get("/sign-in/code", PUBLIC, || to(entrance::code)),
    post("/sign-in/code", PUBLIC, || to(entrance::check_code)),
    get("/confirm", VIEWER, || to(entrance::confirm)),
    post("/confirm", VIEWER, || to(entrance::confirmed)),
    post("/sign-out", VIEWER, || to(entrance::sign_out)),
    get("/", VIEWER, || to(entrance::home)),
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

    get("/jobs/{id}", VIEWER, || to(job::detail)),
    post("/jobs/{id}/cancel", OPERATOR, || to(job::cancel)),
];

/// Every route of the dashboard.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter()
}
