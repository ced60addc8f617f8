//! The consumer portal over plain HTTP, as a browser without JavaScript uses it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::dashboard::between;

mod alerts;
mod attention;
mod discreet;
mod doings;
mod finding;
mod journey;
mod language;
mod links;
mod looks;
mod open;

/// A logo of one pixel, in base64.
pub const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// A running hookpost and one of its platform's customers, in the portal.
pub struct Guest {
    pub app: TestApp,
    pub cookie: String,
}

/// An address at which nobody listens.
fn nobody() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", free.local_addr().unwrap())
}

/// The part of a `Set-Cookie` that the browser sends back.
pub fn pair(cookie: &str) -> &str {
    cookie.split(';').next().unwrap()
}

/// The cookies that an answer sets.
pub fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter();
    set.map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect()
}

/// Makes the customer `uid` if need be, and a link.
pub async fn link(app: &TestApp, uid: &str, asked: &Value) -> Value {
    let path = format!("/api/v1/consumers/{uid}");
    let call = app.call(Method::PUT, &path).json(&json!({"name": "Acme"}));
    assert!(call.send().await.status.is_success());
    let made = app.post(&format!("{path}/portal-links"), asked).await;
    made.json(StatusCode::CREATED)
}

/// What comes behind the base of a link.
pub fn path_of(link: &Value) -> String {
    let url = url::Url::parse(link["url"].as_str().unwrap()).unwrap();
    url[url::Position::BeforePath..].to_owned()
}

impl Guest {
    /// Comes in as `acme`, who may do `can`.
    pub async fn come(can: &[&str]) -> Self {
        Self::come_to(TestApp::start().await, can).await
    }

    /// As [`Guest::come`], to a hookpost that runs.
    pub async fn come_to(app: TestApp, can: &[&str]) -> Self {
        let link = link(&app, "acme", &json!({"can": can})).await;
        let opened = app.anonymous(Method::GET, &path_of(&link)).send().await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{opened:?}");
        let cookie = pair(&cookies(&opened)[0]).to_owned();
        Self { app, cookie }
    }

    /// As [`Guest::come`], with everything.
    pub async fn come_in() -> Self {
        Self::come(&["view", "manage", "secrets", "retry", "test"]).await
    }

    pub async fn ask(&self, method: Method, path: &str) -> Answer {
        let call = self.app.anonymous(method, path);
        call.header("cookie", &self.cookie).send().await
    }

    /// A page, which must be there.
    pub async fn get(&self, path: &str) -> String {
        let answer = self.ask(Method::GET, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.text
    }

    /// Posts a form as the page's own, with its token.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get("/portal/event-types").await;
        let csrf = between(&page, "name=\"csrf\" value=\"", "\"");
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields).append_pair("csrf", csrf);
        let call = self.app.anonymous(Method::POST, path);
        call.header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish())
            .send()
            .await
    }

    /// Where a form leads, and what the next page says.
    pub async fn follow(&self, answer: &Answer) -> (String, String) {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let place = answer.header("location").to_owned();
        let set = cookies(answer);
        let own = std::iter::once(self.cookie.as_str());
        let all: Vec<&str> = own.chain(set.iter().map(|cookie| pair(cookie))).collect();
        let call = self.app.anonymous(Method::GET, &place);
        let page = call.header("cookie", &all.join("; ")).send().await;
        assert_eq!(page.status, StatusCode::OK, "{place}: {}", page.text);
        (place, page.text)
    }
}
