//! What lists of deliveries are narrowed to: in the address, in the form above them, in words.
//!
//! Owns: reading and writing it, finding the webhook that somebody typed a part of, and showing what
//! is amiss beside its field. Refuses: the lists themselves ([`super::deliveries`],
//! [`super::dead_letters`]), and what a filter means (`service::filter`).

use actix_web::HttpResponse;
use askama::Template;
use askama::filters::HtmlSafe;

use super::Shown;
use super::page::{PageContext, go, show_asked};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::page::{Limit, Order};
use crate::domain::time::Timestamp;
use crate::domain::webhook::WebhookName;
use crate::service::filter::FilterInput;
use crate::service::views::WantedDeliveries;
use crate::service::{Caller, FieldError, Refusal};
use crate::ui::names::{called, id_in, only, option_of, several};
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Choice, Icon, host, icon, periods};
use crate::web::State;
use crate::web::extract::Query;

/// Webhooks that are named where a text names several.
const NAMED: u32 = 8;

/// What a list of deliveries is narrowed to, as typed.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// A consumer's id or uid.
    pub consumer: String,
    /// A webhook's id.
    pub webhook: String,
    /// A webhook as somebody called it.
    pub named: String,
    /// An event's id.
    pub event: String,
    /// A job's id.
    pub job: String,
    /// A part of its deliveries.
    pub job_part: String,
    /// An event type, or a pattern of them.
    pub event_type: String,
    /// Statuses with commas between them.
    pub status: String,
    /// What the last attempt came to.
    pub result: String,
    /// One of [`periods::PERIODS`].
    pub last: String,
    /// An instant.
    pub since: String,
    /// An instant.
    pub until: String,
    /// An instant: only what came to its end since.
    pub ended: String,
    /// `counted` without failed tests.
    pub tests: String,
    /// `oldest` for the oldest first.
    pub order: String,
}

impl Filters {
    /// What the query says.
    pub fn of(query: &mut Query) -> Self {
        Self::read(|name| query.text(name).unwrap_or_default().trim().to_owned())
    }

    /// What stands under each name.
    pub fn read(mut text: impl FnMut(&'static str) -> String) -> Self {
        Self {
            consumer: text("consumer"),
            webhook: text("webhook_id"),
            named: text("webhook"),
            event: text("event_id"),
            job: text("job_id"),
            job_part: text("job_part"),
            event_type: text("event_type"),
            status: text("status"),
            result: text("result"),
            last: text("last"),
            since: text("since"),
            until: text("until"),
            ended: text("ended_since"),
            tests: text("tests"),
            order: text("order"),
        }
    }

    /// What the service understands.
    #[must_use]
    pub fn input(&self, now: Timestamp) -> FilterInput {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        // A word that is no period is no instant either: it is refused, and widens nothing.
        let last = given(&self.last);
        let since = last.map(|word| periods::began(&word, now).map_or(word, |at| at.to_string()));
        let statuses = self.status.split(',').filter(|word| !word.is_empty());
        FilterInput {
            consumer: given(&self.consumer),
            webhook_id: given(&self.webhook),
            event_id: given(&self.event),
            job_id: given(&self.job),
            job_part: given(&self.job_part),
            event_type: given(&self.event_type),
            statuses: statuses.map(str::to_owned).collect(),
            result: given(&self.result),
            since: given(&self.since).or(since),
            until: given(&self.until),
            ended_since: given(&self.ended),
            tests: given(&self.tests),
        }
    }

    /// The order of the list.
    #[must_use]
    pub fn order(&self) -> Order {
        match self.order.as_str() {
            "oldest" => Order::Ascending,
            _ => Order::Descending,
        }
    }

    /// The address of the list at `path` with another status and from `cursor` on.
    #[must_use]
    pub fn address(&self, path: &str, status: &str, cursor: &str) -> String {
        let around = [("order", self.order.as_str()), ("cursor", cursor)];
        let parameters = [&[("status", status)], &self.narrowing()[..], &around].concat();
        with_query(path, &parameters)
    }

    /// What narrows the list besides the status, by its name in addresses and forms.
    #[must_use]
    pub fn narrowing(&self) -> [(&'static str, &str); 12] {
        [
            ("consumer", &self.consumer),
            ("webhook_id", &self.webhook),
            ("event_type", &self.event_type),
            ("event_id", &self.event),
            ("job_id", &self.job),
            ("job_part", &self.job_part),
            ("result", &self.result),
            ("last", &self.last),
            ("since", &self.since),
            ("until", &self.until),
            ("ended_since", &self.ended),
            ("tests", &self.tests),
        ]
    }

    /// The address of the list at `path`, narrowed to webhook `id` besides.
    fn of_webhook(&self, id: WebhookId, path: &str) -> String {
        let narrowed = Self {
            webhook: id.to_string(),
            ..self.clone()
        };
        narrowed.address(path, &self.status, "")
    }

    /// Whether anything narrows the list.
    #[must_use]
    pub fn are_set(&self) -> bool {
        let is_set = |(_, text): (_, &str)| !text.is_empty();
        !self.status.is_empty()
            || !self.named.is_empty()
            || self.narrowing().into_iter().any(is_set)
    }

    /// Finds what was typed: a delivery's id leads to its page, a webhook's name to the list with its
    /// id; the rest is asked for here.
    pub async fn resolve(
        self,
        state: &State,
        caller: &Caller,
        path: &'static str,
    ) -> Result<Resolved, Refusal> {
        let now = state.service.clock().now();
        if let Some(id) = DeliveryId::parse(&self.event) {
            return Ok(Resolved::Elsewhere(go(&format!("/deliveries/{id}"))));
        }
        if self.named.is_empty() {
            return Ok(Resolved::Here(Box::new(ListAsked::of(self, path, now))));
        }
        if let Some(id) = id_in(&self.named) {
            return Ok(Resolved::Elsewhere(go(&self.of_webhook(id, path))));
        }
        let views = state.service.views();
        let limit = Limit::clamped(NAMED);
        let found = views
            .webhooks_called(caller, self.named.clone(), limit)
            .await?;
        if let Some(only) = only(&found, &self.named) {
            return Ok(Resolved::Elsewhere(go(&self.of_webhook(only.id, path))));
        }
        let mut asked = ListAsked::of(self, path, now);
        asked.said("webhook", several(&found));
        asked.several = found.first;
        Ok(Resolved::Here(Box::new(asked)))
    }
}

/// A query that was understood as far as it goes.
pub enum Resolved {
    /// It is answered by another page.
    Elsewhere(HttpResponse),
    /// It is answered here.
    Here(Box<ListAsked>),
}

/// What a list is asked for.
pub struct ListAsked {
    path: &'static str,
    filters: Filters,
    now: Timestamp,
    faults: Vec<FieldError>,
    several: Vec<WebhookName>,
}

impl ListAsked {
    fn of(filters: Filters, path: &'static str, now: Timestamp) -> Self {
        let mut asked = Self {
            path,
            filters,
            now,
            faults: Vec::new(),
            several: Vec::new(),
        };
        if !["", "oldest"].contains(&asked.filters.order.as_str()) {
            asked.said("order", "must be oldest, or absent".to_owned());
        }
        if !asked.filters.last.is_empty()
            && let Err(message) = periods::began(&asked.filters.last, now)
        {
            asked.said("last", message);
        }
        asked
    }

    /// What the list is narrowed to.
    #[must_use]
    pub fn filters(&self) -> &Filters {
        &self.filters
    }

    fn said(&mut self, field: &str, message: String) {
        self.faults.push(FieldError {
            field: field.to_owned(),
            message,
        });
    }

    /// Reads the list with `read`; nothing is listed where a field says something amiss.
    ///
    /// # Errors
    /// What is no fault of a field.
    pub async fn read<T: Default>(
        mut self,
        read: impl AsyncFnOnce(WantedDeliveries) -> Result<T, Refusal>,
    ) -> Result<(T, Self), Refusal> {
        if !self.faults.is_empty() {
            return Ok((T::default(), self));
        }
        let wanted = WantedDeliveries {
            input: self.filters.input(self.now),
            order: self.filters.order(),
            views_of: None,
        };
        match read(wanted).await {
            Ok(found) => Ok((found, self)),
            Err(Refusal::Invalid(faults)) => {
                self.faults = faults;
                Ok((T::default(), self))
            }
            Err(other) => Err(other),
        }
    }

    /// The form, with what was typed and what is amiss; `webhook` is the one whose id it holds.
    #[must_use]
    pub fn form(self, webhook: Option<&WebhookName>) -> FilterForm {
        let webhook = match webhook {
            _ if !self.filters.named.is_empty() => self.filters.named.clone(),
            Some(name) => option_of(name),
            None => self.filters.webhook.clone(),
        };
        let several = self.several.iter().map(|name| {
            let address = self.filters.of_webhook(name.id, self.path);
            (address, called(name), host(&name.url))
        });
        FilterForm {
            path: self.path,
            several: several.collect(),
            periods: periods::choices(&self.filters.last),
            faults: self.faults,
            filters: self.filters,
            webhook,
        }
    }
}

/// The form above a list of deliveries.
#[derive(Clone, Debug, Template)]
#[template(path = "parts/filters.html")]
pub struct FilterForm {
    path: &'static str,
    /// What the list is narrowed to.
    pub filters: Filters,
    webhook: String,
    periods: Vec<Choice>,
    faults: Vec<FieldError>,
    several: Vec<(String, String, String)>,
}

impl HtmlSafe for FilterForm {}

impl FilterForm {
    /// Whether a field says something amiss; then nothing was listed.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Draws the page that the form stands on.
    pub fn show(&self, page: &PageContext, view: &impl Template) -> Shown {
        show_asked(page, &self.faults, view)
    }

    #[cfg(test)]
    pub(super) fn sample(filters: Filters, path: &'static str) -> Self {
        let mut asked = ListAsked::of(filters, path, Timestamp::from_millis(0));
        asked.said("webhook", "fits 2 webhooks".to_owned());
        asked.form(None)
    }

    /// Which end of the list comes first.
    pub(super) fn first(&self) -> &'static str {
        match self.filters.order() {
            Order::Ascending => "oldest",
            Order::Descending => "newest",
        }
    }

    fn icon(&self, name: &'static str) -> Icon {
        icon(name)
    }

    /// Whether the list is one of all deliveries, and not of dead letters.
    fn is_of_all(&self) -> bool {
        self.path == "/deliveries"
    }

    /// Whether something is amiss with `field`, or with the id in it.
    fn is_amiss(&self, field: &str) -> bool {
        let is_own = |fault: &FieldError| fault.field.trim_end_matches("_id") == field;
        self.faults.iter().any(is_own)
    }

    /// Whether the times are typed, and not chosen.
    fn has_times(&self) -> bool {
        !self.filters.since.is_empty() || !self.filters.until.is_empty()
    }
}
