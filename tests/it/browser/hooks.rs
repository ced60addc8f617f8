//! A platform's own page with svix-react: its hooks ask `/svix` from another origin with a portal token.

use std::path::Path;
use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Seat;
use super::chromium::Scripts;
use crate::receiver::{Receiver, Reply};

/// The page's script with a published client, in one piece.
fn bundle(client: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut command = Command::new(tests.join("node_modules/.bin/esbuild"));
    command.current_dir(&tests).args([
        "snippets/svix_react.jsx",
        "--bundle",
        "--minify",
        "--charset=ascii",
        "--jsx=automatic",
        "--define:process.env.NODE_ENV=\"production\"",
        // The client of those days asks for it, and bundlers of those days gave it.
        "--define:process=globalThis",
    ]);
    command.arg(format!("--alias:svix={client}"));
    let built = command.output();
    let built = built.unwrap_or_else(|error| panic!("{error}; tests/run installs esbuild"));
    let told = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{told}");
    let text = String::from_utf8(built.stdout).unwrap();
    text.replace("</script", "<\\/script")
}

async fn svix(seat: &Seat, path: &str, body: &Value) -> Value {
    let path = format!("/svix/api/v1{path}");
    let call = seat.app.call(Method::POST, &path).json(body);
    let answer = call.send().await;
    assert!(answer.status.is_success(), "{path}: {answer:?}");
    answer.json(answer.status)
}

async fn every_hook_is_answered(client: &str) {
    let seat = Seat::nobody(Scripts::On).await;
    let (platform, receiver) = (Receiver::start().await, Receiver::start().await);
    svix(&seat, "/app", &json!({"name": "Acme", "uid": "acme"})).await;
    let kind = json!({"name": "order.paid", "description": "Money has come."});
    svix(&seat, "/event-type", &kind).await;
    let main = json!({"url": receiver.url("/"), "uid": "main"});
    svix(&seat, "/app/acme/endpoint", &main).await;
    for number in 0..2 {
        let message = json!({"eventType": "order.paid", "payload": {"n": number}});
        svix(&seat, "/app/acme/msg", &message).await;
    }
    let stats = "/svix/api/v1/app/acme/endpoint/main/stats";
    seat.app.poll(stats, |stats| stats["success"] == 2).await;
    let access = svix(&seat, "/auth/app-portal-access/acme", &json!({})).await;
    let page = platform.url("/settings").replace("127.0.0.1", "localhost");
    let origin = page.trim_end_matches("/settings");
    seat.say(&json!({"portal_origins": [origin]})).await;
    let given = json!({"token": access["token"], "url": access["url"], "app": "acme",
        "server": format!("{}/svix", seat.app.base), "receiver": receiver.url("/made")});
    let html = format!(
        "<!doctype html><html lang=en><title>Shop</title><div id=root></div>\
         <script>window.given = {given};</script><script>{}</script>",
        bundle(client)
    );
    let reply = Reply::status(200).header("content-type", "text/html");
    platform.answer(reply.body(&html));
    let (reader, driver) = (&seat.reader, &seat.reader.chromium.driver);
    driver.goto(&page).await.unwrap();
    reader.miss("Asking.").await;
    let told = reader.text().await;
    assert!(told.contains("All hooks were answered."), "{told}");
    driver.enter_frame(0).await.unwrap();
    reader.see("Webhooks of").await;
    driver.enter_default_frame().await.unwrap();
    let left = seat.app.get("/svix/api/v1/app/acme/endpoint").await;
    let left = left.json(StatusCode::OK);
    assert_eq!(left["data"].as_array().unwrap().len(), 1, "{left:#}");
    seat.reader.leave().await;
}

#[tokio::test]
async fn every_hook_of_svix_react_is_answered_in_a_page_of_the_platforms() {
    every_hook_is_answered("svix-v1").await;
}

#[tokio::test]
async fn the_hooks_are_answered_with_the_later_client_too() {
    every_hook_is_answered("svix").await;
}
