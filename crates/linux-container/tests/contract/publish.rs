//! Published ports.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use crate::program::{Program, eventually, name};

/// A port that is free now. Another process could take it; then the test fails with that text.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

const SERVER: &str = "mkdir /w; echo page >/w/index.html; httpd -f -p 80 -h /w";

fn get(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.ends_with("page\n").then_some(text)
}

#[test]
fn a_port_lives_as_long_as_the_container_runs() {
    let program = Program::shared();
    let port = free_port();
    let c = program.run(&["-p", &format!("127.0.0.1:{port}:80")], SERVER);
    let published = &c.inspect()["configuration"]["publishedPorts"];
    let expected = serde_json::json!([{
        "containerPort": 80, "count": 1, "hostAddress": "127.0.0.1", "hostPort": port, "proto": "tcp"
    }]);
    assert_eq!(*published, expected);
    eventually("the port answers", || get(port).is_some());
    // A conflict is found when the second container starts, and takes nothing from the first.
    let (other, image) = (name(), program.image());
    let publish = format!("127.0.0.1:{port}:80");
    let answer = program.call([
        "run", "-d", "--name", &other, "-p", &publish, &image, "true",
    ]);
    assert_eq!(
        (answer.status, answer.stdout.as_str()),
        (1, ""),
        "{answer:?}"
    );
    assert!(
        answer
            .stderr
            .to_lowercase()
            .contains("address already in use"),
        "{answer:?}"
    );
    assert!(!program.call(["list", "-a", "-q"]).ok().contains(&other));
    assert!(get(port).is_some());

    program.call(["stop", "-t", "0", &c.id]).ok();
    eventually("the port is free", || {
        TcpListener::bind(("127.0.0.1", port)).is_ok()
    });
    program.call(["start", &c.id]).ok();
    eventually("the port answers at the new address", || {
        get(port).is_some()
    });
    program.call(["kill", &c.id]).ok();
    eventually("the port is free", || {
        TcpListener::bind(("127.0.0.1", port)).is_ok()
    });
}

#[test]
fn ranges_are_one_entry() {
    let program = Program::shared();
    let first = (20_000..60_000)
        .step_by(7)
        .find(|p| (0..3).all(|n| TcpListener::bind(("0.0.0.0", p + n)).is_ok()))
        .unwrap();
    let range = format!("{first}-{}:80-82", first + 2);
    let c = program.run(&["-p", &range], &SERVER.replace("-p 80", "-p 82"));
    let published = &c.inspect()["configuration"]["publishedPorts"];
    assert_eq!(
        (&published[0]["count"], &published[0]["hostAddress"]),
        (&3.into(), &"0.0.0.0".into())
    );
    eventually("the last port answers", || get(first + 2).is_some());
    assert!(get(first).is_none(), "nothing listens there");
}

#[test]
fn large_transfers_and_half_closed_connections() {
    let program = Program::shared();
    let port = free_port();
    // nc sends back what the script makes of all its input: it needs to see the end of it.
    let script =
        "while :; do nc -l -p 90 -e sh -c 'cat >/got; wc -c </got; head -c 3000000 /got'; done";
    let c = program.run(&["-p", &format!("127.0.0.1:{port}:90")], script);
    let sent = vec![b'x'; 3_000_000];
    let mut answer = Vec::new();
    eventually("nc listens", || {
        answer.clear();
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
            return false;
        };
        stream.write_all(&sent).is_ok()
            && stream.shutdown(Shutdown::Write).is_ok()
            && stream.read_to_end(&mut answer).is_ok()
            && !answer.is_empty()
    });
    assert!(
        answer.starts_with(b"3000000\n"),
        "{}",
        String::from_utf8_lossy(&answer[..20.min(answer.len())])
    );
    assert_eq!(answer.len(), 3_000_008);
    drop(c);
}

#[test]
fn twin_datagrams_pass_both_ways() {
    let program = Program::shared();
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let port = free_port();
    let mark = format!("{}", 900_000_000 + u32::from(port));
    let c = program.run(
        &["-p", &format!("127.0.0.1:{port}:9000/udp")],
        &format!("exec sleep {mark}"),
    );
    // The image has no datagram server: one of the host's works in the container's network.
    let pid = pid_of(&["sleep", &mark]);
    let script = "my $s = IO::Socket::INET->new(LocalPort => 9000, Proto => 'udp') or die; \
                  while ($s->recv(my $m, 65536)) { $s->send(uc $m) }";
    let mut server = std::process::Command::new("nsenter")
        .args([
            &format!("--net=/proc/{pid}/ns/net"),
            "perl",
            "-MIO::Socket::INET",
            "-e",
            script,
        ])
        .spawn()
        .unwrap();
    socket
        .set_read_timeout(Some(std::time::Duration::from_millis(200)))
        .unwrap();
    let mut answer = [0; 64];
    eventually("the server answers", || {
        socket.send_to(b"hello", ("127.0.0.1", port)).unwrap();
        socket
            .recv(&mut answer)
            .is_ok_and(|count| &answer[..count] == b"HELLO")
    });
    server.kill().unwrap();
    server.wait().unwrap();
    drop(c);
}

fn pid_of(line: &[&str]) -> u32 {
    let line: Vec<u8> = line
        .iter()
        .flat_map(|word| word.bytes().chain([0]))
        .collect();
    let same = |pid: &u32| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|l| l == line);
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|e| e.file_name().to_str()?.parse().ok())
        .find(same)
        .unwrap()
}

#[test]
fn sockets_are_relayed() {
    let program = Program::shared();
    let folder = tempfile::tempdir().unwrap();
    let guest = std::os::unix::net::UnixListener::bind(folder.path().join("guest")).unwrap();
    let host = folder.path().join("host");
    let publish = format!("{}:/shared/guest", host.display());
    let mount = format!("{}:/shared", folder.path().display());
    if Program::foreign() {
        return;
    }
    let c = program.idle(&["-v", &mount, "--publish-socket", &publish]);
    let server = std::thread::spawn(move || {
        let (mut stream, _) = guest.accept().unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        stream.write_all(text.to_uppercase().as_bytes()).unwrap();
    });
    let mut stream = std::os::unix::net::UnixStream::connect(&host).unwrap();
    stream.write_all(b"through").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    server.join().unwrap();
    assert_eq!(text, "THROUGH");
    program.call(["stop", &c.id]).ok();
    assert!(!host.exists());
}
