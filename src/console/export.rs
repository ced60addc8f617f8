//! `/deliveries/export` and `/dead-letters/export`: a list as a file, narrowed as the page is.
//!
//! Owns: writing rows as CSV (RFC 4180) or JSON while they are read. Refuses: what a filter means
//! (`service::filter`), and bodies: they are on a delivery's page and in the API.
//!
//! # Why it is read page by page
//! A file may be long, and who fetches it slow. A piece is read when the one before has been taken, so
//! an export holds one page in memory, and no reader of the database between two pages.

use actix_web::http::header;
use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde_json::Value;

use super::access::VIEWER;
use super::filters::Filters;
use super::{Shown, Visitor};
use crate::domain::delivery::{Delivery, DeliveryFilter, DeliveryScope};
use crate::domain::outcome::FailureKind;
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::time::Timestamp;
use crate::service::{Caller, Refusal};
use crate::ui::parts::url_query::with_query;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/deliveries/export", VIEWER, || to(deliveries)),
    Endpoint::get("/dead-letters/export", VIEWER, || to(dead_letters)),
];

/// Rows of a file at most; a file that ends there says so in its last line.
pub const EXPORT_ROWS_MAX: usize = 100_000;
/// Rows that are read at once.
const ROWS_AT_ONCE: u32 = 250;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileForm {
    Csv,
    Json,
}

/// The addresses of a list's files, each with its word.
#[must_use]
pub fn addresses(path: &str, filters: &Filters) -> [(String, &'static str); 2] {
    [("csv", "CSV"), ("json", "JSON")].map(|(form, word)| {
        let around = [("status", filters.status.as_str()), ("format", form)];
        let parameters = [&around[..], &filters.narrowing()[..]].concat();
        (with_query(path, &parameters), word)
    })
}

async fn deliveries(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let scope = DeliveryScope::All;
    export(state, visitor, &request, scope, "deliveries").await
}

async fn dead_letters(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let scope = DeliveryScope::DeadLetters;
    export(state, visitor, &request, scope, "dead-letters").await
}

async fn export(
    state: State,
    visitor: Visitor,
    request: &HttpRequest,
    scope: DeliveryScope,
    name: &str,
) -> Shown {
    let mut query = Query::of(request);
    let filters = Filters::of(&mut query);
    let form = query.parsed("format", |text| match text {
        "csv" => Ok(FileForm::Csv),
        "json" => Ok(FileForm::Json),
        _ => Err("must be csv or json"),
    });
    query.finish()?;
    let form = form.unwrap_or(FileForm::Csv);
    let input = filters.input(state.service.clock().now());
    let filter = state
        .service
        .delivery_filter(&visitor.caller, scope, input, "")
        .await?;
    let (kind, ending) = match form {
        FileForm::Csv => ("text/csv; charset=utf-8", "csv"),
        FileForm::Json => ("application/json", "json"),
    };
    let disposition = format!("attachment; filename=\"{name}.{ending}\"");
    let mut file = Rows {
        state,
        caller: visitor.caller,
        filter,
        form,
        written: 0,
        place: FilePlace::Begin,
    };
    // What is wrong is told before a file begins.
    let first = file.piece().await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .streaming(pieces(first, file)))
}

fn pieces(first: Option<Bytes>, file: Rows) -> impl Stream<Item = Result<Bytes, Refusal>> {
    stream::unfold((first, file), |(waiting, mut file)| async move {
        if let Some(piece) = waiting {
            return Some((Ok(piece), (None, file)));
        }
        let piece = file.piece().await.transpose()?;
        // A file that breaks off in the middle is cut off, and so seen to be broken.
        if piece.is_err() {
            file.place = FilePlace::End;
        }
        Some((piece, (None, file)))
    })
}

/// Where in its list a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FilePlace {
    Begin,
    Behind(Cursor),
    End,
}

/// How much of its list a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileReach {
    Whole,
    Cut,
}

/// A file on its way.
struct Rows {
    state: State,
    caller: Caller,
    filter: DeliveryFilter,
    form: FileForm,
    written: usize,
    place: FilePlace,
}

impl Rows {
    /// The next piece that says something; `None` behind the last.
    async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        let mut text = Vec::new();
        // A page may be empty although the list goes on behind it.
        while text.is_empty() {
            let cursor = match self.place {
                FilePlace::Begin => None,
                FilePlace::Behind(cursor) => Some(cursor),
                FilePlace::End => return Ok(None),
            };
            let limit = Limit::clamped(ROWS_AT_ONCE);
            let (service, filter) = (&self.state.service, self.filter.clone());
            let page = service
                .deliveries(&self.caller, filter, cursor, limit)
                .await?;
            if cursor.is_none() {
                self.begin(&mut text);
            }
            self.write(&mut text, &page)?;
        }
        Ok(Some(Bytes::from(text)))
    }

    fn begin(&self, text: &mut Vec<u8>) {
        match self.form {
            FileForm::Csv => line(text, COLUMNS),
            FileForm::Json => text.extend_from_slice(b"{\"data\":["),
        }
    }

    fn write(&mut self, text: &mut Vec<u8>, page: &Page<Delivery>) -> Result<(), Refusal> {
        let left = EXPORT_ROWS_MAX - self.written;
        let goes_on = page.next.filter(|_| page.items.len() < left);
        let reach = if page.items.len() > left || goes_on != page.next {
            FileReach::Cut
        } else {
            FileReach::Whole
        };
        for delivery in page.items.iter().take(left) {
            match self.form {
                FileForm::Csv => line(text, row(delivery).iter().map(cell)),
                FileForm::Json => {
                    if self.written > 0 {
                        text.push(b',');
                    }
                    let row: serde_json::Map<String, Value> = COLUMNS
                        .iter()
                        .map(|column| (*column).to_owned())
                        .zip(row(delivery))
                        .collect();
                    serde_json::to_writer(&mut *text, &row)
                        .map_err(|error| Refusal::Internal(error.to_string()))?;
                }
            }
            self.written += 1;
        }
        self.place = goes_on.map_or(FilePlace::End, FilePlace::Behind);
        if self.place == FilePlace::End {
            self.end(text, reach);
        }
        Ok(())
    }

    fn end(&self, text: &mut Vec<u8>, reach: FileReach) {
        let is_cut = reach == FileReach::Cut;
        match self.form {
            FileForm::Csv if is_cut => {
                let words = format!("cut after {EXPORT_ROWS_MAX} rows: narrow the list");
                line(text, [words]);
            }
            FileForm::Csv => {}
            FileForm::Json => text.extend_from_slice(format!("],\"cut\":{is_cut}}}").as_bytes()),
        }
    }
}

/// The columns of a file, named as in the API.
const COLUMNS: [&str; 14] = [
    "id",
    "webhook_id",
    "event_id",
    "event_type",
    "status",
    "trigger",
    "attempt_count",
    "last_status_code",
    "last_error_kind",
    "last_error",
    "last_duration_ms",
    "created_at",
    "completed_at",
    "next_attempt_at",
];

/// What stands below [`COLUMNS`]; what there is not is null.
fn row(delivery: &Delivery) -> [Value; 14] {
    let registered = delivery.webhook_registered;
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).into();
    [
        delivery.id.to_string().into(),
        registered.then(|| delivery.webhook.to_string()).into(),
        delivery.event_public_id.clone().into(),
        delivery.event_type.clone().into(),
        delivery.progress.status.as_str().into(),
        delivery.trigger.as_str().into(),
        delivery.progress.attempt_count.into(),
        delivery.last_status_code.into(),
        delivery.last_error_kind.map(FailureKind::as_str).into(),
        delivery.last_error.clone().into(),
        delivery.last_duration_ms.into(),
        delivery.created_at.to_string().into(),
        time(delivery.completed_at),
        time(delivery.next_attempt_at()),
    ]
}

/// A value as a cell: nothing is empty.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A line of CSV. Every cell is quoted; one that a spreadsheet would take for a formula gets an
/// apostrophe in front, for it may hold what a receiver said.
fn line(text: &mut Vec<u8>, cells: impl IntoIterator<Item = impl AsRef<str>>) {
    for (at, cell) in cells.into_iter().enumerate() {
        let cell = cell.as_ref();
        let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            "'"
        } else {
            ""
        };
        let comma = if at > 0 { "," } else { "" };
        let quoted = format!("{comma}\"{guard}{}\"", cell.replace('"', "\"\""));
        text.extend_from_slice(quoted.as_bytes());
    }
    text.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_ends_early() {
        let mut text = Vec::new();
        line(&mut text, ["=1+1", "-2", "a \"b\",\nc", "plain", ""]);
        let expected = "\"'=1+1\",\"'-2\",\"a \"\"b\"\",\nc\",\"plain\",\"\"\r\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
