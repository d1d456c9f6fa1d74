//! `uninstall`: what it lists, what it takes, what it leaves, and that it can be done again.
#![allow(clippy::expect_used)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use common::{Bench, healthy, two_nodes};
use container_script::{Act, Script};
use serde_json::{Value, json};

/// A runtime with the cluster `dev` and images, ours and another's.
fn script() -> Script {
    let image = |name: &str| json!({"configuration": {"name": name}, "id": "00", "variants": []});
    let images = json!([
        image("docker.io/library/apple-k8s-node:v1.37.1"),
        image("docker.io/library/apple-k8s-base-debian:abc"),
        image("docker.io/library/apple-k8s-node-of-others:1"),
        image("docker.io/library/alpine:latest"),
    ]);
    healthy()
        .on(&["image", "list"], [Act::Stdout(images.to_string())])
        .on(&["image", "delete"], [Act::LastWord])
        .on(&["list"], [two_nodes("running")])
        .on(&["delete"], [Act::LastWord])
}

const KUBECONFIG: &str = "\
# mine
apiVersion: v1
kind: Config
current-context: work
contexts:
- name: work
  context: {cluster: work, user: me}
- name: apple-k8s-dev
  context: {cluster: apple-k8s-dev, user: apple-k8s-dev}
clusters:
- name: work
  cluster: {server: 'https://127.0.0.1:1'}
- name: apple-k8s-dev
  cluster: {server: 'https://127.0.0.1:2'}
users:
- name: me
  user: {}
- name: apple-k8s-dev
  user: {}
";

/// Files of the app, which go by themselves and which only if chosen.
struct Files {
    always: Vec<PathBuf>,
    settings: Vec<PathBuf>,
    theirs: Vec<PathBuf>,
}

/// A home with everything that there can be.
fn furnished(script: &Script) -> (Bench, Files) {
    let bench = Bench::new(script);
    bench.remember("dev");
    let file = |name: &str, text: &str| {
        let path = bench.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
        path
    };
    file(".kube/config", KUBECONFIG);
    file("home/locks/gone.lock", "create cluster (process 1)");
    let mut always = vec![
        file(".config/autostart/apple-k8s.desktop", "[Desktop Entry]"),
        file(".local/state/apple-k8s/logs/app.2026-01-01.log", "log"),
        file(".cache/dev.apple-k8s.app/blob", "x"),
        file(".local/share/dev.apple-k8s.app/blob", "x"),
        file("home/logs/dev-20260101-000000/kubelet.log", "log"),
    ];
    let program = file("opt/apple-k8s", "");
    file("opt/apple-k8s-app", "");
    fs::create_dir_all(bench.path(".local/bin")).expect("made");
    let link = bench.path(".local/bin/apple-k8s");
    symlink(&program, &link).expect("a link");
    always.push(link);
    let settings = vec![
        file(".config/apple-k8s/settings.json", "{}"),
        file(".config/apple-k8s/drafts/new.yaml", "kind: Cluster"),
    ];
    let theirs = vec![
        program,
        file(".config/autostart/other.desktop", "[Desktop Entry]"),
    ];
    (
        bench,
        Files {
            always,
            settings,
            theirs,
        },
    )
}

fn there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Every path below a folder.
fn tree(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        for entry in fs::read_dir(path).into_iter().flatten() {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a type").is_dir() {
                waiting.push(entry.path());
            }
            found.insert(entry.path());
        }
    }
    found
}

fn names(list: &Value, part: &str) -> Vec<String> {
    let all = list.as_array().expect("a list").iter();
    all.filter(|one| one["part"] == part)
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

/// What changes something in the runtime.
fn changes(bench: &Bench) -> Vec<String> {
    let calls = bench.stand.calls().into_iter();
    calls
        .map(|call| call.arguments.join(" "))
        .filter(|call| call.contains("delete"))
        .collect()
}

#[test]
fn a_dry_run_lists_everything_and_changes_nothing() {
    let (bench, files) = furnished(&script());
    let before = tree(&bench.path("."));
    let answer = bench.run("uninstall --dry-run -o json");
    assert_eq!(answer.status, 0, "{answer:?}");
    let result = answer.last("result");
    assert_eq!(result["dryRun"], true);
    assert_eq!(names(&result["kept"], "cluster"), ["dev"]);
    assert_eq!(names(&result["kept"], "kubeconfigEntry"), ["apple-k8s-dev"]);
    assert_eq!(
        names(&result["kept"], "image"),
        [
            "docker.io/library/apple-k8s-node:v1.37.1",
            "docker.io/library/apple-k8s-base-debian:abc"
        ]
    );
    assert_eq!(names(&result["kept"], "settings").len(), 2);
    assert_eq!(names(&result["removed"], "loginItem").len(), 1);
    assert_eq!(names(&result["removed"], "commandLink").len(), 1);
    assert_eq!(names(&result["removed"], "cache").len(), 2);
    assert_eq!(names(&result["removed"], "log").len(), 2);
    let all = bench
        .run("uninstall --all --dry-run -o json")
        .last("result");
    assert_eq!(all["kept"], json!([]));
    assert_eq!(tree(&bench.path(".")), before);
    assert!(changes(&bench).is_empty());
    assert!(files.always.iter().all(|path| there(path)));
    let words = bench.run("uninstall --dry-run").out;
    assert!(
        words.contains("Would stay:\n  cluster       dev\n"),
        "{words}"
    );
    assert!(words.contains("apple-k8s-dev in "), "{words}");
}

#[test]
fn clusters_kubeconfig_and_settings_stay_unless_chosen() {
    let (bench, files) = furnished(&script());
    for _ in 0..2 {
        let answer = bench.run("uninstall --yes");
        assert_eq!(answer.status, 0, "{answer:?}");
        for path in &files.always {
            assert!(!there(path), "{}", path.display());
        }
        for path in files.settings.iter().chain(&files.theirs) {
            assert!(there(path), "{}", path.display());
        }
        assert_eq!(bench.remembered().len(), 1);
        let kubeconfig = fs::read_to_string(bench.kubeconfig()).expect("there");
        assert_eq!(kubeconfig, KUBECONFIG);
    }
    assert!(changes(&bench).is_empty());
}

#[test]
fn entries_go_from_the_kubeconfig_and_the_cluster_stays() {
    let (bench, _) = furnished(&script());
    let answer = bench.run("uninstall --kubeconfig-entries --yes");
    assert_eq!(answer.status, 0, "{answer:?}");
    let kubeconfig = fs::read_to_string(bench.kubeconfig()).expect("there");
    assert!(!kubeconfig.contains("apple-k8s"), "{kubeconfig}");
    assert!(kubeconfig.starts_with("# mine\n") && kubeconfig.contains("name: work"));
    assert_eq!(bench.remembered().len(), 1);
    assert!(changes(&bench).is_empty());
}

#[test]
fn images_that_a_remaining_cluster_needs_stay() {
    let (bench, _) = furnished(&script());
    let answer = bench.run("uninstall --images --yes");
    assert_eq!(answer.status, 0, "{answer:?}");
    let changes = changes(&bench);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(
        changes[0].ends_with("apple-k8s-base-debian:abc"),
        "{changes:?}"
    );
}

#[test]
fn all_means_that_nothing_is_left() {
    let (bench, files) = furnished(&script());
    let answer = bench.run("uninstall --all --yes -o json");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(
        !there(&bench.path("home")),
        "{:?}",
        tree(&bench.path("home"))
    );
    for path in files.always.iter().chain(&files.settings) {
        assert!(!there(path), "{}", path.display());
    }
    assert!(files.theirs.iter().all(|path| there(path)));
    let kubeconfig = fs::read_to_string(bench.kubeconfig()).expect("there");
    assert!(!kubeconfig.contains("apple-k8s"), "{kubeconfig}");
    let left = tree(&bench.path("."));
    let ours = |path: &&PathBuf| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        name.contains("apple-k8s") && !path.starts_with(bench.path("opt"))
    };
    let left: Vec<&PathBuf> = left.iter().filter(ours).collect();
    assert!(left.is_empty(), "{left:?}");
    let changes = changes(&bench).join("\n");
    assert!(changes.contains("dev-control-plane") && changes.contains("dev-worker"));
    assert!(changes.contains("apple-k8s-node:v1.37.1"));
    assert!(
        !changes.contains("alpine") && !changes.contains("of-others"),
        "{changes}"
    );
}

#[test]
fn killed_half_way_it_is_finished_by_the_next() {
    let mut killing = Script::new().times(1, &["delete", "dev-worker"], [Act::Mark, Act::Hang]);
    killing.rules.extend(script().rules);
    let (bench, files) = furnished(&killing);
    let mut first = bench
        .command("uninstall --all --yes")
        .spawn()
        .expect("runs");
    bench.stand.wait_for_mark();
    first.kill().expect("killed");
    first.wait().expect("ended");
    assert!(there(&bench.path("home/clusters/dev")), "not finished");

    bench.stand.replace(&script());
    let answer = bench.run("uninstall --all --yes");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(
        !there(&bench.path("home")),
        "{:?}",
        tree(&bench.path("home"))
    );
    assert!(
        files
            .always
            .iter()
            .chain(&files.settings)
            .all(|path| !there(path))
    );
}

#[test]
fn what_fails_does_not_keep_the_rest() {
    let mut failing = Script::new().on(
        &["image", "delete"],
        [
            Act::Stderr("Error: the store is broken\n".into()),
            Act::Exit(1),
        ],
    );
    failing.rules.extend(script().rules);
    let (bench, files) = furnished(&failing);
    let answer = bench.run("uninstall --all --yes");
    assert_ne!(answer.status, 0);
    assert!(answer.err.contains("the store is broken"), "{}", answer.err);
    assert!(
        files
            .always
            .iter()
            .chain(&files.settings)
            .all(|path| !there(path))
    );
    assert!(bench.remembered().is_empty());
}

#[test]
fn without_a_runtime_only_what_needs_none_goes() {
    let (bench, files) = furnished(&script());
    let run = |line: &str| {
        let mut command = bench.command(line);
        command.env("APPLE_K8S_CONTAINER", bench.path("nowhere"));
        common::Answer::of(command.output().expect("runs"))
    };
    let before = tree(&bench.path("."));
    let refused = run("uninstall --clusters --yes");
    assert_eq!(refused.status, 10, "{refused:?}");
    assert_eq!(tree(&bench.path(".")), before, "refused means unchanged");
    let answer = run("uninstall --settings --yes");
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(
        answer
            .err
            .contains("clusters and images were not looked at")
    );
    assert!(
        files
            .always
            .iter()
            .chain(&files.settings)
            .all(|path| !there(path))
    );
    assert_eq!(bench.remembered().len(), 1);
}

#[test]
fn a_kubeconfig_that_cant_be_read_is_left_alone() {
    let (bench, _) = furnished(&script());
    fs::write(bench.kubeconfig(), "contexts: [half").expect("written");
    let refused = bench.run("uninstall --kubeconfig-entries --yes");
    assert_eq!(refused.status, 60, "{refused:?}");
    assert!(
        there(&bench.path(".config/autostart/apple-k8s.desktop")),
        "unchanged"
    );
    let answer = bench.run("uninstall --yes");
    assert_eq!(answer.status, 0, "{answer:?}");
    let kubeconfig = fs::read_to_string(bench.kubeconfig()).expect("there");
    assert_eq!(kubeconfig, "contexts: [half");
}

#[test]
fn without_a_terminal_it_takes_a_yes() {
    let (bench, files) = furnished(&script());
    let answer = bench.run("uninstall --all");
    assert_eq!(answer.status, 2, "{answer:?}");
    assert!(answer.err.contains("--dry-run"), "{}", answer.err);
    assert!(files.always.iter().all(|path| there(path)));
}
