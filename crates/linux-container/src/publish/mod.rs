//! Published ports and sockets: a small process beside the container that listens on the host and
//! relays, as Apple's does. It lives as long as the container runs, and no rule of the host's
//! firewall and no setting of its kernel is needed.

mod relay;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::container::{Attach, Container, attachments};
use crate::error::{Code, Context, Error, Result};
use crate::model::{Configuration, Protocol, PublishedPort};
use crate::world::World;

/// First argument of the process beside a container.
pub(crate) const COMMAND: &str = "--publish-for";

/// A started publisher that has bound everything and waits for the container.
pub(crate) struct Publisher {
    child: Child,
}

/// The running publisher of a container.
pub(crate) struct Running(OwnedFd);

impl Publisher {
    /// Starts the process of a container that publishes something. A port that is taken makes
    /// this fail.
    pub(crate) fn open(world: &World, config: &Configuration) -> Result<Option<Self>> {
        if config.published_ports.is_empty() && config.published_sockets.is_empty() {
            return Ok(None);
        }
        let program = std::env::current_exe().context(|| "cannot find this program".into())?;
        let mut child = Command::new(program)
            .args([COMMAND, &config.id])
            .env("CONTAINER_APP_ROOT", &world.app_root)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context(|| "cannot start the publisher".into())?;
        let mut answer = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut answer)
                .context(|| "cannot read from the publisher".into())?;
        }
        if answer.trim() == "ready" {
            return Ok(Some(Self { child }));
        }
        let _ = child.wait();
        Err(Error::internal(answer.trim().to_owned())
            .wrapped(Code::Internal, "failed to bootstrap container"))
    }

    /// Tells the process that the container runs, or will when something attaches to it.
    pub(crate) fn go(mut self, mode: Attach) {
        if let Some(mut stdin) = self.child.stdin.take() {
            let word = if mode == Attach::Later {
                "later"
            } else {
                "now"
            };
            let _ = writeln!(stdin, "{word}");
        }
    }
}

/// The publisher of a container, if it runs.
pub(crate) fn find(world: &World, id: &str) -> Option<Running> {
    let pid: i32 = fs::read_to_string(pid_file(world, id))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = line.split(|byte| *byte == 0).skip(1);
    if words.next() != Some(COMMAND.as_bytes()) || words.next() != Some(id.as_bytes()) {
        return None;
    }
    Some(Running(
        pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?,
    ))
}

impl Running {
    /// Ends the process and waits for that.
    pub(crate) fn end(&self) {
        let _ = pidfd_send_signal(&self.0, Signal::TERM);
        crate::process::wait(&self.0, Some(std::time::Duration::from_secs(5)));
    }
}

fn pid_file(world: &World, id: &str) -> PathBuf {
    world.run().join("publishers").join(id)
}

/// What is listened on, with where it leads.
struct Bound {
    tcp: Vec<(TcpListener, u16)>,
    udp: Vec<(UdpSocket, u16)>,
    unix: Vec<(UnixListener, String)>,
    target: Option<Ipv4Addr>,
    /// Files to remove at the end.
    sockets: Vec<PathBuf>,
}

/// The process beside a container. Returns when the container has ended.
pub(crate) fn serve(world: &World, id: &str) -> Result<()> {
    let _ = rustix::process::setsid();
    let mut answer = std::io::stdout();
    let bound = match bind(world, id) {
        Ok(bound) => bound,
        Err(error) => {
            let _ = writeln!(answer, "{error}");
            return Err(error);
        }
    };
    let file = pid_file(world, id);
    if let Some(folder) = file.parent() {
        let _ = fs::create_dir_all(folder);
    }
    crate::world::write_atomic(&file, std::process::id().to_string().as_bytes())?;
    let _ = writeln!(answer, "ready");
    let mut told = String::new();
    let _ = std::io::stdin().read_line(&mut told);
    let sockets = bound.sockets.clone();
    // No word: the starter was killed. What counts is whether the container runs in the end.
    if told.is_empty() {
        for podman in crate::process::podmen(world, id) {
            crate::process::wait(&podman, Some(std::time::Duration::from_mins(1)));
        }
    }
    if told.trim() == "later"
        && let Ok(Some(container)) = Container::find(world, id)
    {
        crate::monitor::wait_for_start(&container.stored.id);
    }
    if let Some(init) = Container::find(world, id)?.and_then(|container| container.init) {
        relay::start(bound, init.pid);
        init.wait(None);
    }
    for socket in sockets {
        let _ = fs::remove_file(socket);
    }
    let _ = fs::remove_file(file);
    Ok(())
}

fn bind(world: &World, id: &str) -> Result<Bound> {
    let container = Container::get(world, id)?;
    let config = &container.record.configuration;
    let target = attachments(world, id)
        .first()
        .map(|a| a.ipv4_address.addr());
    let mut bound = Bound {
        tcp: Vec::new(),
        udp: Vec::new(),
        unix: Vec::new(),
        target,
        sockets: Vec::new(),
    };
    for port in &config.published_ports {
        for offset in 0..port.count {
            bind_port(port, offset, &mut bound)?;
        }
    }
    for socket in &config.published_sockets {
        let path = PathBuf::from(&socket.host_path);
        let listener = UnixListener::bind(&path)
            .context(|| format!("failed to bind socket {}", path.display()))?;
        bound.sockets.push(path);
        bound.unix.push((listener, socket.container_path.clone()));
    }
    Ok(bound)
}

fn bind_port(port: &PublishedPort, offset: u16, bound: &mut Bound) -> Result<()> {
    let (host, guest) = (port.host_port + offset, port.container_port + offset);
    let failed = |e: std::io::Error| failure(port.host_address, host, &e);
    match port.proto {
        Protocol::Tcp => {
            let listener = TcpListener::bind((port.host_address, host)).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            bound.tcp.push((listener, guest));
        }
        Protocol::Udp => {
            let socket = UdpSocket::bind((port.host_address, host)).map_err(failed)?;
            bound.udp.push((socket, guest));
        }
    }
    Ok(())
}

fn failure(address: IpAddr, port: u16, error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::PermissionDenied && port < 1024 {
        return Error::internal(format!(
            "Permission denied while binding to host port {port}. Binding to ports below 1024 requires root privileges."
        ));
    }
    Error::internal(format!(
        "failed to bind host port {port} on {address}: {error}"
    ))
}
