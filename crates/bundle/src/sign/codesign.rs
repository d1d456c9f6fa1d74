//! A Mac's own tool, which signs with what only the keychain holds.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use plist::{Dictionary, Value};

use super::programs;

/// `codesign`, where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codesign(PathBuf);

impl Codesign {
    /// The system's.
    ///
    /// # Errors
    /// When this is no Mac.
    pub fn of_this_machine() -> Result<Self> {
        ensure!(
            cfg!(target_os = "macos"),
            "APPLE_SIGNING_IDENTITY names a key in a Mac's keychain: use APPLE_CERTIFICATE_PATH here"
        );
        Ok(Self::at("/usr/bin/codesign"))
    }

    /// The one at this path.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self(program.into())
    }

    /// Signs a bundle where it lies, from the inside out, for the hardened runtime and with the time
    /// from Apple; what the main program may do is given to it alone.
    ///
    /// # Errors
    /// When it can't be signed; then it is to be made anew.
    pub fn sign(&self, bundle: &Path, identity: &str, entitlements: &Dictionary) -> Result<()> {
        let work = tempfile::tempdir()?;
        let file = work.path().join("entitlements.plist");
        Value::Dictionary(entitlements.clone()).to_file_xml(&file)?;
        let programs = programs(bundle)?;
        let (main, nested) = programs.split_last().context("a bundle has a program")?;
        for (path, identifier) in nested {
            run(self.call(identity, identifier).arg(bundle.join(path)))?;
        }
        // The bundle stands for its main program.
        let mut whole = self.call(identity, &main.1);
        if !entitlements.is_empty() {
            whole.arg("--entitlements").arg(&file);
        }
        run(whole.arg(bundle))
    }

    fn call(&self, identity: &str, identifier: &str) -> Command {
        let mut command = Command::new(&self.0);
        command
            .args(["--force", "--timestamp", "--options", "runtime"])
            .args(["--sign", identity])
            .args(["--identifier", identifier])
            .stdin(Stdio::null());
        command
    }
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().context("running codesign")?;
    ensure!(status.success(), "codesign failed: {status}");
    Ok(())
}
