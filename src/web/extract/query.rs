//! A request's query, parameter by parameter.
//!
//! Owns: taking known parameters, refusing unknown and repeated ones by name. Refuses: silently
//! ignoring anything: a mistyped filter would otherwise show everything.

use actix_web::HttpRequest;

use crate::domain::page::{Cursor, Limit, List, Order};
use crate::domain::time::Timestamp;
use crate::service::{FieldError, Refusal};
use crate::web::Problem;

/// The parameters that nobody has taken yet, and the faults found so far.
pub struct Query {
    pairs: Vec<(String, String)>,
    faults: Vec<FieldError>,
}

impl Query {
    /// The query of a request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let parsed = url::form_urlencoded::parse(request.query_string().as_bytes());
        Self {
            pairs: parsed.into_owned().collect(),
            faults: Vec::new(),
        }
    }

    /// The text of a parameter; an empty one counts as absent.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let (taken, left) = std::mem::take(&mut self.pairs)
            .into_iter()
            .partition::<Vec<_>, _>(|(known, _)| known == name);
        self.pairs = left;
        if taken.len() > 1 {
            self.fault(name, "must not be given twice");
        }
        let text = taken.into_iter().next().map(|(_, text)| text);
        text.filter(|text| !text.is_empty())
    }

    /// A parameter read by `parse`; a fault is remembered until [`Query::finish`].
    pub fn parsed<T, E: Into<String>>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.fault(name, message);
                None
            }
        }
    }

    /// `limit`.
    pub fn limit(&mut self) -> Limit {
        let given = self.parsed("limit", |text| Limit::parse(Some(text)));
        given.unwrap_or_else(|| Limit::parse(None).expect("the default fits"))
    }

    /// A cursor of `list` called `name`.
    pub fn cursor(&mut self, name: &str, list: List) -> Option<Cursor> {
        self.parsed(name, |text| Cursor::parse(text, list))
    }

    /// An instant called `name`.
    pub fn time(&mut self, name: &str) -> Option<Timestamp> {
        self.parsed(name, Timestamp::parse)
    }

    /// `order`; newest first if absent.
    pub fn order(&mut self) -> Option<Order> {
        self.parsed("order", |text| match text {
            "asc" => Ok(Order::Ascending),
            "desc" => Ok(Order::Descending),
            _ => Err("must be asc or desc"),
        })
    }

    /// Remembers a fault.
    pub fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.faults.push(FieldError {
            field: name.to_owned(),
            message: message.into(),
        });
    }

    /// Those that were taken make sense; others are let pass, for clients that say more than we know.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn finish_taken(mut self) -> Result<(), Problem> {
        self.pairs.clear();
        self.finish()
    }

    /// What is amiss with what was taken so far, for a page that says so in place.
    pub fn faults(&mut self) -> Vec<FieldError> {
        std::mem::take(&mut self.faults)
    }

    /// Every parameter has been taken.
    ///
    /// # Errors
    /// 422 with every fault and every parameter that nobody knows.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs).into_iter().take(20) {
            let shown: String = name.chars().take(100).filter(|c| !c.is_control()).collect();
            self.fault(&shown, "is not a known parameter");
        }
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid(self.faults).into())
        }
    }
}
