//! A clock that attests times, on this machine: OpenSSL's, behind a small web server.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;

use ring::digest::{SHA256, digest};
use tempfile::TempDir;

/// Answers until the test ends.
pub(crate) struct Clock {
    address: SocketAddr,
    root: [u8; 32],
    _folder: TempDir,
}

const CONFIGURATION: &str = "
[req]
distinguished_name = name
[name]
[clock_certificate]
basicConstraints = CA:false
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = clock
[clock]
serial = serial
signer_cert = cert.pem
signer_key = key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
";

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

impl Clock {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("clock.cnf"), CONFIGURATION).unwrap();
        fs::write(folder.path().join("serial"), "01\n").unwrap();
        let make = [
            "req",
            "-x509",
            "-config",
            "clock.cnf",
            "-extensions",
            "clock_certificate",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "10",
            "-subj",
            "/CN=A clock",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ];
        openssl(folder.path(), &make);
        openssl(
            folder.path(),
            &[
                "x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der",
            ],
        );
        let certificate = fs::read(folder.path().join("cert.der")).unwrap();
        let root = digest(&SHA256, &certificate).as_ref().try_into().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let place = folder.path().to_owned();
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&place, &stream.unwrap());
            }
        });
        Self {
            address,
            root,
            _folder: folder,
        }
    }

    /// Where it is asked.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The hash of its certificate.
    pub(crate) const fn root(&self) -> [u8; 32] {
        self.root
    }
}

fn answer(folder: &Path, mut stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut question = vec![0; length];
    reader.read_exact(&mut question).unwrap();
    fs::write(folder.join("question"), question).unwrap();
    let reply = [
        "ts",
        "-reply",
        "-config",
        "clock.cnf",
        "-queryfile",
        "question",
        "-out",
        "reply",
    ];
    openssl(folder, &reply);
    let reply = fs::read(folder.join("reply")).unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        reply.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&reply).unwrap();
}
