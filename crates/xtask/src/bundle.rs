//! The app for a Mac, from source to archive. What signs and checks it is the package `bundle`,
//! which runs on its own: whoever only develops need not compile it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::distribution::Arguments;
use crate::{cache, darwin};

/// Builds the programs, puts the app together, signs it and reads it back; `more` goes to the
/// package's own task.
///
/// # Errors
/// When the programs can't be built, and when the app is not sound.
pub(crate) fn make(more: &Arguments) -> Result<()> {
    if asks_help(more) {
        return run("bundle", "make", &more.all);
    }
    make_of(None, more)
}

/// The same of programs that are built already, where a folder of them is given.
///
/// # Errors
/// As [`make`].
pub(crate) fn make_of(programs: Option<&Path>, more: &Arguments) -> Result<()> {
    let built = match programs {
        Some(_) => Vec::new(),
        None => darwin::build()?,
    };
    let path = |name: &str| {
        if let Some(folder) = programs {
            return Ok(folder.join(name));
        }
        let found = built.iter().find(|program| program.name == name);
        let found = found.with_context(|| format!("{name} was not built"))?;
        Ok::<_, anyhow::Error>(found.path.clone())
    };
    let work = tempfile::tempdir()?;
    let licences = work.path().join("LICENCES.txt");
    let collected = [
        "--product".into(),
        "mac".into(),
        "--out".into(),
        licences.clone().into(),
    ];
    run("distribution", "licences", &collected)?;
    let mut arguments: Vec<OsString> = Vec::new();
    for (option, value) in [
        ("--app", path("apple-k8s-app")?),
        ("--cli", path("apple-k8s")?),
        ("--host-cli", host_cli()?),
        ("--licences", licences),
    ] {
        arguments.extend([option.into(), value.into()]);
    }
    let says_where = |word: &OsString| word.to_string_lossy().starts_with("--out");
    if !more.all.iter().any(says_where) {
        arguments.extend(["--out".into(), cache::folder("bundle")?.into()]);
    }
    arguments.extend_from_slice(&more.all);
    run("bundle", "make", &arguments)
}

/// Runs another task of the package; the app is the one that was made here, unless it is named.
///
/// # Errors
/// When the task fails.
pub(crate) fn task(name: &str, given: &Arguments) -> Result<()> {
    let mut arguments = given.all.clone();
    let names_app = arguments.iter().any(|word| PathBuf::from(word).is_dir());
    if !names_app && !asks_help(given) {
        arguments.push(cache::folder("bundle")?.join("apple-k8s.app").into());
    }
    run("bundle", name, &arguments)
}

fn asks_help(arguments: &Arguments) -> bool {
    arguments
        .all
        .iter()
        .any(|word| word == "--help" || word == "-h")
}

/// The command line as this machine runs it.
fn host_cli() -> Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--locked", "--package", "cli"])
        .status()
        .context("running cargo")?;
    ensure!(status.success(), "the command line was not built: {status}");
    let own = std::env::current_exe().context("finding this program")?;
    let program = own.with_file_name("apple-k8s");
    ensure!(program.is_file(), "{} is missing", program.display());
    Ok(program)
}

fn run(package: &str, task: &str, arguments: &[OsString]) -> Result<()> {
    let status = Command::new("cargo")
        .args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            package,
            "--",
            task,
        ])
        .args(arguments)
        .status()
        .context("running cargo")?;
    ensure!(status.success(), "{task} failed: {status}");
    Ok(())
}
