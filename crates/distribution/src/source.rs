//! What is asked of the clone: its commit's time, and an archive of its sources.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::clone_folder;

/// The time that everything made carries: `SOURCE_DATE_EPOCH`, else the commit's.
///
/// # Errors
/// When there is neither.
pub fn time() -> Result<Timestamp> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds,
        Err(_) => git(&["log", "-1", "--format=%ct"])?,
    };
    let seconds: i64 = seconds
        .trim()
        .parse()
        .with_context(|| format!("SOURCE_DATE_EPOCH is {seconds:?}, which is no time"))?;
    Ok(Timestamp::from_second(seconds)?)
}

/// Writes the sources of the commit as `apple-k8s-VERSION.tar.gz` would be published.
///
/// # Errors
/// When git fails, or the file can't be written.
pub fn write_archive(path: &Path) -> Result<()> {
    let prefix = format!("--prefix=apple-k8s-{}/", crate::VERSION);
    let mut child = Command::new("git")
        .args(["archive", "--format=tar", &prefix, "HEAD"])
        .current_dir(clone_folder())
        .stdout(Stdio::piped())
        .spawn()
        .context("running git")?;
    let mut tar = Vec::new();
    let output = child.stdout.take().context("git's output")?;
    { output }.read_to_end(&mut tar)?;
    let status = child.wait()?;
    ensure!(status.success(), "git archive failed: {status}");
    write(path, &gzip(&tar)?)
}

/// Compresses without a name or a time inside.
///
/// # Errors
/// None that memory does not have.
pub fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    gzip.write_all(content)?;
    Ok(gzip.finish()?)
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// When the file can't be read.
pub fn digest(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(hex(&Sha256::digest(bytes)))
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a text can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a file, making its folder.
///
/// # Errors
/// When it can't be written.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(path, content).with_context(|| format!("writing {}", path.display()))
}

fn git(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(clone_folder())
        .output()
        .context("running git")?;
    ensure!(
        output.status.success(),
        "git {} failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_twice_is_the_same() {
        let first = gzip(b"text").expect("compressed");
        assert_eq!(first, gzip(b"text").expect("compressed"));
        // The four bytes of a time in its header are zero.
        assert_eq!(first[4..8], [0; 4]);
    }
}
