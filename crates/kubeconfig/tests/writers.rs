//! Several writers at once, and writers that are killed.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::entry;
use kubeconfig::{CurrentContext, Document, Files};

const TEXT: &str = "# kept\napiVersion: v1\nkind: Config\ncurrent-context: mine\ncontexts:\n- name: mine   # kept too\n  context: {cluster: mine, user: mine}\n";

/// In a process of its own: adds `NAME-0`, `NAME-1`, …, and tells each on stdout when it is done.
#[test]
#[ignore = "not a test: the writing process of the tests here"]
fn writer_process() {
    let Ok(path) = std::env::var("WRITER_PATH") else {
        return;
    };
    let name = std::env::var("WRITER_NAME").unwrap();
    let count: usize = std::env::var("WRITER_COUNT").unwrap().parse().unwrap();
    let files = Files::from_env(Some(Path::new(&path))).unwrap();
    for round in 0..count {
        files
            .add(&entry(&format!("{name}-{round}")), CurrentContext::Keep)
            .unwrap();
        println!("added {round}");
    }
}

fn writer(path: &Path, name: &str, count: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer_process", "--ignored", "--nocapture"])
        .env("WRITER_PATH", path)
        .env("WRITER_NAME", name)
        .env("WRITER_COUNT", count.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn names(path: &Path) -> Vec<String> {
    let contexts = Files::from_env(Some(path)).unwrap().contexts().unwrap();
    contexts.into_iter().map(|context| context.name).collect()
}

fn left_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn many_processes_lose_nothing() {
    const WRITERS: usize = 6;
    const ROUNDS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, TEXT).unwrap();
    // One more name for the same file.
    std::os::unix::fs::symlink("config", folder.path().join("link")).unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer_number| {
            let name = if writer_number % 2 == 0 {
                "config"
            } else {
                "link"
            };
            writer(
                &folder.path().join(name),
                &format!("w{writer_number}"),
                ROUNDS,
            )
        })
        .collect();
    for writer in writers {
        assert!(writer.wait_with_output().unwrap().status.success());
    }
    let names = names(&path);
    assert_eq!(names.len(), 1 + WRITERS * ROUNDS, "{names:?}");
    assert_eq!(left_in(folder.path()), ["config", "link"]);

    let text = fs::read_to_string(&path).unwrap();
    let cleaned = names
        .iter()
        .filter(|name| *name != "mine")
        .fold(text, |text, name| {
            Document::parse(&text).unwrap().without(name).unwrap()
        });
    assert_eq!(cleaned, TEXT);
}

#[test]
fn many_threads_lose_nothing() {
    const ROUNDS: usize = 10;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/config");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let files = Files::from_env(Some(path)).unwrap();
                for round in 0..ROUNDS {
                    let name = format!("t{thread}-{round}");
                    files
                        .add(&entry(&name), CurrentContext::SetIfUnset)
                        .unwrap();
                    if round % 2 == 1 {
                        files.remove(&name).unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(names(&path).len(), 4 * ROUNDS / 2);
    assert_eq!(left_in(path.parent().unwrap()), ["config"]);
}

/// Killed at any point, a writer leaves the old text or the new one, all that it said was done is
/// there, and the next writer is not kept waiting by what it left.
#[test]
fn a_killed_writer_leaves_old_or_new() {
    const KILLS: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, TEXT).unwrap();
    let files = Files::from_env(Some(&path)).unwrap();
    for kill in 0..KILLS {
        let name = format!("k{kill}");
        let mut child = writer(&path, &name, 1000);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // After each round a different part of the next one is reached.
        let told = lines
            .by_ref()
            .map_while(Result::ok)
            .filter(|line| line.starts_with("added"))
            .take(1 + kill % 3)
            .count();
        for _ in 0..kill * 5000 {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let text = fs::read_to_string(&path).unwrap();
        Document::parse(&text).unwrap_or_else(|fault| panic!("half a file: {fault}\n{text}"));
        let there = names(&path);
        for round in 0..told {
            assert!(
                there.contains(&format!("{name}-{round}")),
                "{name}-{round} is lost"
            );
        }
        let began = std::time::Instant::now();
        for name in there.iter().filter(|name| *name != "mine") {
            files.remove(name).unwrap();
        }
        assert!(
            began.elapsed().as_secs() < 4,
            "kept waiting by a dead writer"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
    }
    assert_eq!(left_in(folder.path()), ["config"]);
}
