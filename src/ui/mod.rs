//! What pages are made of, whoever they are for: forms, parts, charts, code, static files, flashes.
//!
//! Owns: pieces of HTML and how a value becomes words. Refuses: requests, sessions, reading
//! anything: an audience gathers what a page shows and hands it over.

pub mod assets;
pub mod attempts;
pub mod compare;
pub mod delivery_row;
pub mod exchange;
pub mod explain;
pub mod facts;
pub mod figures;
pub mod flash;
pub mod form;
pub mod forms;
pub mod job_progress;
pub mod names;
pub mod parts;
pub mod preferences;
pub mod refresh;
pub mod snippets;
pub mod speech;
pub mod test_result;
pub mod way;
pub mod webhook_words;
pub mod why_not;
