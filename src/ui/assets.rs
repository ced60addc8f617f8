//! Static files: embedded, compressed once, named after their content.
//!
//! Owns: the files below `/static/` and the addresses that pages use. Refuses: files that are not
//! embedded, and answering requests.
//!
//! # Why the name holds a digest
//! A file under such a name never changes, so browsers keep it for a year and ask for nothing on the
//! next page; a new version has a new name, so nobody ever sees an old one with a new page.

use std::collections::HashMap;
use std::sync::LazyLock;

use bytes::Bytes;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::packed::PackedBytes;

/// The font of pages: the Latin letters of Inter, so that pages look the same everywhere. Its licence is
/// beside it.
const FONT: &str = "inter.woff2";
/// Bytes of the digest that stand in a name.
const DIGEST_BYTES: usize = 6;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// The addresses that the layout needs.
#[derive(Debug)]
pub struct Addresses {
    /// The style sheet.
    pub css: String,
    /// The script.
    pub js: String,
    /// The sign in the browser's tab.
    pub favicon: String,
}

/// A file, ready to be sent.
pub struct Asset {
    /// Its bytes, compressed once.
    pub packed: PackedBytes,
    /// Its media type.
    pub content_type: String,
}

struct Shelf {
    by_name: HashMap<String, Asset>,
    addresses: Addresses,
}

static SHELF: LazyLock<Shelf> = LazyLock::new(|| {
    let mut by_name = HashMap::new();
    let mut put = |file: &str, plain: Bytes| {
        let (name, asset) = shelved(file, plain);
        by_name.insert(name.clone(), asset);
        name
    };
    // The style sheet names the font, whose name has a digest as well.
    let font = put(FONT, embedded(FONT));
    let css = String::from_utf8_lossy(&embedded("app.css")).replace(FONT, &font);
    let css = put("app.css", css.into());
    let mut address = |file: &str| format!("/static/{}", put(file, embedded(file)));
    let addresses = Addresses {
        css: format!("/static/{css}"),
        js: address("app.js"),
        favicon: address("favicon.svg"),
    };
    Shelf { by_name, addresses }
});

/// Where the static files of this build are.
#[must_use]
pub fn addresses() -> &'static Addresses {
    &SHELF.addresses
}

/// The file called `name`; `None` where this build has none.
#[must_use]
pub fn asset(name: &str) -> Option<&'static Asset> {
    SHELF.by_name.get(name)
}

fn embedded(file: &str) -> Bytes {
    let embedded = Files::get(file).expect("the static files are embedded");
    embedded.data.into_owned().into()
}

/// A file under its name on the shelf.
fn shelved(file: &str, plain: Bytes) -> (String, Asset) {
    let digest = Sha256::digest(&plain);
    let digest: String = digest[..DIGEST_BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let (stem, ending) = file.rsplit_once('.').expect("static files have an ending");
    let asset = Asset {
        packed: PackedBytes::new(plain),
        content_type: content_type(ending).to_owned(),
    };
    (format!("{stem}-{digest}.{ending}"), asset)
}

fn content_type(ending: &str) -> &'static str {
    match ending {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::Coding;

    #[test]
    fn static_files_stay_small_and_are_named_after_their_content() {
        let (name, css) = shelved("app.css", embedded("app.css"));
        let length = |coding| css.packed.in_coding(coding).len();
        assert!(length(None) <= 25 * 1024, "{} bytes", length(None));
        assert!(name.starts_with("app-") && name.ends_with(".css"), "{name}");
        let (_, js) = shelved("app.js", embedded("app.js"));
        let js = js.packed.plain().len();
        assert!(js <= 10 * 1024, "{js} bytes");
        assert!(length(Some(Coding::Gzip)) < length(None) / 2);
        assert!(length(Some(Coding::Brotli)) < length(Some(Coding::Gzip)));
        let font = embedded(FONT);
        assert!(font.len() <= 20 * 1024, "{} bytes", font.len());
        assert!(font.starts_with(b"wOF2"));
    }

    #[test]
    fn the_style_sheet_names_the_font_as_it_is_served() {
        let css = addresses().css.trim_start_matches("/static/");
        let css = String::from_utf8(asset(css).unwrap().packed.plain().to_vec()).unwrap();
        let (_, rest) = css.split_once("src: url(").unwrap();
        let (font, _) = rest.split_once(')').unwrap();
        assert!(
            font.starts_with("inter-") && font.ends_with(".woff2"),
            "{font}"
        );
        assert_eq!(asset(font).unwrap().content_type, "font/woff2");
    }
}
