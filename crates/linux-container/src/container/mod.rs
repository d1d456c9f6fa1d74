//! Containers: podman's state joined with our record of what was asked for.
//!
//! A container exists when podman's storage has it. The record is written before podman creates
//! the container and removed after podman removed it, so that a process killed in between leaves
//! at most a record without a container, which counts for nothing and is swept away later.

mod attach;
mod create;
mod exec;
mod files;
mod remove;
mod spec;
mod start;
mod stop;
mod streams;

pub(crate) use attach::attach;
pub(crate) use create::create;
pub(crate) use exec::{ExecRequest, exec};
pub(crate) use files::{touch, unmount_below};
pub(crate) use remove::{remove, sweep};
pub(crate) use spec::{MASKED, READ_ONLY};
pub(crate) use start::{Attach, start};
pub(crate) use stop::{kill, stop};

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Context, Error, Result};
use crate::model::{Attachment, Configuration, Snapshot, State, Status};
use crate::process::Init;
use crate::store::{Store, StoredContainer};
use crate::world::{World, write_atomic};

/// What `create` was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) configuration: Configuration,
    /// `--rm`.
    pub(crate) remove_on_exit: bool,
    /// `-i`: the first process reads what an attached command reads.
    #[serde(default)]
    pub(crate) interactive: bool,
}

/// A container that exists.
pub(crate) struct Container {
    pub(crate) record: Record,
    pub(crate) stored: StoredContainer,
    /// Its first process while it runs.
    pub(crate) init: Option<Init>,
}

impl Container {
    pub(crate) fn id(&self) -> &str {
        &self.record.configuration.id
    }

    pub(crate) fn is_running(&self) -> bool {
        self.init.is_some()
    }

    /// All containers, ordered by name.
    pub(crate) fn all(world: &World) -> Result<Vec<Self>> {
        let mut all: Vec<Self> = Store::new(world)
            .containers()?
            .into_iter()
            .filter_map(|(name, stored)| Self::load(world, &name, stored))
            .collect();
        all.sort_by(|a, b| a.id().cmp(b.id()));
        Ok(all)
    }

    pub(crate) fn find(world: &World, id: &str) -> Result<Option<Self>> {
        let stored = Store::new(world).container(id)?;
        Ok(stored.and_then(|stored| Self::load(world, id, stored)))
    }

    /// The container of an id, or the error of commands for one container.
    pub(crate) fn get(world: &World, id: &str) -> Result<Self> {
        Self::find(world, id)?
            .ok_or_else(|| Error::not_found(format!("get failed: container {id} not found")))
    }

    /// The first process, or the error of commands that need a running container.
    pub(crate) fn running(&self) -> Result<&Init> {
        self.init.as_ref().ok_or_else(|| self.not_running())
    }

    pub(crate) fn not_running(&self) -> Error {
        Error::new(
            Code::InvalidState,
            format!("container {} is not running", self.id()),
        )
    }

    fn load(world: &World, name: &str, stored: StoredContainer) -> Option<Self> {
        let text = fs::read(world.container(name).join("container.json")).ok()?;
        let record = serde_json::from_slice(&text).ok()?;
        let init = Init::find(&stored.id);
        Some(Self {
            record,
            stored,
            init,
        })
    }

    /// The element of `list` and `inspect`.
    pub(crate) fn snapshot(&self, world: &World) -> Snapshot {
        let running = self.is_running();
        Snapshot {
            configuration: self.record.configuration.clone(),
            id: self.id().to_owned(),
            status: Status {
                networks: if running {
                    attachments(world, self.id())
                } else {
                    Vec::new()
                },
                started_date: fs::read_to_string(started_file(world, self.id())).ok(),
                state: match running {
                    true if stop::is_under_way(world, self.id()) => State::Stopping,
                    true => State::Running,
                    false => State::Stopped,
                },
            },
        }
    }
}

impl Record {
    fn write(&self, world: &World) -> Result<()> {
        let folder = world.container(&self.configuration.id);
        let text = serde_json::to_vec(self).context(|| "cannot encode the container".into())?;
        write_atomic(&folder.join("container.json"), &text)
    }
}

/// When the container was last started.
fn started_file(world: &World, id: &str) -> PathBuf {
    world.container(id).join("started")
}

/// Interfaces of the last start. They count only while the container runs.
pub(crate) fn attachments(world: &World, id: &str) -> Vec<Attachment> {
    fs::read(attachments_file(world, id))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

pub(crate) fn attachments_file(world: &World, id: &str) -> PathBuf {
    world.run().join("attachments").join(id)
}

/// What the container wrote, with time and stream before each line.
pub(crate) fn log_file(world: &World, id: &str) -> PathBuf {
    world.container(id).join("stdio.log")
}

/// What happened at each start.
pub(crate) fn boot_log(world: &World, id: &str) -> PathBuf {
    world.container(id).join("boot.log")
}

/// The file on which the network namespace is mounted during a start.
fn netns_file(world: &World, id: &str) -> PathBuf {
    world.run().join("netns").join(id)
}

/// A folder on a real file system, for what cannot lie on the container's own overlay.
fn disk(world: &World, id: &str) -> PathBuf {
    world.container(id).join("disk")
}
