//! `--platform`, `--os`, `--arch` and `CONTAINER_DEFAULT_PLATFORM`.

use crate::cli::Matches;
use crate::error::{Error, Result};
use crate::model::Platform;
use crate::world::architecture;

/// Reads `os/arch[/variant]`.
pub(crate) fn parse(text: &str) -> Result<Platform> {
    let invalid = || Error::invalid(format!("invalid platform: {text}"));
    let parts: Vec<&str> = text.split('/').collect();
    let (os, architecture, variant) = match parts[..] {
        [os, arch] => (os, arch, None),
        [os, arch, variant] => (os, arch, Some(variant.to_owned())),
        _ => return Err(invalid()),
    };
    let architecture = match architecture {
        "amd64" | "x86_64" | "x86-64" => "amd64",
        "arm64" | "aarch64" => "arm64",
        _ => return Err(invalid()),
    };
    if os != "linux" {
        return Err(invalid());
    }
    let variant = variant.filter(|v| architecture != "arm64" || v != "v8");
    Ok(Platform {
        architecture: architecture.into(),
        os: os.into(),
        variant,
    })
}

/// What the flags ask for; none when they say nothing.
pub(crate) fn asked(matches: &Matches) -> Result<Option<Platform>> {
    if let Some(text) = matches.value("platform") {
        return parse(text).map(Some);
    }
    if matches.has("os") || matches.has("arch") {
        let os = matches.value("os").unwrap_or("linux");
        let arch = matches.value("arch").unwrap_or(architecture());
        return parse(&format!("{os}/{arch}")).map(Some);
    }
    match std::env::var("CONTAINER_DEFAULT_PLATFORM") {
        Ok(text) if !text.is_empty() => parse(&text).map(Some),
        _ => Ok(None),
    }
}

/// The host's own platform.
pub(crate) fn host() -> Platform {
    Platform {
        architecture: architecture().into(),
        os: "linux".into(),
        variant: None,
    }
}

/// As in `linux/arm64`.
pub(crate) fn text(platform: &Platform) -> String {
    match &platform.variant {
        Some(variant) => format!("{}/{}/{variant}", platform.os, platform.architecture),
        None => format!("{}/{}", platform.os, platform.architecture),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms() {
        assert_eq!(text(&parse("linux/arm64/v8").unwrap()), "linux/arm64");
        assert_eq!(text(&parse("linux/x86_64").unwrap()), "linux/amd64");
        for bad in ["linux", "windows/amd64", "linux/pdp11", "a/b/c/d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
