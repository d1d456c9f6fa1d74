//! The arguments of `podman create` for a container.

use std::path::Path;

use super::{Record, disk, log_file, netns_file};
use crate::model::{Configuration, Mount, MountKind, Rlimit};
use crate::parse::capability;
use crate::parse::user;
use crate::volume;
use crate::world::World;

/// Where a container created with `--cap-add ALL` finds its own folder on a real file system.
const DISK: &str = "/var/lib/container-disk";

/// Paths hidden since 1.2.0.
pub(crate) const MASKED: [&str; 11] = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
];

/// Paths that cannot be written since 1.2.0.
pub(crate) const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// The paths podman would make read-only by itself.
const PODMAN_READ_ONLY: [&str; 6] = [
    "/proc/asound",
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// The paths podman would hide by itself.
const PODMAN_MASKED: [&str; 11] = [
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/fs/selinux",
    "/sys/dev/block",
];

/// Arguments of `podman create`.
pub(super) fn arguments(world: &World, record: &Record) -> Vec<String> {
    let config = &record.configuration;
    let mut args = Args(Vec::new());
    args.extend(["create", "--pull", "never", "--name", &config.id]);
    args.extend(["--image-volume", "ignore", "--no-hosts", "--dns", "none"]);
    args.extend(["--cgroupns", "private"]);
    args.option(
        "--cgroup-parent",
        &format!("/apple-container-{}", world.key),
    );
    args.option(
        "--network",
        &format!("ns:{}", netns_file(world, &config.id).display()),
    );
    args.option(
        "--hostname",
        config.id.split('.').next().unwrap_or(&config.id),
    );
    args.option(
        "--log-opt",
        &format!("path={}", log_file(world, &config.id).display()),
    );
    if record.remove_on_exit {
        args.push("--rm");
    }
    if record.interactive {
        args.push("--interactive");
    }
    resources(config, &mut args);
    security(world, config, &mut args);
    process(config, &mut args);
    for mount in &config.mounts {
        args.mount(mount, world);
    }
    if config.ssh
        && let Some(socket) = std::env::var_os("SSH_AUTH_SOCK")
    {
        let socket = Path::new(&socket).display().to_string();
        args.option(
            "--volume",
            &format!("{socket}:/var/host-services/ssh-auth.sock"),
        );
        args.option("--env", "SSH_AUTH_SOCK=/var/host-services/ssh-auth.sock");
    }
    let entrypoint = serde_json::json!([config.init_process.executable]).to_string();
    args.option("--entrypoint", &entrypoint);
    args.push(&config.image.reference);
    args.0.extend(config.init_process.arguments.iter().cloned());
    args.0
}

/// What podman has to be told beyond the process: the host may have fewer processors.
fn resources(config: &Configuration, args: &mut Args) {
    let most = std::thread::available_parallelism().map_or(1, usize::from);
    let cpus = (config.resources.cpus as usize).min(most);
    args.option("--cpus", &cpus.to_string());
    args.option("--memory", &config.resources.memory_in_bytes.to_string());
    args.option(
        "--shm-size",
        &config.shm_size.unwrap_or(64 << 20).to_string(),
    );
    for limit in limits(&config.init_process.rlimits) {
        args.option("--ulimit", &limit);
    }
}

/// podman drops its configured limits as soon as one is given, so all are.
fn limits(asked: &[Rlimit]) -> Vec<String> {
    let name = |limit: &Rlimit| {
        limit
            .limit
            .trim_start_matches("RLIMIT_")
            .to_ascii_lowercase()
    };
    let amount = |n: u64| {
        if n == u64::MAX {
            "-1".to_owned()
        } else {
            n.to_string()
        }
    };
    let mut all: Vec<String> = crate::podman::limits()
        .into_iter()
        .filter(|own| {
            !asked
                .iter()
                .any(|limit| own.starts_with(&format!("{}=", name(limit))))
        })
        .collect();
    all.extend(
        asked
            .iter()
            .map(|l| format!("{}={}:{}", name(l), amount(l.soft), amount(l.hard))),
    );
    all
}

/// With all capabilities and no protected path a container is what a virtual machine's root is.
fn security(world: &World, config: &Configuration, args: &mut Args) {
    let (masked, read_only) = paths(world, config);
    let capabilities = capability::effective(&config.cap_add, &config.cap_drop);
    if config.cap_add.iter().any(|c| c == "ALL") {
        args.option(
            "--volume",
            &format!("{}:{DISK}", disk(world, &config.id).display()),
        );
    }
    if capabilities.is_none() && masked.is_empty() && read_only.is_empty() {
        args.push("--privileged");
        if is_init_system(config) {
            args.option("--systemd", "always");
        }
        return;
    }
    args.option("--systemd", "false");
    args.option("--security-opt", "seccomp=unconfined");
    match capabilities {
        None => args.option("--cap-add", "ALL"),
        Some(list) => {
            args.option("--cap-drop", "ALL");
            for capability in &list {
                args.option("--cap-add", capability);
            }
        }
    }
    let unmask: Vec<&str> = PODMAN_MASKED
        .iter()
        .filter(|path| !masked.iter().any(|m| m == *path))
        .chain(
            PODMAN_READ_ONLY
                .iter()
                .filter(|path| !read_only.iter().any(|r| r == *path)),
        )
        .copied()
        .collect();
    if !unmask.is_empty() {
        args.option("--security-opt", &format!("unmask={}", unmask.join(":")));
    }
    let mask: Vec<&str> = masked
        .iter()
        .map(String::as_str)
        .filter(|path| !PODMAN_MASKED.contains(path))
        .collect();
    if !mask.is_empty() {
        args.option("--security-opt", &format!("mask={}", mask.join(":")));
    }
}

/// Masked and read-only paths: the flags', else the release's.
fn paths(world: &World, config: &Configuration) -> (Vec<String>, Vec<String>) {
    let defaults = |paths: &[&str]| -> Vec<String> {
        if world.version < crate::version::Version::MASKS {
            return Vec::new();
        }
        paths.iter().map(|p| (*p).to_owned()).collect()
    };
    (
        config
            .masked_paths
            .clone()
            .unwrap_or_else(|| defaults(&MASKED)),
        config
            .readonly_paths
            .clone()
            .unwrap_or_else(|| defaults(&READ_ONLY)),
    )
}

/// Whether the command line boots systemd, for which podman prepares some mounts.
fn is_init_system(config: &Configuration) -> bool {
    let process = &config.init_process;
    std::iter::once(&process.executable)
        .chain(&process.arguments)
        .any(|word| {
            matches!(word.rsplit('/').next(), Some("init" | "systemd")) && word.starts_with('/')
        })
}

fn process(config: &Configuration, args: &mut Args) {
    let process = &config.init_process;
    // podman's own variables would show; Apple's guest has none.
    args.extend(["--unsetenv-all"]);
    for variable in &process.environment {
        args.option("--env", variable);
    }
    args.option("--workdir", &process.working_directory);
    let user = user::text(&process.user);
    if !user.is_empty() {
        args.option("--user", &user);
    }
    if process.terminal {
        args.push("--tty");
    }
    for (key, value) in &config.labels {
        args.option("--label", &format!("{key}={value}"));
    }
    if config.read_only {
        args.extend(["--read-only", "--read-only-tmpfs=false"]);
    }
    if config.use_init {
        args.push("--init");
    }
    if let Some(signal) = &config.stop_signal
        && let Ok(number) = crate::parse::signal::number(signal)
    {
        args.option("--stop-signal", &number.to_string());
    }
}

struct Args(Vec<String>);

impl Args {
    fn push(&mut self, word: &str) {
        self.0.push(word.to_owned());
    }

    fn extend<const N: usize>(&mut self, words: [&str; N]) {
        self.0.extend(words.map(str::to_owned));
    }

    fn option(&mut self, name: &str, value: &str) {
        self.0.push(name.to_owned());
        self.0.push(value.to_owned());
    }

    /// Read-only is a flag of the mount, which who may mount inside can clear. What would not let
    /// go of it is worse: an overlay without an upper layer goes on showing files that the host has
    /// replaced, and with a locked flag a node's runtime refuses every pod that does not say
    /// `readOnly` itself.
    fn mount(&mut self, mount: &Mount, world: &World) {
        let read_only = mount.options.iter().any(|o| o == "ro");
        let suffix = if read_only { ":ro" } else { "" };
        match &mount.kind {
            MountKind::Tmpfs {} => {
                let mut options: Vec<&str> = mount.options.iter().map(String::as_str).collect();
                // Apple's tmpfs can be executed from and keeps the mode of the folder.
                options.extend(
                    ["rw", "exec", "notmpcopyup"]
                        .iter()
                        .filter(|o| !(read_only && **o == "rw")),
                );
                self.option(
                    "--tmpfs",
                    &format!("{}:{}", mount.destination, options.join(",")),
                );
            }
            MountKind::Virtiofs {} => {
                self.option(
                    "--volume",
                    &format!("{}:{}{suffix}", mount.source, mount.destination),
                );
            }
            MountKind::Volume { name, .. } => {
                let source = volume::folder(world, name);
                self.option(
                    "--volume",
                    &format!("{}:{}{suffix}", source.display(), mount.destination),
                );
            }
        }
    }
}
