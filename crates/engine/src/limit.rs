//! How long something is waited for: one clock for all of an operation.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorCode, Result};

/// Whoever works against the same limit, and knows better why it is late, has this time to say so.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A time limit that runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    asked: Duration,
    end: Instant,
}

impl Limit {
    /// Ends `limit` from now.
    pub(crate) fn begin(limit: Duration) -> Self {
        Self {
            asked: limit,
            end: Instant::now() + limit,
        }
    }

    /// What is left of it.
    pub(crate) fn left(self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// The error of `what` that took longer, with what was asked for and not what was left.
    pub(crate) fn over(self, what: &str) -> Error {
        let seconds = self.asked.as_secs_f64();
        Error::new(ErrorCode::NotReady, format!("{what} within {seconds} s"))
    }

    /// Gives `work` up at the end; without a limit, never.
    pub(crate) async fn bound<T>(
        limit: Option<Self>,
        what: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let Some(limit) = limit else {
            return work.await;
        };
        tokio::time::timeout(limit.left() + LAST_WORDS, work)
            .await
            .unwrap_or_else(|_| Err(limit.over(what)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_hangs_is_given_up_with_the_limit_that_was_asked_for() {
        // With the time for last words, this takes two seconds.
        let limit = Limit {
            asked: Duration::from_mins(1),
            end: Instant::now(),
        };
        let hangs = Limit::bound(
            Some(limit),
            "no answer",
            std::future::pending::<Result<()>>(),
        );
        let error = hangs.await.expect_err("late");
        assert_eq!(error.code, ErrorCode::NotReady);
        assert_eq!(error.message, "no answer within 60 s");
        Limit::bound(None, "", async { Ok(()) })
            .await
            .expect("done");
    }
}
