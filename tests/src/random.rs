//! Random choices that a printed seed repeats.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Random numbers (xorshift64*). Set `APPLE_K8S_TEST_SEED` to repeat a run.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// From `APPLE_K8S_TEST_SEED`, else from the clock; the seed is printed.
    pub fn new() -> Self {
        let given = std::env::var("APPLE_K8S_TEST_SEED").ok();
        let seed = given.map_or_else(
            || {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                u64::from(now.subsec_nanos()) ^ now.as_secs()
            },
            |text| text.parse().expect("APPLE_K8S_TEST_SEED is a number"),
        );
        eprintln!("  APPLE_K8S_TEST_SEED={seed}");
        // Zero is the one state that never changes.
        Self(seed.max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// A time shorter than `limit`.
    pub fn shorter_than(&mut self, limit: Duration) -> Duration {
        let micros = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.below(micros))
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_choices() {
        let draw = || {
            let mut random = Random(42);
            [
                random.below(10),
                random.below(10),
                random.below(1000),
                random.below(1),
            ]
        };
        assert_eq!(draw(), draw());
        assert!(draw()[0] < 10 && draw()[3] == 0);
    }
}
