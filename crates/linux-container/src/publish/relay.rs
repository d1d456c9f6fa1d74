//! Copies bytes between listeners on the host and a container.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use super::Bound;

/// Stacks of threads that only copy.
const STACK: usize = 128 * 1024;

/// Bytes copied at a time.
const BUFFER: usize = 32 * 1024;

/// How long a container may take to answer a new connection. Its programs may not listen yet, which
/// is answered at once; only one whose network hangs takes so long.
const CONNECT: Duration = Duration::from_secs(10);

/// A UDP client that sent nothing for so long is forgotten.
const UDP_IDLE: Duration = Duration::from_mins(1);

/// Starts all relays of a container. They end with the process.
pub(super) fn start(bound: Bound, pid: i32) {
    if let Some(target) = bound.target {
        if !bound.tcp.is_empty() {
            spawn(move || accept(&bound.tcp, target));
        }
        for (socket, port) in bound.udp {
            spawn(move || datagrams(&Arc::new(socket), SocketAddr::from((target, port))));
        }
    }
    for (listener, path) in bound.unix {
        spawn(move || sockets(&listener, pid, &path));
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) {
    // Out of threads: the connection is dropped, as a listener out of files would do.
    let _ = Builder::new().stack_size(STACK).spawn(work);
}

fn accept(listeners: &[(TcpListener, u16)], target: Ipv4Addr) {
    loop {
        let mut fds: Vec<PollFd<'_>> = listeners
            .iter()
            .map(|(l, _)| PollFd::new(l, PollFlags::IN))
            .collect();
        if poll(&mut fds, None).is_err() {
            continue;
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        for ((listener, port), _) in listeners.iter().zip(ready).filter(|(_, ready)| *ready) {
            let Ok((client, _)) = listener.accept() else {
                continue;
            };
            let to = SocketAddr::from((target, *port));
            spawn(move || tcp(&client, to));
        }
    }
}

fn tcp(client: &TcpStream, to: SocketAddr) {
    let _ = client.set_nonblocking(false);
    let Ok(server) = TcpStream::connect_timeout(&to, CONNECT) else {
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (Ok(client_in), Ok(server_in)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    spawn(move || {
        pump(client_in, &server);
        let _ = server.shutdown(Shutdown::Write);
    });
    pump(server_in, client);
    let _ = client.shutdown(Shutdown::Write);
}

/// Copies until the end of the input or an error on either side.
fn pump(mut from: impl Read, mut to: impl Write) {
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                if to.write_all(&buffer[..count]).is_err() {
                    return;
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Relays datagrams; each client has a socket of its own towards the container.
fn datagrams(host: &Arc<UdpSocket>, to: SocketAddr) {
    let clients: Arc<Mutex<HashMap<SocketAddr, Arc<UdpSocket>>>> = Arc::default();
    let mut buffer = vec![0; 65536];
    loop {
        let Ok((count, client)) = host.recv_from(&mut buffer) else {
            continue;
        };
        let Ok(mut known) = clients.lock() else {
            return;
        };
        let socket = if let Some(socket) = known.get(&client) {
            Arc::clone(socket)
        } else {
            let Ok(socket) = UdpSocket::bind(("0.0.0.0", 0)).map(Arc::new) else {
                continue;
            };
            if socket.connect(to).is_err() || socket.set_read_timeout(Some(UDP_IDLE)).is_err() {
                continue;
            }
            known.insert(client, Arc::clone(&socket));
            let (host, clients) = (Arc::clone(host), Arc::clone(&clients));
            let answers = Arc::clone(&socket);
            spawn(move || {
                answer(&answers, &host, client);
                if let Ok(mut known) = clients.lock() {
                    known.remove(&client);
                }
            });
            socket
        };
        drop(known);
        let _ = socket.send(&buffer[..count]);
    }
}

fn answer(from: &UdpSocket, host: &UdpSocket, client: SocketAddr) {
    let mut buffer = vec![0; 65536];
    loop {
        match from.recv(&mut buffer) {
            Ok(count) => {
                let _ = host.send_to(&buffer[..count], client);
            }
            // Nothing listens in the container yet; the client may try again.
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => {}
            Err(_) => return,
        }
    }
}

fn sockets(listener: &UnixListener, pid: i32, path: &str) {
    let target = PathBuf::from(format!("/proc/{pid}/root{path}"));
    for client in listener.incoming().flatten() {
        let target = target.clone();
        spawn(move || {
            let Ok(server) = UnixStream::connect(target) else {
                return;
            };
            let (Ok(client_in), Ok(server_in)) = (client.try_clone(), server.try_clone()) else {
                return;
            };
            spawn(move || {
                pump(client_in, &server);
                let _ = server.shutdown(Shutdown::Write);
            });
            pump(server_in, &client);
            let _ = client.shutdown(Shutdown::Write);
        });
    }
}
