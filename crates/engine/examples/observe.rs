//! Prints what is observed of a cluster, as it changes: `observe CLUSTER`, `observe CLUSTER usage`,
//! `observe CLUSTER log NODE`, `observe CLUSTER log NAMESPACE/POD [CONTAINER] [--previous]`.

use engine::{ClusterView, Engine, Health, LogEvent, LogRange, LogSource};
use futures::StreamExt;

#[tokio::main]
async fn main() -> engine::Result<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let previous = words.iter().any(|word| word == "--previous");
    words.retain(|word| word != "--previous");
    let word = |place: usize| words.get(place).map(String::as_str);
    let cluster = word(0).unwrap_or("dev");
    let engine = Engine::locate(None)?;
    match (word(1), word(2)) {
        (Some("usage"), _) => usage(&engine, cluster).await,
        (Some("log"), Some(what)) => {
            let source = match what.split_once('/') {
                Some((namespace, pod)) => LogSource::Pod {
                    cluster: cluster.into(),
                    namespace: namespace.into(),
                    pod: pod.into(),
                    container: word(3).map(str::to_owned),
                    previous,
                },
                None => LogSource::Node {
                    cluster: cluster.into(),
                    node: what.into(),
                },
            };
            log(&engine, &source).await
        }
        _ => views(&engine, cluster).await,
    }
}

async fn usage(engine: &Engine, cluster: &str) -> engine::Result<()> {
    let mut meter = engine.meter(cluster);
    loop {
        println!("{:#?}", meter.sample().await?);
    }
}

async fn log(engine: &Engine, source: &LogSource) -> engine::Result<()> {
    let range = LogRange {
        tail: Some(10),
        follow: true,
    };
    let mut events = engine.logs(source, range).await?;
    while let Some(event) = events.next().await {
        match event? {
            LogEvent::Line(line) => println!("{:?} {}", line.at, line.text),
            LogEvent::Ended(how) => println!("-- {how}"),
        }
    }
    Ok(())
}

async fn views(engine: &Engine, cluster: &str) -> engine::Result<()> {
    let observed = engine.observe(cluster).await?;
    let mut views = observed.views();
    loop {
        let view = views.borrow_and_update().clone();
        show(&view);
        if views.changed().await.is_err() {
            return Ok(());
        }
    }
}

fn show(view: &ClusterView) {
    println!(
        "{}: {} nodes, {} workloads, {} pods, {} services, {} events; {:?}, stale {:?}, as of {:?}",
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
    for row in &view.nodes {
        println!(
            "  {:?} {} {} {:?}",
            row.health, row.name, row.state, row.why
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
            "  {:?} {} {} {:?} on {:?}",
            row.health, row.name, row.state, row.why, row.node
        );
    }
    for row in &view.problems {
        println!(
            "  problem: {} {}: {} (see {:?})",
            row.kind, row.name, row.what, row.pod
        );
    }
}
