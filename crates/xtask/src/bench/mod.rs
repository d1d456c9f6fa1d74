//! The benchmark: real kind and apple-k8s with the very same node image, alternating in one run.
//!
//! Both are observed from outside by the same kubectl. What is printed are ratios of pairs that
//! ran one after the other, because a machine's speed drifts and a single time means little.

mod contestant;
mod figures;
mod memory;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;

use contestant::{Contestant, Measured};
use figures::{Figure, Machine};

/// What `xtask bench` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Pairs of each kind of run.
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Cluster sizes to compare.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 3])]
    nodes: Vec<usize>,
    /// Where the result goes; the default is a new file in the cache folder.
    #[arg(long)]
    output: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    machine: Machine,
    node_image: String,
    sizes: Vec<Size>,
    /// Our three nodes against our one node, where both were run.
    growth: Option<Figure>,
}

#[derive(Serialize)]
struct Size {
    nodes: usize,
    ready: Figure,
    service: Figure,
    memory: Figure,
    /// Our start of a stopped cluster against kind's creation.
    restart: Figure,
    ours: Vec<Measured>,
    kind: Vec<Measured>,
}

/// Runs the benchmark and prints its figures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let began = Instant::now();
    let kind = contestant::Kind::prepare()?;
    let ours = contestant::AppleK8s::prepare()?;
    let mut report = Report {
        machine: Machine::this()?,
        node_image: ours.image(),
        sizes: Vec::new(),
        growth: None,
    };
    for &nodes in &arguments.nodes {
        let mut size = (Vec::new(), Vec::new());
        for pair in 1..=arguments.pairs {
            eprintln!("{nodes} node(s), pair {pair} of {}", arguments.pairs);
            // Whoever goes first changes from pair to pair: neither always finds a warm cache.
            let mut measure = |contestant: &dyn Contestant| -> Result<()> {
                let measured = contestant
                    .measure(nodes)
                    .with_context(|| format!("{} with {nodes} node(s)", contestant.name()))?;
                eprintln!("  {:9} {measured}", contestant.name());
                if contestant.name() == ours.name() {
                    size.0.push(measured);
                } else {
                    size.1.push(measured);
                }
                Ok(())
            };
            if pair % 2 == 1 {
                measure(&kind)?;
                measure(&ours)?;
            } else {
                measure(&ours)?;
                measure(&kind)?;
            }
        }
        report.sizes.push(compare(nodes, size.0, size.1));
    }
    report.growth = growth(&report.sizes);
    print(&report);
    let file = match &arguments.output {
        Some(file) => file.clone(),
        None => crate::cache::folder("bench")?.join(format!("{}.json", report.machine.date)),
    };
    std::fs::write(&file, serde_json::to_string_pretty(&report)?)
        .with_context(|| format!("writing {}", file.display()))?;
    println!(
        "\n{} s in all; all figures are in {}",
        began.elapsed().as_secs(),
        file.display()
    );
    Ok(())
}

fn compare(nodes: usize, ours: Vec<Measured>, kind: Vec<Measured>) -> Size {
    let ratio = |a: fn(&Measured) -> Option<f64>, b: fn(&Measured) -> Option<f64>| {
        Figure::of(
            ours.iter()
                .zip(&kind)
                .filter_map(|(our, their)| Some(a(our)? / b(their)?)),
        )
    };
    Size {
        nodes,
        ready: ratio(|m| Some(m.ready), |m| Some(m.ready)),
        service: ratio(|m| Some(m.service), |m| Some(m.service)),
        memory: ratio(|m| Some(m.memory_mib), |m| Some(m.memory_mib)),
        restart: ratio(|m| m.restart, |m| Some(m.ready)),
        ours,
        kind,
    }
}

fn growth(sizes: &[Size]) -> Option<Figure> {
    let of = |nodes| sizes.iter().find(|size| size.nodes == nodes);
    let (one, three) = (of(1)?, of(3)?);
    Some(Figure::of(
        one.ours
            .iter()
            .zip(&three.ours)
            .map(|(one, three)| three.ready / one.ready),
    ))
}

fn print(report: &Report) {
    println!("{}\nNode image: {}\n", report.machine, report.node_image);
    println!("Ratios of apple-k8s to kind, pair by pair (below 1: apple-k8s is better)");
    println!("{:<48}{:>8}{:>8}{:>8}", "", "min", "median", "max");
    let row = |what: String, figure: &Figure| {
        println!(
            "{what:<48}{:>8.2}{:>8.2}{:>8.2}",
            figure.min, figure.median, figure.max
        );
    };
    for size in &report.sizes {
        let nodes = size.nodes;
        row(
            format!("{nodes} node(s): command to all nodes Ready"),
            &size.ready,
        );
        row(
            format!("{nodes} node(s): command to a Service answering"),
            &size.service,
        );
        row(format!("{nodes} node(s): idle memory"), &size.memory);
        row(
            format!("{nodes} node(s): our start to kind's creation"),
            &size.restart,
        );
    }
    if let Some(growth) = &report.growth {
        row("apple-k8s: 3 nodes to 1 node, Ready".to_owned(), growth);
    }
    for size in &report.sizes {
        let Some(last) = size.ours.last() else {
            continue;
        };
        println!(
            "\nWhere apple-k8s spends its time, {} node(s), last run",
            size.nodes
        );
        println!(
            "{:<26}{:<26}{:>9}{:>9}",
            "phase", "node", "took ms", "until ms"
        );
        for phase in &last.phases {
            println!(
                "{:<26}{:<26}{:>9}{:>9}",
                phase.name,
                phase.node.as_deref().unwrap_or("-"),
                phase.took_ms,
                phase.at_ms
            );
        }
        println!(
            "machine busy {:.0} % of the time from command to Ready",
            last.busy_percent
        );
    }
}
