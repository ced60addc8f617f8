//! What a customer's link is made of, and what the portal shows once, is looked for everywhere as well.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Scene, bare};
use crate::app::http_client;
use crate::binary::process::stdout_of;
use crate::dashboard::between;
use crate::receiver::Receiver;

/// Somebody's guess.
const WRONG: &str = "hpl_SENTINELwronglink";
/// What stands in the database for everybody to read.
const NAME: &str = "SENTINEL-consumer-name";

/// The value of the cookie that an answer sets.
fn cookie(answer: &reqwest::Response) -> (String, String) {
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    let (pair, _) = set.split_once(';').unwrap();
    let (_, value) = pair.split_once('=').unwrap();
    (pair.to_owned(), value.to_owned())
}

#[tokio::test]
async fn no_token_of_the_portal_reaches_the_log_the_database_or_a_backup_even_at_trace_level() {
    let scene = Scene::open();
    let server = &scene.server;
    let receiver = Receiver::start().await;
    let key = ["key", "create", "--name=k", "--scope=admin", "--data-dir"];
    let key = stdout_of(&[&key[..], &[scene.data_dir()]].concat());
    let acme = json!({"uid": "acme", "name": NAME});
    server.post(&key, "/consumers", &acme, 201).await;
    let links = "/consumers/acme/portal-links";
    let link = server.post(&key, links, &json!({}), 201).await;
    let token = link["token"].as_str().unwrap();
    let url = link["url"].as_str().unwrap();
    let mut secrets = vec![WRONG.to_owned(), token.to_owned()];
    let mut pairs = Vec::new();
    for place in ["document", "iframe"] {
        let call = http_client().get(url).header("sec-fetch-dest", place);
        let opened = call.send().await.unwrap();
        assert_eq!(opened.status(), StatusCode::SEE_OTHER);
        let (pair, value) = cookie(&opened);
        pairs.push(pair);
        secrets.push(value);
    }
    let hook = json!({"url": receiver.url("/hook"), "event_types": ["*"]});
    let hook = server.post(token, "/webhooks", &hook, 201).await;
    let page = format!(
        "{}/portal/webhooks/{}/secret",
        server.url,
        hook["id"].as_str().unwrap()
    );
    // A browser that would still tell where it comes from.
    let call = http_client().get(&page).header("cookie", &pairs[0]);
    let shown = call.header("referer", url).send().await.unwrap();
    assert_eq!(shown.status(), StatusCode::OK);
    let shown = shown.text().await.unwrap();
    let secret = bare(hook["secret"].as_str().unwrap()).to_owned();
    assert!(
        between(&shown, "<code title=\"", "\"").ends_with(&secret),
        "{shown}"
    );
    secrets.push(secret);
    let wrong = format!("{}/portal/open?token={WRONG}", server.url);
    let opened = http_client().get(wrong).send().await.unwrap();
    assert_eq!(opened.headers()["location"], "/portal/ended");
    let ended = server
        .call(&key, Method::DELETE, links, None)
        .await
        .unwrap();
    assert_eq!(ended.0, StatusCode::NO_CONTENT);
    let late = server.call(token, Method::GET, "/webhooks", None).await;
    assert_eq!(late.unwrap().0, StatusCode::UNAUTHORIZED);
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    scene.search(&secrets, &["SENTINEL-"], NAME).await;
}
