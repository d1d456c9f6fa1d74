//! `network …`.

use super::{inspected, map, print, quoted, show, show_list, warn};
use crate::cli::Matches;
use crate::error::{Error, Exit, Outcome, Result};
use crate::model::Network;
use crate::network::{self, Entity, Request};
use crate::parse::name;
use crate::world::World;

pub(super) fn create(world: &World, matches: &Matches) -> Outcome {
    let name = matches.positional[0].clone();
    name::network(&name)?;
    match matches.value("plugin") {
        Some(other) if other != "container-network-vmnet" => {
            return Err(
                Error::not_found(format!("unable to locate network plugin {other}")).into(),
            );
        }
        _ => {}
    }
    if let Some(prefix) = matches.value("subnet-v6")
        && prefix.parse::<ipnet::Ipv6Net>().is_err()
    {
        return Err(matches.bad_value("subnet-v6", prefix));
    }
    let subnet: Option<ipnet::Ipv4Net> = matches.number("subnet")?;
    network::create(
        world,
        Request {
            name: name.clone(),
            subnet: subnet.map(|net| net.trunc()),
            internal: matches.has("internal"),
            labels: map(matches.all("label"))?,
            options: map(matches.all("option"))?,
        },
    )?;
    print(&name);
    Ok(())
}

pub(super) fn delete(world: &World, matches: &Matches) -> Outcome {
    let entities = selected(world, matches)?;
    let mut referred = Vec::new();
    let mut failed = Vec::new();
    for entity in &entities {
        let users = entity.users(world)?;
        if !users.is_empty() {
            let users = users.join(", ");
            let name = entity.name();
            warn(&format!(
                "cannot delete subnet {name} with referring containers: {users}"
            ));
            referred.push(name.to_owned());
            continue;
        }
        match network::remove(world, entity) {
            Ok(()) => print(entity.name()),
            Err(error) => {
                warn(&format!(
                    "failed to delete network {}: {error}",
                    entity.name()
                ));
                failed.push(entity.name().to_owned());
            }
        }
    }
    if !referred.is_empty() {
        let names = quoted(&referred);
        return Err(
            Error::internal(format!("delete failed for one or more networks: {names}")).into(),
        );
    }
    if !failed.is_empty() {
        let names = quoted(&failed);
        return Err(
            Error::internal(format!("failed to delete one or more networks: {names}")).into(),
        );
    }
    Ok(())
}

fn selected(world: &World, matches: &Matches) -> Result<Vec<Entity>, Exit> {
    let names = &matches.positional;
    match (names.is_empty(), matches.has("all")) {
        (true, false) => Err(matches.usage("no networks specified and --all not supplied")),
        (false, true) => {
            Err(matches.usage("explicitly supplied network names conflict with the --all flag"))
        }
        (true, true) => Ok(network::all(world)
            .into_iter()
            .filter(|n| !n.is_builtin())
            .collect()),
        (false, false) => {
            if names.iter().any(|n| n == network::BUILTIN) {
                let text = format!("cannot delete a builtin network: {}", network::BUILTIN);
                return Err(Error::invalid(text).into());
            }
            let mut found = Vec::new();
            let mut missing = Vec::new();
            for name in names {
                match network::find(world, name) {
                    Some(entity) => found.push(entity),
                    None => missing.push(name.clone()),
                }
            }
            if missing.is_empty() {
                return Ok(found);
            }
            let text = format!(
                "failed to delete one or more networks: {}",
                quoted(&missing)
            );
            Err(Error::not_found(text).into())
        }
    }
}

pub(super) fn list(world: &World, matches: &Matches) -> Outcome {
    let networks: Vec<Network> = network::all(world).iter().map(Entity::resource).collect();
    let row = |n: &Network| vec![n.id.clone(), n.status.ipv4_subnet.to_string()];
    show_list(
        world,
        matches,
        &networks,
        &["NETWORK", "SUBNET"],
        row,
        |n| n.id.clone(),
    )
}

pub(super) fn inspect(world: &World, matches: &Matches) -> Result<()> {
    let find = |name: &str| network::find(world, name).map(|n| n.resource());
    show(world, &inspected(&matches.positional, find, "network")?)
}

pub(super) fn prune(world: &World) -> Result<()> {
    for entity in network::all(world).iter().filter(|n| !n.is_builtin()) {
        if entity.users(world)?.is_empty() {
            network::remove(world, entity)?;
            print(entity.name());
        }
    }
    Ok(())
}
