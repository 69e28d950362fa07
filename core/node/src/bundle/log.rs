//! The last lines of the log, kept in memory for whoever asks for help; the oldest go.

use std::{
    collections::VecDeque,
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

/// The most lines, and the most bytes of all and of one.
const MAX_LINES: usize = 1_000;
const MAX_BYTES: usize = 256 << 10;
const MAX_LINE: usize = 2 << 10;

/// Where a subscriber writes. Clones are the same log.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<VecDeque<String>>>);

/// What it says is for nobody's log.
impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

impl Log {
    /// What is kept, the oldest first.
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for line in String::from_utf8_lossy(bytes).lines() {
            let (line, _) = line.split_at(line.floor_char_boundary(MAX_LINE));
            lines.push_back(line.into());
        }
        let mut size: usize = lines.iter().map(String::len).sum();
        while lines.len() > MAX_LINES || size > MAX_BYTES {
            size -= lines.pop_front().map_or(size, |line| line.len());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_no_more_than_fit() {
        let mut log = Log::default();
        for n in 0..2 * MAX_LINES {
            log.write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        let lines = log.lines();
        assert_eq!((lines.len(), lines[0].as_str()), (MAX_LINES, "line 1000"));
        for _ in 0..1_000 {
            log.write_all("é".repeat(5_000).as_bytes()).unwrap();
        }
        assert!(log.lines().iter().map(String::len).sum::<usize>() <= MAX_BYTES);
    }
}
