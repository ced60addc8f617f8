//! Pages of the documentation as they are sent.
//!
//! Owns: drawing each when it is first asked for, and keeping it compressed. Refuses: names that callers
//! make up: who asks knows the page, of which there are as many as operations, shapes and chapters.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;

use crate::packed::PackedBytes;
use crate::web::Answered;
use crate::web::answer::packed;

/// What a browser may load for a page: the one stylesheet; it may ask the search.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static KEPT: LazyLock<Mutex<HashMap<String, Arc<PackedBytes>>>> = LazyLock::new(Mutex::default);

/// The page called `name`, which `view` draws where nobody has asked for it yet.
pub(in crate::api) fn kept<View: Template>(
    request: &HttpRequest,
    name: &str,
    view: impl FnOnce() -> View,
) -> Answered {
    let pages = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let known = pages().get(name).cloned();
    let page = match known {
        Some(page) => page,
        None => {
            let page = Arc::new(PackedBytes::new(view().render()?.into()));
            pages().insert(name.to_owned(), page.clone());
            page
        }
    };
    Ok(packed(request, dressed(), &page))
}

/// The headers of every page of the documentation.
pub(super) fn dressed() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    response
}
