//! The builder. Builds need no machine of their own here, so of a builder there is only what it was
//! started with, and what builds keep for the next one.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::error::{Code, Context, Error, Result};
use crate::model::{
    Configuration, Descriptor, Dns, ImageDescription, InitProcess, Platform, Resources, Snapshot,
    State, Status, User,
};
use crate::world::{World, architecture, write_atomic};

/// The name of the container that it is on a Mac.
const ID: &str = "buildkit";

/// What a builder is started with.
pub(crate) struct Size {
    pub(crate) cpus: u32,
    /// Bytes.
    pub(crate) memory: u64,
}

/// The builder, running or stopped; none when none was started or it was deleted.
pub(crate) fn find(world: &World) -> Option<Snapshot> {
    let text = fs::read(record(world)).ok()?;
    let configuration: Configuration = serde_json::from_slice(&text).ok()?;
    let started_date = fs::read_to_string(running(world)).ok();
    Some(Snapshot {
        id: ID.into(),
        status: Status {
            networks: Vec::new(),
            state: if started_date.is_some() {
                State::Running
            } else {
                State::Stopped
            },
            started_date,
        },
        configuration,
    })
}

/// Starts the builder. One of another size goes first, with all that it keeps.
pub(crate) fn start(world: &World, size: &Size, dns: Dns) -> Result<()> {
    if let Some(before) = find(world) {
        let resources = &before.configuration.resources;
        if resources.cpus == size.cpus && resources.memory_in_bytes == size.memory {
            return mark_running(world, &before);
        }
        delete(world)?;
    }
    let configuration = configuration(size, dns);
    let text = serde_json::to_vec(&configuration).context(|| "cannot encode the builder".into())?;
    write_atomic(&record(world), &text)?;
    write_atomic(&running(world), crate::model::now().as_bytes())
}

/// What a build does first: a builder that is there is used, whatever its size.
pub(crate) fn ensure(world: &World, size: &Size) -> Result<()> {
    match find(world) {
        Some(there) => mark_running(world, &there),
        None => start(world, size, Dns::default()),
    }
}

fn mark_running(world: &World, builder: &Snapshot) -> Result<()> {
    if builder.status.state == State::Running {
        return Ok(());
    }
    write_atomic(&running(world), crate::model::now().as_bytes())
}

/// Stops the builder; false when there is none.
pub(crate) fn stop(world: &World) -> bool {
    let _ = fs::remove_file(running(world));
    record(world).exists()
}

/// Removes the builder and what builds keep for the next one: cached steps and cache mounts.
pub(crate) fn delete(world: &World) -> Result<()> {
    let _ = fs::remove_file(running(world));
    crate::image::remove_dangling(world)?;
    for entry in fs::read_dir(world.temporary())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("buildah-cache") {
            fs::remove_dir_all(entry.path()).context(|| "cannot remove the build cache".into())?;
        }
    }
    match fs::remove_file(record(world)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).context(|| "cannot remove the builder".into())
        }
        _ => Ok(()),
    }
}

/// The error of a builder that is deleted without force while it runs.
pub(crate) fn is_running() -> Error {
    let text = "BuildKit container is not stopped, use --force to override";
    Error::new(Code::InvalidState, text)
}

fn record(world: &World) -> PathBuf {
    world.app_root.join("builder.json")
}

/// There while it runs, which is no longer than the services do.
fn running(world: &World) -> PathBuf {
    world.run().join("builder")
}

fn configuration(size: &Size, dns: Dns) -> Configuration {
    let label = |key: &str| (format!("com.apple.container.{key}"), "builder".to_owned());
    Configuration {
        cap_add: Vec::new(),
        cap_drop: Vec::new(),
        creation_date: crate::model::now(),
        dns: Some(dns),
        id: ID.into(),
        image: ImageDescription {
            // No image: podman itself builds.
            descriptor: Descriptor {
                digest: String::new(),
                media_type: String::new(),
                size: 0,
            },
            reference: "podman".into(),
        },
        init_process: InitProcess {
            executable: "podman".into(),
            arguments: vec!["build".into()],
            environment: Vec::new(),
            rlimits: Vec::new(),
            supplemental_groups: Vec::new(),
            terminal: false,
            user: User::Id { gid: 0, uid: 0 },
            working_directory: "/".into(),
        },
        labels: BTreeMap::from([label("plugin"), label("resource.role")]),
        masked_paths: None,
        mounts: Vec::new(),
        networks: Vec::new(),
        platform: Platform {
            architecture: architecture().into(),
            os: "linux".into(),
            variant: None,
        },
        published_ports: Vec::new(),
        published_sockets: Vec::new(),
        read_only: false,
        readonly_paths: None,
        resources: Resources {
            cpu_overhead: 1,
            cpus: size.cpus,
            memory_in_bytes: size.memory,
        },
        rosetta: false,
        runtime_handler: "container-runtime-linux".into(),
        shm_size: None,
        ssh: false,
        stop_signal: None,
        sysctls: BTreeMap::new(),
        use_init: false,
        virtualization: false,
    }
}
