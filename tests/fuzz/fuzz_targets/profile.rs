//! Which files are wire profiles.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../laws/mod.rs"]
mod laws;

fuzz_target!(|input: &[u8]| {
    laws::judge("profile", input);
});
