//! What talks to Apple, and how it is called.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::Key;
use crate::archive;

/// What talks to Apple.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tool {
    /// A Mac's.
    Xcrun(PathBuf),
    /// apple-codesign's, where it was built with notarization.
    Rcodesign(PathBuf),
}

impl Tool {
    /// The one that is installed.
    ///
    /// # Errors
    /// When none is.
    pub fn installed(path: Option<&OsStr>) -> Result<Self> {
        let find = |name: &str| {
            std::env::split_paths(path.unwrap_or_default())
                .map(|folder| folder.join(name))
                .find(|program| program.is_file())
        };
        let own = find("xcrun").map(Self::Xcrun);
        own.or_else(|| find("rcodesign").map(Self::Rcodesign))
            .context(
                "nothing here can talk to Apple: use a Mac with Xcode's command line tools, or \
                 install apple-codesign (rcodesign)",
            )
    }

    /// Sends the app, waits for the verdict and staples the ticket.
    ///
    /// # Errors
    /// When Apple refuses; the reasons are printed.
    pub fn send(&self, bundle: &Path, key: &Key) -> Result<()> {
        match self {
            Self::Xcrun(program) => send_by_xcrun(program, bundle, key),
            Self::Rcodesign(program) => send_by_rcodesign(program, bundle, key),
        }
    }
}

impl Display for Tool {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Xcrun(_) => "notarytool",
            Self::Rcodesign(_) => "rcodesign",
        })
    }
}

/// What `notarytool` answers.
#[derive(Debug, Deserialize)]
struct Verdict {
    id: String,
    status: String,
}

fn send_by_xcrun(program: &Path, bundle: &Path, key: &Key) -> Result<()> {
    let work = tempfile::tempdir()?;
    let zip = work.path().join("app.zip");
    archive::write(bundle, &zip)?;
    // The key is given by its file: its content is in no list of processes.
    let identity: [OsString; 6] = [
        "--key".into(),
        key.file.clone().into(),
        "--key-id".into(),
        key.id.clone().into(),
        "--issuer".into(),
        key.issuer.clone().into(),
    ];
    let output = Command::new(program)
        .args(["notarytool", "submit"])
        .arg(&zip)
        .args(&identity)
        .args(["--wait", "--output-format", "json"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("running xcrun notarytool")?;
    let verdict: Verdict = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("notarytool gave no verdict: {}", output.status))?;
    if verdict.status != "Accepted" {
        let _ = Command::new(program)
            .args(["notarytool", "log", &verdict.id])
            .args(&identity)
            .status();
        bail!("Apple's verdict on {} is {}", verdict.id, verdict.status);
    }
    call(
        Command::new(program)
            .args(["stapler", "staple"])
            .arg(bundle),
    )
}

fn send_by_rcodesign(program: &Path, bundle: &Path, key: &Key) -> Result<()> {
    // Holds the key for a moment, where nobody else can read it.
    let work = tempfile::tempdir()?;
    let encoded = work.path().join("key.json");
    call(
        Command::new(program)
            .args(["encode-app-store-connect-api-key", "--output-path"])
            .arg(&encoded)
            .args([&key.issuer, &key.id])
            .arg(&key.file),
    )?;
    call(
        Command::new(program)
            .args(["notary-submit", "--api-key-file"])
            .arg(&encoded)
            .arg("--staple")
            .arg(bundle),
    )
}

fn call(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("running {name}"))?;
    ensure!(status.success(), "{name} failed: {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_macs_own_tool_comes_first() {
        let (mac, both, none) = (
            tempfile::tempdir().unwrap(),
            tempfile::tempdir().unwrap(),
            tempfile::tempdir().unwrap(),
        );
        let touch = |path: PathBuf| {
            fs::write(&path, "").unwrap();
            path
        };
        let xcrun = touch(mac.path().join("xcrun"));
        let rcodesign = touch(both.path().join("rcodesign"));
        let installed = |folders: &[&Path]| {
            let path = std::env::join_paths(folders).unwrap();
            Tool::installed(Some(&path))
        };
        let found = installed(&[both.path(), mac.path()]).unwrap();
        assert_eq!(found, Tool::Xcrun(xcrun));
        let found = installed(&[both.path()]).unwrap();
        assert_eq!(found, Tool::Rcodesign(rcodesign));
        assert!(installed(&[none.path()]).is_err());
    }
}
