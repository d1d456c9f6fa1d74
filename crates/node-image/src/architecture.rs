//! Processor architectures that nodes exist for.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Architecture of a node, in the words of Go, Debian and container images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// 64-bit Arm: Apple silicon.
    Arm64,
    /// 64-bit x86.
    Amd64,
}

impl Architecture {
    /// This machine's.
    pub const fn host() -> Self {
        if cfg!(target_arch = "aarch64") {
            Self::Arm64
        } else {
            Self::Amd64
        }
    }

    /// `arm64` or `amd64`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::Amd64 => "amd64",
        }
    }

    /// As `container` names it: `linux/arm64`.
    pub fn platform(self) -> String {
        format!("linux/{}", self.name())
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Architecture {
    type Err = Error;

    /// Also takes the names that `uname -m` prints.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "arm64" | "aarch64" => Ok(Self::Arm64),
            "amd64" | "x86_64" => Ok(Self::Amd64),
            _ => Err(Error::Architecture(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_of_names_are_read() {
        for (text, want) in [
            ("arm64", Architecture::Arm64),
            ("aarch64", Architecture::Arm64),
            ("amd64", Architecture::Amd64),
            ("x86_64", Architecture::Amd64),
        ] {
            assert_eq!(text.parse::<Architecture>().ok(), Some(want), "{text}");
        }
        let error = "riscv64"
            .parse::<Architecture>()
            .err()
            .map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("riscv64") && e.contains("arm64")));
    }
}
