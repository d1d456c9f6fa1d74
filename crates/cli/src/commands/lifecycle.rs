//! `start`, `stop` and `restart cluster`

use engine::{Operation, Result};
use serde::Serialize;

use crate::args::{LifecycleArgs, StopArgs};
use crate::session::Session;

#[derive(Serialize)]
struct Changed<'a> {
    name: &'a str,
    state: &'static str,
}

pub(super) async fn start(args: &LifecycleArgs, session: &Session) -> Result<()> {
    let (engine, wait) = (
        session.engine()?,
        Some(args.wait).filter(|wait| !wait.is_zero()),
    );
    let name = args.name.resolve()?;
    change(&name, "Starting", "running", session, async |op| {
        engine.start(&name, wait, op).await
    })
    .await
}

pub(super) async fn stop(args: &StopArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let name = args.name.resolve()?;
    change(&name, "Stopping", "stopped", session, async |op| {
        engine.stop(&name, op).await
    })
    .await
}

pub(super) async fn restart(args: &LifecycleArgs, session: &Session) -> Result<()> {
    let (engine, wait) = (
        session.engine()?,
        Some(args.wait).filter(|wait| !wait.is_zero()),
    );
    let name = args.name.resolve()?;
    let work = async |op: &Operation| engine.restart(&name, wait, op).await;
    change(&name, "Restarting", "running", session, work).await
}

async fn change(
    name: &str,
    doing: &str,
    state: &'static str,
    session: &Session,
    work: impl AsyncFnOnce(&Operation) -> Result<()>,
) -> Result<()> {
    session
        .operate(&format!("{doing} cluster \"{name}\""), name, work)
        .await?;
    session.console.result(&Changed { name, state }, |_| {
        let is = if state == "running" {
            "runs"
        } else {
            "is stopped"
        };
        format!("Cluster \"{name}\" {is}\n")
    })
}
