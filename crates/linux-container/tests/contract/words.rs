//! What is said of failures: nothing of how this program does its work.

use crate::program::{Program, name};

#[test]
fn twin_failures_are_told_without_what_podman_knows_them_by() {
    let program = Program::shared();
    let (id, image) = (name(), program.image());
    let c = program.idle(&[]);
    let plain = |call: &[&str], text: &str| {
        let answer = program.call(call);
        let said = answer.stderr.clone();
        answer.fails(text);
        for word in [
            "podman",
            "config.json",
            "docker://",
            "pinging",
            "ioctl",
            "…",
        ] {
            assert!(!said.contains(word), "{said}");
        }
        let id = said.split(|c: char| !c.is_ascii_hexdigit());
        assert!(id.into_iter().all(|word| word.len() < 64), "{said}");
    };
    let no_folder = "working directory /nope does not exist";
    plain(
        &["run", "--name", &id, "-w", "/nope", &image, "true"],
        no_folder,
    );
    plain(&["exec", "-w", "/nope", &c.id, "true"], no_folder);
    plain(&["exec", "-d", "-w", "/nope", &c.id, "true"], no_folder);
    let (inside, folder) = (format!("{}:/nope", c.id), tempfile::tempdir().unwrap());
    plain(
        &["copy", &inside, folder.path().to_str().unwrap()],
        &format!("path does not exist in container {}: /nope", c.id),
    );
    let registry = "cannot reach registry 127.0.0.1:1: connection refused";
    plain(&["run", "--name", &id, "127.0.0.1:1/x:1", "true"], registry);
    plain(&["image", "pull", "127.0.0.1:1/x:1"], registry);
    let login = [
        "registry",
        "login",
        "-u",
        "me",
        "127.0.0.1:1",
        "--password-stdin",
    ];
    plain(&login, "no password given on the standard input");
}
