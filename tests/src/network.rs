//! Requests from the host.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// A TCP port of loopback that nobody had a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("bound").port()
}

/// The body of an answer to `GET /` over HTTP.
pub fn http_get(address: &str) -> std::io::Result<String> {
    const LIMIT: Duration = Duration::from_secs(5);
    let address: SocketAddr = address.parse().map_err(std::io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    write!(stream, "GET / HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.contains(" 200 ") => Ok(body.to_owned()),
        _ => Err(std::io::Error::other(format!("no answer but {answer:?}"))),
    }
}

/// As [`http_get`], tried until it answers: kube-proxy programs a Service a moment after its pods
/// are ready, and says so nowhere.
///
/// # Panics
/// When nothing answered in time.
#[track_caller]
pub fn http_get_until(address: &str, limit: Duration) -> String {
    let until = Instant::now() + limit;
    loop {
        match http_get(address) {
            Ok(body) => return body,
            Err(error) => assert!(
                Instant::now() < until,
                "http://{address}/ does not answer within {limit:?}: {error}"
            ),
        }
        thread::sleep(Duration::from_millis(50));
    }
}
