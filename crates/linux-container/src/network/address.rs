//! Ranges that do not collide with the host's, and random free addresses in them.

use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;

use ipnet::Ipv4Net;
use serde::Deserialize;

use super::Entity;
use crate::error::{Context, Error, Result};
use crate::model::Attachment;
use crate::world::World;

/// First range tried, as on a Mac.
const FIRST: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 64, 0), 24);

/// Fails when a range overlaps another network's or one of the host's.
pub(super) fn check(subnet: Ipv4Net, known: &[Entity]) -> Result<()> {
    if subnet.prefix_len() > 28 {
        return Err(Error::invalid(format!(
            "invalid subnet {subnet}: too small"
        )));
    }
    let taken = known
        .iter()
        .map(|n| n.subnet)
        .find(|net| overlap(*net, subnet));
    if let Some(taken) = taken {
        return Err(Error::invalid(format!(
            "IPv4 subnet {subnet} overlaps an existing network with subnet {taken}"
        )));
    }
    match host_ranges()?.into_iter().find(|net| overlap(*net, subnet)) {
        Some(taken) => Err(Error::invalid(format!(
            "IPv4 subnet {subnet} overlaps an existing network with subnet {taken}"
        ))),
        None => Ok(()),
    }
}

/// A range of 256 addresses that nobody has.
pub(super) fn free_subnet(known: &[Entity], wished: Option<Ipv4Net>) -> Result<Ipv4Net> {
    if let Some(wished) = wished {
        check(wished, known)?;
        return Ok(wished);
    }
    let taken = host_ranges()?;
    (64..=254)
        .filter_map(|third| Ipv4Net::new(Ipv4Addr::new(192, 168, third, 0), 24).ok())
        .find(|net| {
            !known.iter().any(|n| overlap(n.subnet, *net))
                && !taken.iter().any(|t| overlap(*t, *net))
        })
        .ok_or_else(|| {
            Error::internal(format!(
                "no free IPv4 range left from {FIRST} on: give --subnet"
            ))
        })
}

fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b) || b.contains(&a)
}

/// Ranges that the host has a route to, but the default route.
fn host_ranges() -> Result<Vec<Ipv4Net>> {
    #[derive(Deserialize)]
    struct Route {
        dst: String,
    }
    let output = Command::new("ip")
        .args(["-json", "-4", "route", "show"])
        .output()
        .context(|| super::tool::missing("ip"))?;
    let routes: Vec<Route> = if output.stdout.is_empty() {
        Vec::new()
    } else {
        serde_json::from_slice(&output.stdout).context(|| "cannot read routes".into())?
    };
    Ok(routes
        .iter()
        .filter_map(|route| {
            route
                .dst
                .parse()
                .ok()
                .or_else(|| Some(Ipv4Net::from(route.dst.parse::<Ipv4Addr>().ok()?)))
        })
        .collect())
}

/// Addresses of all other containers. That some of them have ended since does no harm.
pub(super) fn in_use(world: &World, but: &str) -> Vec<Ipv4Addr> {
    fs::read_dir(world.run().join("attachments"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name() != but)
        .filter_map(|entry| fs::read(entry.path()).ok())
        .filter_map(|text| serde_json::from_slice::<Vec<Attachment>>(&text).ok())
        .flatten()
        .map(|attachment| attachment.ipv4_address.addr())
        .collect()
}

/// A random address of a network that is not in use.
pub(super) fn free(entity: &Entity, used: &[Ipv4Addr]) -> Result<Ipv4Addr> {
    let free: Vec<Ipv4Addr> = entity
        .subnet
        .hosts()
        .skip(1)
        .take(1 << 16)
        .filter(|address| !used.contains(address))
        .collect();
    let random = u64::from_le_bytes(random()?);
    if free.is_empty() {
        return Err(Error::internal(format!(
            "no free address left in network {}",
            entity.name()
        )));
    }
    let index = usize::try_from(random % free.len() as u64).unwrap_or(0);
    Ok(free[index])
}

/// A local unicast address with the prefix of Apple's guests.
pub(super) fn random_mac() -> Result<String> {
    let random: [u8; 5] = random()?;
    let mut parts = vec!["f2".to_owned()];
    parts.extend(random.iter().map(|byte| format!("{byte:02x}")));
    Ok(parts.join(":"))
}

fn random<const N: usize>() -> Result<[u8; N]> {
    crate::random::bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NetworkConfiguration, NetworkMode};

    fn entity(subnet: &str) -> Entity {
        Entity {
            configuration: NetworkConfiguration {
                creation_date: String::new(),
                ipv4_subnet: None,
                labels: std::collections::BTreeMap::new(),
                mode: NetworkMode::Nat,
                name: "n".into(),
                options: std::collections::BTreeMap::new(),
                plugin: String::new(),
            },
            subnet: subnet.parse().unwrap(),
        }
    }

    #[test]
    fn free_addresses_are_neither_gateway_nor_used_nor_broadcast() {
        let entity = entity("10.0.0.0/29");
        let used: Vec<Ipv4Addr> = (2..=5).map(|n| Ipv4Addr::new(10, 0, 0, n)).collect();
        assert_eq!(free(&entity, &used).unwrap(), Ipv4Addr::new(10, 0, 0, 6));
        let all: Vec<Ipv4Addr> = (2..=6).map(|n| Ipv4Addr::new(10, 0, 0, n)).collect();
        assert!(free(&entity, &all).is_err());
    }

    #[test]
    fn overlapping_ranges_are_named() {
        let known = [entity("10.11.0.0/16")];
        let error = check("10.11.12.0/24".parse().unwrap(), &known).unwrap_err();
        assert_eq!(
            error.to_string(),
            "IPv4 subnet 10.11.12.0/24 overlaps an existing network with subnet 10.11.0.0/16"
        );
    }
}
