//! The corpus of every target, an input a line in hexadecimal, on every run of the tests.

use std::{fs, panic};

use anyhow::{Context as _, Result};
use data_encoding::HEXLOWER;

#[test]
fn what_the_fuzzer_found_worth_keeping_is_harmless() -> Result<()> {
    for (name, target) in fuzz::TARGETS {
        let path = format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        let corpus = fs::read_to_string(&path).context(path)?;
        assert!(!corpus.is_empty(), "{name} has no corpus");
        for line in corpus.lines() {
            let bytes = HEXLOWER.decode(line.as_bytes()).with_context(|| name)?;
            let done = panic::catch_unwind(|| target(&bytes));
            assert!(done.is_ok(), "{line} breaks {name}");
        }
    }
    Ok(())
}

#[test]
fn bytes_of_any_kind_are_harmless() {
    let mut noise = blake3::Hasher::new().finalize_xof();
    for (_, target) in fuzz::TARGETS {
        for length in [0, 1, 2, 3, 10, 40, 100, 300, 1000] {
            let mut bytes = vec![0; length];
            target(&bytes);
            noise.fill(&mut bytes);
            target(&bytes);
        }
    }
}
