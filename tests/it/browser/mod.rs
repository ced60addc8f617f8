//! The dashboard in a real browser, against a really started instance and real receivers.
//!
//! Every test has a Chromium, a database and ports of its own. What people do is written down as
//! they would tell it: names of buttons and fields, and text that they see.

use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::domain::role::Role;

use crate::app::TestApp;
use crate::dashboard::sign_in;
use chromium::{Cookies, Scripts};
use reader::Reader;

mod accessible;
mod chromium;
mod first_run;
mod framed;
mod hooks;
mod instance;
mod journeys;
mod keyboard;
mod pictures;
mod portal;
mod portal_journeys;
mod reader;
mod story;
mod trouble;
mod webhooks;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A running hookpost and somebody at a browser.
pub struct Seat {
    pub app: TestApp,
    /// The instance's clock, which only the test moves.
    pub clock: Clock,
    pub reader: Reader,
}

impl Seat {
    /// The owner, signed in, now.
    pub async fn owner(scripts: Scripts) -> Self {
        let seat = Self::nobody(scripts).await;
        seat.sign_in(Role::Owner).await;
        seat
    }

    /// Now, and nobody has an account yet.
    pub async fn nobody(scripts: Scripts) -> Self {
        Self::take(Clock::manual(Clock::System.now()), scripts).await
    }

    /// As [`Seat::nobody`], a day ago.
    pub async fn a_day_ago(scripts: Scripts) -> Self {
        let then = Clock::System.now().before(DAY);
        Self::take(Clock::manual(then), scripts).await
    }

    /// Makes an account and signs in with it, past the sign-in page.
    pub async fn sign_in(&self, role: Role) {
        let cookie = sign_in(&self.app, "ada@example.com", role).await;
        self.reader.carry(&cookie).await;
    }

    /// As [`Seat::nobody`], with a browser that keeps no other site's cookies.
    pub async fn strict(scripts: Scripts) -> Self {
        let clock = Clock::manual(Clock::System.now());
        let app = TestApp::start_at(clock.clone()).await;
        let reader = Reader::start_with(&app, scripts, Cookies::FirstParty).await;
        Self { app, clock, reader }
    }

    async fn take(clock: Clock, scripts: Scripts) -> Self {
        let app = TestApp::start_at(clock.clone()).await;
        let reader = Reader::start(&app, scripts).await;
        Self { app, clock, reader }
    }
}
