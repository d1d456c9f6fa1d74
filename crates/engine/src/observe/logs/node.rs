//! The journal of a node: kubelet, container runtime, kernel and services.

use container::{ExecSpec, Lines, Log};
use futures::StreamExt;
use futures::stream::{self, try_unfold};
use jiff::Timestamp;

use std::time::Duration;

use super::lines::{limited, with_seconds};
use super::{LogEvent, LogLine, LogRange, LogStream, clock};
use crate::Engine;
use crate::error::{Error, ErrorCode, Result};
use crate::inventory::{Inventory, NodeContainer};

/// Following ends when the caller ends it.
const WHILE: Duration = Duration::from_hours(24 * 365);

pub(super) async fn open(
    engine: &Engine,
    cluster: &str,
    node: &str,
    range: LogRange,
) -> Result<LogStream> {
    let inventory = Inventory::read(&engine.container).await?;
    let nodes = inventory.existing(cluster)?;
    let found = nodes.iter().find(|one| one.name() == node).ok_or_else(|| {
        let names: Vec<&str> = nodes.iter().map(NodeContainer::name).collect();
        let message = format!("\"{cluster}\" has no node \"{node}\"");
        Error::new(ErrorCode::Usage, message).hint(format!("there are: {}", names.join(", ")))
    })?;
    if !found.info.is_running() {
        return stopped(engine, node, range).await;
    }
    let tail = range
        .tail
        .map_or_else(|| "all".into(), |tail| tail.to_string());
    let mut args = vec![
        "--quiet".to_owned(),
        "--no-pager".to_owned(),
        "--no-hostname".to_owned(),
        "--output=short-unix".to_owned(),
        format!("--lines={tail}"),
    ];
    if range.follow {
        args.push("--follow".to_owned());
    }
    let container = engine.container.with_limit(WHILE);
    let lines = container.exec_streaming(node, &ExecSpec::new("journalctl", args))?;
    let reading = Reading {
        lines: Some(lines),
        engine: engine.clone(),
        node: node.to_owned(),
        follow: range.follow,
    };
    Ok(try_unfold(reading, Reading::next).boxed())
}

/// A node that does not run can't be asked for its journal; what its first process wrote to the
/// console is kept by the runtime.
async fn stopped(engine: &Engine, node: &str, range: LogRange) -> Result<LogStream> {
    let text = engine
        .container
        .logs(node, Log::Process, range.tail)
        .await?;
    let lines: Vec<Result<LogEvent>> = text
        .lines()
        .map(|line| LogLine {
            at: None,
            text: limited(line.to_owned()),
        })
        .map(|line| Ok(LogEvent::Line(line)))
        .collect();
    let ended = "The node is stopped; this is what its console showed.".to_owned();
    let end = stream::iter([Ok(LogEvent::Ended(ended))]);
    Ok(stream::iter(lines).chain(end).boxed())
}

struct Reading {
    /// None after the end.
    lines: Option<Lines>,
    engine: Engine,
    node: String,
    follow: bool,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(LogEvent, Self)>> {
        let Some(lines) = &mut self.lines else {
            return Ok(None);
        };
        if let Some(line) = lines.next_line().await? {
            return Ok(Some((LogEvent::Line(with_seconds(&line)), self)));
        }
        let exit = match self.lines.take() {
            Some(lines) => lines.wait().await,
            None => return Ok(None),
        };
        if !self.follow && exit.as_ref().is_ok_and(container::Exit::success) {
            return Ok(None);
        }
        let runs = self.engine.container.inspect_one(&self.node).await;
        if runs.is_ok_and(|info| info.is_running()) {
            let said = exit.map(|exit| exit.stderr).unwrap_or_default();
            let lost = format!("the connection to the journal of {} was lost", self.node);
            return Err(Error::new(ErrorCode::NodeFailed, lost).detail(said));
        }
        let ended = format!("Node stopped at {}.", clock(Timestamp::now()));
        Ok(Some((LogEvent::Ended(ended), self)))
    }
}
