//! [`specc_fuzz::front_end`] for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| specc_fuzz::front_end(bytes));
