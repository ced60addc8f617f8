//! A page that is asked for again by its own script.
//!
//! Owns: telling such a request from a reader's own, and sending only those live regions that have
//! changed. Refuses: when a page asks again (`static/app.js`).
//!
//! # Why pages carry an entity tag that browsers never see used
//! Pages are not to be stored, so the tag is for the page's own script: it says of each live region which
//! copy the script has. While nothing changed, a refresh costs a 304 and no drawing on the screen; where
//! one region did, that one is sent, and neither the frame around it nor the others.
//!
//! # When a page is compressed
//! How well a page compresses tells whoever counts its bytes what repeats in it (BREACH). That takes
//! somebody who can have a signed-in browser ask again and again with guesses of theirs. So only what a
//! reader asked for from a page of ours, or by the address bar, is compressed, as the browser says; never
//! what scripts ask for again by themselves, and never a page that shows a secret. The token of its forms
//! looks different in every compressed page ([`masked_in`]).

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use sha2::{Digest, Sha256};

use super::form::masked_in;
use crate::packed::Coding;

/// A page below this is not worth compressing.
const PACKED_BYTES_MIN: usize = 1024;

/// Who asks for a page, and how it may be sent.
#[derive(Clone, Debug)]
pub struct PageAsker {
    by: AskedBy,
    coding: Option<Coding>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum AskedBy {
    /// The reader.
    Reader,
    /// The script of a page that is open, which holds the copies of this tag.
    Page(Option<String>),
}

impl PageAsker {
    /// Who sent `request`.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let by = match header("hookpost-live") {
            Some(_) => AskedBy::Page(header("if-none-match")),
            None => AskedBy::Reader,
        };
        let site = header("sec-fetch-site");
        let is_own = matches!(site.as_deref(), Some("same-origin" | "none"));
        let is_safe = is_own && request.method() == Method::GET && by == AskedBy::Reader;
        let accepted = header("accept-encoding").filter(|_| is_safe);
        Self {
            by,
            coding: accepted.as_deref().and_then(Coding::accepted),
        }
    }

    /// Whether the reader has asked for nothing: what was meant for them is kept for later.
    #[must_use]
    pub fn is_refresh(&self) -> bool {
        self.by != AskedBy::Reader
    }

    /// The page shows a secret, and is not compressed.
    pub fn shows_secret(&mut self) {
        self.coding = None;
    }

    /// The page; for its own script its live regions that have changed, or 304 where none has.
    #[must_use]
    pub fn answer(&self, mut response: HttpResponseBuilder, body: String) -> HttpResponse {
        let AskedBy::Page(known) = &self.by else {
            return self.whole(response, body);
        };
        let known = known.as_deref().unwrap_or_default().trim_matches('"');
        let has = |copy: &String| known.split(',').any(|own| own == copy);
        let mut copies = Vec::new();
        let mut changed = String::new();
        for region in (LiveRegions { rest: &body }) {
            let copy = copy_of(region);
            if !has(&copy) {
                changed.push_str(region);
            }
            copies.push(copy);
        }
        if changed.is_empty() && !copies.is_empty() {
            return HttpResponse::NotModified().finish();
        }
        let tag = format!("\"{}\"", copies.join(","));
        response.insert_header((header::ETAG, tag)).body(changed)
    }

    fn whole(&self, mut response: HttpResponseBuilder, body: String) -> HttpResponse {
        let Some(coding) = self.coding.filter(|_| body.len() >= PACKED_BYTES_MIN) else {
            return response.body(body);
        };
        response.insert_header((header::CONTENT_ENCODING, coding.as_str()));
        response.body(coding.pack(masked_in(&body).as_bytes()))
    }

    /// The reader, whose browser takes nothing compressed.
    #[cfg(test)]
    pub(crate) fn reader() -> Self {
        let (by, coding) = (AskedBy::Reader, None);
        Self { by, coding }
    }
}

/// A region's copy in a tag.
fn copy_of(region: &str) -> String {
    let digest = Sha256::digest(region);
    digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The elements of a page of ours that are live, each whole.
///
/// Pages are drawn by templates that close every element, and whatever comes from outside is escaped: a
/// `<` is always a tag's. A word in an attribute may look like a region, and is sent along for nothing.
struct LiveRegions<'a> {
    rest: &'a str,
}

/// The attribute of what is live.
const LIVE: &str = " data-live";

impl<'a> Iterator for LiveRegions<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let at = self.rest.find(LIVE)?;
            let begin = self.rest[..at].rfind('<');
            let begin = begin.filter(|begin| !self.rest[*begin..at].contains('>'));
            let region = begin.and_then(|begin| element(&self.rest[begin..]));
            self.rest = &self.rest[at + LIVE.len()..];
            if region.is_some() {
                return region;
            }
        }
    }
}

/// The element that `html` begins with, if it holds others.
fn element(html: &str) -> Option<&str> {
    let name = html[1..].split([' ', '>', '\n']).next()?;
    let is_whole = |tag: &str| tag.starts_with([' ', '>', '\n']);
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(found) = html[at..].find('<') {
        at += found + 1;
        let tag = &html[at..];
        if tag.strip_prefix(name).is_some_and(is_whole) {
            depth += 1;
        } else if tag
            .strip_prefix('/')
            .and_then(|tag| tag.strip_prefix(name))
            .is_some_and(is_whole)
        {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(&html[..at + name.len() + 2]);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<main><p>not live</p><div id=\"a\" data-live><div>1</div><dl></dl></div>\
        <i>between</i><section id=\"b\" class=\"x\" data-live>&lt;div data-live> two</section>\
        <input value=\"q data-live\"></main>";

    fn script_with(tag: Option<String>) -> PageAsker {
        let (by, coding) = (AskedBy::Page(tag), None);
        PageAsker { by, coding }
    }

    fn asker(headers: &[(&str, &str)]) -> PageAsker {
        let mut request = actix_web::test::TestRequest::get();
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        PageAsker::of(&request.to_http_request())
    }

    #[test]
    fn only_what_a_reader_asked_for_from_our_own_pages_is_compressed() {
        let takes = ("accept-encoding", "gzip, br");
        let check = |headers: &[(&str, &str)], expect: Option<Coding>| {
            assert_eq!(asker(headers).coding, expect, "{headers:?}");
        };
        check(
            &[takes, ("sec-fetch-site", "same-origin")],
            Some(Coding::Brotli),
        );
        check(&[takes, ("sec-fetch-site", "none")], Some(Coding::Brotli));
        check(&[("sec-fetch-site", "none")], None);
        check(&[takes], None);
        check(&[takes, ("sec-fetch-site", "cross-site")], None);
        check(&[takes, ("sec-fetch-site", "same-site")], None);
        let live = ("hookpost-live", "1");
        check(&[takes, ("sec-fetch-site", "same-origin"), live], None);
        let mut secret = asker(&[takes, ("sec-fetch-site", "none")]);
        secret.shows_secret();
        assert_eq!(secret.coding, None);
    }

    fn sent(asker: &PageAsker, page: &str) -> (u16, String, String) {
        let answer = asker.answer(HttpResponse::Ok(), page.to_owned());
        let status = answer.status().as_u16();
        let tag = answer.headers().get(header::ETAG);
        let tag = tag.map_or("", |tag| tag.to_str().unwrap()).to_owned();
        let body = actix_web::body::MessageBody::try_into_bytes(answer.into_body());
        let body = body.ok().unwrap_or_default();
        (status, tag, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn a_script_is_sent_the_live_regions_and_then_only_those_that_changed() {
        let (_, tag, all) = sent(&script_with(None), PAGE);
        assert_eq!(
            all,
            "<div id=\"a\" data-live><div>1</div><dl></dl></div>\
             <section id=\"b\" class=\"x\" data-live>&lt;div data-live> two</section>"
        );
        let script = script_with(Some(tag));
        assert_eq!(sent(&script, PAGE).0, 304);
        let changed = PAGE.replace("<div>1</div>", "<div>2</div>");
        let (status, tag, body) = sent(&script, &changed);
        assert_eq!(status, 200);
        assert_eq!(body, "<div id=\"a\" data-live><div>2</div><dl></dl></div>");
        assert_eq!(sent(&script_with(Some(tag)), &changed).0, 304);
        let framed = PAGE.replace("not live", "changed");
        assert_eq!(
            sent(&script, &framed).0,
            304,
            "what is not live is not looked at"
        );
    }

    #[test]
    fn a_reader_is_sent_the_whole_page() {
        let (status, tag, body) = sent(&PageAsker::reader(), PAGE);
        assert_eq!((status, tag.as_str(), body.as_str()), (200, "", PAGE));
    }
}
