//! `start`, and the second half of `run`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use super::stop::CLEAN_UP;
use super::{Container, boot_log, log_file, netns_file, started_file};
use crate::error::{Code, Context, Error, Result};
use crate::lock::Lock;
use crate::model::{Attachment, Configuration, MountKind};
use crate::monitor;
use crate::network::{self, Resolver};
use crate::podman::Podman;
use crate::process;
use crate::publish::Publisher;
use crate::service_log;
use crate::store::Store;
use crate::volume;
use crate::world::{World, write_atomic};

/// Whether the process starts by itself or when something is attached to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attach {
    /// Started when this returns.
    Detached,
    /// Prepared; [`super::attach`] starts it.
    Later,
}

/// Starts a stopped container with a new address. The caller holds its lock.
pub(crate) fn start(world: &World, id: &str, mode: Attach, _lock: &Lock) -> Result<()> {
    settle(world, id);
    let container = Container::get(world, id)?;
    if container.is_running() {
        return Ok(());
    }
    let config = &container.record.configuration;
    check_kernel(world)?;
    check_mounts(world, config)?;
    // podman may still be busy with the end of the last run.
    if monitor::is_left(world, &container.stored.id) {
        monitor::end(&container.stored.id, CLEAN_UP);
    }
    // The last run may have ended by itself, which leaves the host's ends of its interfaces.
    network::detach(world, id);
    let result = boot(world, &container, mode);
    // The process holds its network namespace from now on; without one it shall vanish.
    super::files::unmount(&netns_file(world, id));
    if result.is_err() {
        super::stop::finish(world, &container);
    } else {
        service_log::note(world, &format!("container {id}: started"));
    }
    result
}

/// There while podman starts a container. It outlives a call that is killed meanwhile.
fn starting_file(world: &World, id: &str) -> PathBuf {
    world.container(id).join("starting")
}

/// Waits for the end of a start whose call was killed, so that what it did can be seen. When podman
/// was killed with it, nothing goes on with what it began: that is ended.
pub(super) fn settle(world: &World, id: &str) {
    let marker = starting_file(world, id);
    if !marker.exists() {
        return;
    }
    for podman in process::podmen(world, id) {
        process::wait(&podman, Some(Duration::from_mins(1)));
    }
    if let Ok(Some(container)) = Container::find(world, id)
        && !container.is_running()
    {
        monitor::end(&container.stored.id, CLEAN_UP);
    }
    super::files::unmount(&netns_file(world, id));
    let _ = fs::remove_file(marker);
}

fn boot(world: &World, container: &Container, mode: Attach) -> Result<()> {
    let config = &container.record.configuration;
    let id = container.id();
    let mut log = fs::File::options()
        .create(true)
        .append(true)
        .open(boot_log(world, id))
        .context(|| "cannot open the boot log".into())?;
    let mut note = |text: String| {
        let _ = writeln!(log, "{} {text}", crate::model::now());
    };
    note(format!("starting {id} from {}", config.image.reference));
    let netns = netns_file(world, id);
    super::files::touch(&netns)?;
    super::files::unmount(&netns);
    let attachments = network::attach(world, config, &netns)?;
    for one in &attachments {
        note(format!(
            "network {}: {} on {}",
            one.network, one.ipv4_address, one.mac_address
        ));
    }
    write_network_files(world, container, &attachments)?;
    fs::File::create(log_file(world, id)).context(|| "cannot empty the log".into())?;
    let publisher = Publisher::open(world, config)?;
    let verb = if mode == Attach::Detached {
        "start"
    } else {
        "init"
    };
    let marker = starting_file(world, id);
    super::files::touch(&marker)?;
    let outcome = Podman::new(world).run_apart([verb, id]);
    let _ = fs::remove_file(marker);
    if let Err(error) = outcome {
        note(format!("failed: {error}"));
        return Err(explain(&error, config));
    }
    let now = crate::model::now();
    write_atomic(&started_file(world, id), now.as_bytes())?;
    if let Some(publisher) = publisher {
        publisher.go(mode);
    }
    note(format!(
        "process {} handed to the runtime",
        config.init_process.executable
    ));
    Ok(())
}

/// Puts the failures that Apple's tool knows into its words.
fn explain(error: &Error, config: &Configuration) -> Error {
    let text = error.to_string();
    let program = &config.init_process.executable;
    let missing = [
        "executable file not found",
        "no such file or directory: OCI",
    ];
    if missing.iter().any(|m| text.contains(m)) || text.contains(&format!("stat {program}:")) {
        return super::files::missing_program(program)
            .wrapped(Code::Internal, "failed to bootstrap container");
    }
    error
        .clone()
        .wrapped(Code::Internal, "failed to bootstrap container")
}

fn check_kernel(world: &World) -> Result<()> {
    if world.kernel_link().exists() {
        return Ok(());
    }
    Err(Error::not_found(format!(
        "default kernel not configured for architecture {}, please use the `container system kernel set` command to configure it",
        crate::world::architecture()
    )))
}

fn check_mounts(world: &World, config: &Configuration) -> Result<()> {
    for mount in &config.mounts {
        match &mount.kind {
            MountKind::Virtiofs {} if !fs::exists(&mount.source).unwrap_or(false) => {
                return Err(Error::not_found(format!(
                    "mount source path '{}' does not exist",
                    mount.source
                )));
            }
            MountKind::Volume { name, .. } => volume::check_free(world, name, &config.id)?,
            _ => {}
        }
    }
    Ok(())
}

/// Rewrites `/etc/hosts` and `/etc/resolv.conf`, as a boot of Apple's guest does.
fn write_network_files(
    world: &World,
    container: &Container,
    attachments: &[Attachment],
) -> Result<()> {
    let config = &container.record.configuration;
    let upper = Store::new(world).upper(&container.stored);
    let mut hosts = String::from("127.0.0.1 localhost\n");
    if let Some(first) = attachments.first() {
        let name = first.hostname.trim_end_matches('.');
        let _ = writeln!(hosts, "{} {name}", first.ipv4_address.addr());
    }
    super::files::write_etc(&upper, "hosts", &hosts)?;
    if let Some(dns) = &config.dns {
        let resolver = Resolver::new(dns, attachments.first(), world.outside());
        super::files::write_etc(&upper, "resolv.conf", &resolver.text())?;
    }
    Ok(())
}
