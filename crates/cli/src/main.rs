//! The program `apple-k8s`: parse, one call of the engine, render.

mod args;
mod commands;
mod completion;
mod console;
mod duration;
mod exit_codes;
mod interrupt;
mod log;
mod phase;
mod progress;
mod session;
mod style;
mod table;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use engine::{Error, ErrorCode, Result};

use crate::args::Cli;
use crate::console::Console;
use crate::session::Session;

fn main() -> ExitCode {
    // A shell that asks gets words or nothing, never an error.
    if completion::answer().unwrap_or(true) {
        return ExitCode::SUCCESS;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misuse(&error),
    };
    log::begin(cli.globals.verbose);
    let console = Console::new(&cli.globals);
    match run(&cli, console) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console.error(&error);
            ExitCode::from(error.code.exit_status())
        }
    }
}

fn run(cli: &Cli, console: Console) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorCode::Internal, format!("no threads: {error}")))?;
    runtime.block_on(async {
        let cancel = interrupt::listen(console.paints())?;
        let container = cli.globals.container.clone();
        commands::run(
            &cli.command,
            &Session {
                console,
                container,
                cancel,
            },
        )
        .await
    })
}

/// Help and versions go to standard output; a wrong command line is an error like others.
fn misuse(error: &clap::Error) -> ExitCode {
    let usage = ErrorCode::Usage.exit_status();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that has read enough, such as `head`, is no error.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        _ if wants_json(std::env::args_os()) => {
            let text = error.render().to_string();
            let text = text.trim().trim_start_matches("error: ");
            let (message, detail) = text.split_once("\n\n").unwrap_or((text, ""));
            let error = Error::new(ErrorCode::Usage, message).detail(detail);
            console::json_line("error", &error);
            ExitCode::from(usage)
        }
        _ => {
            let _ = error.print();
            ExitCode::from(usage)
        }
    }
}

/// Whether the command line, which could not be understood, asks for JSON.
fn wants_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<OsString> = arguments.collect();
    let joined = arguments.iter().any(|argument| {
        ["-ojson", "-o=json", "--output=json"]
            .iter()
            .any(|form| argument == form)
    });
    let apart = arguments
        .windows(2)
        .any(|pair| (pair[0] == "-o" || pair[0] == "--output") && pair[1] == "json");
    joined || apart
}
