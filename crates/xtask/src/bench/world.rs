//! A private world for kind's podman: own mounts and own network devices.
//!
//! podman keeps the state of its networks in folders that all podmans of a host's root share,
//! whatever storage they use; names between kind's nodes then break when another one runs. In here
//! those folders are empty and private, bridges and packet rules touch nothing of the host, and no
//! packet of kind's nodes leaves it. The world ends with the last process in it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::session::undisturbed;

/// What podman's root instances share.
const SHARED: [&str; 2] = ["/run/containers/networks", "/etc/containers/networks"];

pub(super) struct World {
    /// Keeps the namespaces while nothing else runs in them; ends with its input.
    holder: Child,
}

impl World {
    pub(super) fn make() -> Result<Self> {
        let mut holder = Command::new("unshare")
            .args(["--mount", "--net", "--propagation", "private", "--", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("unshare")?;
        // When `cat` answers, the namespaces are made.
        let mut echo = [0];
        holder
            .stdin
            .as_mut()
            .context("no input")?
            .write_all(b"\n")?;
        holder
            .stdout
            .as_mut()
            .context("no output")?
            .read_exact(&mut echo)
            .context("unshare: are you root?")?;
        let world = Self { holder };
        for folder in SHARED {
            fs::create_dir_all(folder).with_context(|| folder.to_owned())?;
            undisturbed(
                world
                    .command("mount")
                    .args(["-t", "tmpfs", "tmpfs", folder]),
            )?;
        }
        undisturbed(world.command("ip").args(["link", "set", "lo", "up"]))?;
        Ok(world)
    }

    /// A command that runs in here.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        for kind in ["net", "mount"] {
            let name = if kind == "mount" { "mnt" } else { kind };
            command.arg(format!("--{kind}=/proc/{}/ns/{name}", self.holder.id()));
        }
        command.arg("--").arg(program);
        command
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        // It ends by itself, at the end of its input.
        let _ = self.holder.wait();
    }
}
