//! `start`, `stop` and `restart cluster`

use std::time::{Duration, Instant};

use engine::{Operation, Result};
use serde::Serialize;

use crate::args::{LifecycleArgs, StopArgs};
use crate::duration;
use crate::session::Session;

#[derive(Serialize)]
struct Changed<'a> {
    name: &'a str,
    state: &'static str,
}

pub(super) async fn start(args: &LifecycleArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let (name, wait) = (args.name.resolve()?, wait(args));
    let work = async |op: &Operation| engine.start(&name, wait, op).await;
    change(&name, "Starting", running(wait), session, work).await
}

pub(super) async fn stop(args: &StopArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let name = args.name.resolve()?;
    let work = async |op: &Operation| engine.stop(&name, op).await;
    change(&name, "Stopping", ("stopped", "stopped"), session, work).await
}

pub(super) async fn restart(args: &LifecycleArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let (name, wait) = (args.name.resolve()?, wait(args));
    let work = async |op: &Operation| engine.restart(&name, wait, op).await;
    change(&name, "Restarting", running(wait), session, work).await
}

fn wait(args: &LifecycleArgs) -> Option<Duration> {
    Some(args.wait).filter(|wait| !wait.is_zero())
}

/// The state after a start: for programs, and what a person may rely on.
const fn running(wait: Option<Duration>) -> (&'static str, &'static str) {
    ("running", if wait.is_some() { "ready" } else { "started" })
}

async fn change(
    name: &str,
    doing: &str,
    (state, outcome): (&'static str, &'static str),
    session: &Session,
    work: impl AsyncFnOnce(&Operation) -> Result<()>,
) -> Result<()> {
    let began = Instant::now();
    session
        .operate(&format!("{doing} cluster \"{name}\""), name, work)
        .await?;
    session.console.result(&Changed { name, state }, |_| {
        format!(
            "Cluster \"{name}\" is {outcome} after {}\n",
            duration::precise(began.elapsed())
        )
    })
}
