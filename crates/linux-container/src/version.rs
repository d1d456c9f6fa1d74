//! Which release of Apple's tool is played, and what that selects.

use std::fmt;
use std::str::FromStr;

/// A release of Apple's `container`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub u16, pub u16, pub u16);

impl Version {
    /// Played when nothing else is set.
    pub(crate) const DEFAULT: Self = Self(1, 5, 0);
    /// First release with today's JSON shapes; older ones are not played.
    pub(crate) const FIRST: Self = Self(1, 0, 0);
    /// Default masked and read-only paths, and `--kernel-arg`.
    pub(crate) const MASKS: Self = Self(1, 2, 0);
    /// `--masked-path` and `--read-only-path`; live `export`.
    pub(crate) const MASK_FLAGS: Self = Self(1, 2, 1);
    /// `/` no longer escaped in JSON, nested `system status`, `clean`.
    pub(crate) const PLAIN_SLASH: Self = Self(1, 4, 1);

    /// The commit that `--version` shows. It names no commit of Apple's.
    pub(crate) const COMMIT: &'static str = "0000000";

    /// The one line of `container --version`, also used for the server.
    pub(crate) fn line(self, program: &str) -> String {
        format!(
            "{program} version {self} (build: release, commit: {})",
            Self::COMMIT
        )
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<u16> = text.split('.').filter_map(|p| p.parse().ok()).collect();
        match parts[..] {
            [a, b, c] if text.split('.').count() == 3 && Self(a, b, c) >= Self::FIRST => {
                Ok(Self(a, b, c))
            }
            _ => Err(format!(
                "cannot play version '{text}' of container: give 1.0.0 or newer, as in 1.5.0"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_releases_and_refuses_older_ones() {
        assert_eq!("1.2.1".parse(), Ok(Version(1, 2, 1)));
        assert!("0.12.0".parse::<Version>().is_err());
        assert!("1.2".parse::<Version>().is_err());
        assert!("1.2.x".parse::<Version>().is_err());
        assert!(Version(1, 2, 0) >= Version::MASKS && Version(1, 2, 0) < Version::MASK_FLAGS);
    }
}
