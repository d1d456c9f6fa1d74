//! The program `container`: Apple's command line on Linux, over podman.

#[cfg(target_os = "linux")]
mod builder;
#[cfg(target_os = "linux")]
mod cli;
#[cfg(target_os = "linux")]
mod command;
#[cfg(target_os = "linux")]
mod container;
#[cfg(target_os = "linux")]
mod error;
#[cfg(target_os = "linux")]
mod host_setting;
#[cfg(target_os = "linux")]
mod image;
#[cfg(target_os = "linux")]
mod lock;
#[cfg(target_os = "linux")]
mod logs;
#[cfg(target_os = "linux")]
mod model;
mod monitor;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod output;
#[cfg(target_os = "linux")]
mod parse;
#[cfg(target_os = "linux")]
mod podman;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod publish;
#[cfg(target_os = "linux")]
mod random;
#[cfg(target_os = "linux")]
mod scratch;
#[cfg(target_os = "linux")]
mod service_log;
#[cfg(target_os = "linux")]
mod settings;
#[cfg(target_os = "linux")]
mod store;
#[cfg(target_os = "linux")]
mod usage;
#[cfg(target_os = "linux")]
mod version;
#[cfg(target_os = "linux")]
mod volume;
#[cfg(target_os = "linux")]
mod words;
#[cfg(target_os = "linux")]
mod world;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
use crate::error::{Exit, Outcome};

/// On a Mac this crate is there for its tests, which run against Apple's own program. Whoever finds
/// this one first gets that one too.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    use std::os::unix::process::CommandExt;

    let real = |path: &str| std::fs::canonicalize(path).ok();
    let own = std::env::current_exe().and_then(std::fs::canonicalize).ok();
    let found = ["/usr/local/bin/container", "/opt/homebrew/bin/container"]
        .into_iter()
        .find(|path| real(path).is_some_and(|path| Some(path) != own));
    if let Some(path) = found {
        let error = std::process::Command::new(path)
            .args(std::env::args_os().skip(1))
            .exec();
        eprintln!("Error: cannot run {path}: {error}");
    } else {
        eprintln!("Error: Apple's container is not installed, and this one is for Linux");
    }
    ExitCode::FAILURE
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let args: Result<Vec<String>, _> = std::env::args_os()
        .skip(1)
        .map(std::ffi::OsString::into_string)
        .collect();
    let outcome = match args {
        Ok(args) => run(&args),
        Err(word) => Err(Exit::Usage {
            message: format!("The argument '{}' is not UTF-8", word.display()),
            usage: String::new(),
        }),
    };
    match outcome {
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

#[cfg(target_os = "linux")]
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
        cli::Parsed::Plugin(name) => Err(command::no_plugin(&world, &name)),
    }
}
