//! Where everything lives, whether the service is started, and the settings.
//!
//! There is no daemon. "Started" is a file under `/run` that names this boot of the host; what
//! is true about containers is podman's own state inside the app root.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Context, Error, Result};
use crate::settings::Settings;
use crate::version::Version;

/// Volatile state of all app roots. It is short, because paths of sockets below it have a limit.
const RUN: &str = "/run/apple-container";

/// One app root and what belongs to it.
pub(crate) struct World {
    pub(crate) app_root: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) version: Version,
    /// Six hexadecimal digits that tell this app root from others in names of interfaces and
    /// control groups.
    pub(crate) key: String,
}

/// Contents of the file that says the service is started.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Service {
    boot_id: String,
    /// The release played when the service was started.
    pub(crate) version: String,
    /// Whether containers may reach beyond the host. Older programs did not write it.
    #[serde(default)]
    outside: bool,
}

impl World {
    /// The app root from the environment, from the service that was started with another one,
    /// or the default one.
    pub(crate) fn open() -> Result<Self> {
        let root = match std::env::var_os("CONTAINER_APP_ROOT").filter(|v| !v.is_empty()) {
            Some(root) => PathBuf::from(root),
            None => match fs::read_to_string(pointer()) {
                Ok(text) => PathBuf::from(text),
                Err(_) => default_root()?,
            },
        };
        Self::at(&root)
    }

    /// The world of a given app root.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        let app_root = std::path::absolute(root)
            .context(|| format!("cannot use '{}' as the app root", root.display()))?;
        // `system status` says it with a slash at its end, and one root has one key.
        let app_root: PathBuf = app_root.components().collect();
        let settings = Settings::read(&app_root)?;
        let version = settings.version()?;
        let key = format!(
            "{:06x}",
            hash(app_root.as_os_str().as_encoded_bytes()) & 0xff_ffff
        );
        Ok(Self {
            app_root,
            settings,
            version,
            key,
        })
    }

    /// Remembers an app root given on the command line for later commands.
    pub(crate) fn remember(&self) -> Result<()> {
        if default_root().is_ok_and(|root| root == self.app_root) {
            let _ = fs::remove_file(pointer());
            return Ok(());
        }
        fs::create_dir_all(RUN).context(|| format!("cannot create {RUN}"))?;
        write_atomic(&pointer(), self.app_root.as_os_str().as_encoded_bytes())
    }

    /// Takes back [`World::remember`].
    pub(crate) fn forget(&self) {
        let ours = fs::read(pointer())
            .is_ok_and(|text| text == self.app_root.as_os_str().as_encoded_bytes());
        if ours {
            let _ = fs::remove_file(pointer());
        }
    }

    /// Volatile state of this app root.
    pub(crate) fn run(&self) -> PathBuf {
        Path::new(RUN).join(&self.key)
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.run().join("locks")
    }

    /// Lock shared by all app roots of the host.
    pub(crate) fn host_lock() -> PathBuf {
        Path::new(RUN).join("host.lock")
    }

    /// Something that all services of the host share.
    pub(crate) fn shared(what: &str) -> PathBuf {
        Path::new(RUN).join(what)
    }

    /// podman's configuration and storage.
    pub(crate) fn podman(&self) -> PathBuf {
        self.app_root.join("podman")
    }

    pub(crate) fn storage(&self) -> PathBuf {
        self.podman().join("storage")
    }

    pub(crate) fn temporary(&self) -> PathBuf {
        self.podman().join("tmp")
    }

    pub(crate) fn containers(&self) -> PathBuf {
        self.app_root.join("containers")
    }

    pub(crate) fn container(&self, id: &str) -> PathBuf {
        self.containers().join(id)
    }

    pub(crate) fn volumes(&self) -> PathBuf {
        self.app_root.join("volumes")
    }

    pub(crate) fn networks(&self) -> PathBuf {
        self.app_root.join("networks")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.app_root.join("service.log")
    }

    /// Link to the kernel, as on a Mac. Containers here run on the host's kernel: the link leads
    /// to a text that names it.
    pub(crate) fn kernel_link(&self) -> PathBuf {
        self.app_root
            .join("kernels")
            .join(format!("default.kernel-{}", architecture()))
    }

    fn marker(&self) -> PathBuf {
        self.run().join("service.json")
    }

    /// The started service; none after a restart of the host.
    pub(crate) fn service(&self) -> Option<Service> {
        let text = fs::read(self.marker()).ok()?;
        let service: Service = serde_json::from_slice(&text).ok()?;
        (boot_id()? == service.boot_id).then_some(service)
    }

    /// Whether containers of the started service may reach beyond the host.
    pub(crate) fn outside(&self) -> bool {
        self.service().is_some_and(|service| service.outside)
    }

    /// Whether the service was started and the host has restarted since.
    pub(crate) fn lost_its_host(&self) -> bool {
        self.marker().exists() && self.service().is_none()
    }

    pub(crate) fn mark_started(&self, outside: bool) -> Result<()> {
        let boot_id = boot_id().ok_or_else(|| Error::internal("cannot read the host's boot id"))?;
        let service = Service {
            boot_id,
            version: self.version.to_string(),
            outside,
        };
        let text = serde_json::to_vec(&service).context(|| "cannot encode the service".into())?;
        write_atomic(&self.marker(), &text)
    }

    pub(crate) fn mark_stopped(&self) {
        let _ = fs::remove_file(self.marker());
    }

    /// Fails as Apple's tool does when its services are down.
    pub(crate) fn require_service(&self, command: &str) -> Result<()> {
        if self.service().is_some() {
            return Ok(());
        }
        let cause = r#"interrupted: "XPC connection error: Connection invalid""#;
        let first = match command {
            "list" => {
                format!(r#"internalError: "failed to list containers" (cause: "{cause}")"#)
            }
            _ => cause.to_owned(),
        };
        Err(Error::verbatim(format!(
            "{first}\nEnsure container system service has been started with `container system start`."
        )))
    }
}

fn pointer() -> PathBuf {
    Path::new(RUN).join("app-root")
}

fn default_root() -> Result<PathBuf> {
    let home = std::env::var_os("HOME")
        .filter(|home| !home.is_empty())
        .ok_or_else(|| Error::internal("HOME is not set: set it, or CONTAINER_APP_ROOT"))?;
    Ok(Path::new(&home).join(".local/share/com.apple.container"))
}

fn boot_id() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// FNV-1a: small, and the same in every build of this program.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The host's architecture in OCI words.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Writes a file so that readers see the old or the new contents, never a part.
pub(crate) fn write_atomic(path: &Path, contents: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, contents)?;
        file.persist(path)?;
        Ok(())
    };
    write().context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_the_same_with_a_slash_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let plain = World::at(folder.path()).unwrap();
        let slash = World::at(&folder.path().join("")).unwrap();
        assert_eq!((plain.app_root, plain.key), (slash.app_root, slash.key));
    }
}
