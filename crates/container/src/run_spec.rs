//! What a container is to be like.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::error::{Error, Result};
use crate::version::Capabilities;

/// Bytes in one MiB, the step of memory sizes.
const MIB: u64 = 1 << 20;

/// Smallest memory that `container` accepts, in bytes.
pub const LEAST_MEMORY: u64 = 200 * MIB;

/// Arguments of `run` and `create`. Fields that are left alone take the program's defaults:
/// 4 CPUs, 1 GiB, network `default`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunSpec {
    /// Name, id and host name: 2 to 63 characters of `[a-zA-Z0-9_.-]`, the first a letter or digit.
    pub name: String,
    /// Image reference.
    pub image: String,
    /// Arguments after the image.
    pub command: Vec<String>,
    /// Platform such as `linux/arm64`. Always set it: another one is emulated, not refused.
    pub platform: Option<String>,
    /// CPUs.
    pub cpus: Option<u32>,
    /// Memory in bytes, rounded up to whole MiB; at least [`LEAST_MEMORY`].
    pub memory: Option<u64>,
    /// Capabilities to add, `ALL` for all.
    pub cap_add: Vec<String>,
    /// Leaves no path masked and none read-only, as nodes need it. Releases that mask nothing
    /// (1.0 and 1.1) have no flag for it and get none.
    pub unmasked: bool,
    /// Paths with a tmpfs.
    pub tmpfs: Vec<String>,
    /// Environment. It is visible in `inspect` and in the process list: no secrets.
    pub env: Vec<(String, String)>,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// Mounts.
    pub mounts: Vec<Mount>,
    /// Published ports.
    pub publish: Vec<Publish>,
    /// Networks, with the options the program takes (`NAME[,mac=…][,mtu=…]`).
    pub networks: Vec<String>,
    /// Name servers.
    pub dns: Vec<IpAddr>,
    /// Entry point instead of the image's; drops the image's arguments too.
    pub entrypoint: Option<String>,
    /// User, as name or number.
    pub user: Option<String>,
    /// Working folder inside.
    pub workdir: Option<String>,
    /// Kernel to boot instead of the installed one.
    pub kernel: Option<PathBuf>,
    /// Removes the container when it stops.
    pub remove: bool,
    /// Size of `/dev/shm` in bytes.
    pub shm_size: Option<u64>,
}

/// A file system of the host, or a volume, inside a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Absolute path inside.
    pub target: String,
    /// Whether writing is refused.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A file or folder of the host, absolute.
    Host(PathBuf),
    /// A named volume, created when it does not exist.
    Volume(String),
}

/// A port of the host that leads into the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Address of the host to listen on; without one the program listens on all.
    pub host_address: Option<IpAddr>,
    /// Port of the host; ports below 1024 need root.
    pub host_port: u16,
    /// Port inside.
    pub container_port: u16,
    /// Protocol.
    pub protocol: Protocol,
}

/// Protocol of a published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl RunSpec {
    /// A container of this name from this image, all else by default.
    pub fn new(name: impl Into<String>, image: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            image: image.into(),
            ..Self::default()
        }
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((key.into(), value.into()));
        self
    }

    /// Adds a tmpfs.
    #[must_use]
    pub fn tmpfs(mut self, path: impl Into<String>) -> Self {
        self.tmpfs.push(path.into());
        self
    }

    /// Adds a mount of a host path.
    #[must_use]
    pub fn mount(mut self, source: impl Into<PathBuf>, target: &str, read_only: bool) -> Self {
        self.mounts.push(Mount {
            source: MountSource::Host(source.into()),
            target: target.to_owned(),
            read_only,
        });
        self
    }

    /// Publishes a TCP port on an address of the host.
    #[must_use]
    pub fn publish(mut self, host: IpAddr, host_port: u16, container_port: u16) -> Self {
        self.publish.push(Publish {
            host_address: Some(host),
            host_port,
            container_port,
            protocol: Protocol::Tcp,
        });
        self
    }

    pub(crate) fn args(&self, words: &[&str], known: Option<&Capabilities>) -> Result<Args> {
        check_id(&self.name)?;
        check_reference(&self.image)?;
        let mut args = Args::new(words);
        args.option("--name", &self.name)
            .optional("--platform", self.platform.as_ref())
            .each("--cap-add", &self.cap_add);
        if self.unmasked
            && let Some(known) = known
        {
            if known.masked_path {
                args.option("--masked-path", "NONE");
            }
            if known.read_only_path {
                args.option("--read-only-path", "NONE");
            }
        }
        args.optional("--cpus", self.cpus.map(|cpus| cpus.to_string()))
            .optional("--memory", self.memory.map(mebibytes).transpose()?)
            .optional(
                "--shm-size",
                self.shm_size.map(|size| format!("{}m", size.div_ceil(MIB))),
            )
            .each("--tmpfs", &self.tmpfs);
        for (key, value) in &self.env {
            check_pair("environment variable", key)?;
            args.hidden_pair("--env", key, value);
        }
        for (key, value) in &self.labels {
            check_pair("label", key)?;
            args.option("--label", format!("{key}={value}"));
        }
        for mount in &self.mounts {
            mount.add_to(&mut args)?;
        }
        args.each("--publish", self.publish.iter().map(Publish::to_string))
            .each("--network", &self.networks)
            .each("--dns", self.dns.iter().map(IpAddr::to_string))
            .optional("--entrypoint", self.entrypoint.as_ref())
            .optional("--user", self.user.as_ref())
            .optional("--workdir", self.workdir.as_ref())
            .optional("--kernel", self.kernel.as_ref())
            .switch("--rm", self.remove)
            .push(&self.image)
            .words(&self.command);
        Ok(args)
    }
}

impl Mount {
    fn add_to(&self, args: &mut Args) -> Result<()> {
        if !self.target.starts_with('/') || self.target.contains([':', ',']) {
            return Err(Error::invalid(
                format!("mount target `{}`", self.target),
                "it must be an absolute path without `:` and `,`",
            ));
        }
        let source = match &self.source {
            MountSource::Volume(name) => {
                check_id(name)?;
                Path::new(name)
            }
            MountSource::Host(path) => path,
        };
        let text = source.to_string_lossy();
        if matches!(self.source, MountSource::Host(_)) && !source.is_absolute() {
            return Err(Error::invalid(
                format!("mount source `{text}`"),
                "it must be an absolute path",
            ));
        }
        if text.contains(':') {
            return self.add_with_mount_flag(args, source);
        }
        let mut value = source.as_os_str().to_owned();
        value.push(":");
        value.push(&self.target);
        if self.read_only {
            value.push(":ro");
        }
        args.option("-v", value);
        Ok(())
    }

    /// `-v` splits at colons, `--mount` at commas; files work only with the first.
    fn add_with_mount_flag(&self, args: &mut Args, source: &Path) -> Result<()> {
        if source.to_string_lossy().contains(',') || source.is_file() {
            return Err(Error::invalid(
                format!("mount source `{}`", source.display()),
                "`container` cannot mount a path with `:` that is a file or has a `,` too",
            ));
        }
        let mut value = std::ffi::OsString::from("type=bind,source=");
        value.push(source);
        value.push(format!(",target={}", self.target));
        if self.read_only {
            value.push(",readonly");
        }
        args.option("--mount", value);
        Ok(())
    }
}

impl std::fmt::Display for Publish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host_address {
            Some(IpAddr::V6(address)) => write!(f, "[{address}]:")?,
            Some(IpAddr::V4(address)) => write!(f, "{address}:")?,
            None => {}
        }
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        write!(f, "{}:{}/{protocol}", self.host_port, self.container_port)
    }
}

fn mebibytes(bytes: u64) -> Result<String> {
    if bytes < LEAST_MEMORY {
        return Err(Error::invalid(
            format!("memory of {bytes} bytes"),
            "`container` needs at least 200 MiB",
        ));
    }
    Ok(format!("{}m", bytes.div_ceil(MIB)))
}

/// Whether a text can name a container: also keeps anything that looks like a flag off the
/// command line.
pub(crate) fn check_id(id: &str) -> Result<()> {
    let good = (2..=63).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if good {
        return Ok(());
    }
    Err(Error::invalid(
        format!("name `{id}`"),
        "it must have 2 to 63 characters of a-z, A-Z, 0-9, `_`, `.`, `-` and start with a letter or digit",
    ))
}

/// Whether a text can be an image reference, and not a flag.
pub(crate) fn check_reference(reference: &str) -> Result<()> {
    let good = reference.starts_with(|c: char| c.is_ascii_alphanumeric())
        && reference.chars().all(|c| c.is_ascii_graphic());
    if good {
        return Ok(());
    }
    Err(Error::invalid(
        format!("image `{reference}`"),
        "it must be a reference such as `name:tag`",
    ))
}

fn check_pair(what: &str, key: &str) -> Result<()> {
    if key.is_empty() || key.contains(['=', '\0']) {
        return Err(Error::invalid(
            format!("{what} `{key}`"),
            "its name must not be empty nor contain `=`",
        ));
    }
    Ok(())
}
