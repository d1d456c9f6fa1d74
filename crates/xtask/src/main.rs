//! Developer tasks: setup, sample image, benchmark.

mod cache;
mod tools;

use std::process::ExitCode;

use clap::Parser;

/// Developer tasks of apple-k8s.
#[derive(Parser)]
#[command(name = "xtask")]
enum Task {
    /// Prints the folder with kubectl and helm, fetched if need be.
    Tools,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Tools => tools::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
