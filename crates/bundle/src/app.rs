//! The app before it is signed: programs, pictures, completions and licences in their places.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

use crate::contents::{self, Contents, INFORMATION, Mode, PACKAGE, PROGRAMS, RESOURCES};
use crate::information::{self, ICON, Information};
use crate::verify::macho;

/// The name of the bundle.
pub const APP: &str = "apple-k8s.app";
/// The name of the main program.
const MAIN: &str = "apple-k8s-app";
/// The name of the command line.
const CLI: &str = "apple-k8s";

const PICTURE: &[u8] = include_bytes!("../../../icons/app.icns");

/// Completions: the shell, and where its packages put such a file.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "completions/bash/apple-k8s"),
    ("zsh", "completions/zsh/_apple-k8s"),
    ("fish", "completions/fish/apple-k8s.fish"),
];

/// What an app is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The main program, for a Mac.
    pub app: PathBuf,
    /// The command line, for a Mac.
    pub cli: PathBuf,
    /// The same command line for this machine, which prints completions.
    pub host_cli: PathBuf,
    /// Texts of licences.
    pub licences: Vec<PathBuf>,
}

/// Makes the app, unsigned, in a folder that doesn't exist yet.
///
/// # Errors
/// When a part is missing, or not for a Mac.
pub fn assemble(parts: &Parts, folder: &Path, time: SystemTime) -> Result<()> {
    contents(parts)?.write(folder, time)
}

/// Gives all files of an app the same time: signing writes some of them anew.
///
/// # Errors
/// When a file can't be changed.
pub fn set_times(bundle: &Path, time: SystemTime) -> Result<()> {
    contents::set_times(bundle, time)
}

fn contents(parts: &Parts) -> Result<Contents> {
    let mut contents = Contents::default();
    let list = information::written(MAIN)?;
    let package = Information::read(&list)?.package();
    contents.add(INFORMATION.into(), Mode::Document, list)?;
    contents.add(PACKAGE.into(), Mode::Document, package)?;
    for (name, path) in [(MAIN, &parts.app), (CLI, &parts.cli)] {
        let program = read(path)?;
        macho::Program::read(&program)
            .with_context(|| format!("{} is no program for a Mac", path.display()))?;
        contents.add(format!("{PROGRAMS}/{name}"), Mode::Program, program)?;
    }
    let mut resource =
        |name: &str, content| contents.add(format!("{RESOURCES}/{name}"), Mode::Document, content);
    resource(&format!("{ICON}.icns"), PICTURE.to_owned())?;
    for (shell, place) in COMPLETIONS {
        resource(place, completion(&parts.host_cli, shell)?)?;
    }
    for path in &parts.licences {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.with_context(|| format!("{} names no file", path.display()))?;
        resource(&format!("licences/{name}"), read(path)?)?;
    }
    Ok(contents)
}

/// What the command line prints for a shell; it calls the program by its name alone.
fn completion(program: &Path, shell: &str) -> Result<Vec<u8>> {
    let output = Command::new(program)
        .arg0(CLI)
        .args(["completion", shell])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("running {}", program.display()))?;
    ensure!(
        output.status.success() && !output.stdout.is_empty(),
        "{} has no completion for {shell}: {}",
        program.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(output.stdout)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}
