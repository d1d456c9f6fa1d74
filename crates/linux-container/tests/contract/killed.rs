//! Calls that run beside each other, and calls that are killed.

use std::collections::HashSet;
use std::time::Duration;

use crate::program::{NODE, Program, eventually, name};

#[test]
fn eight_at_once_get_eight_addresses() {
    let program = Program::shared();
    program.image();
    let containers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| program.idle(&[]))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let addresses: HashSet<String> = containers
        .iter()
        .map(super::program::Container::address)
        .collect();
    assert_eq!(addresses.len(), 8);
    let ids: Vec<&str> = containers.iter().map(|c| c.id.as_str()).collect();
    let mut args = vec!["delete", "--force"];
    args.extend(&ids);
    assert_eq!(program.call(args).ok().lines().count(), 8);
}

#[test]
fn one_name_is_given_once() {
    let program = Program::shared();
    let (id, image) = (name(), program.image());
    let ok = std::thread::scope(|scope| {
        let run = || {
            program
                .call(["run", "-d", "--name", &id, &image, "sleep", "1000"])
                .status
                == 0
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads
            .into_iter()
            .filter(|_| true)
            .map(|t| t.join().unwrap())
            .filter(|ok| *ok)
            .count()
    });
    assert_eq!(ok, 1);
    program.call(["delete", "-f", &id]).ok();
}

#[test]
fn twin_run_and_delete_survive_a_kill_at_any_point() {
    let program = Program::started();
    let image = program.image();
    for round in 0..20_u64 {
        let mut args = vec!["run", "-d", "--name", "victim", "-p", "127.0.0.1:28082:80"];
        args.extend(NODE);
        args.extend([image.as_str(), "sleep", "1000"]);
        let mut run = program.command(&args).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(round * 13));
        run.kill().unwrap();
        run.wait().unwrap();
        // Whatever is there can be listed, deleted and made anew. podman may still be at work.
        eventually("the container is deleted", || {
            program.call(["list", "-a"]).ok();
            let answer = program.call(["delete", "-f", "victim"]);
            answer.status == 0 || answer.stderr.contains("notFound")
        });
        let again = program.call(&args);
        assert_eq!(again.status, 0, "round {round}: {again:?}");
        let mut delete = program.command(["delete", "-f", "victim"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(round * 7));
        delete.kill().unwrap();
        delete.wait().unwrap();
        eventually("the container is deleted", || {
            let answer = program.call(["delete", "-f", "victim"]);
            answer.status == 0 || answer.stderr.contains("notFound")
        });
    }
    assert_eq!(program.call(["list", "-a", "-q"]).ok(), "");
    program.call(["prune"]).ok();
    let left: Vec<_> = std::fs::read_dir(program.root().join("containers"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(
        std::net::TcpListener::bind(("127.0.0.1", 28082)).is_ok(),
        "no publisher is left"
    );
}

#[test]
fn twin_a_killed_load_leaves_its_folder_to_the_next_one_only() {
    let program = Program::started();
    let folder = program.root().join("podman/tmp");
    let scratch = || {
        let entries = std::fs::read_dir(&folder).unwrap().flatten();
        entries
            .filter(|e| e.file_name().to_string_lossy().starts_with("scratch-"))
            .count()
    };
    let mut load = program
        .command(["image", "load"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the load has begun", || scratch() == 1);
    load.kill().unwrap();
    load.wait().unwrap();
    // Older than a minute.
    let left = std::fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    let past = std::time::SystemTime::now() - Duration::from_mins(2);
    std::fs::File::open(left)
        .unwrap()
        .set_modified(past)
        .unwrap();
    let image = program.image();
    program
        .call(["image", "save", "-o", "/dev/null", &image])
        .ok();
    assert_eq!(scratch(), 0);
}
