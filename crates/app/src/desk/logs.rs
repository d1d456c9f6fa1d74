//! Logs that windows read: lines in batches, as fast as a window takes them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use engine::{Error, ErrorCode, LogEvent, LogRange, Result};
use futures::StreamExt;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::{Desk, Map, locked};
use crate::logs::{LogBatch, LogLine, LogSource};

/// A window draws once a frame or less; lines that come within this time go together.
const TOGETHER: Duration = Duration::from_millis(50);
/// Lines of a batch at most.
const MOST: usize = 2_000;

/// Logs that are open.
#[derive(Debug, Default)]
pub(super) struct Logs {
    open: Map<u64, JoinHandle<()>>,
}

impl Desk {
    /// Opens a log: its last `tail` lines and all that come. `send` gets the batches and says
    /// whether anybody still reads them.
    pub async fn log_open(
        self: &Arc<Self>,
        source: LogSource,
        tail: u32,
        send: impl Fn(LogBatch) -> bool + Send + 'static,
    ) -> Result<u64> {
        let id = self.store.number();
        let task = match (engine_source(&source), source) {
            (Some(source), _) => self.follow_engine(id, &source, tail, send).await?,
            (None, LogSource::Operation { id: operation }) => {
                self.follow_operation(id, operation, send)?
            }
            (None, _) => return Err(Error::new(ErrorCode::Usage, "there is no such log")),
        };
        locked(&self.logs.open).insert(id, task);
        Ok(id)
    }

    async fn follow_engine(
        self: &Arc<Self>,
        id: u64,
        source: &engine::LogSource,
        tail: u32,
        send: impl Fn(LogBatch) -> bool + Send + 'static,
    ) -> Result<JoinHandle<()>> {
        let range = LogRange {
            tail: Some(tail),
            follow: true,
        };
        let mut stream = self.engine()?.logs(source, range).await?;
        let desk = Arc::downgrade(self);
        Ok(tokio::spawn(async move {
            while let Some((batch, last)) = next(&mut stream).await {
                if !send(batch) || last {
                    break;
                }
            }
            closed(&desk, id);
        }))
    }

    fn follow_operation(
        self: &Arc<Self>,
        id: u64,
        operation: u64,
        send: impl Fn(LogBatch) -> bool + Send + 'static,
    ) -> Result<JoinHandle<()>> {
        let mut lines = self.operation_lines(operation)?;
        let desk = Arc::downgrade(self);
        Ok(tokio::spawn(async move {
            let mut shown = 0;
            loop {
                // Asked first: what is written before the end is sent with it.
                let ended = over(&desk, operation);
                let (new, seen) = lines.borrow_and_update().since(shown);
                shown = seen;
                let last = ended.is_some();
                let worth = last || !new.is_empty();
                if worth && !send(batch(new, ended)) || last {
                    break;
                }
                tokio::select! {
                    changed = lines.changed() => if changed.is_err() { break },
                    () = ends(&desk, operation) => {}
                }
            }
            closed(&desk, id);
        }))
    }

    /// Closes a log. One that has ended is closed already.
    pub fn log_close(&self, id: u64) {
        if let Some(task) = locked(&self.logs.open).remove(&id) {
            task.abort();
        }
    }
}

fn closed(desk: &Weak<Desk>, id: u64) {
    if let Some(desk) = desk.upgrade() {
        locked(&desk.logs.open).remove(&id);
    }
}

/// How an operation ended, in words, when it has.
fn over(desk: &Weak<Desk>, id: u64) -> Option<String> {
    let Some(desk) = desk.upgrade() else {
        return Some("The app was quit.".into());
    };
    let snapshot = desk.snapshot();
    let Some(one) = snapshot.operations.iter().find(|one| one.id == id) else {
        return Some("Ended.".into());
    };
    one.state.is_over().then(|| {
        let failure = one.failure.as_ref().map(|failure| failure.message.clone());
        failure.or(one.outcome.clone()).unwrap_or("Ended.".into())
    })
}

async fn ends(desk: &Weak<Desk>, id: u64) {
    let snapshots = desk.upgrade().map(|desk| desk.snapshots());
    if let Some(mut snapshots) = snapshots {
        let is_over = |snapshot: &Arc<crate::snapshot::Snapshot>| {
            let known = snapshot.operations.iter().find(|one| one.id == id);
            known.is_none_or(|one| one.state.is_over())
        };
        // A desk that is gone ends it too.
        let _ = snapshots.wait_for(is_over).await;
    }
}

fn batch(lines: Vec<LogLine>, ended: Option<String>) -> LogBatch {
    LogBatch {
        lines,
        ended,
        lost: false,
    }
}

/// The next lines, and whether they are the last.
async fn next(stream: &mut engine::LogStream) -> Option<(LogBatch, bool)> {
    let mut lines = Vec::new();
    let mut event = stream.next().await?;
    let until = Instant::now() + TOGETHER;
    loop {
        match event {
            Ok(LogEvent::Line(line)) => lines.push(LogLine {
                at: line.at,
                text: line.text,
            }),
            Ok(LogEvent::Ended(how)) => return Some((batch(lines, Some(how)), true)),
            Err(error) => {
                let lost = LogBatch {
                    lost: true,
                    ..batch(lines, Some(error.message))
                };
                return Some((lost, true));
            }
        }
        if lines.len() >= MOST {
            return Some((batch(lines, None), false));
        }
        match timeout_at(until, stream.next()).await {
            Ok(Some(next)) => event = next,
            Ok(None) => return Some((batch(lines, Some("The log ended.".into())), true)),
            Err(_) => return Some((batch(lines, None), false)),
        }
    }
}

/// The engine's name of a log; none for an operation, whose log is ours.
fn engine_source(source: &LogSource) -> Option<engine::LogSource> {
    match source.clone() {
        LogSource::Pod {
            cluster,
            namespace,
            pod,
            container,
            previous,
        } => Some(engine::LogSource::Pod {
            cluster,
            namespace,
            pod,
            container,
            previous,
        }),
        LogSource::Node { cluster, node } => Some(engine::LogSource::Node { cluster, node }),
        LogSource::Operation { .. } => None,
    }
}
