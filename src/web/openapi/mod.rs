//! The OpenAPI 3.1 document.
//!
//! Owns: the builder by which an endpoint says what it takes and gives, and the document that is
//! derived from endpoints. Refuses: knowing any endpoint.

mod document;
mod links;
mod merged;
mod operation;
pub mod parts;

pub use document::document;
pub use operation::Operation;
