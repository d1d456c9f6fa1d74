//! Developer tasks: setup, sample image, benchmark.

mod bench;
mod cache;
mod run;
mod tools;

use std::process::ExitCode;

use clap::Parser;

/// Developer tasks of apple-k8s.
#[derive(Parser)]
#[command(name = "xtask")]
enum Task {
    /// Prints the folder with kubectl and helm, fetched if need be.
    Tools,
    /// Brings up the cluster `demo` with a sample web app.
    Run,
    /// Compares apple-k8s with kind, side by side.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Tools => tools::run(),
        Task::Run => run::run(),
        Task::Bench(arguments) => bench::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
