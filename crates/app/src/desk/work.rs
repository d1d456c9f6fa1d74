//! Operations: each is a task with a number, a log and a way to be cancelled. Those on one cluster
//! come one after the other, in the order in which they were asked for.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::Arc;

use engine::{Engine, Error, ErrorCode, Result, Step, StepState, Steps};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Desk, Event, Map, locked};
use crate::clock;
use crate::logs::LogLine;
use crate::snapshot::{OperationKind, OperationState};
use crate::world::{Ending, Fact, operation};

/// Lines of an operation that are kept.
const MOST_LINES: usize = 10_000;

/// All operations of this run of the app.
#[derive(Debug, Default)]
pub(super) struct Work {
    running: Map<u64, CancellationToken>,
    logs: Map<u64, watch::Sender<Lines>>,
    /// Whose turn it is, by cluster; the runtime's own work has the empty name.
    lanes: Map<String, Arc<tokio::sync::Mutex<()>>>,
    /// Told whenever an operation ended.
    ended: watch::Sender<u64>,
}

/// The last lines of an operation's log.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// How many came before those that are kept.
    gone: usize,
    kept: VecDeque<LogLine>,
}

impl Lines {
    /// The last lines say how it ended: the first give way.
    fn push(&mut self, line: LogLine) {
        if self.kept.len() == MOST_LINES {
            self.kept.pop_front();
            self.gone += 1;
        }
        self.kept.push_back(line);
    }

    /// What came after the first `seen` lines, and how many there were in all.
    pub(super) fn since(&self, seen: usize) -> (Vec<LogLine>, usize) {
        let new = self.kept.iter().skip(seen.saturating_sub(self.gone));
        (new.cloned().collect(), self.gone + self.kept.len())
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) kind: OperationKind,
    pub(super) cluster: Option<String>,
    pub(super) subject: Option<String>,
    /// Whether it can be stopped half way and leave things in order.
    pub(super) cancellable: bool,
    /// Whether it only looks, and so waits for no other work on the cluster.
    pub(super) beside: bool,
}

impl Order {
    pub(super) fn on(kind: OperationKind, cluster: &str) -> Self {
        Self {
            kind,
            cluster: Some(cluster.to_owned()),
            subject: None,
            cancellable: true,
            beside: false,
        }
    }

    /// On the runtime, and not on a cluster.
    pub(super) fn on_runtime(kind: OperationKind, what: &str) -> Self {
        Self {
            kind,
            cluster: None,
            subject: Some(what.to_owned()),
            cancellable: true,
            beside: false,
        }
    }

    pub(super) fn subject(self, subject: impl Into<String>) -> Self {
        Self {
            subject: Some(subject.into()),
            ..self
        }
    }
}

impl Desk {
    /// Begins an operation and gives its number at once. `work` answers with a word about the
    /// outcome. It gets the engine of now, whatever the settings say when its turn comes.
    pub(super) fn begin<F>(
        self: &Arc<Self>,
        order: Order,
        work: impl FnOnce(Arc<Self>, Engine, engine::Operation) -> F + Send + 'static,
    ) -> u64
    where
        F: Future<Output = Result<Option<String>>> + Send + 'static,
    {
        let id = self.store.number();
        let engine = self.engine();
        let cancel = CancellationToken::new();
        locked(&self.work.running).insert(id, cancel.clone());
        locked(&self.work.logs).insert(id, watch::channel(Lines::default()).0);
        let lane = if order.beside {
            Arc::default()
        } else {
            let lane = order.cluster.clone().unwrap_or_default();
            Arc::clone(locked(&self.work.lanes).entry(lane).or_default())
        };
        let waits = lane.try_lock().is_err();
        let mut began = operation(id, order.kind, order.cluster, order.subject, clock::now());
        began.cancellable = order.cancellable;
        if waits {
            began.state = OperationState::Waiting;
        }
        self.store.tell(Fact::Began(began));
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            let ending = tokio::select! {
                biased;
                () = cancel.cancelled() => Err(Error::cancelled()),
                turn = lane.lock_owned() => {
                    desk.store.tell(Fact::Running(id));
                    let op = desk.operation(id, &cancel);
                    let outcome = match engine {
                        // A task of its own: a defect ends this operation and not the app.
                        Ok(engine) => tokio::spawn(work(Arc::clone(&desk), engine, op))
                            .await
                            .unwrap_or_else(|error| Err(defect(&error))),
                        Err(error) => Err(error),
                    };
                    drop(turn);
                    outcome
                }
            };
            desk.ended(id, ending);
        });
        id
    }

    /// What accompanies an operation in the engine.
    fn operation(self: &Arc<Self>, id: u64, cancel: &CancellationToken) -> engine::Operation {
        let desk = Arc::downgrade(self);
        engine::Operation {
            steps: Steps::new(move |step| {
                if let Some(desk) = desk.upgrade() {
                    desk.note(id, line(&step));
                    desk.store.tell(Fact::Step(id, step));
                }
            }),
            cancel: cancel.clone(),
        }
    }

    fn ended(self: &Arc<Self>, id: u64, outcome: Result<Option<String>>) {
        let ending = match outcome {
            Ok(outcome) => Ending::Done(outcome),
            Err(error) if error.code == ErrorCode::Cancelled => Ending::Cancelled,
            Err(error) => {
                tracing::warn!(id, code = %error.code, %error, detail = error.detail, "failed");
                self.note(id, format!("Failed: {}", error.message));
                for more in error.hint.iter().chain(&error.detail) {
                    self.note(id, more.clone());
                }
                Ending::Failed(error.into())
            }
        };
        locked(&self.work.running).remove(&id);
        self.store.tell(Fact::Ended(id, ending));
        let snapshot = self.snapshot();
        // Of those that are not shown any more, nobody asks for the log.
        let shown = |id: &u64| snapshot.operations.iter().any(|one| one.id == *id);
        let running: Vec<u64> = locked(&self.work.running).keys().copied().collect();
        locked(&self.work.logs).retain(|id, _| shown(id) || running.contains(id));
        if let Some(ended) = snapshot.operations.iter().find(|one| one.id == id) {
            self.send(Event::Ended(Arc::new(ended.clone())));
        }
        self.look.notify_one();
        self.look_at_contexts.notify_one();
        self.work.ended.send_modify(|count| *count += 1);
    }

    /// Adds a line to an operation's log.
    pub(super) fn note(&self, id: u64, text: String) {
        if let Some(log) = locked(&self.work.logs).get(&id) {
            log.send_modify(|lines| {
                lines.push(LogLine {
                    at: Some(clock::now()),
                    text,
                });
            });
        }
    }

    /// Cancels an operation; it cleans up what it began.
    pub fn operation_cancel(&self, id: u64) -> Result<()> {
        let snapshot = self.snapshot();
        let known = snapshot.operations.iter().find(|one| one.id == id);
        match known {
            Some(one) if one.state.is_over() || one.state == OperationState::Cancelling => Ok(()),
            Some(one) if one.cancellable => {
                if let Some(cancel) = locked(&self.work.running).get(&id) {
                    self.store.tell(Fact::Cancelling(id));
                    cancel.cancel();
                }
                Ok(())
            }
            Some(one) if one.elsewhere => Err(Error::new(
                ErrorCode::ClusterBusy,
                "another program does this, so it can't be cancelled here",
            )
            .hint("end it where it was begun")),
            Some(_) => Err(
                Error::new(ErrorCode::Usage, "this can't be cancelled half way")
                    .hint("wait for its end"),
            ),
            None => Err(unknown(id)),
        }
    }

    /// Takes an operation that ended off the list.
    pub fn operation_dismiss(&self, id: u64) {
        self.store.tell(Fact::Dismissed(id));
        let gone = self.snapshot().operations.iter().all(|one| one.id != id);
        if gone {
            locked(&self.work.logs).remove(&id);
            locked(&self.exported).remove(&id);
        }
    }

    /// The lines of an operation, as they come.
    pub(super) fn operation_lines(&self, id: u64) -> Result<watch::Receiver<Lines>> {
        let logs = locked(&self.work.logs);
        let log = logs.get(&id).ok_or_else(|| unknown(id))?;
        Ok(log.subscribe())
    }

    /// Whether an operation of this app works.
    pub fn is_busy(&self) -> bool {
        !locked(&self.work.running).is_empty()
    }

    /// Waits until no operation of this app works.
    pub async fn idle(&self) {
        let mut ended = self.work.ended.subscribe();
        while self.is_busy() {
            if ended.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until no operation works, to quit then. False when that was taken back meanwhile.
    pub async fn leave_when_idle(&self) -> bool {
        self.leave(true);
        let mut leaving = self.leaving.subscribe();
        tokio::select! {
            () = self.idle() => true,
            _ = leaving.wait_for(|leaving| !leaving) => false,
        }
    }

    /// The app stays when its operations have ended.
    pub fn stay(&self) {
        self.leave(false);
    }

    fn leave(&self, leaving: bool) {
        self.leaving.send_replace(leaving);
        self.store.tell(Fact::Leaving(leaving));
    }

    /// Cancels everything and waits until it was cleaned up.
    pub async fn wind_up(&self) {
        let running: HashMap<u64, CancellationToken> = locked(&self.work.running).clone();
        for (id, cancel) in running {
            self.store.tell(Fact::Cancelling(id));
            cancel.cancel();
        }
        self.idle().await;
    }
}

fn unknown(id: u64) -> Error {
    Error::new(ErrorCode::Usage, format!("there is no operation {id}"))
}

fn defect(error: &tokio::task::JoinError) -> Error {
    Error::new(ErrorCode::Internal, "a defect in the app ended this work")
        .detail(error.to_string())
        .hint("save a diagnostics bundle and report it")
}

/// A step as a line of the log.
fn line(step: &Step) -> String {
    let state = match step.state {
        StepState::Started => "…",
        StepState::Progress => "",
        StepState::Done => "done",
        StepState::Failed => "failed",
    };
    let mut parts: Vec<String> = Vec::new();
    parts.extend(step.node.clone());
    parts.push(step.phase.replace('-', " "));
    parts.extend((!state.is_empty()).then(|| state.to_owned()));
    parts.extend(step.detail.clone());
    if let Some(took) = step.took_ms {
        parts.push(crate::words::took(i64::try_from(took).unwrap_or(i64::MAX)));
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_goes_on_when_its_first_lines_have_given_way() {
        let mut lines = Lines::default();
        let mut push = |count: usize| {
            for n in 0..count {
                let text = n.to_string();
                lines.push(LogLine { at: None, text });
            }
        };
        push(MOST_LINES);
        push(3);
        let (all, seen) = lines.since(0);
        assert_eq!((all.len(), seen), (MOST_LINES, MOST_LINES + 3));
        lines.push(LogLine {
            at: None,
            text: "Failed".into(),
        });
        let (new, seen) = lines.since(seen);
        assert_eq!(new.len(), 1, "one who has seen all else gets what is new");
        assert_eq!((&*new[0].text, seen), ("Failed", MOST_LINES + 4));
        assert_eq!(lines.since(seen).0.len(), 0);
    }
}
