//! Calls that run beside each other, and calls that are killed.

use std::collections::HashSet;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::{Answer, NODE, Program, eventually, name, processes};

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
        .stdin(Stdio::piped())
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

#[test]
fn twin_a_start_that_was_cut_leaves_nothing_that_a_delete_does_not_end() {
    let program = Program::started();
    let image = program.image();
    let mut missed = 0;
    for round in 0..32_u64 {
        let mut args = vec!["run", "-d", "--name", "cut"];
        args.extend(NODE);
        args.extend([image.as_str(), "sleep", "1000"]);
        let mut run = program.command(&args);
        let mut run = run.process_group(0).spawn().unwrap();
        eventually("podman starts the container", || {
            // On a busy host it may have done so between two looks.
            !podmen(&program, "start").is_empty() || run.try_wait().unwrap().is_some()
        });
        if let Some(ended) = run.try_wait().unwrap() {
            assert!(ended.success(), "round {round}: {ended}");
            missed += 1;
        } else {
            cut(&program, &mut run, round);
        }
        let ids = stored(&program);
        let begun = Instant::now();
        program.call(["delete", "-f", "cut"]).ok();
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(10), "round {round}: {took:?}");
        eventually("no process is left", || left(&ids).is_empty());
        for id in &ids {
            let state = std::path::Path::new("/run/runc").join(id);
            assert!(!state.exists(), "round {round}: {}", state.display());
        }
    }
    assert!(missed < 16, "too busy a host to cut a start");
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let storage = program.root().join("podman/storage/overlay");
    let storage = format!("{}", storage.display());
    let own = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    let own: Vec<_> = own.filter(|path| path.starts_with(&storage)).collect();
    // podman keeps one mount of the folder itself as long as the service runs.
    assert!(own.iter().all(|path| *path == storage), "{own:?}");
}

/// Ends a call that starts a container, a moment later each round.
fn cut(program: &Program, run: &mut Child, round: u64) {
    // Moments of podman's start, and of the runtime's, which goes on without it.
    std::thread::sleep(Duration::from_millis(round * 3));
    let group = format!("-{}", run.id());
    // Every other time podman is spared, as when only the call's own group is ended.
    let mut doomed = vec![group];
    if round.is_multiple_of(2) {
        doomed.extend(podmen(program, "start"));
    }
    Command::new("kill")
        .arg("-9")
        .arg("--")
        .args(&doomed)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    run.wait().unwrap();
}

/// Processes of podman in this program's world that do one thing.
fn podmen(program: &Program, verb: &str) -> Vec<String> {
    program.processes(|words| words[0].ends_with("podman") && words.contains(&verb))
}

/// Identities that podman gave its containers.
fn stored(program: &Program) -> Vec<String> {
    let folder = program.root().join("podman/storage/overlay-containers");
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let names = entries.filter_map(|e| e.file_name().into_string().ok());
    names.filter(|name| name.len() == 64).collect()
}

/// Processes that belong to containers: beside them by their command lines, inside them by their
/// control groups.
fn left(ids: &[String]) -> Vec<String> {
    processes(|pid, words| {
        let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        let theirs = |id: &String| words.contains(&id.as_str()) || groups.contains(id);
        ids.iter().any(theirs)
    })
}

/// A foreground run of a process that does not heed SIGTERM, once it has said so.
fn stubborn(program: &Program, id: &str) -> Child {
    let image = program.image();
    let script = "trap '' TERM; echo ready; while :; do sleep 1000; done";
    let child = program
        .command(["run", "--name", id, &image, "sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the script is ready", || {
        program.call(["logs", id]).stdout == "ready\n"
    });
    child
}

#[test]
fn a_third_signal_ends_the_call_and_not_the_process() {
    let program = Program::shared();
    let id = name();
    let mut child = stubborn(&program, &id);
    let pid = rustix::process::Pid::from_child(&child);
    eventually("the call has ended", || {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        child.try_wait().unwrap().is_some()
    });
    let state = program.inspect(&id)["status"]["state"].clone();
    program.call(["delete", "--force", &id]).ok();
    let answer = Answer::of(&child.wait_with_output().unwrap());
    assert_eq!(answer.status, 1, "{answer:?}");
    assert_eq!(
        answer.stderr,
        "Received 3 SIGINT/SIGTERM's, forcefully exiting.\n"
    );
    assert_eq!(state, "running");
}

#[test]
fn twin_a_killed_run_leaves_the_process_and_nothing_beside_it() {
    let program = Program::shared();
    let id = name();
    let mut child = stubborn(&program, &id);
    child.kill().unwrap();
    child.wait().unwrap();
    let attached = |words: &[&str]| words[0].ends_with("podman") && words.contains(&id.as_str());
    eventually("podman has ended", || {
        program.processes(attached).is_empty()
    });
    let state = program.inspect(&id)["status"]["state"].clone();
    program.call(["delete", "--force", &id]).ok();
    assert_eq!(state, "running");
}
