//! `run` and `create`.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::net::IpAddr;

use super::{ended, map, print, warn};
use crate::cli::Matches;
use crate::container::{self, Attach, Container, Record};
use crate::error::{Code, Context, Error, Exit, Outcome, Result};
use crate::image::{self, ImageConfig};
use crate::lock::Lock;
use crate::model::{
    CacheMode, Configuration, Dns, ImageDescription, InitProcess, Mount, MountKind, Resources,
    SyncMode,
};
use crate::network;
use crate::parse::{
    capability, environment, mount, name, network as network_flag, platform, publish, signal, size,
    user,
};
use crate::version::Version;
use crate::volume;
use crate::world::World;

pub(super) fn create(world: &World, matches: &Matches) -> Outcome {
    let id = id(matches)?;
    name::container(&id)?;
    let lock = Lock::container(world, &id)?;
    let record = record(world, matches, &id)?;
    container::create(world, &record, &lock)?;
    write_cidfile(matches, &id)?;
    print(&id);
    Ok(())
}

pub(super) fn run(world: &World, matches: &Matches) -> Outcome {
    matches.choice("progress", &["auto", "none", "ansi", "plain", "color"])?;
    let id = id(matches)?;
    name::container(&id)?;
    let detached = matches.has("detach");
    if !detached && matches.has("tty") && !std::io::stdin().is_terminal() {
        return Err(
            Error::invalid("the standard input is not a terminal, which --tty needs").into(),
        );
    }
    let lock = Lock::container(world, &id)?;
    if Container::find(world, &id)?.is_some() {
        let text = format!("container with id {id} already exists");
        return Err(Error::new(Code::Exists, text).into());
    }
    let record = record(world, matches, &id)?;
    container::create(world, &record, &lock)?;
    let mode = if detached {
        Attach::Detached
    } else {
        Attach::Later
    };
    let started =
        container::start(world, &id, mode, &lock).and_then(|()| write_cidfile(matches, &id));
    drop(lock);
    if let Err(error) = started {
        let _ = container::remove(world, &id, true);
        return Err(error.into());
    }
    if detached {
        print(&id);
        return Ok(());
    }
    ended(container::attach(world, &id, matches.has("interactive"))?)
}

fn id(matches: &Matches) -> Result<String> {
    matches
        .value("name")
        .map_or_else(crate::random::uuid, |name| Ok(name.to_owned()))
}

fn write_cidfile(matches: &Matches, id: &str) -> Result<()> {
    let Some(path) = matches.value("cidfile") else {
        return Ok(());
    };
    if std::path::Path::new(path).exists() {
        return Err(Error::new(
            Code::Exists,
            format!("cidfile already exists at {path}"),
        ));
    }
    std::fs::write(path, id).context(|| format!("failed to write cidfile at {path}"))
}

/// Reads all flags; nothing is changed but images pulled and volumes made.
fn record(world: &World, matches: &Matches, id: &str) -> Result<Record, Exit> {
    refuse_unsupported(matches)?;
    let scheme = matches.choice("scheme", &["http", "https"])?;
    let resources = resources(world, matches)?;
    let labels = map(matches.all("label"))?;
    let ports = publish::ports(matches.all("publish"))?;
    let sockets = matches
        .all("publish-socket")
        .iter()
        .map(|s| publish::socket(s))
        .collect::<Result<_>>()?;
    let requests = mount::requests(
        matches.all("volume"),
        matches.all("mount"),
        matches.all("tmpfs"),
    )?;
    let domain = matches
        .value("dns-domain")
        .or(world.settings.dns.domain.as_deref());
    let hostname = match domain {
        Some(domain) if !id.contains('.') => format!("{id}.{domain}."),
        _ => id.to_owned(),
    };
    let networks = network_flag::uses(matches.all("network"), &hostname)?;
    for network in &networks {
        if network::find(world, &network.network).is_none() {
            let text = format!("network {} not found", network.network);
            return Err(Error::not_found(text).into());
        }
    }
    let cap_add = capability::names(matches.all("cap-add"))?;
    let cap_drop = capability::names(matches.all("cap-drop"))?;
    let (masked_paths, readonly_paths) = protected_paths(world, matches)?;
    let shm_size = match matches.value("shm-size") {
        Some(text) => Some(size::bytes(text).ok_or_else(|| matches.bad_value("shm-size", text))?),
        None => None,
    };
    let dns = dns(matches, domain)?;
    let asked = platform::asked(matches)?;
    let image = image::for_container(world, &matches.positional[0], asked.as_ref(), scheme)?;
    let stop_signal = image.config.stop_signal.clone();
    if let Some(text) = &stop_signal {
        signal::number(text)?;
    }
    let init_process = init_process(matches, &image.config)?;
    let mounts = mounts(world, requests)?;
    Ok(Record {
        remove_on_exit: matches.has("rm"),
        interactive: matches.has("interactive") && !matches.has("detach"),
        configuration: Configuration {
            cap_add,
            cap_drop,
            creation_date: crate::model::now(),
            dns,
            id: id.to_owned(),
            image: ImageDescription {
                descriptor: image.descriptor,
                reference: image.reference,
            },
            init_process,
            labels,
            masked_paths,
            mounts,
            networks,
            platform: image.platform,
            published_ports: ports,
            published_sockets: sockets,
            read_only: matches.has("read-only"),
            readonly_paths,
            resources,
            rosetta: matches.has("rosetta"),
            runtime_handler: "container-runtime-linux".into(),
            shm_size,
            ssh: matches.has("ssh"),
            stop_signal,
            sysctls: BTreeMap::new(),
            use_init: matches.has("init"),
            virtualization: false,
        },
    })
}

/// What no host of this program has, refused in Apple's words.
fn refuse_unsupported(matches: &Matches) -> Result<()> {
    if matches.has("virtualization") {
        return Err(Error::new(
            Code::Unsupported,
            "nested virtualization is not supported on the platform",
        ));
    }
    if let Some(path) = matches.value("kernel")
        && !std::path::Path::new(path).exists()
    {
        return Err(Error::not_found(format!(
            "kernel file not found at path {path}"
        )));
    }
    match matches.value("runtime") {
        Some(other) if other != "container-runtime-linux" => Err(Error::not_found(format!(
            "unable to locate runtime plugin {other}"
        ))),
        _ => Ok(()),
    }
}

fn resources(world: &World, matches: &Matches) -> Result<Resources, Exit> {
    let cpus: Option<u32> = matches.number("cpus")?;
    let cpus = cpus.unwrap_or(world.settings.container.cpus);
    if cpus == 0 {
        return Err(Error::invalid("number of CPUs must be at least 1").into());
    }
    let memory = matches
        .value("memory")
        .unwrap_or(&world.settings.container.memory);
    Ok(Resources {
        cpu_overhead: 1,
        cpus,
        memory_in_bytes: size::memory(memory)?,
    })
}

type Paths = Option<Vec<String>>;

/// `NONE` clears; otherwise the given paths come on top of the defaults.
fn protected_paths(world: &World, matches: &Matches) -> Result<(Paths, Paths)> {
    let read = |key: &str, defaults: &[&str]| -> Result<Paths> {
        let given = matches.all(key);
        if given.is_empty() || world.version < Version::MASK_FLAGS {
            return Ok(None);
        }
        if given.iter().any(|path| path == "NONE") {
            return if given.len() == 1 {
                Ok(Some(Vec::new()))
            } else {
                Err(Error::invalid(format!(
                    "--{key} NONE cannot be combined with other paths"
                )))
            };
        }
        let mut all: Vec<String> = defaults.iter().map(|p| (*p).to_owned()).collect();
        for path in given {
            if !path.starts_with('/') {
                return Err(Error::invalid(format!(
                    "--{key} must be an absolute path: {path}"
                )));
            }
            if !all.contains(path) {
                all.push(path.clone());
            }
        }
        Ok(Some(all))
    };
    Ok((
        read("masked-path", &container::MASKED)?,
        read("read-only-path", &container::READ_ONLY)?,
    ))
}

fn dns(matches: &Matches, domain: Option<&str>) -> Result<Option<Dns>> {
    let nameservers = matches.all("dns");
    for server in nameservers {
        if server.parse::<IpAddr>().is_err() {
            let text = format!("invalid nameserver {server}: it is no IP address");
            return Err(Error::invalid(text));
        }
    }
    if matches.has("no-dns") {
        return Ok(None);
    }
    Ok(Some(Dns {
        domain: domain.map(str::to_owned),
        nameservers: nameservers.to_vec(),
        options: matches.all("dns-option").to_vec(),
        search_domains: matches.all("dns-search").to_vec(),
    }))
}

fn init_process(matches: &Matches, image: &ImageConfig) -> Result<InitProcess, Exit> {
    let arguments = &matches.positional[1..];
    let words: Vec<String> = match matches.value("entrypoint") {
        // The image's own arguments go with its entry point.
        Some(entrypoint) if !entrypoint.is_empty() => std::iter::once(entrypoint.to_owned())
            .chain(arguments.iter().cloned())
            .collect(),
        entrypoint => {
            let own = if entrypoint.is_some() {
                &[]
            } else {
                image.entrypoint.as_slice()
            };
            let rest = if arguments.is_empty() {
                image.cmd.as_slice()
            } else {
                arguments
            };
            own.iter()
                .chain(rest)
                .skip_while(|word| word.is_empty())
                .cloned()
                .collect()
        }
    };
    let Some((executable, arguments)) = words.split_first() else {
        let text = "command/entrypoint not specified for container process";
        return Err(Error::invalid(text).into());
    };
    let variables = environment::variables(matches.all("env-file"), matches.all("env"))?;
    Ok(InitProcess {
        executable: executable.clone(),
        arguments: arguments.to_vec(),
        environment: environment::merge(&image.environment(), &variables),
        rlimits: user::limits(matches.all("ulimit"))?,
        supplemental_groups: Vec::new(),
        terminal: matches.has("tty"),
        user: user::user(matches, image.user.as_deref())?,
        working_directory: matches
            .value("workdir")
            .map_or_else(|| image.working_directory(), str::to_owned),
    })
}

/// Makes missing volumes, and orders mounts by depth.
fn mounts(world: &World, requests: Vec<mount::Request>) -> Result<Vec<Mount>> {
    let mut mounts = Vec::new();
    for request in requests {
        mounts.push(match request {
            mount::Request::Ready(mount) => mount,
            mount::Request::Volume {
                name,
                destination,
                options,
            } => {
                let volume = if let Some(volume) = volume::find(world, &name) {
                    volume
                } else {
                    warn(&format!(
                        "named volume was automatically created: [\"volume\": {name}]"
                    ));
                    volume::create(world, &name, BTreeMap::new(), BTreeMap::new(), None)?
                };
                Mount {
                    destination,
                    options,
                    source: volume.configuration.source,
                    kind: MountKind::Volume {
                        cache: CacheMode::On {},
                        format: "ext4".into(),
                        name,
                        sync: SyncMode::Fsync {},
                    },
                }
            }
        });
    }
    mounts.sort_by_key(|mount| mount.destination.matches('/').count());
    Ok(mounts)
}
