//! The host's network programs, fed with a script.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::error::{Context, Error, Result};

/// Runs a program with a script on its stdin. What it wrote on stderr is the error.
pub(super) fn feed(command: &mut Command, script: &str, purpose: &str) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut run = || -> std::io::Result<std::process::Output> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(script.as_bytes())?;
        }
        child.wait_with_output()
    };
    let output = run().context(|| missing(&program))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("Command failed"))
        .collect();
    Err(Error::internal(format!("{purpose}: {}", lines.join("; "))))
}

/// A program of the host that is not there.
pub(super) fn missing(program: &str) -> String {
    format!(
        "cannot run {program}: install it with the host's package manager (iproute2, nftables, util-linux)"
    )
}
