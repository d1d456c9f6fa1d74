//! `exec`: becomes the runtime, so that the streams of the new process are this program's own
//! and nothing is copied, framed or delayed in between.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::fs::{MemfdFlags, memfd_create};
use serde_json::{Value, json};

use super::Container;
use super::files::{Root, missing_program};
use crate::error::{Context, Error, Result};
use crate::model::{Rlimit, User};
use crate::parse::environment;
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

/// Runs a process in a running container. Attached, it returns only when it failed.
pub(crate) fn exec(world: &World, id: &str, request: &ExecRequest) -> Result<()> {
    let container = Container::get(world, id)?;
    let init = container.running()?;
    let root = Root::of(init.pid)?;
    let config = Store::new(world).oci_config(&container.stored.id)?;
    let process = process(&config["process"], request, &root)?;
    // A descriptor that the runtime inherits: no file to leave behind, however this ends.
    let file = memfd_create("process", MemfdFlags::empty())
        .context(|| "cannot describe the process".into())?;
    let file = std::fs::File::from(file);
    (&file)
        .write_all(process.to_string().as_bytes())
        .context(|| "cannot describe the process".into())?;
    let mut command = Command::new("runc");
    command.args(["--log", "/dev/null", "exec", "--process"]);
    command.arg(format!("/proc/self/fd/{}", file.as_raw_fd()));
    if request.detach {
        command.arg("--detach").arg(&container.stored.id);
        let output = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|e| unavailable(&e))?;
        if output.success() {
            return Ok(());
        }
        return Err(Error::internal(format!(
            "failed to exec process {}",
            request.arguments[0]
        )));
    }
    if !request.interactive {
        command.stdin(Stdio::null());
    }
    Err(unavailable(&command.arg(&container.stored.id).exec()))
}

fn unavailable(error: &std::io::Error) -> Error {
    Error::internal(format!(
        "cannot run runc: {error}. Install runc with the host's package manager"
    ))
}

/// The first process's description with the differences of the request.
fn process(init: &Value, request: &ExecRequest, root: &Root) -> Result<Value> {
    let mut process = init.clone();
    let base: Vec<String> = strings(&init["env"]);
    let variables = environment::merge(&base, &request.environment);
    let cwd = request
        .working_directory
        .clone()
        .unwrap_or_else(|| init["cwd"].as_str().unwrap_or("/").to_owned());
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
