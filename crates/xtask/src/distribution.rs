//! Tasks of the package `distribution`. They run there: whoever only develops need not compile it.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

/// What the other program takes; it knows what that means, and its `--help`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGUMENTS"
    )]
    pub(crate) all: Vec<OsString>,
}

/// Runs a task of that package.
///
/// # Errors
/// When it can't be built, and when the task fails.
pub(crate) fn run(task: &str, arguments: &Arguments) -> Result<()> {
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--locked"])
        .args(["--package", "distribution", "--", task])
        .args(&arguments.all)
        .status()
        .context("running cargo")?;
    ensure!(status.success(), "{task} failed: {status}");
    Ok(())
}
