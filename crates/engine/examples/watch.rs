//! Prints what is observed of a cluster, as it changes.

use engine::{Engine, Health};

#[tokio::main]
async fn main() -> engine::Result<()> {
    let cluster = std::env::args().nth(1).unwrap_or_else(|| "dev".into());
    let observed = Engine::locate(None)?.observe(&cluster).await?;
    let mut views = observed.views();
    loop {
        let view = views.borrow_and_update().clone();
        println!(
            "{} {} nodes {} workloads {} pods {} services {} events, version {:?}, stale {:?}, as of {:?}",
            view.cluster,
            view.nodes.len(),
            view.workloads.len(),
            view.pods.len(),
            view.services.len(),
            view.events.len(),
            view.version,
            view.stale,
            view.as_of,
        );
        for node in &view.nodes {
            println!(
                "  {:?} {} {} {:?}",
                node.health, node.name, node.state, node.why
            );
        }
        for row in view
            .workloads
            .iter()
            .filter(|row| row.health != Health::Healthy)
        {
            println!(
                "  {:?} {}/{} {} {}/{} {:?}",
                row.health, row.namespace, row.name, row.kind, row.ready, row.desired, row.why
            );
        }
        for row in view.services.iter().filter(|row| !row.system) {
            println!(
                "  {:?} {} {} {:?} {:?}",
                row.health, row.name, row.kind, row.backends, row.ports
            );
        }
        for row in &view.volumes {
            println!(
                "  {:?} {} {} {:?} on {:?} by {:?}",
                row.health, row.name, row.state, row.why, row.node, row.used_by
            );
        }
        for problem in &view.problems {
            println!(
                "  problem: {} {} {:?}: {} (pod {:?})",
                problem.kind, problem.name, problem.health, problem.what, problem.pod
            );
        }
        if views.changed().await.is_err() {
            return Ok(());
        }
    }
}
