//! Typed progress of an operation: what happens, on which node, since when.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use ts_rs::TS;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum StepState {
    /// It began.
    Started,
    /// It goes on; `detail` says how far.
    Progress,
    /// It ended well.
    Done,
    /// It failed.
    Failed,
}

/// One event of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What is done, a short word that stays the same between releases (`boot`, `join`, …).
    pub phase: String,
    /// The node it is done on; none when it concerns the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub node: Option<String>,
    /// Where it stands.
    pub state: StepState,
    /// More for a person: a percentage, a name, a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub detail: Option<String>,
    /// How far it is, in percent, where that can be told; 100 only at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub percent: Option<u8>,
    /// Milliseconds since the operation began.
    pub at_ms: u64,
    /// Milliseconds that the step took; only when it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub took_ms: Option<u64>,
}

/// Where steps go. Cheap to clone; usable from every task of an operation.
#[derive(Clone)]
pub struct Steps {
    began: Instant,
    sink: Arc<dyn Fn(Step) + Send + Sync>,
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps")
            .field("began", &self.began)
            .finish_non_exhaustive()
    }
}

impl Steps {
    /// Sends every step to `sink`; the clock of the operation starts now.
    pub fn new(sink: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self {
            began: Instant::now(),
            sink: Arc::new(sink),
        }
    }

    /// Drops every step.
    pub fn silent() -> Self {
        Self::new(|_| ())
    }

    /// Begins a step. It counts as failed when the returned value is dropped before
    /// [`RunningStep::done`].
    pub fn begin(&self, phase: &str, node: Option<&str>) -> RunningStep {
        let step = RunningStep {
            steps: self.clone(),
            phase: phase.to_owned(),
            node: node.map(str::to_owned),
            began: Instant::now(),
            ended: false,
        };
        step.send(StepState::Started, None, None, None);
        step
    }

    /// Passes on a step that something else measured, such as the program inside a node.
    pub(crate) fn relay(
        &self,
        phase: &str,
        node: &str,
        state: StepState,
        detail: Option<String>,
        took: Option<Duration>,
    ) {
        self.send(Step {
            phase: phase.to_owned(),
            node: Some(node.to_owned()),
            state,
            detail,
            percent: None,
            at_ms: millis(self.began.elapsed()),
            took_ms: took.map(millis),
        });
    }

    fn send(&self, step: Step) {
        tracing::debug!(phase = %step.phase, node = step.node, state = ?step.state, detail = step.detail, "step");
        (self.sink)(step);
    }
}

/// A step that has begun.
#[derive(Debug)]
pub struct RunningStep {
    steps: Steps,
    phase: String,
    node: Option<String>,
    began: Instant,
    ended: bool,
}

impl RunningStep {
    /// Says how far it is.
    pub fn progress(&self, detail: impl Into<String>) {
        self.send(StepState::Progress, Some(detail.into()), None, None);
    }

    /// Says how far it is where that can be counted: `done` of `all`.
    pub(crate) fn counted(&self, done: u64, all: u64, detail: impl Into<String>) {
        let percent = percent(done, all);
        self.send(
            StepState::Progress,
            Some(detail.into()),
            Some(percent),
            None,
        );
    }

    /// Ends it well.
    pub fn done(self) {
        self.finish(None);
    }

    /// Ends it well with a word about the outcome.
    pub fn done_with(self, detail: impl Into<String>) {
        self.finish(Some(detail.into()));
    }

    fn finish(mut self, detail: Option<String>) {
        self.ended = true;
        self.send(StepState::Done, detail, None, Some(self.began.elapsed()));
    }

    fn send(
        &self,
        state: StepState,
        detail: Option<String>,
        percent: Option<u8>,
        took: Option<Duration>,
    ) {
        self.steps.send(Step {
            phase: self.phase.clone(),
            node: self.node.clone(),
            state,
            detail,
            percent,
            at_ms: millis(self.steps.began.elapsed()),
            took_ms: took.map(millis),
        });
    }
}

impl Drop for RunningStep {
    fn drop(&mut self) {
        if !self.ended {
            self.send(StepState::Failed, None, None, Some(self.began.elapsed()));
        }
    }
}

/// Whole percent; 100 is for the end alone.
pub(crate) fn percent(done: u64, all: u64) -> u8 {
    let percent = u128::from(done) * 100 / u128::from(all.max(1));
    u8::try_from(percent.min(99)).unwrap_or(99)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn a_dropped_step_has_failed() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let steps = Steps::new(move |step| sink.lock().expect("not poisoned").push(step.state));
        steps.begin("boot", Some("a")).done();
        drop(steps.begin("join", None));
        assert_eq!(
            *seen.lock().expect("not poisoned"),
            [
                StepState::Started,
                StepState::Done,
                StepState::Started,
                StepState::Failed
            ]
        );
    }

    #[test]
    fn percent_never_says_the_end_before_it_came() {
        assert_eq!((percent(0, 0), percent(0, 7), percent(3, 7)), (0, 0, 42));
        assert_eq!((percent(7, 7), percent(9, 7)), (99, 99));
        assert_eq!(percent(u64::MAX, u64::MAX), 99);
    }
}
