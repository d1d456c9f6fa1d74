//! A private world for kind: own mounts, network devices and processes.
//!
//! podman keeps the state of its networks in folders that all podmans of a host's root share,
//! whatever storage they use; names between kind's nodes then break when another one runs. In here
//! those folders are empty and private, bridges and packet rules touch nothing of the host, and no
//! packet of kind's nodes leaves it. When the world ends, everything that runs in it ends, even
//! when this program was killed.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::session::undisturbed;

/// What podman's root instances share.
const SHARED: [&str; 2] = ["/run/containers/networks", "/etc/containers/networks"];

pub(super) struct World {
    /// Makes the namespaces and waits for their first process, which ends with its input.
    unshare: Child,
    /// That process: the world lives as long as it does.
    init: u32,
}

impl World {
    /// A world in which `memory` is a folder that is empty and vanishes with it.
    pub(super) fn make(memory: &Path) -> Result<Self> {
        let mut unshare = Command::new("unshare")
            .args(["--mount", "--net", "--propagation", "private"])
            .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["--", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("unshare")?;
        // When `cat` answers, the namespaces are made.
        let mut echo = [0];
        let (input, output) = (unshare.stdin.as_mut(), unshare.stdout.as_mut());
        input.context("no input")?.write_all(b"\n")?;
        output
            .context("no output")?
            .read_exact(&mut echo)
            .context("unshare: are you root?")?;
        let id = unshare.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
        let init = children.trim().parse().context("unshare has no child")?;
        let world = Self { unshare, init };
        let shared = SHARED.iter().map(Path::new);
        for folder in shared.chain([memory]) {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
            let mut mount = world.command("mount");
            undisturbed(mount.args(["-t", "tmpfs", "tmpfs"]).arg(folder))?;
        }
        undisturbed(world.command("ip").args(["link", "set", "lo", "up"]))?;
        Ok(world)
    }

    /// A command that runs in here.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        for (kind, file) in [("mount", "mnt"), ("net", "net"), ("pid", "pid")] {
            command.arg(format!("--{kind}=/proc/{}/ns/{file}", self.init));
        }
        command.arg("--").arg(program);
        command
    }

    /// The first process in here, as the host numbers it.
    pub(super) fn init(&self) -> u32 {
        self.init
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.unshare.stdin.take());
        // It ends by itself, at the end of its input.
        let _ = self.unshare.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Namespaces are root's to make.
    #[test]
    fn what_runs_in_a_world_ends_with_it_and_sees_no_device_of_the_host() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().expect("folder");
        let world = World::make(folder.path()).expect("a world");
        let devices = undisturbed(world.command("ip").args(["-brief", "link"])).expect("devices");
        assert!(
            devices.lines().all(|line| line.starts_with("lo")),
            "{devices}"
        );
        fs::write(folder.path().join("host"), "").expect("write");
        let seen = undisturbed(world.command("ls").arg(folder.path())).expect("list");
        assert_eq!(seen, "");

        let mut sleeper = world.command("sh");
        sleeper.args(["-c", "echo entered; exec sleep 60"]);
        let mut sleeper = sleeper.stdout(Stdio::piped()).spawn().expect("sh");
        let mut entered = [0; 8];
        let output = sleeper.stdout.as_mut().expect("output");
        output.read_exact(&mut entered).expect("a word");
        drop(world);
        assert!(!sleeper.wait().expect("wait").success(), "was ended");
    }
}
