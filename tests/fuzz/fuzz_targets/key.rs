//! Which texts are API keys.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../laws/mod.rs"]
mod laws;

fuzz_target!(|input: &[u8]| {
    laws::judge("key", input);
});
