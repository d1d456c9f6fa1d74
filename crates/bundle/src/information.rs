//! `Info.plist`: what the app says of itself to a Mac.

use anyhow::{Context, Result, ensure};
use plist::{Dictionary, Value};
use serde::Deserialize;

/// What is the same in every version.
const TEMPLATE: &[u8] = include_bytes!("../../../src-tauri/Info.plist");
/// Where the app has its name from.
const CONFIGURATION: &str = include_str!("../../../src-tauri/tauri.conf.json");
/// Without its ending.
pub(crate) const ICON: &str = "apple-k8s";

/// The names of the app, as its configuration has them.
#[derive(Debug, Deserialize)]
struct Configuration {
    #[serde(rename = "productName")]
    name: String,
    identifier: String,
}

/// Writes the property list of this version.
pub(crate) fn written(executable: &str) -> Result<Vec<u8>> {
    let configuration: Configuration =
        serde_json::from_str(CONFIGURATION).context("reading tauri.conf.json")?;
    let mut list: Dictionary = plist::from_bytes(TEMPLATE).context("reading Info.plist")?;
    let version = env!("CARGO_PKG_VERSION");
    for (key, value) in [
        ("CFBundleName", configuration.name.as_str()),
        ("CFBundleDisplayName", &configuration.name),
        ("CFBundleIdentifier", &configuration.identifier),
        ("CFBundleExecutable", executable),
        ("CFBundleIconFile", ICON),
        ("CFBundleShortVersionString", version),
        ("CFBundleVersion", version),
    ] {
        let before = list.insert(key.to_owned(), Value::from(value));
        ensure!(before.is_none(), "Info.plist must leave {key} out");
    }
    list.sort_keys();
    let mut text = Vec::new();
    Value::Dictionary(list).to_writer_xml(&mut text)?;
    text.push(b'\n');
    Ok(text)
}

/// What a property list says, as far as others depend on it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Information {
    #[serde(rename = "CFBundleIdentifier")]
    pub(crate) identifier: String,
    #[serde(rename = "CFBundleExecutable")]
    pub(crate) executable: String,
    #[serde(rename = "CFBundleShortVersionString")]
    pub(crate) version: String,
    #[serde(rename = "LSMinimumSystemVersion")]
    pub(crate) minimum: String,
    #[serde(rename = "CFBundlePackageType")]
    package_type: String,
    #[serde(rename = "CFBundleSignature")]
    creator: String,
}

impl Information {
    /// Reads one.
    pub(crate) fn read(text: &[u8]) -> Result<Self> {
        plist::from_bytes(text).context("not the property list of an app")
    }

    /// What `PkgInfo` says.
    pub(crate) fn package(&self) -> Vec<u8> {
        format!("{}{}", self.package_type, self.creator).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_version_are_those_of_the_workspace() {
        let text = written("apple-k8s-app").unwrap();
        let information = Information::read(&text).unwrap();
        assert_eq!(information.identifier, "dev.apple-k8s.app");
        assert_eq!(information.executable, "apple-k8s-app");
        assert_eq!(information.version, env!("CARGO_PKG_VERSION"));
        assert_eq!(information.package(), b"APPL????");
    }
}
