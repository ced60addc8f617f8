//! The native API, a file per resource.
