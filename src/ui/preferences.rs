//! What a reader likes: light or dark, shortcuts or none.
//!
//! Owns: the two choices and their cookies. Refuses: storing them with the account: they
//! belong to a screen, not to a person.

use actix_web::HttpRequest;

/// The cookie of the theme.
pub const THEME: &str = "hookpost_theme";
/// The cookie of the shortcuts.
pub const SHORTCUTS: &str = "hookpost_shortcuts";

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

    /// The theme of this word; automatic for any other.
    #[must_use]
    pub fn parse(word: &str) -> Self {
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
