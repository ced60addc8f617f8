//! What every page has: who looks, where they are, how it is dressed.
//!
//! Owns: the context of the layout, the headers of every page, redirects after forms. Refuses: the
//! content of any page.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;

use super::visitor::Visitor;
use crate::domain::page::Limit;
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::service::{FieldError, Refusal};
use crate::ui::assets::{Addresses, addresses};
use crate::ui::flash::Flash;
use crate::ui::parts::curl::publish_call;
use crate::ui::parts::{Icon, icon};
use crate::ui::preferences::{Shortcuts, Theme};
use crate::ui::refresh::PageAsker;
pub use crate::web::Shown;
use crate::web::State;
pub use crate::web::answer::go;
use crate::web::state::proxy;

/// Workspaces that the switcher shows; the rest are on their page.
pub const SWITCHER_MAX: u32 = 8;
/// The most bytes of a page: what a reader on a slow line waits for.
pub const PAGE_BYTES_MAX: usize = 50 * 1024;

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Where in the house a page is; the navigation marks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// `/`
    Overview,
    /// `/deliveries`
    Deliveries,
    /// `/dead-letters`
    DeadLetters,
    /// `/webhooks`
    Webhooks,
    /// `/events`
    Events,
    /// `/consumers`
    Consumers,
    /// `/event-types`
    EventTypes,
    /// `/api-keys`
    ApiKeys,
    /// `/people`
    People,
    /// `/workspaces`
    Workspaces,
    /// `/audit-log`
    AuditLog,
    /// `/settings`
    Settings,
    /// `/jobs`
    Jobs,
    /// `/search`
    Search,
    /// `/system`
    System,
    /// `/profile`
    Profile,
    /// No entry of the navigation.
    Elsewhere,
}

/// An entry of the navigation.
#[derive(Debug)]
pub struct Entry {
    /// The heading above it; empty within a group.
    pub heading: &'static str,
    /// Where it leads.
    pub path: &'static str,
    /// What it stands for.
    pub section: Section,
    /// Its picture.
    pub icon: &'static str,
    /// Its word.
    pub word: &'static str,
    /// The key that leads there after `g`; empty for none.
    pub key: &'static str,
    /// Who sees it.
    role: Role,
}

#[rustfmt::skip]
const ENTRIES: [Entry; 15] = [
    entry("", "/", Section::Overview, "home", "Overview", "o", Role::Viewer),
    entry("", "/search", Section::Search, "search", "Search", "f", Role::Viewer),
    entry("", "/deliveries", Section::Deliveries, "send", "Deliveries", "d", Role::Viewer),
    entry("", "/dead-letters", Section::DeadLetters, "tray", "Dead letters", "l", Role::Viewer),
    entry("", "/webhooks", Section::Webhooks, "hook", "Webhooks", "w", Role::Viewer),
    entry("", "/consumers", Section::Consumers, "user", "Consumers", "c", Role::Viewer),
    entry("", "/events", Section::Events, "bolt", "Events", "e", Role::Viewer),
    entry("", "/jobs", Section::Jobs, "retry", "Jobs", "b", Role::Viewer),
    entry("Workspace", "/event-types", Section::EventTypes, "list", "Event types", "t", Role::Viewer),
    entry("", "/api-keys", Section::ApiKeys, "key", "API keys", "k", Role::Owner),
    entry("", "/settings", Section::Settings, "gear", "Settings", "s", Role::Viewer),
    entry("Instance", "/workspaces", Section::Workspaces, "layers", "Workspaces", "", Role::Viewer),
    entry("", "/people", Section::People, "people", "People", "p", Role::Owner),
    entry("", "/audit-log", Section::AuditLog, "book", "Audit log", "a", Role::Owner),
    entry("", "/system", Section::System, "chip", "System", "y", Role::Viewer),
];

const fn entry(
    heading: &'static str,
    path: &'static str,
    section: Section,
    icon: &'static str,
    word: &'static str,
    key: &'static str,
    role: Role,
) -> Entry {
    Entry {
        heading,
        path,
        section,
        icon,
        word,
        key,
        role,
    }
}

/// The context of the layout.
#[derive(Debug)]
pub struct PageContext {
    /// What the browser's tab says.
    pub title: String,
    /// Where this is.
    pub section: Section,
    /// Who looks.
    pub visitor: Visitor,
    /// Workspaces to switch to.
    pub workspaces: Vec<String>,
    /// Light or dark.
    pub theme: Theme,
    /// Whether single keys do anything.
    pub shortcuts: Shortcuts,
    /// What the action before came to.
    pub flash: Option<Flash>,
    /// The path and query of this page.
    pub here: String,
    /// Where the static files are.
    pub assets: &'static Addresses,
    /// How the API is reached from outside, for examples.
    pub base: String,
    asked: PageAsker,
}

impl PageContext {
    /// The context of the page that `request` asks for.
    pub async fn of(
        state: &State,
        request: &HttpRequest,
        visitor: Visitor,
        section: Section,
        title: impl Into<String>,
    ) -> Result<Self, Refusal> {
        let limit = Limit::clamped(SWITCHER_MAX);
        let workspaces = state.service.views().workspace_names(limit).await?;
        let asked = PageAsker::of(request);
        Ok(Self {
            title: title.into(),
            section,
            visitor,
            workspaces,
            theme: Theme::of(request),
            shortcuts: Shortcuts::of(request),
            // A refresh in the background must not swallow what was meant for the reader.
            flash: Flash::of(request).filter(|_| !asked.is_refresh()),
            here: request
                .uri()
                .path_and_query()
                .map_or("/", |p| p.as_str())
                .to_owned(),
            assets: addresses(),
            base: proxy(request).base(request),
            asked,
        })
    }

    /// The changes that this page shows at least, for its live signal. A refresh does not say it: its
    /// tag would change with every commit of anybody.
    #[must_use]
    pub fn changes(&self) -> Option<u64> {
        (!self.asked.is_refresh()).then_some(self.visitor.changes)
    }

    /// The characters of a secret that this page shows, which is then not compressed. No page gets at
    /// them in another way.
    pub fn reveal<'a>(&mut self, secret: &'a Secret) -> &'a str {
        self.asked.shows_secret();
        secret.expose()
    }

    /// A publish call for a shell, with the key that is shown this once.
    pub fn publish_call(&mut self, key: Option<&Secret>) -> String {
        let call = publish_call(&self.base);
        match key {
            Some(key) => call.replace("YOUR_API_KEY", self.reveal(key)),
            None => call,
        }
    }

    /// Whether the navigation's entry `section` is this page's.
    #[must_use]
    pub fn is_in(&self, section: &Section) -> bool {
        self.section == *section
    }

    /// A picture of the layout's sprite.
    #[must_use]
    pub fn icon(&self, name: &'static str) -> Icon {
        icon(name)
    }

    /// The navigation, as far as the reader may go.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        let role = self.visitor.role();
        ENTRIES.iter().filter(move |entry| role.allows(entry.role))
    }

    /// The first letter of the workspace's name.
    #[must_use]
    pub fn workspace_letter(&self) -> String {
        self.visitor.workspace.chars().take(1).collect()
    }

    /// The first letter of the reader's address.
    #[must_use]
    pub fn person_letter(&self) -> String {
        self.visitor.person.email.chars().take(1).collect()
    }

    #[cfg(test)]
    pub(super) fn sample(visitor: Visitor) -> Self {
        Self {
            title: "Sample".to_owned(),
            section: Section::Overview,
            visitor,
            workspaces: vec!["default".to_owned(), "staging <b>".to_owned()],
            theme: Theme::Auto,
            shortcuts: Shortcuts::On,
            flash: Some(Flash::good("Done <b>indeed</b>.")),
            here: "/?period=24h".to_owned(),
            assets: addresses(),
            base: "https://hooks.example.com".to_owned(),
            asked: PageAsker::reader(),
        }
    }
}

/// Draws a page.
pub fn show(page: &PageContext, view: &impl Template) -> Shown {
    show_as(page, HttpResponse::Ok(), view)
}

/// Draws a page again because what was typed is not right.
pub fn show_faults(page: &PageContext, view: &impl Template) -> Shown {
    show_as(page, HttpResponse::UnprocessableEntity(), view)
}

/// Draws a page beside what is amiss with what it was asked for, if anything is.
pub fn show_asked(page: &PageContext, faults: &[FieldError], view: &impl Template) -> Shown {
    match faults {
        [] => show(page, view),
        _ => show_faults(page, view),
    }
}

fn show_as(page: &PageContext, mut response: HttpResponseBuilder, view: &impl Template) -> Shown {
    let body = view.render()?;
    dress(&mut response);
    if page.flash.is_some() {
        response.cookie(Flash::forget());
    }
    Ok(page.asked.answer(response, body))
}

/// The headers of every page.
pub(super) fn dress(response: &mut HttpResponseBuilder) {
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")))
        .insert_header((
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        ))
        .insert_header(("cross-origin-opener-policy", "same-origin"));
}

/// On to another page that says what this action came to.
#[must_use]
pub fn go_and_say(path: &str, flash: &Flash) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .cookie(flash.cookie())
        .finish()
}

/// Back to the page of a form, saying what its action came to.
///
/// # Errors
/// What is nobody's to mend on that page: a thing that does not exist, a fault of ours.
pub fn back_to<T>(
    path: &str,
    result: Result<T, Refusal>,
    said: impl FnOnce(&T) -> String,
) -> Shown {
    Ok(go_and_say(path, &Flash::of_result(result, said)?))
}

/// Where a fresh code is asked for before `back`.
#[must_use]
pub fn confirm_path(back: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("back", back);
    format!("/confirm?{}", query.finish())
}
