//! What is around every section of a webhook's page: what it is called and how it stands, its
//! sections, the banner of its trouble with the way out of it, a secret that is shown once.
//!
//! Owns: the sections' addresses, and who is offered which. Refuses: what stands in a section
//! ([`super::webhook`], [`super::webhook_settings`], [`super::webhook_sections`]).

use actix_web::HttpRequest;

use super::page::{PageContext, Section};
use super::{Visitor, state};
use crate::domain::id::WebhookId;
use crate::domain::time::Timestamp;
use crate::domain::webhook::Webhook;
use crate::service::Refusal;
use crate::ui::delivery_row::webhook_called;
use crate::ui::explain::Explained;
use crate::ui::facts::WebhookFacts;
use crate::ui::parts::periods::covering;
use crate::ui::parts::{Badge, Copyable, Since};
use crate::web::State;

/// A section of a webhook's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookSection {
    /// How it does.
    Activity,
    /// What was said of it, and its end.
    Settings,
    /// Trying it out.
    Test,
    /// How its receiver checks signatures.
    Verify,
    /// Its secret.
    Secret,
    /// Giving it what it did not get.
    Recover,
}

impl WebhookSection {
    const ALL: [Self; 6] = [
        Self::Activity,
        Self::Settings,
        Self::Test,
        Self::Verify,
        Self::Secret,
        Self::Recover,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Activity => "Activity",
            Self::Settings => "Settings",
            Self::Test => "Test",
            Self::Verify => "Verify",
            Self::Secret => "Secret",
            Self::Recover => "Recover",
        }
    }

    /// Where the webhook `id` has it.
    #[must_use]
    pub fn path(self, id: WebhookId) -> String {
        match self {
            Self::Activity => format!("/webhooks/{id}"),
            Self::Settings => format!("/webhooks/{id}/settings"),
            Self::Test => format!("/webhooks/{id}/test"),
            Self::Verify => format!("/webhooks/{id}/verify"),
            Self::Secret => format!("/webhooks/{id}/secret"),
            Self::Recover => format!("/webhooks/{id}/recover"),
        }
    }
}

/// What is around a section.
#[derive(Debug)]
pub struct WebhookFrame {
    /// The layout's context.
    pub page: PageContext,
    /// The webhook.
    pub webhook: Webhook,
    /// What it is called.
    pub called: String,
    /// How it stands.
    pub badge: Badge,
    /// Its URL, to be copied.
    pub url: Copyable,
    /// Its new secret.
    pub secret: Option<Copyable>,
    /// Why its latest attempt failed, where the section knows.
    pub explained: Option<Explained>,
    section: WebhookSection,
    now: Timestamp,
}

impl WebhookFrame {
    /// Around `section` of `webhook`. A secret that is to be shown once is shown by whichever
    /// section is looked at first.
    pub async fn of(
        state: &State,
        request: &HttpRequest,
        visitor: Visitor,
        section: WebhookSection,
        webhook: Webhook,
    ) -> Result<Self, Refusal> {
        let now = state.service.clock().now();
        let secrets = &state::of(request).one_time_secrets;
        let secret = secrets.take(visitor.person.user, &webhook.id.to_string(), now);
        let called = webhook_called(&webhook);
        let title = match section {
            WebhookSection::Activity => called.clone(),
            other => format!("{} of {called}", other.word()),
        };
        let mut page = PageContext::of(state, request, visitor, Section::Webhooks, title).await?;
        let secret = secret.map(|secret| Copyable::new(page.reveal(&secret), "the secret"));
        Ok(Self {
            page,
            badge: Badge::webhook(webhook.state, webhook.health.consecutive_failures),
            url: Copyable::new(&webhook.settings.url, "the URL"),
            secret,
            explained: None,
            called,
            webhook,
            section,
            now,
        })
    }

    /// The same with why the latest attempt failed.
    #[must_use]
    pub fn explained(mut self, explained: Option<Explained>) -> Self {
        self.explained = explained;
        self
    }

    /// What pages say of the webhook.
    #[must_use]
    pub fn facts(&self) -> WebhookFacts<'_> {
        WebhookFacts(&self.webhook)
    }

    /// Whether the reader may act.
    #[must_use]
    pub fn may_operate(&self) -> bool {
        self.page.visitor.may_operate()
    }

    /// Whether the reader may have something sent to it.
    #[must_use]
    pub fn may_send(&self) -> bool {
        self.may_operate() && !self.facts().is_revoked() && !self.facts().is_fetched()
    }

    /// Whether the webhook has `section` for this reader.
    #[must_use]
    pub fn offers(&self, section: WebhookSection) -> bool {
        match section {
            WebhookSection::Activity | WebhookSection::Settings => true,
            WebhookSection::Verify => !self.facts().is_fetched(),
            WebhookSection::Test | WebhookSection::Secret => self.may_send(),
            WebhookSection::Recover => self.may_operate() && !self.facts().is_revoked(),
        }
    }

    /// Whether this is the section of its activity.
    #[must_use]
    pub fn is_activity(&self) -> bool {
        self.section == WebhookSection::Activity
    }

    /// Whether this is the section that sends tests.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.section == WebhookSection::Test
    }

    /// The sections: where each is, its word, and whether it is this one.
    #[must_use]
    pub fn tabs(&self) -> Vec<(String, &'static str, bool)> {
        let offered = WebhookSection::ALL
            .into_iter()
            .filter(|one| self.offers(*one));
        offered
            .map(|one| (one.path(self.webhook.id), one.word(), one == self.section))
            .collect()
    }

    /// Since when its attempts have failed.
    #[must_use]
    pub fn failing_since(&self) -> Option<Since> {
        self.webhook.health.failing_since.map(Since)
    }

    /// The period that holds all of its trouble: its word, and its words; `None` where nothing is to
    /// be recovered from here.
    #[must_use]
    pub fn recovery(&self) -> Option<(&'static str, &'static str)> {
        if self.section == WebhookSection::Recover || !self.offers(WebhookSection::Recover) {
            return None;
        }
        let since = self.trouble_began()?;
        Some(covering(self.now.since(since)))
    }

    /// Since when it has not got what it should.
    #[must_use]
    pub fn trouble_began(&self) -> Option<Timestamp> {
        self.webhook.trouble_began()
    }
}
