//! What a Linux machine needs to compile for a Mac: sources of the standard library, and zig.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::entry;
use crate::cache;

/// The compiler that the sources below belong to; others can't build them.
const RUST: &str = "1.95.0";

/// Debian's package of the sources, where it is published, and its checksum.
const SOURCES: &str = "rust-src=1.95.0+dfsg1-2~bpo13+1";
const SOURCES_SUITE: &str = "trixie-backports";
const SOURCES_SHA256: &str = "7b76db5b880a77f9e52975d2baa6209d2f76d2c9c2789515c3088cb960e2c83b";

/// zig as a Python package: C compiler and linker for macOS in one file. pip checks it.
const ZIG: &str = include_str!("zig.txt");

/// The parts, where they lie.
pub(super) struct Parts {
    /// `library` of the Rust sources.
    pub(super) library: PathBuf,
    /// Folder with the Python package `ziglang`.
    pub(super) zig: PathBuf,
}

impl Parts {
    /// Finds the parts, and fetches those that are missing.
    pub(super) fn installed() -> Result<Self> {
        let library = match own_sources()? {
            Some(library) => library,
            None => debian_sources().context("fetching the sources of Rust's standard library")?,
        };
        Ok(Self {
            library,
            zig: zig().context("fetching zig")?,
        })
    }
}

/// Sources that came with the toolchain (`rustup component add rust-src`).
fn own_sources() -> Result<Option<PathBuf>> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
    Ok(library.join("Cargo.lock").is_file().then_some(library))
}

fn debian_sources() -> Result<PathBuf> {
    let version = output(Command::new("rustc").arg("--version"))?;
    ensure!(
        version.split_whitespace().nth(1) == Some(RUST),
        "the compiler is {}, the sources at hand are those of {RUST}: use that one, or `rustup component add rust-src`",
        version.trim()
    );
    let place = cache::folder("darwin")?.join(format!("rust-{RUST}"));
    let library = place.join(format!("usr/src/rustc-{RUST}/library"));
    if library.join("Cargo.lock").is_file() {
        return Ok(library);
    }
    let work = tempfile::tempdir_in(cache::folder("darwin")?)?;
    let package = download(work.path())?;
    let unpacked = work.path().join("unpacked");
    run(Command::new("dpkg").arg("-x").arg(&package).arg(&unpacked))?;
    let _ = fs::remove_dir_all(&place);
    fs::rename(&unpacked, &place).context("keeping the sources")?;
    Ok(library)
}

/// Downloads the package without touching the system's own lists.
fn download(work: &Path) -> Result<PathBuf> {
    let list = work.join("sources.list");
    fs::write(
        &list,
        format!("deb {} {SOURCES_SUITE} main\n", debian_mirror()?),
    )?;
    fs::create_dir_all(work.join("lists/partial"))?;
    fs::create_dir_all(work.join("cache/archives/partial"))?;
    let apt = |words: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.current_dir(work)
            .arg("-qq")
            .arg("-o")
            .arg(format!("Dir::Etc::sourcelist={}", list.display()))
            .args([
                "-o",
                "Dir::Etc::sourceparts=-",
                "-o",
                "APT::Sandbox::User=root",
                "-o",
                "Acquire::Retries=3",
                // Only the list of packages: other lists are of no use, and may be out of step.
                "-o",
                "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false",
                "-o",
                "Acquire::Languages=none",
            ])
            .arg("-o")
            .arg(format!(
                "Dir::State::lists={}",
                work.join("lists").display()
            ))
            .arg("-o")
            .arg(format!("Dir::Cache={}", work.join("cache").display()))
            .args(words);
        apt
    };
    run(&mut apt(&["update"]))?;
    run(&mut apt(&["download", SOURCES]))?;
    let package = entry(work, "rust-src_")?;
    let sum = output(Command::new("sha256sum").arg(&package))?;
    ensure!(
        sum.starts_with(SOURCES_SHA256),
        "{} has another checksum than expected",
        package.display()
    );
    Ok(package)
}

/// Where this system gets Debian's packages from.
fn debian_mirror() -> Result<String> {
    let targets = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(ORIGIN) $(SUITE) $(REPO_URI)",
        "Created-By: Packages",
    ]))?;
    let mirror = targets
        .lines()
        .filter_map(|line| line.strip_prefix("Debian "))
        .filter_map(|line| line.rsplit(' ').next())
        .find(|uri| uri.trim_end_matches('/').ends_with("debian"));
    match mirror {
        Some(mirror) => Ok(mirror.to_owned()),
        None => bail!(
            "this system has no source of Debian packages: use `rustup component add rust-src`"
        ),
    }
}

fn zig() -> Result<PathBuf> {
    let place = cache::folder("darwin")?.join("zig-0.17.1");
    if place.join("ziglang/__main__.py").is_file() {
        return Ok(place);
    }
    let work = tempfile::tempdir_in(cache::folder("darwin")?)?;
    fs::write(work.path().join("zig.txt"), ZIG)?;
    run(Command::new("python3").current_dir(work.path()).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--requirement",
        "zig.txt",
        "--target",
        "unpacked",
    ]))?;
    let _ = fs::remove_dir_all(&place);
    fs::rename(work.path().join("unpacked"), &place).context("keeping zig")?;
    Ok(place)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("running {}", command.get_program().display()))?;
    ensure!(
        status.success(),
        "{} failed: {status}",
        command.get_program().display()
    );
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("running {}", command.get_program().display()))?;
    ensure!(
        output.status.success(),
        "{} failed: {}",
        command.get_program().display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
