//! One sentence from one page to the next.
//!
//! Owns: the cookie that carries what an action came to across its redirect. Refuses: secrets; what
//! is shown once never travels in a cookie.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use super::parts::Tone;
use crate::service::Refusal;

const COOKIE: &str = "hookpost_flash";
/// The longest sentence, in characters: a cookie holds 4 KiB.
const CHARS_MAX: usize = 600;
/// How long a sentence waits for its page.
const LASTS: Duration = Duration::seconds(30);

/// What an action came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// How it went.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
}

impl Flash {
    /// It worked.
    pub fn good(text: impl Into<String>) -> Self {
        let (tone, text) = (Tone::Good, text.into());
        Self { tone, text }
    }

    /// It did not.
    pub fn bad(text: impl Into<String>) -> Self {
        let (tone, text) = (Tone::Bad, text.into());
        Self { tone, text }
    }

    /// What an action came to that somebody can mend on the page that they come back to.
    ///
    /// # Errors
    /// What is nobody's to mend on that page: a thing that does not exist, a fault of ours.
    pub fn of_result<T>(
        result: Result<T, Refusal>,
        said: impl FnOnce(&T) -> String,
    ) -> Result<Self, Refusal> {
        match result {
            Ok(value) => Ok(Self::good(said(&value))),
            Err(Refusal::Invalid(errors)) => {
                let faults: Vec<String> = errors
                    .into_iter()
                    .map(|error| format!("{} {}", error.field, error.message))
                    .collect();
                Ok(Self::bad(format!("Not done: {}.", faults.join("; "))))
            }
            Err(
                refusal @ (Refusal::Conflict(_)
                | Refusal::Revoked
                | Refusal::PlanRequired
                | Refusal::TooLarge(_)
                | Refusal::RateLimited { .. }
                | Refusal::Overloaded
                | Refusal::StorageLow
                | Refusal::Unavailable(_)),
            ) => Ok(Self::bad(format!("Not done: {refusal}."))),
            Err(
                refusal @ (Refusal::Unauthorized(_)
                | Refusal::Forbidden(_)
                | Refusal::MfaRequired(_)
                | Refusal::NotFound(_)
                | Refusal::Internal(_)),
            ) => Err(refusal),
        }
    }

    /// What the request brings along.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let cookie = request.cookie(COOKIE)?;
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(cookie.value().as_bytes())
            .into_owned()
            .collect();
        let (tone, text) = pairs.into_iter().next()?;
        let tone = match tone.as_str() {
            "good" => Tone::Good,
            "bad" => Tone::Bad,
            _ => return None,
        };
        let text = text.chars().take(CHARS_MAX).collect();
        Some(Self { tone, text })
    }

    /// The cookie that brings it to the next page.
    #[must_use]
    pub fn cookie(&self) -> Cookie<'static> {
        let text: String = self.text.chars().take(CHARS_MAX).collect();
        let mut value = url::form_urlencoded::Serializer::new(String::new());
        value.append_pair(self.tone.class(), &text);
        cookie(value.finish(), LASTS)
    }

    /// The cookie that forgets it once it was shown.
    #[must_use]
    pub fn forget() -> Cookie<'static> {
        cookie(String::new(), Duration::ZERO)
    }
}

fn cookie(value: String, lasts: Duration) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(lasts)
        .finish()
}
