//! The Mac's programs, type-checked and linked for `aarch64-apple-darwin` wherever there is no Mac.
//!
//! On Linux the standard library is built from sources that match the compiler, zig is the C
//! compiler and linker, and stubs stand for Apple's libraries: they export what `symbols.txt` names
//! and nothing else. On a Mac the real SDK does all that.
//!
//! Whoever needs the programs calls [`build`], which says where they are; `xtask darwin build`
//! prints the same as its last lines, one for each: name, tab, path.

mod parts;
mod stubs;
mod tools;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Subcommand;

use crate::cache;
use tools::Tool;

/// The platform of every Mac that runs Apple's `container`.
const TARGET: &str = "aarch64-apple-darwin";

/// The oldest macOS that the programs run on.
pub(crate) const MINIMUM_MACOS: &str = "26.0";

/// Packages with a program for the Mac, and the program's name.
const PROGRAMS: [(&str, &str); 2] = [("cli", "apple-k8s"), ("apple-k8s-app", "apple-k8s-app")];

/// What is done for the Mac's platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Task {
    /// Type-checks app and CLI with all their macOS-only code.
    Check,
    /// Builds and links app and CLI in the release profile, and says where they are.
    Build,
}

/// A program for the Mac.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// Its file's name.
    pub(crate) name: &'static str,
    /// Where it is.
    pub(crate) path: PathBuf,
}

/// Runs a task; results of earlier runs are used again.
///
/// # Errors
/// When a part can't be fetched, and when the code is not fit for a Mac.
pub(crate) fn run(task: Task) -> Result<()> {
    match task {
        Task::Check => cargo("check", &[]),
        Task::Build => {
            for program in build()? {
                println!("{}\t{}", program.name, program.path.display());
            }
            Ok(())
        }
    }
}

/// Builds app and CLI in the release profile, as far as they are not up to date.
///
/// # Errors
/// When the pages of the windows are not there, when a part can't be fetched, and when the code is
/// not fit for a Mac.
pub(crate) fn build() -> Result<Vec<Program>> {
    ensure!(
        clone()?.join("ui/dist/index.html").is_file(),
        "the pages of the app's windows are not built: run `make pages`"
    );
    cargo("build", &["--release"])?;
    let folder = target_folder()?.join(TARGET).join("release");
    let found = |(_, name): (_, &'static str)| {
        let path = folder.join(name);
        ensure!(path.is_file(), "{} was not made", path.display());
        Ok(Program { name, path })
    };
    PROGRAMS.into_iter().map(found).collect()
}

/// A folder of its own: the standard library is another one here. It serves every clone.
fn target_folder() -> Result<PathBuf> {
    cache::folder("darwin/target")
}

fn cargo(verb: &str, arguments: &[&str]) -> Result<()> {
    let target = target_folder()?;
    let mut cargo = Command::new("cargo");
    cargo.args([verb, "--locked", "--target", TARGET]);
    cargo.arg("--target-dir").arg(&target);
    for (package, _) in PROGRAMS {
        cargo.args(["--package", package]);
    }
    cargo.args(arguments);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_a_package(name)) {
        cargo.env_remove(name);
    }
    cargo.env("MACOSX_DEPLOYMENT_TARGET", MINIMUM_MACOS);
    cargo.env("RUSTC_WRAPPER", tools::installed(Tool::Rustc)?);
    if !cfg!(target_os = "macos") {
        borrow_platform(&mut cargo)?;
    }
    forget_other_clones(&target.join(format!("last-{verb}")), arguments)?;
    // What this program prints is read by others.
    let status = cargo
        .stdout(Stdio::null())
        .status()
        .context("running cargo")?;
    ensure!(status.success(), "not fit for {TARGET}: {status}");
    Ok(())
}

/// Whether cargo sets a variable for the one package that it runs, as for this one when cargo runs it
/// or its tests. Build scripts that read theirs would run again, and all that stands on them be
/// built again, whenever somebody calls this in the other way.
fn is_of_a_package(variable: &OsStr) -> bool {
    let variable = variable.to_string_lossy();
    let beginnings = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ];
    beginnings.iter().any(|one| variable.starts_with(one))
}

/// Cargo tells by dates what it has to build again, and the files of another clone may be older
/// than what was built of this one's. What is not ours stays.
fn forget_other_clones(record: &Path, arguments: &[&str]) -> Result<()> {
    let clone = clone()?;
    let last = fs::read(record).unwrap_or_default();
    if last == clone.as_os_str().as_encoded_bytes() {
        return Ok(());
    }
    let status = Command::new("cargo")
        .args(["clean", "--quiet", "--workspace", "--target", TARGET])
        .arg("--target-dir")
        .arg(target_folder()?)
        .args(arguments)
        .status()
        .context("running cargo")?;
    ensure!(status.success(), "cargo clean failed: {status}");
    fs::write(record, clone.as_os_str().as_encoded_bytes())
        .with_context(|| format!("writing {}", record.display()))
}

/// The clone that cargo works on.
fn clone() -> Result<PathBuf> {
    let output = Command::new("cargo")
        .args(["locate-project", "--workspace", "--message-format=plain"])
        .output()
        .context("running cargo")?;
    ensure!(output.status.success(), "there is no clone here");
    let manifest = PathBuf::from(String::from_utf8(output.stdout)?.trim_end());
    let folder = manifest.parent().context("a manifest lies in a folder")?;
    Ok(folder.to_owned())
}

/// Gives cargo what only a Mac has.
fn borrow_platform(cargo: &mut Command) -> Result<()> {
    let parts = parts::Parts::installed()?;
    let stubs = cache::folder("darwin/stubs")?;
    stubs::write(&stubs)?;
    cargo.arg("-Zbuild-std");
    // Unlocks -Zbuild-std in the stable compiler, for this command alone.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo.env("__CARGO_TESTS_ONLY_SRC_ROOT", &parts.library);
    cargo.env("CC_aarch64_apple_darwin", tools::installed(Tool::Compiler)?);
    cargo.env(
        "CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER",
        tools::installed(Tool::Linker)?,
    );
    tools::Settings {
        zig: parts.zig,
        cache: cache::folder("darwin/zig-cache")?,
        stubs,
    }
    .pass_to(cargo);
    Ok(())
}

/// Runs this program as one of its tools, when cargo called it by such a name.
pub(crate) fn as_tool(name: &Path) -> Option<ExitCode> {
    let tool = Tool::named(name)?;
    Some(match tools::run(tool) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}: {error:#}", tool.name());
            ExitCode::FAILURE
        }
    })
}

/// A folder's only entry whose name begins like this.
fn entry(folder: &Path, beginning: &str) -> Result<PathBuf> {
    fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .filter_map(std::result::Result::ok)
        .map(|entry| entry.path())
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(beginning))
        })
        .with_context(|| format!("{} holds no {beginning}…", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These are set where this runs: cargo runs tests as it runs programs.
    #[test]
    fn what_cargo_says_of_this_package_is_for_no_other() {
        for own in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR"] {
            assert!(
                std::env::var_os(own).is_some() && is_of_a_package(own.as_ref()),
                "{own}"
            );
        }
        for others in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_NET_OFFLINE",
            "PATH",
        ] {
            assert!(!is_of_a_package(others.as_ref()), "{others}");
        }
    }
}
