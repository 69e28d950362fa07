//! libFuzzer on the target that `FUZZ_TARGET` names; see grow.sh.
#![no_main]

use std::env;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let name = env::var("FUZZ_TARGET").unwrap_or_default();
    let target = fuzz::TARGETS.iter().find(|(target, _)| *target == name);
    target.expect("FUZZ_TARGET names a target").1(bytes);
});
