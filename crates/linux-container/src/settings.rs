//! `config.toml`: Apple's keys, and a section `[linux]` for what only this program has.
//!
//! A user's own file is taken over by `system start`, as Apple's tool does it. Beside it an app root
//! may have one of its own; what that says wins.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::error::{Context, Error, Result};
use crate::version::Version;
use crate::world::write_atomic;

/// Merged settings. Keys this program does not use are accepted and ignored, as newer releases
/// of Apple's tool add some.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) build: Build,
    pub(crate) container: Container,
    pub(crate) dns: Dns,
    pub(crate) network: Network,
    pub(crate) registry: Registry,
    #[serde(skip_serializing)]
    pub(crate) linux: Linux,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Build {
    pub(crate) cpus: u32,
    pub(crate) memory: String,
    pub(crate) rosetta: bool,
}

impl Default for Build {
    fn default() -> Self {
        Self {
            cpus: 2,
            memory: "2048mb".into(),
            rosetta: true,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Container {
    pub(crate) cpus: u32,
    pub(crate) memory: String,
}

impl Default for Container {
    fn default() -> Self {
        Self {
            cpus: 4,
            memory: "1gb".into(),
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Dns {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) domain: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Network {
    /// Range of the network `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subnet: Option<ipnet::Ipv4Net>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Registry {
    pub(crate) domain: String,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            domain: "docker.io".into(),
        }
    }
}

/// Settings that Apple's tool does not have.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Linux {
    /// Release to play; `CONTAINER_PLAY_VERSION` wins.
    version: Option<String>,
    /// Whether containers may reach beyond the host.
    outside: bool,
    /// Read-only mounts `host:build[:ro]` in `RUN` steps; `CONTAINER_BUILD_VOLUMES` adds some.
    build_volumes: Vec<String>,
}

impl Settings {
    /// Reads the settings of an app root; all defaults where there are none.
    pub(crate) fn read(app_root: &Path) -> Result<Self> {
        let mut all = table(&taken_over(app_root))?;
        let own = app_root.join("config.toml");
        put(&mut all, table(&own)?);
        all.try_into()
            .map_err(|e| Error::invalid(format!("invalid configuration {}: {e}", own.display())))
    }

    /// Copies the user's own file into an app root, or forgets the copy when it is gone. One that
    /// cannot be read changes nothing.
    pub(crate) fn take_over(app_root: &Path) -> Result<()> {
        let Some(home) = std::env::var_os("HOME") else {
            return Ok(());
        };
        let source = Path::new(&home).join(".config/container/config.toml");
        let target = taken_over(app_root);
        let Some(text) = contents(&source)? else {
            return match fs::remove_file(&target) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    Err(e).context(|| format!("cannot remove {}", target.display()))
                }
                _ => Ok(()),
            };
        };
        parse(&source, &text)?;
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).context(|| format!("cannot create {}", folder.display()))?;
        }
        write_atomic(&target, text.as_bytes())?;
        // Editing it would be in vain.
        fs::set_permissions(&target, Permissions::from_mode(0o444))
            .context(|| format!("cannot protect {}", target.display()))
    }

    pub(crate) fn version(&self) -> Result<Version> {
        let set = std::env::var("CONTAINER_PLAY_VERSION")
            .ok()
            .filter(|v| !v.is_empty());
        match set.as_ref().or(self.linux.version.as_ref()) {
            Some(text) => text.parse().map_err(Error::invalid),
            None => Ok(Version::DEFAULT),
        }
    }

    pub(crate) fn outside(&self) -> bool {
        match std::env::var("CONTAINER_OUTSIDE").as_deref() {
            Ok("1" | "true") => true,
            Ok("0" | "false") => false,
            _ => self.linux.outside,
        }
    }

    /// Mounts `host:build:ro` for the `RUN` steps of builds.
    pub(crate) fn build_volumes(&self) -> Result<Vec<String>> {
        let extra = std::env::var("CONTAINER_BUILD_VOLUMES").unwrap_or_default();
        let extra = extra
            .split(',')
            .filter(|v| !v.is_empty())
            .map(str::to_owned);
        self.linux
            .build_volumes
            .iter()
            .cloned()
            .chain(extra)
            .map(|v| read_only(&v))
            .collect()
    }
}

/// The copy of the user's own file, where Apple's tool has it too.
fn taken_over(app_root: &Path) -> PathBuf {
    app_root.join("config/config.toml")
}

fn contents(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::internal(format!(
            "cannot read {}: {e}",
            path.display()
        ))),
    }
}

fn table(path: &Path) -> Result<Table> {
    match contents(path)? {
        Some(text) => parse(path, &text),
        None => Ok(Table::new()),
    }
}

/// The keys of a file whose values make sense.
fn parse(path: &Path, text: &str) -> Result<Table> {
    toml::from_str::<Settings>(text)
        .and_then(|_| toml::from_str(text))
        .map_err(|e| Error::invalid(format!("invalid configuration {}: {e}", path.display())))
}

/// Puts keys over others, section by section.
fn put(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(section)), Value::Table(keys)) => put(section, keys),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

fn read_only(volume: &str) -> Result<String> {
    let parts: Vec<&str> = volume.split(':').collect();
    match parts[..] {
        [host, inside] | [host, inside, "ro"]
            if host.starts_with('/') && inside.starts_with('/') =>
        {
            Ok(format!("{host}:{inside}:ro"))
        }
        _ => Err(Error::invalid(format!(
            "invalid build volume '{volume}': give /host/path:/path/in/build, it is mounted read-only"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_volumes_are_absolute_and_read_only() {
        assert_eq!(read_only("/a:/b").unwrap(), "/a:/b:ro");
        assert_eq!(read_only("/a:/b:ro").unwrap(), "/a:/b:ro");
        assert!(read_only("/a:/b:rw").is_err());
        assert!(read_only("a:/b").is_err());
    }

    #[test]
    fn apple_keys_and_own_section_are_read() {
        let text = "[container]\ncpus = 2\nfuture = 1\n[machine]\nx = 1\n[linux]\noutside = true\n";
        let settings: Settings = toml::from_str(text).unwrap();
        assert_eq!(
            (settings.container.cpus, settings.container.memory.as_str()),
            (2, "1gb")
        );
        assert!(settings.linux.outside);
        assert!(toml::from_str::<Settings>("[linux]\ntypo = 1\n").is_err());
    }
}
