//! What the app itself costs: from its start to its icon, and while nobody looks.
//!
//! It runs on a screen without a monitor, beside a real panel that shows its icon, over a home
//! without a cluster, and over one in which a cluster runs. Everything is seen from outside: what
//! it says on the session bus, and what the system counts of it and of the processes of its
//! windows.

mod cost;
mod desktop;
mod screen;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::contestant::Contestant as _;
use super::figures::Figure;
use super::machine::Machine;
use super::ours::AppleK8s;
use super::session::Session;
use super::store;
use cost::Cost;
use desktop::Desktop;

/// Seconds from start to icon that are not to be passed.
const START: f64 = 1.0;
/// Share of one core, in percent, that the app may take while nobody looks.
const IDLE: f64 = 0.3;
/// MiB that the app may take without a window.
const MEMORY: f64 = 100.0;
/// While a cluster runs, the app looks once a minute: this is counted over three of its looks.
const LOOKS: Duration = Duration::from_mins(3);
/// What a new cluster gets to come to rest.
const CLUSTER_SETTLES: Duration = Duration::from_secs(30);

/// What `xtask bench app` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The app's program; the default is the one beside this.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Starts that are timed.
    #[arg(long, default_value_t = 5)]
    starts: usize,
    /// Seconds over which the app's rest is counted.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Seconds that it gets to come to rest before.
    #[arg(long, default_value_t = 10)]
    settle: u64,
    /// Succeeds also when a mark is missed: on a busy machine, figures say little.
    #[arg(long)]
    no_marks: bool,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    machine: Machine,
    program: PathBuf,
    /// Seconds from the start of the program to its icon in the panel.
    start: Figure,
    rest: Vec<Rest>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Window {
    /// None since the start.
    None,
    /// One that can be seen: the app may work.
    Seen,
    /// One that can't be seen, or one that was closed: its memory may still be there.
    Hidden,
}

/// What the app takes in one situation.
#[derive(Serialize)]
struct Rest {
    what: &'static str,
    window: Window,
    #[serde(flatten)]
    cost: Cost,
}

/// Runs the benchmark and prints its figures; an error when a mark is missed.
pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let session = Session::begin()?;
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => std::env::current_exe()?.with_file_name("apple-k8s-app"),
    };
    ensure!(
        program.is_file(),
        "{} is missing: `make build-app`",
        program.display()
    );
    let ours = AppleK8s::prepare(&session)?;
    let desktop = Desktop::start(ours.home(), &store::app_root()?)?;
    let mut starts = Vec::new();
    for _ in 0..arguments.starts.max(1) {
        let (app, took) = desktop.run(&program, true)?;
        starts.push(took.as_secs_f64());
        // The next one must not find this one still at work.
        session.pause(Duration::from_secs(1))?;
        drop(app);
    }
    let report = Report {
        machine: Machine::this()?,
        start: Figure::of(starts).context("nothing was timed")?,
        rest: rest(arguments, &session, &desktop, &program, &ours)?,
        program,
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.print();
    }
    let missed = report.missed();
    if !missed.is_empty() && !arguments.no_marks {
        bail!("over the mark: {}", missed.join("; "));
    }
    Ok(())
}

/// Counts the app at rest: without a window, with one, with one that can't be seen, and after it
/// was closed; and without a window while a cluster runs.
fn rest(
    arguments: &Arguments,
    session: &Session,
    desktop: &Desktop,
    program: &Path,
    ours: &AppleK8s,
) -> Result<Vec<Rest>> {
    let settle = Duration::from_secs(arguments.settle);
    let counted = |time, what, window, app: &desktop::App| -> Result<Rest> {
        session.pause(settle)?;
        let before = cost::Counters::of(app.id())?;
        session.pause(time)?;
        let cost = cost::Counters::of(app.id())?.since(&before)?;
        Ok(Rest { what, window, cost })
    };
    let seconds = Duration::from_secs(arguments.seconds);
    let count = |what, window, app: &desktop::App| counted(seconds, what, window, app);
    let mut rest = Vec::new();
    let (app, _) = desktop.run(program, true)?;
    rest.push(count("no window since the start", Window::None, &app)?);
    drop(app);
    let (app, _) = desktop.run(program, false)?;
    let window = desktop.screen().window("apple-k8s")?;
    rest.push(count("a window that can be seen", Window::Seen, &app)?);
    desktop.screen().hide(window)?;
    rest.push(count("a window that is hidden", Window::Hidden, &app)?);
    desktop.screen().close(window)?;
    rest.push(count("no window any more", Window::Hidden, &app)?);
    drop(app);

    let folder = tempfile::tempdir()?;
    let over_a_cluster = || -> Result<Rest> {
        ours.create(session, 1, &folder.path().join("config"))?;
        session.pause(CLUSTER_SETTLES)?;
        let (app, _) = desktop.run(program, true)?;
        let rest = counted(LOOKS, "no window, a cluster runs", Window::None, &app)?;
        // Its looks cost something: one that costs nothing sees no cluster.
        ensure!(
            rest.cost.core_percent > 0.0,
            "the app does not see the cluster"
        );
        Ok(rest)
    };
    let cluster = over_a_cluster();
    ours.delete()?;
    rest.push(cluster?);
    Ok(rest)
}

impl Report {
    fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        if self.start.median > START {
            missed.push("from start to icon".to_owned());
        }
        for Rest { what, window, cost } in &self.rest {
            if *window != Window::Seen && cost.core_percent > IDLE {
                missed.push(format!("processor at rest, {what}"));
            }
            if *window == Window::None && cost.memory_mib > MEMORY {
                missed.push(format!("memory at rest, {what}"));
            }
        }
        missed
    }

    fn print(&self) {
        println!("{}\n{}\n", self.machine, self.program.display());
        let Figure {
            min, median, max, ..
        } = self.start;
        println!(
            "{:<34}{:>8}{:>8}{:>8}{:>8}",
            "", "min", "median", "max", "mark"
        );
        println!(
            "{:<34}{min:>8.2}{median:>8.2}{max:>8.2}{START:>8.2}\n",
            "start to icon, s"
        );
        println!(
            "{:<34}{:>12}{:>12}{:>12}{:>12}",
            "at rest", "core, %", "wake-ups/s", "memory, MiB", "processes"
        );
        for rest in &self.rest {
            let Cost {
                core_percent,
                wakeups_per_second,
                memory_mib,
                processes,
            } = &rest.cost;
            println!(
                "{:<34}{core_percent:>12.2}{wakeups_per_second:>12.1}{memory_mib:>12.1}{processes:>12}",
                rest.what
            );
        }
        println!(
            "\nUnseen, it may take {IDLE} % of a core, and before its first window {MEMORY} MiB. \
             Memory counts shared pages in parts."
        );
    }
}
