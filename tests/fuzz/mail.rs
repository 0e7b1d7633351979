//! Any octets, through everything pure that happens to a mail on its way in. Run by `cargo xtask fuzz`.

#![no_main]

#[path = "../../crates/adapters-inbound/tests/pipeline/mod.rs"]
mod pipeline;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    pipeline::run(octets);
});
