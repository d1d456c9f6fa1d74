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
