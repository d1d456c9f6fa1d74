//! The benchmark: real kind and apple-k8s with the very same node image, alternating in one run.
//!
//! Both are observed from outside by the same kubectl. What is printed are ratios of pairs that
//! ran one after the other, because a machine's speed drifts and a single time means little.

mod app;
mod contestant;
mod figures;
mod kind;
mod machine;
mod memory;
mod ours;
mod record;
mod session;
mod store;
mod world;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use contestant::{Contestant, Measured};
use record::{Pair, Record};
use session::Session;

/// What `xtask bench` takes.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Pairs of each kind of run.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pairs: u16,
    /// Cluster sizes to compare.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 3],
          value_parser = clap::value_parser!(u16).range(1..=20))]
    nodes: Vec<u16>,
    /// Seconds that a cluster is left alone before its memory is read.
    #[arg(long, default_value_t = 20)]
    settle: u64,
    /// File for the result, written after each pair; the default is a new one in the cache folder.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Adds the pairs to those that the file of --output has already: a long benchmark in parts,
    /// on the same machine with the same node image.
    #[arg(long, requires = "output")]
    append: bool,
    /// Succeeds also when a mark is missed: on a busy machine, figures say little.
    #[arg(long)]
    no_marks: bool,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What else can be measured.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// The app: from its start to its icon, and what it takes while nobody looks.
    App(app::Arguments),
}

/// Runs the benchmark and prints its figures; an error when a mark is missed.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if let Some(What::App(arguments)) = &arguments.what {
        return app::run(arguments);
    }
    let began = Instant::now();
    let session = Session::begin()?;
    let ours = ours::AppleK8s::prepare(&session)?;
    let kind = kind::Kind::prepare()?;
    let file = if let Some(file) = &arguments.output {
        file.clone()
    } else {
        let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
        crate::cache::folder("bench")?.join(format!("{now}.json"))
    };
    let mut record = Record::begin()?;
    if arguments.append {
        record.resume(&file)?;
    }
    let settle = Duration::from_secs(arguments.settle);
    for &nodes in &arguments.nodes {
        for _ in 0..arguments.pairs {
            let done = record.of_size(nodes).count();
            eprintln!("{nodes} node(s), pair {}", done + 1);
            // Whoever goes first changes from pair to pair: neither always finds a warm cache.
            let order: [&dyn Contestant; 2] = if done % 2 == 0 {
                [&kind, &ours]
            } else {
                [&ours, &kind]
            };
            let mut measured = Vec::new();
            for contestant in order {
                measured.push((
                    contestant.name(),
                    measure(contestant, &session, nodes, settle)?,
                ));
            }
            record.pairs.push(pair(nodes, measured)?);
            record.save(&file)?;
        }
    }
    if arguments.json {
        println!("{}", record.json()?);
    } else {
        record.print();
    }
    eprintln!(
        "\n{} s in all; all figures are in {}",
        began.elapsed().as_secs(),
        file.display()
    );
    for why in record.unjudged() {
        eprintln!("not judged: {why}");
    }
    let missed = record.missed();
    if !missed.is_empty() && !arguments.no_marks {
        bail!("over the mark: {}", missed.join("; "));
    }
    Ok(())
}

fn measure(
    contestant: &dyn Contestant,
    session: &Session,
    nodes: u16,
    settle: Duration,
) -> Result<Measured> {
    let name = contestant.name();
    let measured = contestant
        .measure(session, usize::from(nodes), settle)
        .with_context(|| format!("{name} with {nodes} node(s)"))?;
    eprintln!("  {name:9} {measured}");
    Ok(measured)
}

fn pair(nodes: u16, measured: Vec<(&'static str, Measured)>) -> Result<Pair> {
    let first = measured.first().context("nothing measured")?.0.to_owned();
    let (mut ours, mut kind) = (None, None);
    for (name, one) in measured {
        *(if name == "kind" { &mut kind } else { &mut ours }) = Some(one);
    }
    Ok(Pair {
        nodes,
        first,
        ours: ours.context("apple-k8s was not measured")?,
        kind: kind.context("kind was not measured")?,
    })
}
