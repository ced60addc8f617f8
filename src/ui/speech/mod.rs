//! The languages that pages for customers speak.
//!
//! Owns: which there are, choosing one, and saying in it what pages say in English. Refuses: what people
//! wrote themselves: names, descriptions, answers and data are shown as they are.
//!
//! # Why the English text is the key
//! A page reads as what it shows, forms and parts that the dashboard shares need no second declaration,
//! and whatever has no translation yet is still said, in English. A test reads every text out of the
//! templates and asks each language for it; another looks at drawn pages for what was left in English.
//!
//! # How the language reaches a text
//! It is a value of the drawing: a page is drawn with it, and so is every part within. The dashboard draws
//! without, which is English.

use std::any::Any;
use std::borrow::Cow;
use std::sync::OnceLock;

use askama::Values;

mod figures;
pub mod filters;
mod phrasebook;

use phrasebook::Phrasebook;

/// The name under which a drawing carries its language.
const VALUE: &str = "language";
/// The longest `Accept-Language` that is looked at, in bytes; what is longer says nothing.
const ACCEPTED_BYTES_MAX: usize = 512;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// What the texts are written in.
    #[default]
    English,
    /// `de`
    German,
    /// `fr`
    French,
    /// `es`
    Spanish,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::English, Self::German, Self::French, Self::Spanish];

    /// Its tag (RFC 5646).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// The language of a tag, whatever its region: `de-AT` is German. `None` where it is not spoken here.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        let is_it = |own: &Self| own.tag().eq_ignore_ascii_case(primary);
        Self::ALL.into_iter().find(is_it)
    }

    /// What a browser would rather read: the spoken language that an `Accept-Language` (RFC 9110, section
    /// 12.5.4) puts first. `None` where it names none.
    #[must_use]
    pub fn accepted(header: &str) -> Option<Self> {
        if header.len() > ACCEPTED_BYTES_MAX {
            return None;
        }
        let mut best: Option<(f32, Self)> = None;
        for range in header.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let language = parts.next().and_then(Self::parse);
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight: f32 = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            if let Some(language) = language
                && weight > best.map_or(0.0, |(weight, _)| weight)
            {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// An English text of a page in this language; as it is where there is no translation.
    #[must_use]
    pub fn say(self, english: &str) -> Cow<'_, str> {
        let said = self.phrasebook().and_then(|own| own.say(english));
        said.map_or(Cow::Borrowed(english), Cow::Owned)
    }

    /// A number with its unit, as this language writes it: `1.24 s`, `1,24 s`.
    #[must_use]
    pub fn figure(self, english: &str) -> Cow<'_, str> {
        match self {
            Self::English => Cow::Borrowed(english),
            Self::German | Self::French | Self::Spanish => figures::with_comma(english),
        }
    }

    /// A date, as this language writes it; the time of day is the same in all.
    #[must_use]
    pub fn date(self, iso: &str) -> Cow<'_, str> {
        match self {
            Self::English => Cow::Borrowed(iso),
            Self::German => figures::day_first(iso, '.'),
            Self::French | Self::Spanish => figures::day_first(iso, '/'),
        }
    }

    /// Its texts; `None` for English, which is what they are the texts of.
    fn phrasebook(self) -> Option<&'static Phrasebook> {
        static GERMAN: OnceLock<Phrasebook> = OnceLock::new();
        static FRENCH: OnceLock<Phrasebook> = OnceLock::new();
        static SPANISH: OnceLock<Phrasebook> = OnceLock::new();
        let (kept, text) = match self {
            Self::English => return None,
            Self::German => (&GERMAN, include_str!("de.toml")),
            Self::French => (&FRENCH, include_str!("fr.toml")),
            Self::Spanish => (&SPANISH, include_str!("es.toml")),
        };
        Some(kept.get_or_init(|| Phrasebook::read(text)))
    }
}

impl Values for Language {
    fn get_value<'a>(&'a self, key: &str) -> Option<&'a dyn Any> {
        (key == VALUE).then_some(self)
    }
}

/// The language of a drawing.
fn spoken(values: &dyn Values) -> Language {
    let own = askama::get_value::<Language>(values, VALUE);
    own.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
