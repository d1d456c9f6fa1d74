//! Rust's standard library, which is in every program of ours, with the crates that are in it.
//!
//! Cargo does not tell of it: it comes with the compiler. Its version is the compiler's; its crates
//! are those of the release that the programs for a Mac are built with.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::components::{Component, Registry};

const CRATES: &str = include_str!("standard-library.txt");

/// The library of the compiler that is installed, and its crates.
///
/// # Errors
/// When there is no compiler.
pub(crate) fn components() -> Result<(Component, Vec<Component>)> {
    let output = Command::new("rustc")
        .arg("--version")
        .output()
        .context("running rustc")?;
    ensure!(output.status.success(), "rustc failed: {}", output.status);
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.split_whitespace().nth(1);
    Ok(of_release(version.context("rustc has no version")?))
}

/// Of a release; the crates are known of one only.
fn of_release(version: &str) -> (Component, Vec<Component>) {
    let mut release = "";
    let mut crates = Vec::new();
    for line in CRATES.lines().filter(|line| !line.starts_with('#')) {
        match line.splitn(4, ' ').collect::<Vec<_>>()[..] {
            ["rust", of] => release = of,
            [name, version, digest, licence] => crates.push(Component {
                registry: Registry::Cargo,
                name: name.to_owned(),
                version: Some(version.to_owned()),
                architecture: None,
                licence: Some(licence.to_owned()),
                home: Some(format!("https://crates.io/crates/{name}")),
                digest: Some(("SHA-256", digest.to_owned())),
                folder: None,
                needs: BTreeSet::new(),
            }),
            _ => {}
        }
    }
    if release != version {
        crates.clear();
    }
    let library = Component {
        registry: Registry::Rust,
        name: "rust-std".to_owned(),
        version: Some(version.to_owned()),
        architecture: None,
        licence: Some("MIT OR Apache-2.0".to_owned()),
        home: Some("https://github.com/rust-lang/rust".to_owned()),
        digest: None,
        folder: None,
        needs: crates.iter().map(Component::url).collect(),
    };
    (library, crates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_its_crates_and_another_none_that_would_be_guessed() {
        let (library, crates) = of_release("1.95.0");
        assert_eq!(library.url(), "pkg:generic/rust-std@1.95.0");
        assert!(crates.len() >= 10, "{crates:?}");
        for one in &crates {
            let digest = one.digest.as_ref().expect("a digest");
            assert_eq!(digest.1.len(), 64, "{one:?}");
            assert!(library.needs.contains(&one.url()), "{one:?}");
        }
        let (other, none) = of_release("1.96.0");
        assert_eq!(other.url(), "pkg:generic/rust-std@1.96.0");
        assert!(none.is_empty() && other.needs.is_empty());
    }
}
