//! What every page has: who looks, where they are, how it is dressed.
//!
//! Owns: the context of the layout, the headers of every page, redirects after forms. Refuses: the
//! content of any page.

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;

use super::guest::{Framers, Guest};
use super::session::{self, IN_FRAME, PortalPlace};
use crate::domain::branding::{LogoKind, Mention};
use crate::domain::portal::Capability;
use crate::domain::secret::Secret;
use crate::service::{FieldError, Refusal};
use crate::ui::assets::{Addresses, addresses};
use crate::ui::flash::Flash;
use crate::ui::form::FormView;
use crate::ui::parts::{Icon, icon};
use crate::ui::preferences::Theme;
use crate::ui::refresh::PageAsker;
use crate::ui::speech::Language;
pub use crate::web::Shown;
use crate::web::answer::{NamesFramers, go};

/// Where in the portal a page is; the navigation marks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// `/portal`
    Overview,
    /// `/portal/webhooks`
    Webhooks,
    /// `/portal/deliveries`
    Deliveries,
    /// `/portal/dead-letters`
    DeadLetters,
    /// `/portal/event-types`
    Catalogue,
}

/// An entry of the navigation.
#[derive(Debug)]
pub struct Way {
    /// Where it leads.
    pub path: &'static str,
    /// What it stands for.
    pub room: Room,
    /// Its picture.
    pub icon: &'static str,
    /// Its word.
    pub word: &'static str,
}

/// Who may frame a page unless the workspace lists somebody.
const NOBODY: &str = "'none'";

const WAYS: [Way; 5] = [
    way("/portal", Room::Overview, "home", "Overview"),
    way("/portal/webhooks", Room::Webhooks, "hook", "Webhooks"),
    way("/portal/deliveries", Room::Deliveries, "send", "Deliveries"),
    way(
        "/portal/dead-letters",
        Room::DeadLetters,
        "tray",
        "Dead letters",
    ),
    way(
        "/portal/event-types",
        Room::Catalogue,
        "list",
        "Event types",
    ),
];

const fn way(path: &'static str, room: Room, icon: &'static str, word: &'static str) -> Way {
    Way {
        path,
        room,
        icon,
        word,
    }
}

/// What a page is called.
#[derive(Clone, Debug)]
pub enum PageTitle {
    /// A word of ours, which is said in the page's language.
    Word(&'static str),
    /// A name that somebody gave, which is not.
    Name(String),
}

impl From<&'static str> for PageTitle {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<String> for PageTitle {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl PageTitle {
    fn said(self, language: Language) -> String {
        match self {
            Self::Word(word) => language.say(word).into_owned(),
            Self::Name(name) => name,
        }
    }
}

/// The context of the layout.
#[derive(Debug)]
pub struct PortalPage {
    /// What the browser's tab says.
    pub title: String,
    /// Where this is.
    pub room: Room,
    /// Who looks.
    pub guest: Guest,
    /// Light or dark.
    pub theme: Theme,
    /// What the action before came to.
    pub flash: Option<Flash>,
    /// The path and query of this page.
    pub here: String,
    /// Where the static files are.
    pub assets: &'static Addresses,
    place: PortalPlace,
    asked: PageAsker,
}

impl PortalPage {
    /// The context of the page that `request` asks for.
    #[must_use]
    pub fn of(
        request: &HttpRequest,
        guest: Guest,
        room: Room,
        title: impl Into<PageTitle>,
    ) -> Self {
        let title = title.into().said(guest.language);
        let here = request.uri().path_and_query();
        let asked = PageAsker::of(request);
        Self {
            title,
            room,
            theme: Theme::parse(guest.theme.as_str()),
            guest,
            // A refresh in the background must not swallow what was meant for the reader.
            flash: Flash::of(request).filter(|_| !asked.is_refresh()),
            here: here.map_or("/portal", |here| here.as_str()).to_owned(),
            assets: addresses(),
            place: PortalPlace::of(request),
            asked,
        }
    }

    /// The characters of a secret that this page shows, which is then not compressed. No page gets at
    /// them in another way.
    pub fn reveal<'a>(&mut self, secret: &'a Secret) -> &'a str {
        self.asked.shows_secret();
        secret.expose()
    }

    /// What the page speaks.
    #[must_use]
    pub fn language(&self) -> Language {
        self.guest.language
    }

    /// The platform's name, where it has said one.
    #[must_use]
    pub fn brand(&self) -> &str {
        self.guest.branding.name.as_deref().unwrap_or("Webhooks")
    }

    /// Whether the platform has a picture of its own.
    #[must_use]
    pub fn has_logo(&self) -> bool {
        self.guest.branding.logo.is_some()
    }

    /// Whether a style sheet of the platform's colour follows.
    #[must_use]
    pub fn has_colour(&self) -> bool {
        self.guest.branding.accent.is_some()
    }

    /// Whether the foot says what the pages are made with.
    #[must_use]
    pub fn mentions_maker(&self) -> bool {
        self.guest.branding.mention == Mention::Shown
    }

    /// What tells one state of the looks from the next, for the browser's cache, and whose they are.
    #[must_use]
    pub fn look(&self) -> String {
        let branding = &self.guest.branding;
        let colour = branding.accent.map(|colour| colour.hex().replace('#', ""));
        let logo = branding.logo.map_or("", LogoKind::as_str);
        let look = format!(
            "as={}{}",
            colour.unwrap_or_default(),
            logo.replace("image/", "-")
        );
        match self.place {
            PortalPlace::Page => look,
            PortalPlace::Frame => format!("{look}&{IN_FRAME}"),
        }
    }

    /// A picture of the layout's sprite.
    #[must_use]
    pub fn icon(&self, name: &'static str) -> Icon {
        icon(name)
    }

    /// The navigation.
    pub fn ways(&self) -> impl Iterator<Item = &'static Way> {
        WAYS.iter()
    }

    /// Whether the navigation's entry is this page's.
    #[must_use]
    pub fn is_in(&self, room: &Room) -> bool {
        self.room == *room
    }

    /// Whether the reader may change webhooks.
    #[must_use]
    pub fn may_manage(&self) -> bool {
        self.guest.can(Capability::Manage)
    }

    /// Whether the reader may see secrets.
    #[must_use]
    pub fn may_see_secrets(&self) -> bool {
        self.guest.can(Capability::Secrets)
    }

    /// Whether the reader may retry.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        self.guest.can(Capability::Retry)
    }

    /// Whether the reader may send tests.
    #[must_use]
    pub fn may_test(&self) -> bool {
        self.guest.can(Capability::Test)
    }
}

/// Draws a page.
pub fn show(request: &HttpRequest, page: &PortalPage, view: &impl Template) -> Shown {
    draw(request, page, HttpResponse::Ok(), view)
}

/// Draws a page around a form.
pub fn show_form(
    request: &HttpRequest,
    page: &PortalPage,
    form: &FormView,
    view: &impl Template,
) -> Shown {
    let response = match form.has_errors() {
        true => HttpResponse::UnprocessableEntity(),
        false => HttpResponse::Ok(),
    };
    draw(request, page, response, view)
}

/// Draws a page beside what is amiss with what it was asked for, if anything is.
pub fn show_asked(
    request: &HttpRequest,
    page: &PortalPage,
    faults: &[FieldError],
    view: &impl Template,
) -> Shown {
    let response = match faults {
        [] => HttpResponse::Ok(),
        _ => HttpResponse::UnprocessableEntity(),
    };
    draw(request, page, response, view)
}

fn draw(
    request: &HttpRequest,
    page: &PortalPage,
    mut response: HttpResponseBuilder,
    view: &impl Template,
) -> Shown {
    dress(request, &mut response);
    let mut response = page
        .asked
        .answer(response, view.render_with_values(&page.language())?);
    if page.flash.is_some() {
        let gone = Flash::forget();
        session::add(
            request,
            &mut response,
            &format!("{}=; Max-Age=0", gone.name()),
        );
    }
    Ok(response)
}

/// The headers of every page: only those may frame it whom the workspace lists.
pub(super) fn dress(request: &HttpRequest, response: &mut HttpResponseBuilder) {
    let extensions = request.extensions();
    let framers = extensions
        .get::<Framers>()
        .map(|framers| framers.0.join(" "));
    let framers = framers.filter(|framers| !framers.is_empty());
    dress_for(framers.as_deref().unwrap_or(NOBODY), response);
}

/// The headers of a page that `framers` may frame, in the words of the policy.
pub(super) fn dress_for(framers: &str, response: &mut HttpResponseBuilder) {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {framers}"
    );
    if framers != NOBODY {
        response.extensions_mut().insert(NamesFramers);
    }
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::REFERRER_POLICY, "same-origin"));
}

/// On to another page that says what this action came to.
#[must_use]
pub fn go_and_say(request: &HttpRequest, path: &str, flash: &Flash) -> HttpResponse {
    let mut response = go(path);
    let cookie = flash.cookie();
    let pair = format!("{}={}; Max-Age=30", cookie.name(), cookie.value());
    session::add(request, &mut response, &pair);
    response
}

/// Back to the page of a form, saying what its action came to.
///
/// # Errors
/// What is nobody's to mend on that page.
pub fn back_to<T>(
    request: &HttpRequest,
    path: &str,
    result: Result<T, Refusal>,
    said: impl FnOnce(&T) -> String,
) -> Shown {
    let flash = match result {
        Err(refusal) if is_platforms(&refusal) => Flash::bad(NOT_NOW),
        result => Flash::of_result(result, said)?,
    };
    Ok(go_and_say(request, path, &flash))
}

/// What is said of what only the platform can mend.
const NOT_NOW: &str = "Not done: this does not work right now. Try again in a moment.";

/// Whether a refusal is of the platform's doing: its words speak of disks and plans.
fn is_platforms(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::PlanRequired
        | Refusal::Overloaded
        | Refusal::StorageLow
        | Refusal::Unavailable(_) => true,
        Refusal::Invalid(_)
        | Refusal::Unauthorized(_)
        | Refusal::Forbidden(_)
        | Refusal::NotFound(_)
        | Refusal::Conflict(_)
        | Refusal::Revoked
        | Refusal::MfaRequired(_)
        | Refusal::TooLarge(_)
        | Refusal::RateLimited { .. }
        | Refusal::Internal(_) => false,
    }
}
