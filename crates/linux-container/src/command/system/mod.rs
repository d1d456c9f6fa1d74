//! `system …`.

mod status;
mod usage;

pub(super) use status::{status, version};
pub(super) use usage::{df, folder_size};

use std::fs;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{print, warn};
use crate::cli::Matches;
use crate::container::{self, Container};
use crate::error::{Code, Context, Error, Outcome, Result};
use crate::lock::Lock;
use crate::network;
use crate::output::{self, Format, Layout};
use crate::podman::Podman;
use crate::process;
use crate::store::Store;
use crate::world::{World, write_atomic};

/// How long podman may take to clean up after the last container.
const CLEAN_UP: Duration = Duration::from_secs(10);

const KERNEL: &str = "the host's own kernel";

pub(super) fn start(world: &World, matches: &Matches) -> Outcome {
    let _: Option<u64> = matches.number("timeout")?;
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
        launch(world)?;
    }
    install_kernel(world, matches)
}

fn launch(world: &World) -> Result<()> {
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
    copy_settings(world)?;
    Podman::configure(world)?;
    warn("Verifying machine API server is running...");
    // After a restart of the host podman has to be told once that nothing runs any more.
    Podman::new(world).run(["ps", "--quiet"])?;
    end_everything(world)?;
    let outside = world.settings.outside();
    network::up(world, outside)?;
    world.mark_started(outside)?;
    note(
        world,
        &format!("started, playing version {}", world.version),
    );
    Ok(())
}

/// Names everything that is missing on this host at once.
fn require_programs() -> Result<()> {
    const NEEDED: [&str; 7] = ["podman", "conmon", "runc", "ip", "nft", "unshare", "tar"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let there = |name: &&str| folders.iter().any(|folder| folder.join(name).is_file());
    let missing: Vec<&str> = NEEDED.into_iter().filter(|name| !there(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::internal(format!(
        "programs are missing on this host: {}. Install them; Debian has them in podman, conmon, runc, iproute2, nftables, util-linux and tar",
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
    ] {
        let _ = fs::remove_dir_all(world.run().join(name));
    }
    Ok(())
}

/// A user's own settings are taken over at each start.
fn copy_settings(world: &World) -> Result<()> {
    let Some(home) = std::env::var_os("HOME") else {
        return Ok(());
    };
    let own = Path::new(&home).join(".config/container/config.toml");
    let target = world.app_root.join("config.toml");
    match fs::read(&own) {
        Ok(text) if !target.exists() => write_atomic(&target, &text),
        _ => Ok(()),
    }
}

fn install_kernel(world: &World, matches: &Matches) -> Outcome {
    if world.kernel_link().exists() || matches.has("disable-kernel-install") {
        return Ok(());
    }
    if !matches.has("enable-kernel-install") {
        let mut err = std::io::stderr();
        let _ = write!(
            err,
            "Install the recommended default kernel from [{KERNEL}]? [Y/n]: "
        );
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        if !matches!(read, Ok(count) if count > 0) {
            return Err(Error::internal("failed to read user input").into());
        }
        if !matches!(
            answer.trim().to_ascii_lowercase().as_str(),
            "" | "y" | "yes"
        ) {
            warn(
                "Please use the `container system kernel set --recommended` command to configure the default kernel",
            );
            return Ok(());
        }
    }
    warn("Installing kernel...");
    Ok(set_kernel(world, None, false)?)
}

/// Points the link at a kernel. Containers run on the host's, whatever it says.
fn set_kernel(world: &World, binary: Option<&Path>, force: bool) -> Result<()> {
    let link = world.kernel_link();
    let folder = world.app_root.join("kernels");
    fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let target = if let Some(path) = binary {
        let name = path.file_name().unwrap_or_default();
        let target = folder.join(name);
        if target.exists() && !force {
            let text = format!("kernel {} already exists", target.display());
            return Err(Error::new(Code::Exists, text));
        }
        fs::copy(path, &target).context(|| format!("cannot copy {}", path.display()))?;
        target
    } else {
        let target = folder.join(format!("vmlinux-{release}"));
        let text = format!("Containers run on the kernel of this host: {release}\n");
        write_atomic(&target, text.as_bytes())?;
        target
    };
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(&target, &link)
        .context(|| format!("cannot create {}", link.display()))
}

pub(super) fn kernel_set(world: &World, matches: &Matches) -> Result<()> {
    let force = matches.has("force");
    if matches.has("recommended") {
        return set_kernel(world, None, true);
    }
    if matches.has("tar") {
        return Err(Error::new(
            Code::Unsupported,
            "containers run on the host's kernel here: use --recommended or --binary",
        ));
    }
    let Some(binary) = matches.value("binary") else {
        return Err(Error::invalid("missing argument '--binary'"));
    };
    let path = Path::new(binary);
    if !path.is_file() {
        return Err(Error::not_found(format!(
            "kernel file not found at path {binary}"
        )));
    }
    set_kernel(world, Some(path), force)
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
    container::unmount_all(world);
    remove_control_groups(world);
    world.forget();
    note(world, "stopped");
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

fn note(world: &World, text: &str) {
    let file = fs::File::options()
        .create(true)
        .append(true)
        .open(world.log());
    if let Ok(mut file) = file {
        let _ = writeln!(file, "{} container-apiserver: {text}", crate::model::now());
    }
}

pub(super) fn logs(world: &World, matches: &Matches) -> Outcome {
    let last = matches.value("last").unwrap_or("5m");
    let since = period(last).ok_or_else(|| matches.bad_value("last", last))?;
    let from = jiff::Timestamp::now() - since;
    let text = fs::read_to_string(world.log()).unwrap_or_default();
    let mut out = std::io::stdout();
    for line in text.lines() {
        let time = line
            .split(' ')
            .next()
            .and_then(|t| t.parse::<jiff::Timestamp>().ok());
        if time.is_some_and(|time| time >= from) {
            let _ = writeln!(out, "{line}");
        }
    }
    if matches.has("follow") {
        crate::logs::follow(&world.log(), text.len() as u64, false, None, &mut out)?;
    }
    Ok(())
}

fn period(text: &str) -> Option<jiff::SignedDuration> {
    let amount: i64 = text.get(..text.len().checked_sub(1)?)?.parse().ok()?;
    match text.chars().last()? {
        'm' => Some(jiff::SignedDuration::from_mins(amount)),
        'h' => Some(jiff::SignedDuration::from_hours(amount)),
        'd' => Some(jiff::SignedDuration::from_hours(amount.checked_mul(24)?)),
        _ => None,
    }
}

pub(super) fn properties(world: &World, matches: &Matches) -> Outcome {
    let format = match matches.choice("format", &["json", "toml"])? {
        Some("json") => Format::Json,
        _ => Format::Toml,
    };
    print(output::render(&world.settings, format, Layout::Compact, world.version)?.trim_end());
    Ok(())
}
