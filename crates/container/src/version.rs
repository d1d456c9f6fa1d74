//! Versions of the program and what each can do.

use std::fmt;

use crate::error::{Error, Result};

/// The oldest release that nodes run on.
pub const OLDEST: Version = Version::new(1, 0, 0);

/// A release of `container`, such as `1.5.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub patch: u32,
}

impl Version {
    /// A version from its three numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// The first `x.y.z` in a text. Servers up to 1.4 say `container-apiserver version 1.2.2
    /// (build: release, commit: 0190097)` where later ones say `1.5.0`.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.')
            .find_map(Self::exact)
    }

    fn exact(word: &str) -> Option<Self> {
        let mut numbers = word.split('.').map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self::new(next()?, next()?, next()?))
    }

    /// Whether nodes can run on this release.
    ///
    /// # Errors
    /// [`Error::TooOld`] before 1.0.0, [`Error::Refused`] for 1.2.0.
    pub fn check(self) -> Result<()> {
        if self < OLDEST {
            return Err(Error::TooOld { version: self });
        }
        if self == Self::new(1, 2, 0) {
            return Err(Error::Refused {
                version: self,
                reason: "it mounts /proc/sys read-only in every container and has no flag to undo that; 1.2.1 and newer have",
            });
        }
        Ok(())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What the installed release can do, found by asking it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools)] // one independent yes or no per flag
pub struct Capabilities {
    /// The release.
    pub version: Version,
    /// `run --cap-add` exists.
    pub cap_add: bool,
    /// `run --masked-path` exists (1.2.1 and newer).
    pub masked_path: bool,
    /// `run --read-only-path` exists (1.2.1 and newer).
    pub read_only_path: bool,
    /// `run --kernel-arg` exists (1.2.0 and newer).
    pub kernel_arg: bool,
    /// `run --shm-size` exists (1.0.0 and newer).
    pub shm_size: bool,
}

impl Capabilities {
    pub(crate) fn read(version: Version, help: &str) -> Self {
        let has = |flag: &str| {
            help.split(|c: char| c.is_whitespace() || matches!(c, ',' | '=' | '<' | '[' | ']'))
                .any(|word| word == flag)
        };
        Self {
            version,
            cap_add: has("--cap-add"),
            masked_path: has("--masked-path"),
            read_only_path: has("--read-only-path"),
            kernel_arg: has("--kernel-arg"),
            shm_size: has("--shm-size"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_texts() {
        for (text, expected) in [
            (
                "container CLI version 1.2.2 (build: release, commit: 0190097)\n",
                Some((1, 2, 2)),
            ),
            (
                "container-apiserver version 1.0.0 (build: release, commit: 1.9)",
                Some((1, 0, 0)),
            ),
            ("1.5.0", Some((1, 5, 0))),
            ("v12.0.345-dirty", Some((12, 0, 345))),
            ("version 1.5", None),
            ("...", None),
            ("99999999999.0.0", None),
            ("", None),
        ] {
            let expected = expected.map(|(a, b, c)| Version::new(a, b, c));
            assert_eq!(Version::find(text), expected, "{text}");
        }
    }

    #[test]
    fn only_whole_flags_count() {
        let help = "  --cap-add <cap>  text about --masked-paths\n  -x, --kernel-arg=<arg>\n";
        let known = Capabilities::read(Version::new(1, 2, 0), help);
        assert!(known.cap_add && known.kernel_arg);
        assert!(!known.masked_path && !known.read_only_path && !known.shm_size);
    }

    #[test]
    fn releases_around_the_bad_one() {
        assert!(Version::new(0, 12, 9).check().is_err());
        assert!(Version::new(1, 2, 0).check().is_err());
        for good in [(1, 0, 0), (1, 1, 0), (1, 2, 1), (1, 5, 0), (2, 0, 0)] {
            Version::new(good.0, good.1, good.2).check().unwrap();
        }
    }
}
