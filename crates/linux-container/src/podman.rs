//! podman, with a configuration and a storage of its own in the app root. Neither the host's
//! configuration nor any other podman storage is read or written.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::error::{Context, Error, Result};
use crate::lock::Lock;
use crate::world::World;

/// Runs podman in one world.
pub(crate) struct Podman<'w> {
    world: &'w World,
}

impl<'w> Podman<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self { world }
    }

    /// Writes podman's configuration. Limits come from this process: what the host allows.
    ///
    /// `static_dir` must be the one below the storage: the podman that cleans up after a container
    /// is told the storage alone, and takes that one.
    pub(crate) fn configure(world: &World) -> Result<()> {
        let folder = world.podman();
        let policy = folder.join("home/.config/containers");
        for path in [&policy, &world.temporary(), &world.storage()] {
            fs::create_dir_all(path).context(|| format!("cannot create {}", path.display()))?;
        }
        let quoted = |path: PathBuf| quote(&path.to_string_lossy());
        let files = [
            (
                folder.join("containers.conf"),
                format!(
                    "[containers]\nhttp_proxy = false\nlog_driver = \"k8s-file\"\n\
                     default_ulimits = [{}]\ninit_path = {}\n\
                     [engine]\ncgroup_manager = \"cgroupfs\"\nruntime = \"runc\"\n\
                     lock_type = \"file\"\nevents_logger = \"none\"\n\
                     static_dir = {}\ntmp_dir = {}\nvolume_path = {}\nimage_copy_tmp_dir = {}\n\
                     [network]\nnetwork_backend = \"netavark\"\nnetwork_config_dir = {}\n",
                    limits().map(|limit| quote(&limit)).join(", "),
                    quoted(init_program().unwrap_or_default()),
                    quoted(world.storage().join("libpod")),
                    quoted(world.run().join("libpod")),
                    quoted(folder.join("volumes")),
                    quoted(world.temporary()),
                    quoted(folder.join("networks")),
                ),
            ),
            (
                folder.join("storage.conf"),
                format!(
                    "[storage]\ndriver = \"overlay\"\ngraphroot = {}\nrunroot = {}\n",
                    quoted(world.storage()),
                    quoted(world.run().join("storage")),
                ),
            ),
            (
                folder.join("registries.conf"),
                format!(
                    "unqualified-search-registries = [{}]\nshort-name-mode = \"disabled\"\n",
                    quote(&world.settings.registry.domain),
                ),
            ),
            (
                policy.join("policy.json"),
                r#"{"default":[{"type":"insecureAcceptAnything"}]}"#.to_owned(),
            ),
        ];
        for (path, text) in files {
            crate::world::write_atomic(&path, text.as_bytes())?;
        }
        let credentials = folder.join("auth.json");
        if !credentials.exists() {
            crate::world::write_atomic(&credentials, b"{}")?;
        }
        Ok(())
    }

    /// A podman command with the environment of this world.
    pub(crate) fn command<I, S>(&self, args: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let folder = self.world.podman();
        let mut command = Command::new("podman");
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let foreign = [
                "CONTAINER_HOST",
                "CONTAINER_CONNECTION",
                "STORAGE_",
                "BUILDAH_",
                "XDG_",
            ];
            if name.starts_with("CONTAINERS_") || foreign.iter().any(|f| name.starts_with(f)) {
                command.env_remove(&name);
            }
        }
        command
            .env("HOME", folder.join("home"))
            .env("TMPDIR", self.world.temporary())
            .env("CONTAINERS_CONF", folder.join("containers.conf"))
            .env("CONTAINERS_STORAGE_CONF", folder.join("storage.conf"))
            .env("CONTAINERS_REGISTRIES_CONF", folder.join("registries.conf"))
            .env("REGISTRY_AUTH_FILE", folder.join("auth.json"))
            .args(["--log-level", "fatal"])
            .args(args);
        command
    }

    /// The same, killed when this program ends, however it ends.
    pub(crate) fn mortal<I, S>(&self, args: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let podman = self.command(args);
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .arg(podman.get_program())
            .args(podman.get_args());
        for (name, value) in podman.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Looks whether podman works: fails with its error, or without one when the time is over first.
    pub(crate) fn answers(&self, limit: Duration) -> Result<(), Option<Error>> {
        let what = || "cannot wait for podman".to_owned();
        let mut said = tempfile::tempfile().context(what)?;
        let mut child = self
            .command(["ps", "--quiet"])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said.try_clone().context(what)?)
            .process_group(0)
            .spawn()
            .map_err(|e| unavailable(&e))?;
        let pid = Pid::from_child(&child);
        let handle = pidfd_open(pid, PidfdFlags::empty()).context(what)?;
        let in_time = crate::process::wait(&handle, Some(limit));
        if !in_time {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let status = child.wait().context(what)?;
        if !in_time {
            return Err(None);
        }
        if status.success() {
            return Ok(());
        }
        std::io::Seek::rewind(&mut said).context(what)?;
        let said = std::io::read_to_string(said).context(what)?;
        Err(Some(Error::internal(reason(&said))))
    }

    /// Runs podman to its end and returns what it wrote on stdout.
    pub(crate) fn run<I, S>(&self, args: I) -> Result<String>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.run_in(&self.world.podman(), args)
    }

    /// The same for a short call that must not be cut: whoever ends the process group of this
    /// program does not end podman in the middle of its work.
    pub(crate) fn run_apart<I, S>(&self, args: I) -> Result<String>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.command(args);
        let command = command.current_dir("/").stdin(Stdio::null());
        finish(command.process_group(0))
    }

    /// The same for one that must be over before anybody else gets the lock.
    pub(crate) fn run_holding<I, S>(&self, lock: &Lock, args: I) -> Result<String>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.command(args);
        let command = command.current_dir("/").stdin(lock.for_child()?);
        finish(command.process_group(0))
    }

    /// The same in a folder, for paths that must be relative.
    pub(crate) fn run_in<I, S>(&self, folder: &Path, args: I) -> Result<String>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.command(args);
        finish(command.current_dir(folder).stdin(Stdio::null()))
    }
}

/// The program that `--init` makes the first process of a container. Where it is no program for
/// users, it lies among those of podman.
pub(crate) fn init_program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/libexec/podman".into(), "/usr/lib/podman".into()])
        .map(|folder| folder.join("catatonit"))
        .find(|program| program.is_file())
}

fn finish(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|e| unavailable(&e))?;
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        return Ok(text.trim_end().to_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(Error::internal(reason(&stderr)))
}

/// Why podman could not be run at all.
pub(crate) fn unavailable(error: &std::io::Error) -> Error {
    Error::internal(format!(
        "cannot run podman: {error}. Install podman and runc with the host's package manager"
    ))
}

/// The error in podman's stderr, without its prefix and its warnings, in plain words.
pub(crate) fn reason(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|l| !l.starts_with("time=\""))
        .collect();
    let text = match lines.iter().rposition(|line| line.starts_with("Error: ")) {
        Some(at) => lines[at..].join("\n"),
        None => lines.join("\n"),
    };
    let text = text.trim().trim_start_matches("Error: ").trim();
    if text.is_empty() {
        "podman failed without a message".into()
    } else {
        crate::words::plain(text)
    }
}

/// Default limits of a container. Without the right to raise limits, a container gets what this
/// process has.
pub(crate) fn limits() -> [String; 2] {
    use rustix::process::{Resource, getrlimit};
    let hard = |resource, most: u64| getrlimit(resource).maximum.map_or(most, |m| m.min(most));
    let files = hard(Resource::Nofile, 1_048_576);
    // podman lowers its own limit to this many, and cannot hand on more.
    let processes = hard(Resource::Nproc, 32_768);
    [
        format!("nofile={files}:{files}"),
        format!("nproc={processes}:{processes}"),
    ]
}

fn quote(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn reason_is_the_error_without_warnings() {
        let stderr = "time=\"x\" level=warning msg=\"y\"\nError: no such image\n";
        assert_eq!(reason(stderr), "no such image");
        assert_eq!(reason("a\nError: b\nc\n"), "b\nc");
        assert_eq!(reason(""), "podman failed without a message");
    }
}
