//! `make run`, but for what make does: a cluster with a sample web app, and what to do with it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

use std::path::Path;

use serde_json::{Value, json};
use system_tests::{Call, Checks, Cluster, NodeTraces, Programs, User};

/// Building the node image, where it is not there, in seconds.
const PATIENCE: u64 = 60 * 60;

/// The image of the sample web app.
const SAMPLE: &str = "sample:1";

#[test]
fn make_run() {
    let user = User::new();
    let cluster = Cluster::reserve(&user, "run");
    let had_sample = stored(&user, SAMPLE).is_some();
    let first = run(&cluster).seconds(PATIENCE).ok();
    let made = identities(&cluster);
    let said = first.text();
    assert!(said.contains("The sample answers through its Service"));

    let mut checks = Checks::new();
    checks.check("run again, it changes nothing", || {
        let second = run(&cluster).ok();
        eprintln!(
            "  first {:.1} s, again {:.1} s",
            first.took.as_secs_f64(),
            second.took.as_secs_f64()
        );
        assert_eq!(identities(&cluster), made, "{}", second.report());
        assert_eq!(advice(&second.text()), advice(&said));
    });
    checks.check("what it says to try works as it stands", || {
        let traces = NodeTraces::of(&cluster);
        let commands = advice(&said);
        let [path, curl, rest @ ..] = commands.as_slice() else {
            panic!("no advice\n{}", first.report())
        };
        let title = "<title>";
        let page = typed(&user, path, curl);
        assert!(page.contains(title), "{page}");
        let words: Vec<&str> = rest
            .iter()
            .filter_map(|line| line.split(' ').nth(1))
            .collect();
        // The host's own kubectl, or the node's.
        let kubectl = if rest[1].starts_with("kubectl ") {
            "--context"
        } else {
            "exec"
        };
        assert_eq!(words, ["status", kubectl, "stop", "start", "delete"]);
        for command in rest {
            eprintln!("  $ {command}");
            typed(&user, path, command);
        }
        traces.assert_gone(&user);
        user.assert_no_files();
        assert_eq!(user.kubeconfig_text(), None);
    });
    if !had_sample {
        for image in [SAMPLE, "sample-base:1"] {
            user.container(["image", "delete", image]).run();
        }
    }
    checks.finish();
}

/// What `make run` runs, by a person whose shell finds none of our programs.
fn run(cluster: &Cluster<'_>) -> Call {
    let programs = Programs::get();
    let clone = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let built = programs.xtask.parent().expect("a folder").display();
    let own = "/usr/sbin:/usr/bin:/sbin:/bin";
    let user = cluster.user();
    user.call(&programs.xtask)
        .arg("run")
        .env("APPLE_K8S_DEMO", cluster.name())
        .env("APPLE_K8S_USER_PATH", own)
        .env("PATH", format!("{built}:{own}"))
        .in_folder(clone.expect("the clone"))
        .seconds(240)
}

/// The commands of the text at the end: those are indented, in its last part.
fn advice(said: &str) -> Vec<String> {
    let (_, end) = said
        .split_once("The sample answers")
        .unwrap_or_else(|| panic!("no sample: {said}"));
    let lines = end.lines().filter_map(|line| line.strip_prefix("  "));
    lines.map(str::to_owned).collect()
}

/// Types a command into a new shell, below the line that makes programs known.
fn typed(user: &User, path: &str, command: &str) -> String {
    let script = format!("{path}\n{command}");
    let shell = user.call("/bin/sh").args(["-e", "-c", &script]);
    shell
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .seconds(240)
        .ok()
        .text()
}

/// What is another one when it was made again: nodes, their lives, pods, images.
fn identities(cluster: &Cluster<'_>) -> Value {
    let user = cluster.user();
    let nodes = [cluster.control_plane(), cluster.worker(1)];
    let nodes: Vec<Value> = nodes
        .iter()
        .map(|node| {
            let node = user.container(["inspect", node]).ok().json();
            let (made, lives) = (&node[0]["configuration"], &node[0]["status"]);
            json!([made["labels"], lives["startedDate"], lives["networks"]])
        })
        .collect();
    json!([
        nodes,
        cluster.field("nodes", ".items[*].metadata.uid"),
        cluster.field("pods", ".items[*].metadata.uid"),
        cluster.field("deployment sample", ".metadata.generation"),
        stored(user, SAMPLE),
        user.kubeconfig_text(),
    ])
}

/// Digest of an image in the store of `container`.
fn stored(user: &User, image: &str) -> Option<Value> {
    let found = user.container(["image", "inspect", image]).run();
    found.success().then(|| found.json()[0]["id"].clone())
}
