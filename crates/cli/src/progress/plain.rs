//! Progress where nothing can be painted over: a line when a step ends, and now and then one
//! about a step that takes its time.

use std::time::Duration;

use engine::{Step, StepState};

use super::board::{one_line, short_name};
use crate::duration::{precise, whole};
use crate::phase;
use crate::style::{Style, Tone};

/// A step that runs this long is mentioned; again after twice the time, and so on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes progress as lines that stay.
#[derive(Debug)]
pub(crate) struct Plain {
    cluster: String,
    style: Style,
    running: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    phase: String,
    node: Option<String>,
    detail: Option<String>,
    began: Duration,
    mention: Duration,
}

impl Plain {
    /// Progress of an operation on a cluster, whose name is left out of its nodes' names.
    pub(crate) fn new(cluster: &str, style: Style) -> Self {
        Self {
            cluster: cluster.to_owned(),
            style,
            running: Vec::new(),
        }
    }

    /// Takes a step in; the line to write, if any.
    pub(crate) fn apply(&mut self, step: &Step) -> Option<String> {
        let at = Duration::from_millis(step.at_ms);
        let known = self
            .running
            .iter()
            .position(|running| running.phase == step.phase && running.node == step.node);
        let detail = step.detail.as_deref().map(one_line);
        match step.state {
            StepState::Started => {
                self.running.push(Running {
                    phase: step.phase.clone(),
                    node: step.node.clone(),
                    detail,
                    began: at,
                    mention: at + PATIENCE,
                });
                None
            }
            StepState::Progress => {
                if let Some(known) = known {
                    self.running[known].detail = detail;
                }
                None
            }
            StepState::Done | StepState::Failed => {
                if let Some(known) = known {
                    self.running.remove(known);
                }
                Some(self.ended(step, at, detail))
            }
        }
    }

    /// Lines about what has been running for long.
    pub(crate) fn tick(&mut self, elapsed: Duration) -> Vec<String> {
        let mut lines = Vec::new();
        for running in self
            .running
            .iter_mut()
            .filter(|running| running.mention <= elapsed)
        {
            let so_far = elapsed.saturating_sub(running.began);
            running.mention = elapsed + so_far;
            let what = phase::running(&running.phase);
            let detail = match &running.detail {
                Some(detail) => format!(": {detail}"),
                None => String::new(),
            };
            let text = subject(&self.cluster, running.node.as_deref(), &what);
            let text = format!("{text}{detail} … {}", whole(so_far));
            lines.push(
                self.style
                    .paint(Tone::Faint, &format!("{:>7}    {text}", precise(elapsed))),
            );
        }
        lines
    }

    fn ended(&self, step: &Step, at: Duration, detail: Option<String>) -> String {
        let failed = step.state == StepState::Failed;
        let (mark, tone, what) = if failed {
            (
                "✗",
                Tone::Bad,
                format!("{} failed", phase::running(&step.phase)),
            )
        } else {
            ("✓", Tone::Good, phase::done(&step.phase))
        };
        let mut text = subject(&self.cluster, step.node.as_deref(), &what);
        if let Some(detail) = detail.filter(|detail| !detail.is_empty()) {
            text = format!("{text}: {detail}");
        }
        let took = step.took_ms.map(Duration::from_millis).map(precise);
        let took = took.map(|took| format!(" ({took})")).unwrap_or_default();
        format!(
            "{}  {} {text}{}",
            self.style
                .paint(Tone::Faint, &format!("{:>7}", precise(at))),
            self.style.paint(tone, mark),
            self.style.paint(Tone::Faint, &took),
        )
    }
}

fn subject(cluster: &str, node: Option<&str>, what: &str) -> String {
    match node {
        Some(node) => format!("{} {what}", short_name(cluster, node)),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(phase: &str, node: Option<&str>, state: StepState, at_ms: u64) -> Step {
        Step {
            phase: phase.into(),
            node: node.map(str::to_owned),
            state,
            detail: None,
            percent: None,
            at_ms,
            took_ms: (state == StepState::Done).then_some(1500),
        }
    }

    #[test]
    fn a_line_when_a_step_ends() {
        let mut plain = Plain::new("demo", Style::PLAIN);
        let node = Some("demo-worker");
        assert_eq!(
            plain.apply(&step("boot", node, StepState::Started, 500)),
            None
        );
        assert_eq!(
            plain
                .apply(&step("boot", node, StepState::Done, 2000))
                .as_deref(),
            Some("   2.0s  ✓ worker booted (1.5s)")
        );
        let mut failed = step("join", node, StepState::Failed, 3000);
        failed.detail = Some("kubeadm:\n\x1b[31mno\x1b[0m".into());
        assert_eq!(
            plain.apply(&failed).as_deref(),
            Some("   3.0s  ✗ worker joining failed: kubeadm: no")
        );
    }

    #[test]
    fn what_takes_long_is_mentioned_ever_more_rarely() {
        let mut plain = Plain::new("demo", Style::PLAIN);
        plain.apply(&step("build", None, StepState::Started, 0));
        let mut progress = step("build", None, StepState::Progress, 1);
        progress.detail = Some("kubelet".into());
        plain.apply(&progress);
        let mentions: Vec<u64> = (0..100)
            .filter(|second| !plain.tick(Duration::from_secs(*second)).is_empty())
            .collect();
        assert_eq!(mentions, [10, 20, 40, 80]);
        assert_eq!(
            plain.tick(Duration::from_secs(170)),
            ["  2m50s    build: kubelet … 2m50s"]
        );
        plain.apply(&step("build", None, StepState::Done, 171_000));
        assert!(plain.tick(Duration::from_secs(9999)).is_empty());
    }
}
