//! `system …`.

use std::fs;
use std::io::{BufRead, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::{format, print, warn};
use crate::cli::Matches;
use crate::container::{self, Container};
use crate::error::{Code, Context, Error, Exit, Outcome, Result};
use crate::image;
use crate::lock::Lock;
use crate::model::{DiskUsage, DiskUse};
use crate::network;
use crate::output::{self, Format, Layout};
use crate::podman::Podman;
use crate::store::Store;
use crate::version::Version;
use crate::volume;
use crate::world::{World, architecture, write_atomic};

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
    copy_settings(world)?;
    Podman::configure(world)?;
    warn("Verifying machine API server is running...");
    // After a restart of the host podman has to be told once that nothing runs any more.
    Podman::new(world).run(["ps", "--quiet"])?;
    end_everything(world)?;
    network::up(world)?;
    world.mark_started()?;
    note(
        world,
        &format!("started, playing version {}", world.version),
    );
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
    let target = match binary {
        Some(path) => {
            let name = path.file_name().unwrap_or_default();
            let target = folder.join(name);
            if target.exists() && !force {
                let text = format!("kernel {} already exists", target.display());
                return Err(Error::new(Code::Exists, text));
            }
            fs::copy(path, &target).context(|| format!("cannot copy {}", path.display()))?;
            target
        }
        None => {
            let target = folder.join(format!("vmlinux-{release}"));
            let text = format!("Containers run on the kernel of this host: {release}\n");
            write_atomic(&target, text.as_bytes())?;
            target
        }
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

/// podman leaves the group above its containers.
fn remove_control_groups(world: &World) {
    let name = format!("apple-container-{}", world.key);
    let root = Path::new("/sys/fs/cgroup");
    let _ = fs::remove_dir(root.join(&name));
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let group = entry.path().join(&name);
        if group.is_dir() {
            let inner = fs::read_dir(&group).into_iter().flatten().flatten();
            inner
                .filter(|e| e.path().is_dir())
                .for_each(|e| drop(fs::remove_dir(e.path())));
            let _ = fs::remove_dir(group);
        }
    }
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

pub(super) fn status(world: &World, matches: &Matches) -> Outcome {
    let format = format(matches)?;
    let Some(service) = world.service() else {
        if format == Format::Table {
            print("apiserver is not running and not registered with launchd");
        } else {
            print(&output::render(
                &down(world),
                format,
                Layout::Compact,
                world.version,
            )?);
        }
        return Err(Exit::Status(1));
    };
    let server: Version = service.version.parse().unwrap_or(world.version);
    let value = if world.version < Version::PLAIN_SLASH {
        flat(world, server)
    } else {
        nested(world, server)?
    };
    if format == Format::Table {
        let mut rows = Vec::new();
        flatten("", &value, &mut rows);
        print(&output::table(&["FIELD", "VALUE"], &rows));
    } else {
        print(&output::render(
            &value,
            format,
            Layout::Compact,
            world.version,
        )?);
    }
    Ok(())
}

fn down(world: &World) -> Value {
    if world.version >= Version::PLAIN_SLASH {
        return json!({ "status": "unregistered" });
    }
    json!({
        "apiServerAppName": "", "apiServerBuild": "", "apiServerCommit": "",
        "apiServerVersion": "", "appRoot": "", "installRoot": "", "status": "unregistered",
    })
}

fn app_root(world: &World) -> String {
    format!("{}/", world.app_root.display())
}

fn install_root() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("/"));
    format!("{}/", folder.display().to_string().trim_end_matches('/'))
}

fn flat(world: &World, server: Version) -> Value {
    json!({
        "apiServerAppName": "container-apiserver",
        "apiServerBuild": "release",
        "apiServerCommit": Version::COMMIT,
        "apiServerVersion": server.line("container-apiserver"),
        "appRoot": app_root(world),
        "installRoot": install_root(),
        "status": "running",
    })
}

fn nested(world: &World, server: Version) -> Result<Value> {
    let all = Container::all(world)?;
    let part = |name: &str, version: String| {
        json!({
            "appName": name, "build": "release", "commit": Version::COMMIT, "version": version,
        })
    };
    let system = rustix::system::uname();
    Ok(json!({
        "client": part("container", world.version.to_string()),
        "host": {
            "architecture": architecture(),
            "cpus": std::thread::available_parallelism().map_or(1, usize::from),
            "operatingSystem": format!("Linux {}", system.release().to_string_lossy()),
        },
        "paths": { "appRoot": app_root(world), "installRoot": install_root() },
        "resources": {
            "containersRunning": all.iter().filter(|c| c.is_running()).count(),
            "containersTotal": all.len(),
            "images": image::all(world)?.len(),
        },
        "server": part("container-apiserver", server_version(server)),
        "status": "running",
    }))
}

/// Up to 1.4.0 a server answered with the whole line.
fn server_version(server: Version) -> String {
    if server < Version::PLAIN_SLASH {
        server.line("container-apiserver")
    } else {
        server.to_string()
    }
}

fn flatten(prefix: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let name = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                flatten(&name, value, rows);
            }
        }
        Value::String(text) => rows.push(vec![prefix.to_owned(), text.clone()]),
        other => rows.push(vec![prefix.to_owned(), other.to_string()]),
    }
}

pub(super) fn version(world: &World, matches: &Matches) -> Outcome {
    let format = format(matches)?;
    let part = |name: &str, version: String| {
        json!({
            "appName": name, "buildType": "release", "commit": Version::COMMIT, "version": version,
        })
    };
    let mut parts = vec![part("container", world.version.to_string())];
    if let Some(service) = world.service() {
        let server: Version = service.version.parse().unwrap_or(world.version);
        parts.push(part("container-apiserver", server_version(server)));
    }
    if format == Format::Table {
        let text = |part: &Value, key: &str| part[key].as_str().unwrap_or_default().to_owned();
        let rows: Vec<Vec<String>> = parts
            .iter()
            .map(|p| {
                ["appName", "version", "buildType", "commit"]
                    .map(|k| text(p, k))
                    .to_vec()
            })
            .collect();
        print(&output::table(
            &["COMPONENT", "VERSION", "BUILD", "COMMIT"],
            &rows,
        ));
    } else {
        print(&output::render(
            &parts,
            format,
            Layout::Compact,
            world.version,
        )?);
    }
    Ok(())
}

pub(super) fn df(world: &World, matches: &Matches) -> Outcome {
    let format = format(matches)?;
    let usage = usage(world)?;
    if format != Format::Table {
        print(&output::render(
            &usage,
            format,
            Layout::Pretty,
            world.version,
        )?);
        return Ok(());
    }
    let row = |name: &str, part: DiskUse| {
        let percent = (part.reclaimable * 100)
            .checked_div(part.size_in_bytes)
            .unwrap_or(0);
        vec![
            name.to_owned(),
            part.total.to_string(),
            part.active.to_string(),
            output::size(part.size_in_bytes),
            format!("{} ({percent}%)", output::size(part.reclaimable)),
        ]
    };
    let rows = [
        row("Images", usage.images),
        row("Containers", usage.containers),
        row("Local Volumes", usage.volumes),
    ];
    print(&output::table(
        &["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"],
        &rows,
    ));
    Ok(())
}

fn usage(world: &World) -> Result<DiskUsage> {
    let store = Store::new(world);
    let sizes = store.sizes()?;
    let all = Container::all(world)?;
    let mut containers = DiskUse {
        total: all.len() as u64,
        ..DiskUse::default()
    };
    for one in &all {
        let size = folder_size(&store.upper(&one.stored)) + folder_size(&world.container(one.id()));
        containers.size_in_bytes += size;
        if one.is_running() {
            containers.active += 1;
        } else {
            containers.reclaimable += size;
        }
    }
    let stored = store.images()?;
    let used = |id: &str| all.iter().any(|c| c.stored.image == id);
    let tops = |wanted: &dyn Fn(&str) -> bool| {
        sizes.union(
            stored
                .iter()
                .filter(|i| wanted(&i.id))
                .map(|i| i.layer.as_str()),
        )
    };
    let whole = tops(&|_| true);
    let named: Vec<_> = stored
        .iter()
        .filter(|i| i.names.iter().flatten().count() > 0)
        .collect();
    let images = DiskUse {
        total: named.len() as u64,
        active: named.iter().filter(|i| used(&i.id)).count() as u64,
        size_in_bytes: whole,
        reclaimable: whole - tops(&used),
    };
    let mut volumes = DiskUse::default();
    for one in volume::all(world) {
        let size = folder_size(&volume::folder(world, &one.id));
        volumes.total += 1;
        volumes.size_in_bytes += size;
        if volume::users(world, &one.id)?.is_empty() {
            volumes.reclaimable += size;
        } else {
            volumes.active += 1;
        }
    }
    Ok(DiskUsage {
        containers,
        images,
        volumes,
    })
}

/// Bytes on disk below a folder, links not followed.
pub(super) fn folder_size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_size(&entry.path()),
            Ok(meta) => meta.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
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
