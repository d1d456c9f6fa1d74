//! Developer tasks: setup, sample image, bindings of the app, benchmark.

mod bench;
mod bindings;
mod bundle;
mod cache;
mod darwin;
mod distribution;
mod icons;
mod release;
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
    /// Writes the TypeScript types of what the app and its windows say to each other.
    Bindings,
    /// Compares apple-k8s with kind, side by side.
    Bench(bench::Arguments),
    /// Draws the pictures of the app.
    Icons,
    /// Checks or builds the programs for a Mac, on any machine.
    Darwin {
        #[command(subcommand)]
        task: darwin::Task,
    },
    /// Builds the app for a Mac, signs it, reads it back and packs it.
    #[command(disable_help_flag = true)]
    Bundle(distribution::Arguments),
    /// Reads the app for a Mac back: every byte must be the one that was signed.
    #[command(disable_help_flag = true)]
    VerifyBundle(distribution::Arguments),
    /// Has Apple look at the signed app, or checks whether it could (`--dry-run`).
    #[command(disable_help_flag = true)]
    Notarize(distribution::Arguments),
    /// Makes all that is published for Macs, in order, and says what was left out and why.
    Release(release::Release),
    /// Packs command line, container and app for Debian.
    #[command(disable_help_flag = true)]
    Deb(distribution::Arguments),
    /// Writes cask and formula for Homebrew.
    #[command(disable_help_flag = true)]
    Homebrew(distribution::Arguments),
    /// Writes the signed update feed, or a new key for it.
    #[command(disable_help_flag = true)]
    Feed(distribution::Arguments),
    /// Collects the licences of others' work in what is shipped.
    #[command(disable_help_flag = true)]
    Licences(distribution::Arguments),
    /// Writes the bill of materials of what is shipped.
    #[command(disable_help_flag = true)]
    Sbom(distribution::Arguments),
}

fn main() -> ExitCode {
    let called = std::env::args_os().next().map(std::path::PathBuf::from);
    if let Some(code) = called.as_deref().and_then(darwin::as_tool) {
        return code;
    }
    let done = match Task::parse() {
        Task::Tools => tools::run(),
        Task::Run => run::run(),
        Task::Bindings => bindings::run(),
        Task::Icons => icons::run(),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Darwin { task } => darwin::run(task),
        Task::Bundle(arguments) => bundle::make(&arguments),
        Task::VerifyBundle(arguments) => bundle::task("verify", &arguments),
        Task::Notarize(arguments) => bundle::task("notarize", &arguments),
        Task::Release(release) => release::run(&release),
        Task::Deb(arguments) => distribution::run("deb", &arguments),
        Task::Homebrew(arguments) => distribution::run("homebrew", &arguments),
        Task::Feed(arguments) => distribution::run("feed", &arguments),
        Task::Licences(arguments) => distribution::run("licences", &arguments),
        Task::Sbom(arguments) => distribution::run("sbom", &arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
