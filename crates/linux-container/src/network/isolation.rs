//! What keeps containers inside the host, in a table of our own that goes when the service stops.
//!
//! The host and the containers of one network reach each other. Anything else is refused at once,
//! with an answer, so that nothing in a container waits for a time-out. With `outside = true`
//! networks other than host-only ones may reach beyond the host, by address translation.

use std::fmt::Write;
use std::process::Command;

use super::{Entity, tool};
use crate::error::Result;
use crate::model::NetworkMode;
use crate::world::World;

/// Replaces the table by one for these networks.
pub(super) fn apply(world: &World, networks: &[Entity], outside: bool) -> Result<()> {
    load(&rules(world, networks, outside))
}

/// Removes the table.
pub(super) fn remove(world: &World) -> Result<()> {
    load(&format!(
        "table inet {0} {{}}\ndelete table inet {0}\n",
        table(world)
    ))
}

fn table(world: &World) -> String {
    format!("container_{}", world.key)
}

fn rules(world: &World, networks: &[Entity], outside: bool) -> String {
    let name = table(world);
    let ours = format!("\"ac{}b*\"", world.key);
    let refuse = "reject with icmpx type admin-prohibited";
    let mut prerouting = String::new();
    let mut forward = String::new();
    let mut postrouting = String::new();
    for network in networks {
        let bridge = network.bridge(world);
        let subnet = network.subnet;
        let _ = writeln!(
            prerouting,
            "    iifname \"{bridge}\" ip daddr {subnet} accept"
        );
        let _ = writeln!(
            forward,
            "    iifname \"{bridge}\" oifname \"{bridge}\" accept"
        );
        if outside && network.configuration.mode == NetworkMode::Nat {
            let _ = writeln!(forward, "    iifname \"{bridge}\" oifname != {ours} accept");
            let _ = writeln!(
                forward,
                "    oifname \"{bridge}\" ct state established,related accept"
            );
            let _ = writeln!(prerouting, "    iifname \"{bridge}\" accept");
            let _ = writeln!(
                postrouting,
                "    ip saddr {subnet} oifname != \"{bridge}\" masquerade"
            );
        }
    }
    let nat = if postrouting.is_empty() {
        String::new()
    } else {
        format!(
            "  chain postrouting {{\n    type nat hook postrouting priority srcnat; policy accept;\n{postrouting}  }}\n"
        )
    };
    format!(
        "table inet {name} {{}}\ndelete table inet {name}\ntable inet {name} {{\n\
         \x20 chain prerouting {{\n    type filter hook prerouting priority mangle; policy accept;\n{prerouting}\
         \x20   iifname {ours} fib daddr type != {{ local, broadcast, multicast }} {refuse}\n  }}\n\
         \x20 chain forward {{\n    type filter hook forward priority filter - 5; policy accept;\n{forward}\
         \x20   iifname {ours} {refuse}\n    oifname {ours} {refuse}\n  }}\n{nat}}}\n"
    )
}

fn load(rules: &str) -> Result<()> {
    let purpose = "cannot keep containers inside the host";
    tool::feed(Command::new("nft").args(["-f", "-"]), rules, purpose)
}
