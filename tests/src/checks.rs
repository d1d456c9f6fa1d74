//! Several checks on one cluster: all are made, all failures are told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Checks that share something costly.
#[derive(Debug, Default)]
pub struct Checks {
    failed: Vec<&'static str>,
}

impl Checks {
    /// No check made yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a check; its panic is its failure.
    pub fn check(&mut self, what: &'static str, check: impl FnOnce()) {
        let began = Instant::now();
        let passed = catch_unwind(AssertUnwindSafe(check)).is_ok();
        let word = if passed { "ok" } else { "FAILED" };
        eprintln!("  {what} … {word} ({:.1} s)", began.elapsed().as_secs_f64());
        if !passed {
            self.failed.push(what);
        }
    }

    /// Fails when a check failed.
    pub fn finish(self) {
        assert!(self.failed.is_empty(), "failed: {}", self.failed.join("; "));
    }
}
