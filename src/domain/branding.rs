//! The platform's own looks on pages that its customers see.
//!
//! Owns: what a platform may say of its looks, telling pictures by their content, and keeping a colour
//! readable. Refuses: markup and style sheets.
//!
//! # Why a colour is corrected and not refused
//! A platform's colour is what it is: yellow on white cannot be read, and nobody changes a brand for a
//! settings page. So the colour fills surfaces as it is, with whichever of black and white is readable
//! on it; as text it is moved towards black, or on dark ground towards white, until it reaches 4.5 : 1
//! (WCAG 2.2, 1.4.3).

/// The longest name of a brand, in characters.
pub const BRAND_NAME_CHARS_MAX: usize = 100;
/// The longest text of a footer's link, in characters.
pub const FOOTER_TEXT_CHARS_MAX: usize = 100;
/// The longest URL of a footer's link, in bytes.
pub const FOOTER_URL_BYTES_MAX: usize = 2048;
/// The largest logo, in bytes: 64 KiB.
pub const LOGO_BYTES_MAX: usize = 64 * 1024;
/// Origins that one workspace may list.
pub const ORIGINS_MAX: usize = 20;
/// Webhooks that a consumer's own programs and people may register, unless the workspace says otherwise.
pub const WEBHOOKS_PER_CONSUMER_DEFAULT: u32 = 50;

/// What text must reach on its ground (WCAG 2.2, AA).
const CONTRAST: f64 = 4.5;
/// The darkest ground of light pages, and the lightest of dark ones.
const GROUNDS: [Rgb; 2] = [Rgb(0xee, 0xef, 0xf2), Rgb(0x25, 0x27, 0x2c)];
const BLACK: Rgb = Rgb(0, 0, 0);
const WHITE: Rgb = Rgb(255, 255, 255);
/// Steps in which a colour is moved.
const STEPS: u16 = 64;

/// What a workspace says of the pages that its customers see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortalSettings {
    /// Origins that may frame the portal, and call the API from a browser.
    pub origins: Vec<String>,
    /// How it looks.
    pub branding: Branding,
    /// Webhooks that a consumer may register itself; `None` takes the default.
    pub webhooks_per_consumer: Option<u32>,
}

impl PortalSettings {
    /// Webhooks that a consumer may register itself.
    #[must_use]
    pub fn webhooks_max(&self) -> u32 {
        self.webhooks_per_consumer
            .unwrap_or(WEBHOOKS_PER_CONSUMER_DEFAULT)
    }
}

/// How pages for customers look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// The platform's name, shown in the place of hookpost's.
    pub name: Option<String>,
    /// What kind of picture the logo is, where there is one.
    pub logo: Option<LogoKind>,
    /// The colour of links and buttons.
    pub accent: Option<Rgb>,
    /// A link at the foot of every page.
    pub footer: Option<FooterLink>,
    /// Whether hookpost's own name is left out, or shown.
    pub mention: Mention,
}

/// Whether pages for customers say what they are made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mention {
    /// They do, in small letters.
    #[default]
    Shown,
    /// They do not.
    Hidden,
}

/// A link at the foot of every page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FooterLink {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub url: String,
}

/// The kinds of picture that a logo may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoKind {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
}

impl LogoKind {
    const ALL: [Self; 3] = [Self::Png, Self::Jpeg, Self::Webp];

    /// The media type.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }

    /// Reads the media type back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What kind of picture these bytes are, by how they begin and end; whoever sent them is not asked.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        const PNG_HEAD: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        const PNG_END: &[u8] = b"IEND\xaeB`\x82";
        if bytes.starts_with(PNG_HEAD) && bytes.ends_with(PNG_END) {
            return Some(Self::Png);
        }
        if bytes.len() > 16 && bytes.starts_with(b"\xff\xd8\xff") && bytes.ends_with(b"\xff\xd9") {
            return Some(Self::Jpeg);
        }
        let (riff, size) = (bytes.get(..4)?, bytes.get(4..8)?);
        let size = u32::from_le_bytes(size.try_into().ok()?) as usize;
        let is_webp = riff == b"RIFF"
            && bytes.get(8..12)? == b"WEBP"
            && bytes.get(12..15)? == b"VP8"
            && bytes.len() == size + 8;
        is_webp.then_some(Self::Webp)
    }
}

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// A colour with what is readable on it and as it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// What fills buttons.
    pub fill: Rgb,
    /// What is written on them.
    pub on_fill: Rgb,
    /// What is written on light pages.
    pub on_light: Rgb,
    /// What is written on dark pages.
    pub on_dark: Rgb,
}

impl Rgb {
    /// Reads `#rgb` or `#rrggbb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let whole = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            6 => digits.to_owned(),
            _ => return None,
        };
        let part = |from: usize| u8::from_str_radix(&whole[from..from + 2], 16).ok();
        Some(Self(part(0)?, part(2)?, part(4)?))
    }

    /// The text form: `#rrggbb`.
    #[must_use]
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// How light it is, from 0 to 1 (WCAG 2.2, relative luminance).
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// The contrast between two colours, from 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Moved towards `other`, by so many of [`STEPS`].
    fn towards(self, other: Self, steps: u16) -> Self {
        let mixed = |one: u8, two: u8| {
            let sum = u16::from(one) * (STEPS - steps) + u16::from(two) * steps;
            u8::try_from(sum / STEPS).unwrap_or(u8::MAX)
        };
        Self(
            mixed(self.0, other.0),
            mixed(self.1, other.1),
            mixed(self.2, other.2),
        )
    }

    /// The nearest colour on the way to `end` that can be read on `ground`.
    fn readable(self, ground: Self, end: Self) -> Self {
        let candidates = (0..=STEPS).map(|steps| self.towards(end, steps));
        let mut fit = candidates.filter(|own| own.contrast(ground) >= CONTRAST);
        fit.next().unwrap_or(end)
    }

    /// The colour with what is readable on it and as it.
    #[must_use]
    pub fn palette(self) -> Palette {
        let white_is_better = self.contrast(WHITE) >= CONTRAST;
        Palette {
            fill: self,
            on_fill: if white_is_better { WHITE } else { BLACK },
            on_light: self.readable(GROUNDS[0], BLACK),
            on_dark: self.readable(GROUNDS[1], WHITE),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_colour_is_read_in_both_forms_and_nothing_else_is() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(Rgb::parse(text).map(Rgb::hex).as_deref(), expect, "{text}");
        };
        check("#f0a", Some("#ff00aa"));
        check("#FFD400", Some("#ffd400"));
        for bad in [
            "", "#", "ffd400", "#ffd40", "#ffd4000", "#ggg", "#ä1", "red", "#+1+2+3",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn contrast_is_what_wcag_says() {
        // The extremes, and a pair of the standard's own techniques.
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 1e-9);
        assert!((WHITE.contrast(WHITE) - 1.0).abs() < 1e-9);
        let grey = Rgb(0x76, 0x76, 0x76);
        assert!((grey.contrast(WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn a_picture_is_told_by_its_content() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR....IEND\xaeB`\x82";
        assert_eq!(LogoKind::of(png), Some(LogoKind::Png));
        let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0\xff\xd9";
        assert_eq!(LogoKind::of(jpeg), Some(LogoKind::Jpeg));
        let webp = b"RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0";
        assert_eq!(LogoKind::of(webp), Some(LogoKind::Webp));
        for other in [
            &b""[..],
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"GIF89a",
            &png[..png.len() - 1],
            &webp[..webp.len() - 1],
            b"\xff\xd8\xff",
        ] {
            assert_eq!(LogoKind::of(other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_colour_everything_can_be_read(red: u8, green: u8, blue: u8) {
            let palette = Rgb(red, green, blue).palette();
            prop_assert!(palette.fill.contrast(palette.on_fill) >= CONTRAST);
            for light in [GROUNDS[0], WHITE] {
                prop_assert!(palette.on_light.contrast(light) >= CONTRAST);
            }
            for dark in [GROUNDS[1], Rgb(0x0d, 0x0e, 0x10)] {
                prop_assert!(palette.on_dark.contrast(dark) >= CONTRAST);
            }
        }
    }
}
