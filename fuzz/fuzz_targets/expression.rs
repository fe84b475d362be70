//! [`specc_fuzz::expression`] for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| specc_fuzz::expression(bytes));
