//! A page that is asked for again by its own script.
//!
//! Owns: telling such a request from a reader's own, and answering 304 where nothing changed. Refuses:
//! when a page asks again (`static/app.js`).
//!
//! # Why pages carry an entity tag that browsers never see used
//! Pages are not to be stored, so the tag is for the page's own script: while nothing changed, the
//! refreshing of live regions costs a 304 and no drawing on the screen.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use sha2::{Digest, Sha256};

/// Who asks for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageAsker {
    /// The reader.
    ByReader,
    /// The script of a page that is open, which holds the copy of this tag.
    ByPage(Option<String>),
}

impl PageAsker {
    /// Who sent `request`.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        match header("hookpost-live") {
            Some(_) => Self::ByPage(header("if-none-match")),
            None => Self::ByReader,
        }
    }

    /// Whether the reader has asked for nothing: what was meant for them is kept for later.
    #[must_use]
    pub fn is_refresh(&self) -> bool {
        *self != Self::ByReader
    }

    /// The page under its tag, or 304 where the asking page has that copy.
    #[must_use]
    pub fn answer(&self, mut response: HttpResponseBuilder, body: String) -> HttpResponse {
        let tag: String = Sha256::digest(&body)[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let tag = format!("\"{tag}\"");
        if matches!(self, Self::ByPage(Some(known)) if *known == tag) {
            return HttpResponse::NotModified().finish();
        }
        response.insert_header((header::ETAG, tag)).body(body)
    }
}
