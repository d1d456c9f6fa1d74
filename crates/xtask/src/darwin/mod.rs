//! The Mac's programs, type-checked and linked for `aarch64-apple-darwin` wherever there is no Mac.
//!
//! On Linux the standard library is built from sources that match the compiler, zig is the C
//! compiler and linker, and stubs stand for Apple's frameworks. On a Mac the real SDK does all
//! that. What is linked on Linux shows that everything is there and fits; what is shipped is
//! linked on a Mac.

mod compiler;
mod parts;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Subcommand;

use crate::cache;

/// The platform of every Mac that runs Apple's `container`.
const TARGET: &str = "aarch64-apple-darwin";

/// The oldest macOS that the programs run on.
pub(crate) const MINIMUM_MACOS: &str = "26.0";

/// Packages with a program for the Mac.
const PACKAGES: [&str; 2] = ["cli", "apple-k8s-app"];

/// What is done for the Mac's platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Task {
    /// Type-checks app and CLI with all their macOS-only code.
    Check,
    /// Builds and links app and CLI in the release profile.
    Build,
}

/// Runs a task; results of earlier runs are used again.
///
/// # Errors
/// When a part can't be fetched, and when the code is not fit for a Mac.
pub(crate) fn run(task: Task) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.arg(match task {
        Task::Check => "check",
        Task::Build => "build",
    });
    cargo.args(["--locked", "--target", TARGET]);
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    if task == Task::Build {
        cargo.arg("--release");
    }
    cargo.env("MACOSX_DEPLOYMENT_TARGET", MINIMUM_MACOS);
    if !cfg!(target_os = "macos") {
        borrow_platform(&mut cargo, task)?;
    }
    let status = cargo.status().context("running cargo")?;
    ensure!(status.success(), "not fit for {TARGET}: {status}");
    Ok(())
}

/// Gives cargo what only a Mac has.
fn borrow_platform(cargo: &mut Command, task: Task) -> Result<()> {
    let parts = parts::Parts::installed()?;
    // A folder of its own: the standard library is another one here.
    cargo.arg("-Zbuild-std");
    cargo
        .arg("--target-dir")
        .arg(cache::folder("darwin/target")?);
    // Unlocks -Zbuild-std in the stable compiler, for this command alone.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo.env("__CARGO_TESTS_ONLY_SRC_ROOT", &parts.library);
    cargo.env(
        "CC_aarch64_apple_darwin",
        compiler::installed(compiler::Tool::Compiler)?,
    );
    cargo.env(
        "CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER",
        compiler::installed(compiler::Tool::Linker)?,
    );
    compiler::Settings {
        zig: parts.zig,
        stubs: cache::folder("darwin/stubs")?,
        // Objective-C needs Apple's headers; a type check does without its objects.
        skip_objective_c: task == Task::Check,
    }
    .pass_to(cargo);
    Ok(())
}

/// Runs this program as compiler or linker, when cargo called it by one of these names.
pub(crate) fn as_tool(name: &Path) -> Option<ExitCode> {
    let tool = compiler::Tool::named(name)?;
    Some(match compiler::run(tool) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}: {error:#}", tool.name());
            ExitCode::FAILURE
        }
    })
}

/// A folder's only entry whose name begins like this.
fn entry(folder: &Path, beginning: &str) -> Result<PathBuf> {
    std::fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .filter_map(std::result::Result::ok)
        .map(|entry| entry.path())
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(beginning))
        })
        .with_context(|| format!("{} holds no {beginning}…", folder.display()))
}
