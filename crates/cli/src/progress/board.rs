//! What a terminal shows of an operation: steps go in, lines come out. Knows no clock and no
//! terminal.

use std::time::Duration;

use engine::{Step, StepState};

use crate::phase;
use crate::style::{Style, Tone, harmless};

/// The picture of an operation: a line a node, a line a step of the cluster.
#[derive(Debug, Default)]
pub(crate) struct Board {
    cluster: String,
    lines: Vec<Line>,
    cancelled: bool,
    ended: bool,
}

/// How much room there is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Columns of the terminal.
    pub(crate) columns: usize,
    /// Rows of the terminal.
    pub(crate) rows: usize,
}

/// The moment that a frame shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Since the operation began.
    pub(crate) elapsed: Duration,
    /// Counts frames, for the spinner.
    pub(crate) frame: usize,
}

/// Lines are no wider than this, so that times stay near what they belong to.
const WIDEST: usize = 80;
/// A terminal narrower than this gets its lines cut.
const NARROWEST: usize = 30;
/// Room for a time, such as `12m34s`.
const TIME: usize = 6;
/// Phases that begin once the work itself was given up.
const AFTERMATH: [&str; 2] = ["collect-logs", "clean-up"];
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

#[derive(Debug)]
struct Line {
    node: Option<String>,
    /// Phases that run, in the order in which they began.
    running: Vec<Activity>,
    /// The phase that ended last.
    last: Option<Activity>,
    outcome: Outcome,
    began: u64,
    ended: u64,
}

/// How a line ended, as far as it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Fine,
    Failed,
    /// Ended early because of something else.
    Dropped,
}

#[derive(Debug, Clone)]
struct Activity {
    phase: String,
    detail: Option<String>,
}

impl Board {
    /// A board for an operation on a cluster, whose name is left out of its nodes' names.
    pub(crate) fn new(cluster: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            ..Self::default()
        }
    }

    /// Takes a step in.
    pub(crate) fn apply(&mut self, step: &Step) {
        if step.state == StepState::Started && AFTERMATH.contains(&step.phase.as_str()) {
            self.drop_running(Outcome::Dropped, Some(step.at_ms));
        }
        let cancelled = self.cancelled;
        let line = self.line(step);
        let known = line
            .running
            .iter()
            .position(|running| running.phase == step.phase);
        let detail = step.detail.as_deref().map(one_line);
        match (step.state, known) {
            (StepState::Started | StepState::Progress, Some(at)) => {
                line.running[at].detail = detail;
            }
            (StepState::Started, None) => {
                line.running.push(Activity {
                    phase: step.phase.clone(),
                    detail,
                });
            }
            (StepState::Progress, None) => (),
            (StepState::Done | StepState::Failed, at) => {
                if let Some(at) = at {
                    line.running.remove(at);
                }
                line.ended = step.at_ms;
                // The first failure is the reason; what ends after it is a consequence.
                if line.outcome == Outcome::Fine {
                    line.last = Some(Activity {
                        phase: step.phase.clone(),
                        detail,
                    });
                    line.outcome = match step.state {
                        StepState::Failed if cancelled => Outcome::Dropped,
                        StepState::Failed => Outcome::Failed,
                        _ => Outcome::Fine,
                    };
                }
            }
        }
    }

    /// Ends what still runs: nobody will say any more how it went.
    fn drop_running(&mut self, outcome: Outcome, at: Option<u64>) {
        for line in self
            .lines
            .iter_mut()
            .filter(|line| !line.running.is_empty())
        {
            let first = line.running.remove(0);
            line.running.clear();
            if line.outcome == Outcome::Fine {
                line.last = Some(first);
                line.outcome = outcome;
            }
            line.ended = line.ended.max(at.unwrap_or(line.ended));
        }
    }

    /// The user cancelled: what fails from now on is no failure.
    pub(crate) fn cancel(&mut self) {
        self.cancelled = true;
    }

    /// Nothing more comes.
    pub(crate) fn end(&mut self) {
        let explained = self.cancelled
            || self
                .lines
                .iter()
                .any(|line| line.outcome == Outcome::Failed);
        let outcome = if explained {
            Outcome::Dropped
        } else {
            Outcome::Failed
        };
        let last = self.lines.iter().map(|line| line.ended).max();
        self.drop_running(outcome, last);
        self.ended = true;
    }

    /// The line of a step: the node's, or the one of the cluster's running phase.
    fn line(&mut self, step: &Step) -> &mut Line {
        let found = self
            .lines
            .iter()
            .position(|line| match (&line.node, &step.node) {
                (Some(own), Some(node)) => own == node,
                (None, None) => line
                    .running
                    .iter()
                    .any(|running| running.phase == step.phase),
                _ => false,
            });
        let at = found.unwrap_or_else(|| {
            self.lines.push(Line {
                node: step.node.clone(),
                running: Vec::new(),
                last: None,
                outcome: Outcome::Fine,
                began: step.at_ms,
                ended: step.at_ms,
            });
            self.lines.len() - 1
        });
        &mut self.lines[at]
    }

    /// The picture of a moment, one string a row, none wider than the room.
    pub(crate) fn frame(&self, moment: Moment, room: Room, style: Style) -> Vec<String> {
        // The last column stays free: some terminals break the line on filling it.
        let width = room.columns.saturating_sub(1).clamp(NARROWEST, WIDEST);
        let rows: Vec<Row> = self
            .lines
            .iter()
            .map(|line| self.row(line, moment))
            .collect();
        let label = rows
            .iter()
            .map(|row| row.label.chars().count())
            .max()
            .unwrap_or(0);
        let label = label.min(width * 2 / 5);
        let note = self.note();
        let height = room
            .rows
            .saturating_sub(1 + usize::from(note.is_some()))
            .max(1);
        let (shown, hidden) = if self.ended {
            (rows, 0)
        } else {
            fitting(rows, height)
        };
        let mut frame: Vec<String> = shown
            .iter()
            .map(|row| row.render(width, label, style))
            .collect();
        if hidden > 0 {
            frame.insert(
                0,
                style.paint(Tone::Faint, &format!("   … {hidden} more done")),
            );
        }
        frame.extend(note.map(|note| style.paint(Tone::Doubtful, &clip(note, width))));
        frame
    }

    fn note(&self) -> Option<&'static str> {
        (self.cancelled && !self.ended)
            .then_some("   Cancelling and cleaning up; Ctrl-C again quits at once")
    }

    fn row(&self, line: &Line, moment: Moment) -> Row {
        let running = !line.running.is_empty();
        let now = u64::try_from(moment.elapsed.as_millis()).unwrap_or(u64::MAX);
        let (mark, tone, time) = if running {
            let spent = Duration::from_millis(now.saturating_sub(line.began));
            (
                SPINNER[moment.frame % SPINNER.len()],
                Tone::Active,
                crate::duration::whole(spent),
            )
        } else {
            let spent = Duration::from_millis(line.ended.saturating_sub(line.began));
            let time = crate::duration::precise(spent);
            match line.outcome {
                Outcome::Fine => ("✓", Tone::Good, time),
                Outcome::Failed => ("✗", Tone::Bad, time),
                Outcome::Dropped => ("–", Tone::Faint, time),
            }
        };
        let label = match &line.node {
            Some(node) => self.short(node).to_owned(),
            None => phase::sentence(&line.title()),
        };
        Row {
            mark,
            tone,
            label,
            text: line.text(running),
            time,
            running,
        }
    }

    fn short<'a>(&self, node: &'a str) -> &'a str {
        short_name(&self.cluster, node)
    }
}

/// A node's name without its cluster's.
pub(crate) fn short_name<'a>(cluster: &str, node: &'a str) -> &'a str {
    let rest = node
        .strip_prefix(cluster)
        .and_then(|rest| rest.strip_prefix('-'));
    rest.filter(|rest| !rest.is_empty() && !cluster.is_empty())
        .unwrap_or(node)
}

impl Line {
    /// Name of a step of the cluster: the same words from begin to end, so that nothing jumps.
    fn title(&self) -> String {
        let activity = self.running.first().or(self.last.as_ref());
        activity
            .map(|activity| phase::running(&activity.phase))
            .unwrap_or_default()
    }

    fn text(&self, running: bool) -> String {
        let detail_of = |activity: &Activity| activity.detail.clone().unwrap_or_default();
        if self.node.is_none() {
            let activity = if running {
                self.running.first()
            } else {
                self.last.as_ref()
            };
            return activity.map(detail_of).unwrap_or_default();
        }
        let said = |name: String, activity: &Activity| match &activity.detail {
            Some(detail) => format!("{name}: {detail}"),
            None => name,
        };
        if running {
            let phases = self
                .running
                .iter()
                .map(|one| said(phase::running(&one.phase), one));
            return phases.collect::<Vec<_>>().join(", ");
        }
        let Some(last) = &self.last else {
            return String::new();
        };
        let name = match self.outcome {
            Outcome::Fine => phase::done(&last.phase),
            _ => phase::running(&last.phase),
        };
        said(name, last)
    }
}

/// A line, laid out but for its widths.
struct Row {
    mark: &'static str,
    tone: Tone,
    label: String,
    text: String,
    time: String,
    running: bool,
}

impl Row {
    /// ` ✓ label  text  time`, the time at the right end.
    fn render(&self, width: usize, label_width: usize, style: Style) -> String {
        let label = clip_start(&self.label, label_width);
        let room = width.saturating_sub(3 + label_width + 2 + 2 + TIME);
        let text = clip(&self.text, room);
        let text_tone = match (self.tone, self.running) {
            (Tone::Bad, _) | (_, true) => Tone::Plain,
            _ => Tone::Faint,
        };
        format!(
            " {} {}{}  {}{}  {}",
            style.paint(self.tone, self.mark),
            label,
            pad(&label, label_width),
            style.paint(text_tone, &text),
            pad(&text, room),
            style.paint(Tone::Faint, &format!("{:>TIME$}", self.time)),
        )
    }
}

/// The rows that fit: settled ones go first, from the top.
fn fitting(rows: Vec<Row>, height: usize) -> (Vec<Row>, usize) {
    if rows.len() <= height {
        return (rows, 0);
    }
    // One row says how many are left out.
    let excess = rows.len() + 1 - height;
    let mut hidden = 0;
    let mut shown: Vec<Row> = rows
        .into_iter()
        .filter(|row| {
            let drop = !row.running && hidden < excess;
            hidden += usize::from(drop);
            !drop
        })
        .collect();
    let room = height.saturating_sub(usize::from(hidden > 0)).max(1);
    shown.truncate(room);
    (shown, hidden)
}

fn pad(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.chars().count()))
}

/// At most `width` characters, the end left out.
fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    if width > 0 {
        short.push('…');
    }
    short
}

/// At most `width` characters, the beginning left out: names of nodes differ at their ends.
fn clip_start(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let tail: String = text.chars().skip(length + 1 - width.max(1)).collect();
    format!("…{tail}")
}

/// A detail as one line.
pub(crate) fn one_line(text: &str) -> String {
    harmless(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests;
