//! The program `container`: Apple's command line on Linux, over podman.

mod cli;
mod command;
mod container;
mod error;
mod image;
mod lock;
mod logs;
mod model;
mod network;
mod output;
mod parse;
mod podman;
mod process;
mod publish;
mod random;
mod scratch;
mod settings;
mod store;
mod usage;
mod version;
mod volume;
mod world;

use std::process::ExitCode;

use crate::error::{Exit, Outcome};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|a| a.to_string_lossy().into_owned())
        .collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Exit::Failed(error)) => {
            command::warn(&format!("Error: {error}"));
            ExitCode::from(1)
        }
        Err(Exit::Usage { message, usage }) => {
            command::warn(&format!("Error: {message}"));
            if !usage.is_empty() {
                command::warn(&usage);
            }
            ExitCode::from(64)
        }
        Err(Exit::Status(status)) => ExitCode::from(status),
    }
}

fn run(args: &[String]) -> Outcome {
    let world = world::World::open()?;
    if let [first, id] = args
        && first == publish::COMMAND
    {
        return Ok(publish::serve(&world, id)?);
    }
    match cli::parse(cli::root(), args, world.version)? {
        cli::Parsed::Print(text) => {
            command::print(&text);
            Ok(())
        }
        cli::Parsed::Run(matches) => command::run(&world, &matches),
    }
}
