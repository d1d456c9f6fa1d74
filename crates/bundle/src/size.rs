//! How large an app is on a disk, and may be.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// What an app has less than, in bytes; the node image is no part of it.
pub const LIMIT: u64 = 25_000_000;

/// How many files an error names.
const NAMED: usize = 5;

/// The sizes of an app's files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes by path, from the bundle's folder.
    pub files: BTreeMap<String, u64>,
}

impl Sizes {
    /// Of all files in a bundle; a link has the size of its text.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn of(bundle: &Path) -> Result<Self> {
        let mut sizes = Self::default();
        sizes.add(bundle, "")?;
        Ok(sizes)
    }

    fn add(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let reading = || format!("reading {}", folder.display());
        for entry in fs::read_dir(folder).with_context(reading)? {
            let entry = entry?;
            let path = format!("{prefix}{}", entry.file_name().display());
            let kind = entry.metadata().with_context(reading)?;
            if kind.is_dir() {
                self.add(&entry.path(), &format!("{path}/"))?;
            } else {
                self.files.insert(path, kind.len());
            }
        }
        Ok(())
    }

    /// All bytes.
    pub fn total(&self) -> u64 {
        self.files.values().sum()
    }

    /// Refuses so many bytes, and more.
    ///
    /// # Errors
    /// When there are as many; it names the largest files.
    pub fn check(&self, limit: u64) -> Result<()> {
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_by_key(|(path, bytes)| (u64::MAX - **bytes, *path));
        let mut named = String::new();
        for (path, bytes) in files.into_iter().take(NAMED) {
            // Writing to a text can't fail.
            let _ = write!(named, "\n  {}  {path}", shown(*bytes));
        }
        ensure!(
            self.total() < limit,
            "the app is too large: {} bytes, and it must have less than {limit} ({}). Its largest files:{named}",
            self.total(),
            shown(limit)
        );
        Ok(())
    }
}

/// Bytes as they are shown.
#[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
pub fn shown(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_counts_and_one_byte_too_many_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("Contents/MacOS")).unwrap();
        for (path, bytes) in [("Contents/MacOS/app", 70), ("Contents/small", 30)] {
            fs::write(folder.path().join(path), vec![1; bytes]).unwrap();
        }
        let sizes = Sizes::of(folder.path()).unwrap();
        assert_eq!(sizes.total(), 100);
        sizes.check(101).unwrap();
        let error = sizes.check(100).unwrap_err().to_string();
        assert!(
            error.contains("100 bytes, and it must have less than 100"),
            "{error}"
        );
        let (large, small) = (
            error.find("Contents/MacOS/app"),
            error.find("Contents/small"),
        );
        assert!(large.is_some() && large < small, "{error}");
    }

    /// What the product promises, in figures of its own: a change here is a broken promise.
    #[test]
    fn an_app_has_less_than_twenty_five_megabytes() {
        let of = |bytes| Sizes {
            files: BTreeMap::from([("Contents/MacOS/app".to_owned(), bytes)]),
        };
        of(24_999_999).check(LIMIT).unwrap();
        assert!(of(25_000_000).check(LIMIT).is_err());
    }
}
