//! The `hookpost` binary.
fn main() {}
