//! `exec`: a process in a running container, started by the runtime itself.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::dup;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal};
use serde::Deserialize;
use serde_json::{Value, json};

use super::files::{Root, missing_program};
use super::{Container, streams};
use crate::error::{Context, Error, Result};
use crate::model::{Rlimit, User};
use crate::parse::environment;
use crate::process::{Init, MISTAKES};
use crate::store::Store;
use crate::world::World;

/// What differs from the container's first process.
pub(crate) struct ExecRequest {
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<String>,
    pub(crate) user: Option<User>,
    pub(crate) working_directory: Option<String>,
    pub(crate) limits: Vec<Rlimit>,
    pub(crate) interactive: bool,
    pub(crate) terminal: bool,
    pub(crate) detach: bool,
}

/// Runs a process in a running container and returns its status; none when it is detached.
pub(crate) fn exec(world: &World, id: &str, request: &ExecRequest) -> Result<Option<u8>> {
    let container = Container::get(world, id)?;
    let init = container.running()?;
    if !init.begun() {
        return Err(container.not_running());
    }
    add(world, &container, init, request).map_err(|error| {
        // What fails because the container is ending says so, not how it was noticed.
        if init.wait(Some(ENDING)) || init.is_ending() {
            container.not_running()
        } else {
            error
        }
    })
}

/// How long a container that is ending may take to be seen to have ended.
const ENDING: Duration = Duration::from_millis(200);

/// What the runtime says of a container that it takes for a stopped one.
const STOPPED: &str = "cannot exec in a stopped container";

/// Adds the process, again when the runtime is mistaken about the container.
fn add(
    world: &World,
    container: &Container,
    init: &Init,
    request: &ExecRequest,
) -> Result<Option<u8>> {
    for _ in 0..MISTAKES {
        match add_once(world, container, init, request) {
            Err(error) if error.to_string().contains(STOPPED) && init.begun() => {}
            outcome => return outcome,
        }
    }
    add_once(world, container, init, request)
}

fn add_once(
    world: &World,
    container: &Container,
    init: &Init,
    request: &ExecRequest,
) -> Result<Option<u8>> {
    let root = Root::of(init.pid)?;
    let config = Store::new(world).oci_config(&container.stored.id)?;
    let process = describe(&config["process"], request, &root)?;
    // A descriptor that the runtime inherits: no file to leave behind, however this ends.
    let file = memfd_create("process", MemfdFlags::empty())
        .context(|| "cannot describe the process".into())?;
    let file = File::from(file);
    (&file)
        .write_all(process.to_string().as_bytes())
        .context(|| "cannot describe the process".into())?;
    let runtime = Runtime {
        description: format!("/proc/self/fd/{}", file.as_raw_fd()),
        podman_id: container.stored.id.clone(),
        folder: world.run().join("exec"),
    };
    if request.detach {
        runtime.start(Stdio::null(), Stdio::null(), Stdio::null())?;
        return Ok(None);
    }
    let stdin = if request.interactive {
        Stdio::inherit()
    } else {
        Stdio::null()
    };
    if request.terminal {
        return Err(unavailable(&runtime.command().stdin(stdin).exec()));
    }
    attached(&runtime, stdin).map(Some)
}

/// How the runtime is told to add a process to a container.
struct Runtime {
    description: String,
    podman_id: String,
    folder: PathBuf,
}

impl Runtime {
    fn command(&self) -> Command {
        let mut command = Command::new("runc");
        command.args(["--log", "/dev/null", "exec", "--process", &self.description]);
        command.arg(&self.podman_id);
        command
    }

    /// Starts the process with these streams. It becomes a child of this program if that asked for
    /// orphans.
    fn start(&self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Result<Pid> {
        let what = || "cannot start the process".to_owned();
        fs::create_dir_all(&self.folder).context(what)?;
        let scratch = tempfile::tempdir_in(&self.folder).context(what)?;
        let (log, pid_file) = (scratch.path().join("log"), scratch.path().join("pid"));
        let mut command = Command::new("runc");
        command.args(["--log-format", "json", "--log"]).arg(&log);
        command.args(["exec", "--detach", "--pid-file"]);
        command
            .arg(&pid_file)
            .args(["--process", &self.description, &self.podman_id]);
        let status = command
            .stdin(stdin)
            .stdout(stdout)
            .stderr(stderr)
            .status()
            .map_err(|e| unavailable(&e))?;
        let pid = fs::read_to_string(&pid_file).ok();
        let pid = pid.and_then(|text| Pid::from_raw(text.trim().parse().ok()?));
        match pid {
            Some(pid) if status.success() => Ok(pid),
            _ => Err(Error::internal(match reason(&log) {
                Some(text) => format!("failed to exec process: {}", crate::words::plain(&text)),
                None => "failed to exec process".to_owned(),
            })),
        }
    }
}

/// Why the runtime failed, by its log.
fn reason(log: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Entry {
        level: String,
        msg: String,
    }
    let text = fs::read_to_string(log).ok()?;
    let mut entries = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let error = entries.rfind(|entry: &Entry| entry.level == "error");
    error.map(|entry| entry.msg)
}

/// Runs the process to its end and returns its status. What it reads comes straight from this
/// program's stdin; what it writes passes through here, so that whoever reads it sees its end when
/// this program ends, whatever the process left running in the container.
fn attached(runtime: &Runtime, stdin: Stdio) -> Result<u8> {
    let what = || "cannot run the process".to_owned();
    let signals = streams::catch_signals()?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).context(what)?;
    let (out_from, out_to) = std::io::pipe().context(what)?;
    let (err_from, err_to) = std::io::pipe().context(what)?;
    let pid = runtime.start(stdin, Stdio::from(out_to), Stdio::from(err_to))?;
    let handle = pidfd_open(pid, PidfdFlags::empty()).context(what)?;
    let (ended, running) = std::io::pipe().context(what)?;
    let mut copies = Vec::new();
    for (from, to) in [
        (out_from, dup(std::io::stdout())),
        (err_from, dup(std::io::stderr())),
    ] {
        let (from, to) = (
            File::from(OwnedFd::from(from)),
            File::from(to.context(what)?),
        );
        let ended = ended.try_clone().context(what)?;
        copies.push(std::thread::spawn(move || {
            // A reader that went away stops the copying, not the process.
            let _ = streams::copy_output(from, to, ended);
        }));
    }
    streams::hand_on(signals, move |signal| {
        if let Some(signal) = Signal::from_named_raw(signal) {
            let _ = pidfd_send_signal(&handle, signal);
        }
    });
    let status = rustix::process::waitpid(Some(pid), WaitOptions::empty()).context(what)?;
    drop(running);
    for copy in copies {
        let _ = copy.join();
    }
    let (_, status) = status.ok_or_else(|| Error::internal(what()))?;
    let code = status
        .exit_status()
        .or_else(|| Some(128 + status.terminating_signal()?));
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn unavailable(error: &std::io::Error) -> Error {
    Error::internal(format!(
        "cannot run runc: {error}. Install runc with the host's package manager"
    ))
}

/// The first process's description with the differences of the request.
fn describe(init: &Value, request: &ExecRequest, root: &Root) -> Result<Value> {
    let mut process = init.clone();
    let base: Vec<String> = strings(&init["env"]);
    let variables = environment::merge(&base, &request.environment);
    let cwd = request
        .working_directory
        .clone()
        .unwrap_or_else(|| init["cwd"].as_str().unwrap_or("/").to_owned());
    if !root.has_folder(&cwd) {
        return Err(Error::not_found(crate::words::no_folder(&cwd)));
    }
    let program = &request.arguments[0];
    if !root.finds(program, &cwd, &variables) {
        return Err(missing_program(program));
    }
    process["args"] = json!(request.arguments);
    process["env"] = json!(variables);
    process["cwd"] = json!(cwd);
    process["terminal"] = json!(request.terminal && !request.detach);
    if let Some(user) = &request.user {
        process["user"] = resolve(user, root)?;
    }
    if !request.limits.is_empty() {
        process["rlimits"] = merge_limits(&init["rlimits"], &request.limits);
    }
    Ok(process)
}

fn strings(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|v| v.as_str())
        .map(str::to_owned)
        .collect()
}

fn merge_limits(old: &Value, new: &[Rlimit]) -> Value {
    let replaced = |value: &Value| {
        new.iter()
            .any(|limit| value["type"] == limit.limit.as_str())
    };
    let mut all: Vec<Value> = old
        .as_array()
        .into_iter()
        .flatten()
        .filter(|v| !replaced(v))
        .cloned()
        .collect();
    all.extend(
        new.iter()
            .map(|l| json!({"type": l.limit, "soft": l.soft, "hard": l.hard})),
    );
    Value::Array(all)
}

/// Numbers of a user, read from the container's own files.
fn resolve(user: &User, root: &Root) -> Result<Value> {
    let text = match user {
        User::Id { uid, gid } => return Ok(json!({"uid": uid, "gid": gid})),
        User::Raw { user_string } => user_string,
    };
    let (name, group) = match text.split_once(':') {
        Some((name, group)) => (name, Some(group)),
        None => (text.as_str(), None),
    };
    let passwd = root.read("/etc/passwd");
    let groups = root.read("/etc/group");
    let entry = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|f| f.len() >= 4 && (f[0] == name || f[2] == name));
    let unknown = || Error::not_found(format!("cannot find user '{text}' in the container"));
    let (uid, own_gid): (u32, u32) = match (&entry, name.parse()) {
        (Some(f), _) => (
            f[2].parse().map_err(|_| unknown())?,
            f[3].parse().map_err(|_| unknown())?,
        ),
        (None, Ok(uid)) => (uid, 0),
        (None, Err(_)) if name.is_empty() => (0, 0),
        (None, Err(_)) => return Err(unknown()),
    };
    let group_lines: Vec<Vec<&str>> = groups
        .lines()
        .map(|line| line.split(':').collect())
        .filter(|f: &Vec<_>| f.len() >= 4)
        .collect();
    let gid = match group {
        None => own_gid,
        Some(group) => match group_lines.iter().find(|f| f[0] == group) {
            Some(f) => f[2].parse().map_err(|_| unknown())?,
            None => group.parse().map_err(|_| unknown())?,
        },
    };
    let login = entry.as_ref().map_or(name, |f| f[0]);
    let further: Vec<u32> = if group.is_some() {
        Vec::new()
    } else {
        group_lines
            .iter()
            .filter(|f| f[3].split(',').any(|member| member == login))
            .filter_map(|f| f[2].parse().ok())
            .collect()
    };
    Ok(json!({"uid": uid, "gid": gid, "additionalGids": further}))
}
