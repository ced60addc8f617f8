//! What a reader likes: light or dark, shortcuts or none.
//!
//! Owns: the two cookies and the form that sets them. Refuses: storing them with the account: they
//! belong to a screen, not to a person.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use super::page::go;
use super::{Form, Shown};

const THEME: &str = "hookpost_theme";
const SHORTCUTS: &str = "hookpost_shortcuts";
const LASTS: Duration = Duration::days(365);

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the reader's system is.
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// What the request's cookie says.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let cookie = request.cookie(THEME);
        Self::parse(cookie.as_ref().map_or("", |cookie| cookie.value()))
    }

    fn parse(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }

    /// The word in the cookie and in the page.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What the browser is told before it reads the style sheet, so that nothing flashes.
    #[must_use]
    pub fn color_scheme(self) -> &'static str {
        match self {
            Self::Auto => "light dark",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Whether single keys do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortcuts {
    /// They do.
    On,
    /// They do not, for who speaks to the machine or types with other means.
    Off,
}

impl Shortcuts {
    /// What the request's cookie says.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let off = request
            .cookie(SHORTCUTS)
            .is_some_and(|cookie| cookie.value() == "off");
        if off { Self::Off } else { Self::On }
    }

    /// The word in the cookie and in the page.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// Whether they do.
    #[must_use]
    pub fn are_on(self) -> bool {
        self == Self::On
    }
}

/// `POST /preferences`.
///
/// # Errors
/// 403 for a form of another session.
pub async fn save(form: Form) -> Shown {
    let mut response = go(&form.back("/"));
    let mut keep = |name: &'static str, value: &'static str| {
        let cookie = Cookie::build(name, value)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(LASTS)
            .finish();
        response.add_cookie(&cookie)
    };
    if form.ticked("theme") {
        let kept = keep(THEME, Theme::parse(form.typed("theme")).as_str());
        kept.expect("the cookie's characters are plain");
    }
    if form.ticked("shortcuts") {
        let word = if form.typed("shortcuts") == "off" {
            Shortcuts::Off
        } else {
            Shortcuts::On
        };
        let kept = keep(SHORTCUTS, word.as_str());
        kept.expect("the cookie's characters are plain");
    }
    Ok(response)
}
