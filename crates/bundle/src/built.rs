//! When the app counts as built: one time for all its files, which the commit decides.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

/// The time in `SOURCE_DATE_EPOCH`, or that of the commit.
///
/// # Errors
/// When there is neither.
pub fn time() -> Result<SystemTime> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => commit_time()?,
    };
    parse(&seconds)
}

fn parse(seconds: &str) -> Result<SystemTime> {
    let seconds: u64 = seconds
        .trim()
        .parse()
        .with_context(|| format!("SOURCE_DATE_EPOCH is {seconds:?}, not a number of seconds"))?;
    UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds))
        .context("SOURCE_DATE_EPOCH is too large")
}

fn commit_time() -> Result<String> {
    let hint = "no commit gives the app its time: set SOURCE_DATE_EPOCH";
    let output = Command::new("git")
        .args(["log", "-1", "--format=%ct"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .context(hint)?;
    ensure!(output.status.success(), hint);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds() {
        let expected = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(parse("1700000000\n").unwrap(), expected);
        assert!(parse("yesterday").is_err());
        assert!(parse(&u64::MAX.to_string()).is_err());
    }
}
