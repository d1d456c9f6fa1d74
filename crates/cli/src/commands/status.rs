//! `status`

use engine::{ClusterStatus, ClusterSummary, Engine, NodeStatus, Result};
use futures::future::try_join_all;
use serde::Serialize;

use super::get::{running_cell, state_cell};
use crate::args::StatusArgs;
use crate::console::note;
use crate::session::Session;
use crate::style::{Style, Tone, harmless};
use crate::table::{Cell, Table};

#[derive(Serialize)]
struct Statuses<'a> {
    clusters: &'a [ClusterStatus],
}

pub(super) async fn show(args: &StatusArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let statuses = session.ask(read(&engine, args.name.given()?)).await?;
    let console = session.console;
    console.result(
        &Statuses {
            clusters: &statuses,
        },
        |style| {
            if statuses.is_empty() {
                note("No clusters; `apple-k8s create cluster` makes one.");
            }
            statuses
                .iter()
                .map(|status| text(status, style))
                .collect::<Vec<_>>()
                .join("\n")
        },
    )
}

async fn read(engine: &Engine, name: Option<String>) -> Result<Vec<ClusterStatus>> {
    if let Some(name) = name {
        return Ok(vec![engine.status(&name).await?]);
    }
    let clusters = engine.clusters().await?;
    try_join_all(clusters.into_iter().map(async |cluster| {
        if cluster.nodes == 0 {
            return Ok(without_nodes(cluster));
        }
        engine.status(&cluster.name).await
    }))
    .await
}

/// A cluster that is remembered, but whose nodes somebody removed.
fn without_nodes(summary: ClusterSummary) -> ClusterStatus {
    ClusterStatus {
        summary,
        members: Vec::new(),
        api_problem: None,
    }
}

fn text(status: &ClusterStatus, style: Style) -> String {
    let summary = &status.summary;
    let mut facts = Table::new(["Cluster", summary.name.as_str()]);
    facts.row([Cell::plain("State"), state_cell(summary.state)]);
    facts.row([Cell::plain("Context"), Cell::plain(&summary.context)]);
    if let Some(server) = &summary.server {
        facts.row([Cell::plain("API"), Cell::plain(server)]);
    }
    let mut text = facts.render(style);
    if let Some(problem) = &status.api_problem {
        let label = style.paint(Tone::Bad, "The API does not answer:");
        text.extend([&label, " ", &harmless(problem), "\n"]);
    }
    if status.members.is_empty() {
        text.push_str("It has no nodes any more; `apple-k8s delete cluster` clears it away.\n");
    } else {
        text.push('\n');
        text.push_str(&members(&status.members, style));
    }
    text
}

fn members(nodes: &[NodeStatus], style: Style) -> String {
    let mut table = Table::new([
        "NODE", "ROLE", "STATE", "READY", "VERSION", "NODE-IP", "CPUS", "MEMORY",
    ]);
    for node in nodes {
        table.row([
            Cell::plain(&node.name),
            Cell::plain(node.role.as_str()),
            running_cell(node.running),
            ready_cell(node),
            Cell::maybe(node.version.as_deref()),
            Cell::plain(&node.address),
            Cell::plain(node.cpus.to_string()),
            Cell::plain(memory(node.memory_bytes)),
        ]);
    }
    table.render(style)
}

fn ready_cell(node: &NodeStatus) -> Cell {
    match (node.ready, &node.reason) {
        (Some(true), _) => Cell::toned("yes", Tone::Good),
        (Some(false), Some(reason)) => Cell::toned(format!("no: {}", harmless(reason)), Tone::Bad),
        (Some(false), None) => Cell::toned("no", Tone::Bad),
        (None, _) => Cell::maybe(None::<String>),
    }
}

/// Bytes as Kubernetes writes memory: 4Gi, 1536Mi.
fn memory(bytes: u64) -> String {
    const MEBIBYTE: u64 = 1 << 20;
    match bytes / MEBIBYTE {
        mebibytes if mebibytes >= 1024 && mebibytes % 1024 == 0 => {
            format!("{}Gi", mebibytes / 1024)
        }
        mebibytes => format!("{mebibytes}Mi"),
    }
}
