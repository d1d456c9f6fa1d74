//! Interfaces, by the host's `ip` in one call for the host's side and one for the container's.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};

use ipnet::Ipv4Net;
use serde::Deserialize;

use super::tool;
use crate::error::{Context, Result};
use crate::world::World;

/// One interface of a container and its other end on the host.
pub(super) struct Wire {
    pub(super) bridge: String,
    pub(super) host_name: String,
    pub(super) mac: String,
    pub(super) mtu: u32,
    pub(super) address: Ipv4Net,
    pub(super) gateway: Ipv4Addr,
}

/// Makes a bridge with the host's address of a network.
pub(super) fn add_bridge(name: &str, gateway: Ipv4Addr, subnet: Ipv4Net) -> Result<()> {
    let prefix = subnet.prefix_len();
    let script = format!(
        "link add {name} type bridge forward_delay 0 stp_state 0\n\
         addr add {gateway}/{prefix} broadcast {} dev {name}\n\
         link set {name} up\n",
        subnet.broadcast()
    );
    batch(&mut ip(), &script)
}

/// Removes an interface; that it is gone already is no error.
pub(super) fn remove(name: &str) {
    let _ = ip()
        .args(["link", "delete", name])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Removes all interfaces of a world.
pub(super) fn remove_all(world: &World) -> Result<()> {
    #[derive(Deserialize)]
    struct Link {
        ifname: String,
    }
    let output = ip()
        .args(["-json", "link", "show"])
        .output()
        .context(|| tool::missing("ip"))?;
    let links: Vec<Link> =
        serde_json::from_slice(&output.stdout).context(|| "cannot read interfaces".into())?;
    let prefix = format!("ac{}", world.key);
    for link in links.iter().filter(|link| link.ifname.starts_with(&prefix)) {
        remove(&link.ifname);
    }
    Ok(())
}

/// Makes a network namespace on a file and connects it.
pub(super) fn connect(netns: &Path, wires: &[Wire]) -> Result<()> {
    let host = std::process::id();
    let mut inside = String::from("link set lo up\n");
    let mut outside = String::new();
    for (index, wire) in wires.iter().enumerate() {
        let Wire {
            bridge,
            host_name,
            mac,
            mtu,
            address,
            gateway,
        } = wire;
        let _ = write!(
            inside,
            "link add eth{index} mtu {mtu} address {mac} type veth peer name {host_name} mtu {mtu} netns {host}\n\
             addr add {address} broadcast {} dev eth{index}\n\
             link set eth{index} up\n",
            address.broadcast()
        );
        if index == 0 {
            let _ = writeln!(inside, "route add default via {gateway} dev eth0");
        }
        let _ = writeln!(outside, "link set {host_name} master {bridge} up");
    }
    let mut namespace = Command::new("unshare");
    namespace
        .arg(format!("--net={}", netns.display()))
        .arg("ip");
    batch(&mut namespace, &inside)?;
    if outside.is_empty() {
        Ok(())
    } else {
        batch(&mut ip(), &outside)
    }
}

fn ip() -> Command {
    Command::new("ip")
}

/// Runs lines of `ip`, all or an error.
fn batch(command: &mut Command, script: &str) -> Result<()> {
    tool::feed(
        command.args(["-batch", "-"]),
        script,
        "cannot set up the network",
    )
}
