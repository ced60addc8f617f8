//! The dashboard over plain HTTP, as a browser without JavaScript uses it.

use hookpost::clock::Clock;
use hookpost::domain::role::Role;
use hookpost::domain::secret::Secret;
use hookpost::domain::session::Channel;
use hookpost::service::Actor;
use hookpost::service::people::{NewUser, SignIn};
use reqwest::{Method, StatusCode};

use crate::app::{Answer, TestApp};

mod consumers;
mod dead_letters;
mod deliveries;
mod delivery;
mod events;
mod everywhere;
mod figures;
mod finding;
mod hostile;
mod instance;
mod look;
mod people;
mod saved_views;
mod search;
mod webhook_check;
mod webhook_settings;
mod webhooks;
mod wire_profiles;

pub const PASSWORD: &str = "correct horse battery staple 7";

/// A running hookpost and somebody who is signed in to its dashboard.
pub struct Desk {
    pub app: TestApp,
    pub cookie: String,
}

impl Desk {
    /// As the owner.
    pub async fn open() -> Self {
        Self::open_as(Role::Owner).await
    }

    /// As the owner, of an instance that goes by `clock`.
    pub async fn open_at(clock: Clock) -> Self {
        let app = TestApp::start_at(clock).await;
        let cookie = sign_in(&app, "ada@example.com", Role::Owner).await;
        Self { app, cookie }
    }

    /// As somebody with this role.
    pub async fn open_as(role: Role) -> Self {
        let app = TestApp::start().await;
        let cookie = sign_in(&app, "ada@example.com", role).await;
        Self { app, cookie }
    }

    /// A page, which must be there.
    #[track_caller]
    pub fn get(&self, path: &str) -> impl Future<Output = String> {
        let asked = self.ask(Method::GET, path);
        let path = path.to_owned();
        async move {
            let answer = asked.await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
            answer.text
        }
    }

    /// A request of a signed-in browser.
    pub fn ask(&self, method: Method, path: &str) -> impl Future<Output = Answer> + use<> {
        let call = self.app.anonymous(method, path);
        call.header("cookie", &self.cookie)
            .header("accept", "text/html")
            .send()
    }

    /// Posts a form as the page's own, with its token.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf().await;
        let mut fields = fields.to_vec();
        fields.push(("csrf", &csrf));
        self.post_raw(path, &fields).await
    }

    /// Posts exactly these fields.
    pub async fn post_raw(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let call = self.app.anonymous(Method::POST, path);
        call.header("cookie", &self.cookie)
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish())
            .send()
            .await
    }

    /// Where a form leads, and what the next page says about it.
    pub async fn follow(&self, answer: &Answer) -> (String, String) {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let place = answer.header("location").to_owned();
        let set = answer.headers.get_all("set-cookie");
        let flash = set
            .iter()
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookies: Vec<&str> = std::iter::once(self.cookie.as_str()).chain(flash).collect();
        let call = self.app.anonymous(Method::GET, &place);
        let page = call.header("cookie", &cookies.join("; ")).send().await;
        assert_eq!(page.status, StatusCode::OK, "{place}: {}", page.text);
        (place, page.text)
    }

    /// The token of this session's forms.
    pub async fn csrf(&self) -> String {
        let page = self.get("/deliveries").await;
        between(&page, "name=\"csrf\" value=\"", "\"").to_owned()
    }
}

/// What stands between the first `start` and the next `end`.
#[track_caller]
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap().0
}

/// Makes a user and signs in; answers the cookie.
pub async fn sign_in(app: &TestApp, email: &str, role: Role) -> String {
    format!(
        "hookpost={}",
        open_session(app, email, role, Channel::Browser).await
    )
}

/// Makes a user and signs in as a program does; answers the token.
pub async fn sign_in_program(app: &TestApp, email: &str, role: Role) -> String {
    open_session(app, email, role, Channel::Token).await
}

async fn open_session(app: &TestApp, email: &str, role: Role, channel: Channel) -> String {
    let new = NewUser {
        email: email.to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        role,
    };
    app.service.create_user(&Actor::Cli, new).await.unwrap();
    let asked = SignIn {
        email: email.to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        code: None,
        channel,
        user_agent: "test".to_owned(),
        address: [127, 0, 0, 1].into(),
    };
    let signed_in = app.service.sign_in(asked).await.unwrap();
    signed_in.token.expose().to_owned()
}
