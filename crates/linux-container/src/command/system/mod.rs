//! `system …`.

mod kernel;
mod log;
mod status;
mod usage;

pub(super) use kernel::set as kernel_set;
pub(super) use log::logs;
pub(super) use status::{status, version};
pub(super) use usage::{df, folder_size};

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{print, warn};
use crate::cli::Matches;
use crate::container::{self, Container};
use crate::error::{Code, Context, Error, Exit, Outcome, Result};
use crate::lock::Lock;
use crate::network;
use crate::output::{self, Format, Layout};
use crate::podman::{self, Podman};
use crate::process;
use crate::service_log;
use crate::settings::Settings;
use crate::store::Store;
use crate::world::World;

/// How long podman may take to clean up after the last container.
const CLEAN_UP: Duration = Duration::from_secs(10);

pub(super) fn start(world: &World, matches: &Matches) -> Outcome {
    let patience = patience(matches)?;
    let other = match matches.value("app-root") {
        Some(root) => Some(World::at(Path::new(root))?),
        None => None,
    };
    let world = other.as_ref().unwrap_or(world);
    fs::create_dir_all(&world.app_root)
        .context(|| format!("cannot create {}", world.app_root.display()))?;
    if !rustix::process::geteuid().is_root() {
        return Err(Error::new(
            Code::Unsupported,
            "container on Linux must run as root: it makes network interfaces and control groups",
        )
        .into());
    }
    let _lock = Lock::service(world)?;
    if other.is_some() {
        world.remember()?;
    }
    if world.service().is_none() {
        Settings::take_over(&world.app_root)?;
        // What was taken over counts from here on.
        launch(&World::at(&world.app_root)?, patience)?;
    }
    kernel::install(world, matches)
}

/// How long the services may take to answer.
fn patience(matches: &Matches) -> Result<Duration, Exit> {
    let seconds: f64 = matches.number("timeout")?.unwrap_or(60.0);
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        let text = matches.value("timeout").unwrap_or_default();
        matches.bad_value("timeout", text)
    })
}

fn launch(world: &World, patience: Duration) -> Result<()> {
    warn("Launching container-apiserver...");
    for folder in [
        world.containers(),
        world.volumes(),
        world.networks(),
        world.run(),
    ] {
        fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
    }
    require_programs()?;
    if world.lost_its_host() {
        forget_runs(world)?;
    }
    Podman::configure(world)?;
    warn("Verifying machine API server is running...");
    // After a restart of the host podman has to be told once that nothing runs any more.
    Podman::new(world)
        .answers(patience)
        .map_err(|error| no_answer(error.as_ref()))?;
    end_everything(world)?;
    let outside = world.settings.outside();
    network::up(world, outside)?;
    world.mark_started(outside)?;
    service_log::note(
        world,
        &format!("started, playing version {}", world.version),
    );
    Ok(())
}

/// The error of services that failed, or that said nothing in time.
fn no_answer(error: Option<&Error>) -> Error {
    let why = error.map_or_else(
        || "timeout: \"XPC timeout for request to com.apple.container.apiserver/ping\"".to_owned(),
        Error::long,
    );
    Error::internal(format!("failed to get a response from apiserver: {why}"))
}

/// Names everything that is missing on this host at once.
fn require_programs() -> Result<()> {
    const NEEDED: [&str; 8] = [
        "podman", "conmon", "runc", "ip", "nft", "unshare", "setpriv", "tar",
    ];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let there = |name: &&str| folders.iter().any(|folder| folder.join(name).is_file());
    let mut missing: Vec<&str> = NEEDED.into_iter().filter(|name| !there(name)).collect();
    if podman::init_program().is_none() {
        missing.push("catatonit");
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::internal(format!(
        "programs are missing on this host: {}. Install them; Debian has them in podman, conmon, runc, catatonit, iproute2, nftables, util-linux and tar",
        missing.join(", ")
    )))
}

/// After an unclean end of the host: what was kept of running containers is not true any more,
/// and where /run is on a disk it is still there.
fn forget_runs(world: &World) -> Result<()> {
    for stored in Store::new(world).containers()?.values() {
        let _ = fs::remove_dir_all(crate::monitor::state(&stored.id));
    }
    for name in [
        "storage",
        "libpod",
        "attachments",
        "netns",
        "publishers",
        "exec",
        "stopping",
        "builder",
    ] {
        let path = world.run().join(name);
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
    Ok(())
}

/// Stops all containers and leaves neither process nor interface.
pub(super) fn stop(world: &World) -> Result<()> {
    if !world.run().exists() {
        return Ok(());
    }
    let lock = Lock::service(world)?;
    if world.service().is_some() {
        print("stopping containers: [\"stopTimeoutSeconds\": 5]");
        let all = Container::all(world)?;
        let running: Vec<&Container> = all.iter().filter(|c| c.is_running()).collect();
        std::thread::scope(|scope| {
            for one in running {
                scope.spawn(move || {
                    if let Err(e) = container::stop(world, one.id(), None, Duration::from_secs(5)) {
                        print(&format!("failed to stop container {}: {e}", one.id()));
                    }
                });
            }
        });
        print("stopping service: [\"label\": com.apple.container.apiserver]");
    }
    // From here on commands fail, so nothing starts any more.
    world.mark_stopped();
    end_everything(world)?;
    network::down(world)?;
    container::unmount_below(&[&world.app_root, &world.run()]);
    remove_control_groups(world);
    world.forget();
    service_log::note(world, "stopped");
    let _ = fs::remove_dir_all(world.run());
    drop(lock);
    Ok(())
}

/// Ends what a killed process may have left running, and removes containers with `--rm`.
fn end_everything(world: &World) -> Result<()> {
    for one in Container::all(world)? {
        if one.is_running() {
            container::stop(world, one.id(), None, Duration::ZERO)?;
        }
        if one.record.remove_on_exit {
            let _ = container::remove(world, one.id(), true);
        }
    }
    container::sweep(world)
}

/// podman leaves the group above its containers, and may itself still be at work in it.
fn remove_control_groups(world: &World) {
    let name = format!("apple-container-{}", world.key);
    let root = Path::new("/sys/fs/cgroup");
    let trees = fs::read_dir(root).into_iter().flatten().flatten();
    let mut groups: Vec<PathBuf> = trees.map(|tree| tree.path().join(&name)).collect();
    groups.push(root.join(&name));
    for group in groups.iter().filter(|group| group.is_dir()) {
        remove_group(group);
    }
}

/// Removes a control group and those in it, once their processes have ended.
fn remove_group(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_group(&entry.path());
        }
    }
    let processes = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    for pid in processes.lines().filter_map(|line| line.parse().ok()) {
        process::wait_for(pid, CLEAN_UP);
    }
    let _ = fs::remove_dir(group);
}

pub(super) fn properties(world: &World, matches: &Matches) -> Outcome {
    let format = match matches.choice("format", &["json", "toml"])? {
        Some("json") => Format::Json,
        _ => Format::Toml,
    };
    print(output::render(&world.settings, format, Layout::Compact, world.version)?.trim_end());
    Ok(())
}
