//! [`specc_fuzz::formatting`] for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| specc_fuzz::formatting(bytes));
