//! Networks: a bridge of the host for each, an interface in each container, and nothing else of
//! the host's configuration touched. Like Apple's vmnet, the host reaches every container
//! directly; publishing is done by a process, not by rules.

mod address;
mod isolation;
mod link;
mod resolver;
mod tool;

pub(crate) use resolver::Resolver;

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::container::{Container, attachments};
use crate::error::{Code, Context, Error, Result};
use crate::host_setting::{FORWARDING, WATCHES};
use crate::lock::Lock;
use crate::model::{
    Attachment, Configuration, Network, NetworkConfiguration, NetworkMode, NetworkStatus,
};
use crate::world::{World, hash, write_atomic};

pub(crate) const BUILTIN: &str = "default";
const PLUGIN: &str = "container-network-vmnet";
const ROLE: &str = "com.apple.container.resource.role";

/// A network as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entity {
    pub(crate) configuration: NetworkConfiguration,
    /// The range in use; one that was not asked for may move at a start of the service.
    pub(crate) subnet: Ipv4Net,
}

impl Entity {
    pub(crate) fn name(&self) -> &str {
        &self.configuration.name
    }

    /// First address of the range: the host.
    pub(crate) fn gateway(&self) -> Ipv4Addr {
        self.subnet.hosts().next().unwrap_or(self.subnet.network())
    }

    pub(crate) fn is_builtin(&self) -> bool {
        self.name() == BUILTIN
    }

    /// Name of the bridge, at most 15 characters.
    fn bridge(&self, world: &World) -> String {
        format!(
            "ac{}b{:04x}",
            world.key,
            hash(self.name().as_bytes()) & 0xffff
        )
    }

    pub(crate) fn resource(&self) -> Network {
        Network {
            configuration: self.configuration.clone(),
            id: self.name().to_owned(),
            status: NetworkStatus {
                ipv4_gateway: self.gateway(),
                ipv4_subnet: self.subnet,
            },
        }
    }

    fn write(&self, world: &World) -> Result<()> {
        let folder = world.networks().join(self.name());
        fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
        let text = serde_json::to_vec(self).context(|| "cannot encode the network".into())?;
        write_atomic(&folder.join("entity.json"), &text)
    }

    /// Containers that are configured for this network, running or not.
    pub(crate) fn users(&self, world: &World) -> Result<Vec<String>> {
        Ok(Container::all(world)?
            .iter()
            .filter(|c| {
                c.record
                    .configuration
                    .networks
                    .iter()
                    .any(|n| n.network == self.name())
            })
            .map(|c| c.id().to_owned())
            .collect())
    }
}

/// All networks, the builtin one first.
pub(crate) fn all(world: &World) -> Vec<Entity> {
    let mut all: Vec<Entity> = fs::read_dir(world.networks())
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("entity.json")).ok())
        .filter_map(|text| serde_json::from_slice(&text).ok())
        .collect();
    all.sort_by(|a, b| (!a.is_builtin(), a.name()).cmp(&(!b.is_builtin(), b.name())));
    all
}

pub(crate) fn find(world: &World, name: &str) -> Option<Entity> {
    let text = fs::read(world.networks().join(name).join("entity.json")).ok()?;
    serde_json::from_slice(&text).ok()
}

/// What `network create` asks for.
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) subnet: Option<Ipv4Net>,
    pub(crate) internal: bool,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) options: BTreeMap<String, String>,
}

/// Creates a network and its bridge.
pub(crate) fn create(world: &World, request: Request) -> Result<()> {
    let _own = alone(world, &request.name)?;
    let _host = Lock::host()?;
    let _lock = Lock::networks(world)?;
    if find(world, &request.name).is_some() {
        let text = format!("network {} already exists", request.name);
        return Err(Error::new(Code::Exists, text));
    }
    let known = all(world);
    let subnet = match request.subnet {
        Some(subnet) => {
            address::check(subnet, &known)?;
            subnet
        }
        None => address::free_subnet(&known, None)?,
    };
    let mode = if request.internal {
        NetworkMode::HostOnly
    } else {
        NetworkMode::Nat
    };
    let entity = Entity {
        configuration: NetworkConfiguration {
            creation_date: crate::model::now(),
            ipv4_subnet: request.subnet,
            labels: request.labels,
            mode,
            name: request.name,
            options: request.options,
            plugin: PLUGIN.into(),
        },
        subnet,
    };
    link::add_bridge(&entity.bridge(world), entity.gateway(), entity.subnet)?;
    entity.write(world)?;
    isolation::apply(world, &all(world), world.outside())
}

/// Two calls that make or remove one network do not wait for each other: the second fails.
fn alone(world: &World, name: &str) -> Result<Lock> {
    Lock::try_network(world, name).ok_or_else(|| {
        let text = format!("network {name} has a pending operation");
        Error::new(Code::Exists, text)
    })
}

/// Removes a network without users.
pub(crate) fn remove(world: &World, entity: &Entity) -> Result<()> {
    let _own = alone(world, entity.name())?;
    let _lock = Lock::networks(world)?;
    let folder = world.networks().join(entity.name());
    fs::remove_dir_all(&folder).context(|| format!("cannot remove {}", folder.display()))?;
    link::remove(&entity.bridge(world));
    isolation::apply(world, &all(world), world.outside())
}

/// Makes the bridges of all networks, and the builtin network at the first start.
pub(crate) fn up(world: &World, outside: bool) -> Result<()> {
    let _host = Lock::host()?;
    let _lock = Lock::networks(world)?;
    // Bridges of an unclean end would look like ranges taken by the host.
    link::remove_all(world)?;
    let mut known = all(world);
    if !known.iter().any(Entity::is_builtin) {
        let entity = builtin(world, &known)?;
        entity.write(world)?;
        known.insert(0, entity);
    }
    for index in 0..known.len() {
        let mut entity = known.remove(index);
        let asked = entity.configuration.ipv4_subnet.is_some();
        let configured = if entity.is_builtin() {
            world.settings.network.subnet
        } else {
            None
        };
        if let Some(subnet) = configured.filter(|subnet| *subnet != entity.subnet) {
            entity.subnet = subnet;
        }
        if let Err(taken) = address::check(entity.subnet, &known) {
            if asked || configured.is_some() {
                return Err(taken);
            }
            entity.subnet = address::free_subnet(&known, None)?;
        }
        entity.write(world)?;
        link::add_bridge(&entity.bridge(world), entity.gateway(), entity.subnet)?;
        known.insert(index, entity);
    }
    for setting in &WATCHES {
        setting.take(&world.key)?;
    }
    if outside {
        FORWARDING.take(&world.key)?;
    }
    isolation::apply(world, &known, outside)
}

fn builtin(world: &World, known: &[Entity]) -> Result<Entity> {
    let subnet = address::free_subnet(known, world.settings.network.subnet)?;
    Ok(Entity {
        configuration: NetworkConfiguration {
            creation_date: crate::model::now(),
            ipv4_subnet: None,
            labels: BTreeMap::from([(ROLE.to_owned(), "builtin".to_owned())]),
            mode: NetworkMode::Nat,
            name: BUILTIN.into(),
            options: BTreeMap::new(),
            plugin: PLUGIN.into(),
        },
        subnet,
    })
}

/// Removes every interface and rule of this world.
pub(crate) fn down(world: &World) -> Result<()> {
    let _host = Lock::host()?;
    let _lock = Lock::networks(world)?;
    link::remove_all(world)?;
    FORWARDING.give_back(&world.key)?;
    for setting in &WATCHES {
        setting.give_back(&world.key)?;
    }
    isolation::remove(world)
}

/// Removes the interfaces of a container that has ended. The kernel would do so when the network
/// namespace goes, but connections that never got their last answer keep that for minutes.
pub(crate) fn detach(world: &World, id: &str) {
    for (index, attachment) in attachments(world, id).iter().enumerate() {
        link::remove(&host_end(world, id, index, &attachment.mac_address));
    }
}

/// Name of the host's end of a container's interface: found again from what is known of it.
fn host_end(world: &World, id: &str, index: usize, mac: &str) -> String {
    let suffix = hash(format!("{id} {index} {mac}").as_bytes()) & 0xff_ffff;
    format!("ac{}v{suffix:06x}", world.key)
}

/// Makes a network namespace on a file with an interface for each network of a container, each
/// with a new random address.
pub(crate) fn attach(
    world: &World,
    config: &Configuration,
    netns: &Path,
) -> Result<Vec<Attachment>> {
    let previous = attachments(world, &config.id);
    let _lock = Lock::networks(world)?;
    let mut used = address::in_use(world, &config.id);
    used.extend(previous.iter().map(|a| a.ipv4_address.addr()));
    let mut all = Vec::new();
    let mut wires = Vec::new();
    for asked in &config.networks {
        let entity = find(world, &asked.network)
            .ok_or_else(|| Error::not_found(format!("network {} not found", asked.network)))?;
        let address = address::free(&entity, &used)?;
        used.push(address);
        let prefix = entity.subnet.prefix_len();
        let net = Ipv4Net::new(address, prefix).context(|| "invalid prefix".into())?;
        let mac = match &asked.options.mac_address {
            Some(mac) => mac.clone(),
            None => address::random_mac()?,
        };
        let mtu = asked.options.mtu.unwrap_or(crate::parse::network::MTU);
        wires.push(link::Wire {
            bridge: entity.bridge(world),
            host_name: host_end(world, &config.id, wires.len(), &mac),
            mac: mac.clone(),
            mtu,
            address: net,
            gateway: entity.gateway(),
        });
        all.push(Attachment {
            hostname: asked.options.hostname.clone(),
            ipv4_address: net,
            ipv4_gateway: entity.gateway(),
            mac_address: mac,
            mtu,
            network: entity.name().to_owned(),
            variant: "reserved".into(),
        });
    }
    link::connect(netns, &wires)?;
    // Kept under the lock: the next container must see these addresses as taken.
    let file = crate::container::attachments_file(world, &config.id);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).context(|| format!("cannot create {}", folder.display()))?;
    }
    let text = serde_json::to_vec(&all).context(|| "cannot encode addresses".into())?;
    write_atomic(&file, &text)?;
    Ok(all)
}
