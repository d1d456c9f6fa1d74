//! The benchmark's result: every pair, the figures they give, and the marks these must meet.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::contestant::{Measured, Phase};
use super::figures::Figure;
use super::machine::Machine;
use super::memory::Memory;
use super::store;

/// Sizes of clusters that there are marks for.
const SIZES: [u16; 2] = [1, 3];
/// Pairs of a size that a mark is judged by.
const ENOUGH: usize = 5;

/// All that was measured, on one machine with one node image.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    machine: Machine,
    node_image: String,
    image_id: String,
    pub(super) pairs: Vec<Pair>,
    /// Ratios made of the pairs; for readers of the file.
    #[serde(default, skip_deserializing)]
    ratios: Vec<Ratio>,
}

/// Both contestants, one after the other.
#[derive(Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) nodes: u16,
    /// Who went first.
    pub(super) first: String,
    pub(super) ours: Measured,
    pub(super) kind: Measured,
}

/// One compared property.
#[derive(Serialize)]
struct Ratio {
    what: String,
    #[serde(flatten)]
    figure: Figure,
    /// The median must not be above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<f64>,
}

impl Ratio {
    fn is_missed(&self) -> bool {
        self.mark.is_some_and(|mark| self.figure.median > mark)
    }
}

impl Record {
    pub(super) fn begin() -> Result<Self> {
        Ok(Self {
            machine: Machine::this()?,
            node_image: store::node_image(),
            image_id: store::image_id()?,
            pairs: Vec::new(),
            ratios: Vec::new(),
        })
    }

    /// Takes over the pairs of an earlier part, if there is one.
    pub(super) fn resume(&mut self, file: &Path) -> Result<()> {
        if !file.exists() {
            return Ok(());
        }
        let text = fs::read_to_string(file)?;
        let earlier: Self =
            serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))?;
        ensure!(
            earlier.machine == self.machine && earlier.image_id == self.image_id,
            "{} is of another machine or node image: {}, {}",
            file.display(),
            earlier.machine,
            earlier.image_id
        );
        self.pairs = earlier.pairs;
        Ok(())
    }

    pub(super) fn of_size(&self, nodes: u16) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |pair| pair.nodes == nodes)
    }

    /// Computes the ratios and writes everything.
    pub(super) fn save(&mut self, file: &Path) -> Result<()> {
        self.ratios = self.compare();
        fs::write(file, self.json()?).with_context(|| format!("writing {}", file.display()))
    }

    pub(super) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Sizes that too few pairs were measured of, or none.
    pub(super) fn unjudged(&self) -> impl Iterator<Item = String> {
        SIZES.into_iter().filter_map(|nodes| {
            let pairs = self.of_size(nodes).count();
            (pairs < ENOUGH).then(|| format!("{nodes} node(s) by {pairs} pairs; it takes {ENOUGH}"))
        })
    }

    /// The marks that are not met.
    pub(super) fn missed(&self) -> Vec<&str> {
        let missed = self.ratios.iter().filter(|ratio| ratio.is_missed());
        missed.map(|ratio| ratio.what.as_str()).collect()
    }

    fn sizes(&self) -> Vec<u16> {
        let mut sizes: Vec<u16> = self.pairs.iter().map(|pair| pair.nodes).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    fn compare(&self) -> Vec<Ratio> {
        let mut ratios = Vec::new();
        let mut add = |what: String, mark: Option<f64>, values: Vec<f64>| {
            if let Some(figure) = Figure::of(values) {
                ratios.push(Ratio { what, figure, mark });
            }
        };
        for nodes in self.sizes() {
            let each =
                |ratio: fn(&Pair) -> Option<f64>| self.of_size(nodes).filter_map(ratio).collect();
            add(
                format!("{nodes} node(s): command to all nodes Ready"),
                (nodes == 1).then_some(0.5),
                each(|pair| Some(pair.ours.ready / pair.kind.ready)),
            );
            add(
                format!("{nodes} node(s): command to a Service answering"),
                None,
                each(|pair| Some(pair.ours.service / pair.kind.service)),
            );
            add(
                format!("{nodes} node(s): our start to kind's creation"),
                Some(0.5),
                each(|pair| Some(pair.ours.restart.as_ref()?.ready / pair.kind.ready)),
            );
            add(
                format!("{nodes} node(s): idle memory"),
                Some(1.0),
                each(|pair| Some(pair.ours.memory_mib() / pair.kind.memory_mib())),
            );
        }
        let growth = self.of_size(1).zip(self.of_size(3));
        add(
            "apple-k8s: 3 nodes to 1 node, Ready".to_owned(),
            Some(2.0),
            growth
                .map(|(one, three)| three.ours.ready / one.ours.ready)
                .collect(),
        );
        ratios
    }

    pub(super) fn print(&self) {
        println!("{}\nNode image: {}\n", self.machine, self.node_image);
        println!("Ratios of apple-k8s to kind, pair by pair (below 1: apple-k8s is better)");
        println!(
            "{:<46}{:>7}{:>8}{:>8}{:>8}",
            "", "min", "median", "max", "mark"
        );
        for ratio in &self.ratios {
            let mark = match ratio.mark {
                Some(mark) if ratio.is_missed() => format!("{mark:>8.2} missed"),
                Some(mark) => format!("{mark:>8.2} met"),
                None => String::new(),
            };
            let Figure {
                min, median, max, ..
            } = ratio.figure;
            println!("{:<46}{min:>7.2}{median:>8.2}{max:>8.2}{mark}", ratio.what);
        }
        for nodes in self.sizes() {
            self.print_values(nodes);
            self.print_memory(nodes);
            self.print_phases(nodes);
        }
    }

    fn print_values(&self, nodes: u16) {
        println!(
            "\n{nodes} node(s): medians of {} pairs",
            self.of_size(nodes).count()
        );
        println!("{:<46}{:>15}{:>15}", "", "apple-k8s", "kind");
        let row = |what: &str, value: fn(&Measured) -> Option<f64>| {
            let median = |side: fn(&Pair) -> &Measured| {
                let figure = Figure::of(self.of_size(nodes).filter_map(|pair| value(side(pair))));
                figure.map_or("-".into(), |figure| format!("{:.1}", figure.median))
            };
            let (ours, kind) = (median(|pair| &pair.ours), median(|pair| &pair.kind));
            println!("{what:<46}{ours:>15}{kind:>15}");
        };
        row("command to all nodes Ready, s", |m| Some(m.ready));
        row("command to a Service answering, s", |m| Some(m.service));
        row("start of the stopped cluster to Ready, s", |m| {
            Some(m.restart.as_ref()?.ready)
        });
        row("idle memory, MiB", |m| Some(m.memory_mib()));
        row("machine busy until Ready, %", |m| Some(m.busy_percent));
    }

    /// Programs by the memory they take, largest first.
    fn print_memory(&self, nodes: u16) {
        let ours = medians(self.of_size(nodes).map(|pair| &pair.ours.memory));
        let kind = medians(self.of_size(nodes).map(|pair| &pair.kind.memory));
        let mut rows: Vec<(&str, f64, f64)> = ours
            .keys()
            .chain(kind.keys().filter(|program| !ours.contains_key(*program)))
            .map(|program| {
                let of = |side: &Memory| side.get(program).copied().unwrap_or_default();
                (program.as_str(), of(&ours), of(&kind))
            })
            .collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        println!(
            "\n{:<46}{:>15}{:>15}",
            "idle memory by program, MiB", "apple-k8s", "kind"
        );
        for (program, ours, kind) in rows {
            println!("{program:<46}{ours:>15.1}{kind:>15.1}");
        }
    }

    /// The phases of the runs that were neither the fastest nor the slowest.
    fn print_phases(&self, nodes: u16) {
        let middle = |mut runs: Vec<(f64, &[Phase])>, what: &str| {
            runs.sort_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((_, phases)) = runs.get(runs.len() / 2) {
                println!("\n{what}, {nodes} node(s), the middle run");
                print_table(phases);
            }
        };
        let ours = || self.of_size(nodes).map(|pair| &pair.ours);
        middle(
            ours().map(|run| (run.ready, &*run.phases)).collect(),
            "Where apple-k8s spends its time when it creates",
        );
        let restarts = ours().filter_map(|run| run.restart.as_ref());
        middle(
            restarts.map(|run| (run.ready, &*run.phases)).collect(),
            "Where apple-k8s spends its time when it starts again",
        );
    }
}

fn print_table(phases: &[Phase]) {
    println!(
        "{:<26}{:<26}{:>9}{:>9}",
        "phase", "node", "took ms", "until ms"
    );
    for phase in phases {
        println!(
            "{:<26}{:<26}{:>9}{:>9}",
            phase.name,
            phase.node.as_deref().unwrap_or("-"),
            phase.took_ms,
            phase.at_ms
        );
    }
}

/// Each program's middle value.
fn medians<'a>(runs: impl Iterator<Item = &'a Memory>) -> Memory {
    let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (program, mib) in runs.flatten() {
        values.entry(program).or_default().push(*mib);
    }
    values
        .into_iter()
        .filter_map(|(program, mib)| Some((program.to_owned(), Figure::of(mib)?.median)))
        .collect()
}
