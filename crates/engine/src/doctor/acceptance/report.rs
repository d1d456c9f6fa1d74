//! What an acceptance found, in a form that a person can send to others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Operation;
use crate::error::{Error, Result};

/// All checks in their order: what stays the same between releases, and a title. Their numbers are
/// those of `tests/MAC.md`.
const CHECKS: [(&str, &str); 10] = [
    ("machine", "This Mac"),
    ("container", "Apple's container"),
    ("boot", "A node boots"),
    ("cluster", "A cluster of two nodes"),
    ("network", "Between the nodes"),
    ("access", "Kubeconfig and port"),
    ("restart", "Stop and start"),
    ("delete", "Delete"),
    ("signature", "Signatures"),
    ("app", "The app"),
];

/// What an acceptance of a machine found. No secrets are in it, and no path of the user's home.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Acceptance {
    /// The system and the machine.
    pub machine: String,
    /// All ten checks, in order.
    pub checks: Vec<AcceptanceCheck>,
    /// Milliseconds that all took.
    pub took_ms: u64,
}

/// One check of an acceptance.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptanceCheck {
    /// Its number, from 1.
    pub number: usize,
    /// Stays the same between releases: `machine`, `container`, `boot`, `cluster`, `network`,
    /// `access`, `restart`, `delete`, `signature`, `app`.
    pub id: &'static str,
    /// What is checked, in a few words.
    pub title: &'static str,
    /// How it ended.
    pub state: AcceptanceState,
    /// What was found, or why it was skipped; empty when it failed.
    pub detail: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// Figures by a name with their unit, such as `bootSeconds`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<&'static str, f64>,
    /// Milliseconds that it took.
    pub took_ms: u64,
}

/// How a check of an acceptance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AcceptanceState {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed,
    /// Not tried.
    Skipped,
}

/// What a check found that did not fail.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    state: AcceptanceState,
    detail: String,
    measured: BTreeMap<&'static str, f64>,
}

impl Finding {
    pub(super) fn passed(detail: impl Into<String>) -> Self {
        Self {
            state: AcceptanceState::Passed,
            detail: detail.into(),
            measured: BTreeMap::new(),
        }
    }

    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self {
            state: AcceptanceState::Skipped,
            ..Self::passed(why)
        }
    }

    /// Adds a figure, with no more digits than anybody reads.
    pub(super) fn measured(mut self, name: &'static str, value: f64) -> Self {
        self.measured.insert(name, (value * 100.0).round() / 100.0);
        self
    }
}

/// An acceptance under way.
#[derive(Debug)]
pub(super) struct Run<'o> {
    pub(super) op: &'o Operation,
    checks: Vec<AcceptanceCheck>,
    began: Instant,
}

impl<'o> Run<'o> {
    pub(super) fn new(op: &'o Operation) -> Self {
        Self {
            op,
            checks: Vec::new(),
            began: Instant::now(),
        }
    }

    /// Makes the check that is next. Says whether it passed; fails only when the whole is
    /// cancelled.
    pub(super) async fn check(
        &mut self,
        id: &'static str,
        work: impl Future<Output = Result<Finding>>,
    ) -> Result<bool> {
        let step = self.op.steps.begin(&format!("check-{id}"), None);
        let began = Instant::now();
        let outcome = Box::pin(work).await;
        if self.op.cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        if outcome.is_ok() {
            step.done();
        }
        Ok(self.note(id, outcome, began.elapsed()))
    }

    /// As [`Run::check`], when the check that it `needs` passed.
    pub(super) async fn check_after(
        &mut self,
        needs: &str,
        id: &'static str,
        work: impl Future<Output = Result<Finding>>,
    ) -> Result<bool> {
        if self.passed(needs) {
            return self.check(id, work).await;
        }
        let needed = 1 + place(needs);
        Ok(self.skip(id, format!("not tried: check {needed} comes first")))
    }

    /// Leaves a check out.
    pub(super) fn skip(&mut self, id: &'static str, why: impl Into<String>) -> bool {
        self.note(id, Ok(Finding::skipped(why)), Duration::ZERO)
    }

    pub(super) fn passed(&self, id: &str) -> bool {
        let mut checks = self.checks.iter();
        checks.any(|check| check.id == id && check.state == AcceptanceState::Passed)
    }

    fn note(&mut self, id: &'static str, outcome: Result<Finding>, took: Duration) -> bool {
        let at = place(id);
        debug_assert_eq!(at, self.checks.len(), "{id} is not the next check");
        let (finding, error) = match outcome {
            Ok(finding) => (finding, None),
            Err(error) => {
                let failed = Finding {
                    state: AcceptanceState::Failed,
                    ..Finding::passed("")
                };
                (failed, Some(error))
            }
        };
        self.checks.push(AcceptanceCheck {
            number: at + 1,
            id,
            title: CHECKS[at].1,
            state: finding.state,
            detail: finding.detail,
            error,
            measured: finding.measured,
            took_ms: millis(took),
        });
        finding.state == AcceptanceState::Passed
    }

    /// The report, in which `home` stands nowhere.
    pub(super) fn end(self, machine: String, home: Option<&Path>) -> Acceptance {
        let hide = |text: &str| without_home(text, home);
        let checks = self.checks.into_iter().map(|check| AcceptanceCheck {
            detail: hide(&check.detail),
            error: check.error.map(|error| Error {
                message: hide(&error.message),
                hint: error.hint.as_deref().map(hide),
                detail: error.detail.as_deref().map(hide),
                logs: error
                    .logs
                    .map(|path| PathBuf::from(hide(&path.display().to_string()))),
                ..error
            }),
            ..check
        });
        Acceptance {
            machine,
            checks: checks.collect(),
            took_ms: millis(self.began.elapsed()),
        }
    }
}

impl Acceptance {
    /// The first check that failed.
    pub fn failure(&self) -> Option<&AcceptanceCheck> {
        let mut checks = self.checks.iter();
        checks.find(|check| check.state == AcceptanceState::Failed)
    }
}

fn place(id: &str) -> usize {
    let found = CHECKS.iter().position(|(known, _)| *known == id);
    found.unwrap_or(CHECKS.len() - 1)
}

/// The text with `~` where the user's home folder stands: its name is nobody's business.
fn without_home(text: &str, home: Option<&Path>) -> String {
    match home.and_then(Path::to_str) {
        Some(home) if home.len() > 1 => text.replace(home, "~"),
        _ => text.to_owned(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[tokio::test]
    async fn what_needs_a_failed_check_is_not_tried_and_homes_are_hidden() {
        let op = Operation::silent();
        let mut run = Run::new(&op);
        let passed = run
            .check("machine", async {
                Ok(Finding::passed("/Users/ann/x").measured("cores", 2.0 / 3.0))
            })
            .await;
        assert!(passed.expect("not cancelled"));
        let broken = async {
            let error = Error::new(
                ErrorCode::RuntimeStopped,
                "/Users/ann/bin/container is down",
            );
            Err(error.logs(Some("/Users/ann/logs".into())))
        };
        assert!(!run.check("container", broken).await.expect("not cancelled"));
        let tried = async { Ok(Finding::passed("although check 2 failed")) };
        run.check_after("container", "boot", tried)
            .await
            .expect("not cancelled");
        let report = run.end("a Mac".into(), Some(Path::new("/Users/ann")));

        let text = serde_json::to_string(&report).expect("JSON");
        assert!(!text.contains("ann"), "{text}");
        assert!(text.contains(r#""logs":"~/logs""#), "{text}");
        assert_eq!(report.checks[0].measured["cores"].to_string(), "0.67");
        let failed = report.failure().expect("one failed");
        assert_eq!((failed.number, failed.id), (2, "container"));
        assert_eq!(report.checks[2].state, AcceptanceState::Skipped);
        assert_eq!(report.checks[2].detail, "not tried: check 2 comes first");
    }

    #[tokio::test]
    async fn a_cancelled_check_ends_the_whole() {
        let op = Operation::silent();
        let mut run = Run::new(&op);
        op.cancel.cancel();
        let passed = async { Ok(Finding::passed("")) };
        let error = run.check("machine", passed).await.expect_err("cancelled");
        assert_eq!(error.code, ErrorCode::Cancelled);
    }
}
