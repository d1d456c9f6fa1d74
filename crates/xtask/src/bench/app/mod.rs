//! What the app itself costs: from its start to its icon, and while nobody looks.
//!
//! It runs on a screen without a monitor, beside a real panel that shows its icon, over an empty
//! home. Everything is seen from outside: what it says on the session bus, and what the system
//! counts of it and of the processes of its windows.

mod cost;
mod desktop;
mod screen;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::figures::Figure;
use super::machine::Machine;
use super::session::Session;
use cost::Cost;
use desktop::Desktop;

/// Seconds from start to icon that are not to be passed.
const START: f64 = 1.0;
/// Share of one core, in percent, that the app may take while nobody looks.
const IDLE: f64 = 0.3;

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

/// What the app takes in one situation.
#[derive(Serialize)]
struct Rest {
    what: &'static str,
    /// Whether somebody looks: then it may work.
    seen: bool,
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
    let desktop = Desktop::start()?;
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
        rest: rest(arguments, &session, &desktop, &program)?,
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
/// was closed.
fn rest(
    arguments: &Arguments,
    session: &Session,
    desktop: &Desktop,
    program: &std::path::Path,
) -> Result<Vec<Rest>> {
    let settle = Duration::from_secs(arguments.settle);
    let count = |what, seen, app: &desktop::App| -> Result<Rest> {
        session.pause(settle)?;
        let before = cost::Counters::of(app.id())?;
        session.pause(Duration::from_secs(arguments.seconds))?;
        let cost = cost::Counters::of(app.id())?.since(&before)?;
        Ok(Rest { what, seen, cost })
    };
    let mut rest = Vec::new();
    let (app, _) = desktop.run(program, true)?;
    rest.push(count("no window since the start", false, &app)?);
    drop(app);
    let (app, _) = desktop.run(program, false)?;
    let window = desktop.screen().window("apple-k8s")?;
    rest.push(count("a window that can be seen", true, &app)?);
    desktop.screen().hide(window)?;
    rest.push(count("a window that is hidden", false, &app)?);
    desktop.screen().close(window)?;
    rest.push(count("no window any more", false, &app)?);
    Ok(rest)
}

impl Report {
    fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        if self.start.median > START {
            missed.push("from start to icon".to_owned());
        }
        let idle = self.rest.iter().filter(|rest| !rest.seen);
        missed.extend(
            idle.filter(|rest| rest.cost.core_percent > IDLE)
                .map(|rest| format!("at rest, {}", rest.what)),
        );
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
        println!("\nUnseen, it may take {IDLE} % of a core. Memory counts shared pages in parts.");
    }
}
