//! The tasks of this package, which `xtask` runs under their names.

use std::process::ExitCode;

use clap::Parser;
use distribution::{bill, deb, feed, homebrew, licences, product};

/// How apple-k8s reaches people.
#[derive(Parser)]
#[command(name = "xtask")]
enum Task {
    /// Packs command line, container and app for Debian
    Deb(deb::Arguments),
    /// Writes cask and formula for Homebrew
    Homebrew(homebrew::Arguments),
    /// Writes the signed update feed, or a new key for it
    Feed(feed::Arguments),
    /// Collects the licences of others' work in what is shipped
    Licences(product::Arguments),
    /// Writes the bill of materials of what is shipped
    Sbom(product::Arguments),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Deb(arguments) => deb::run(&arguments),
        Task::Homebrew(arguments) => homebrew::run(&arguments),
        Task::Feed(arguments) => feed::run(&arguments),
        Task::Licences(arguments) => licences::run(&arguments),
        Task::Sbom(arguments) => bill::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
