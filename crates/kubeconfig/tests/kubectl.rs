//! Round trips through unmodified kubectl: it sees what we wrote, and all else as before.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{corpus, entry, kubectl, pem};
use kubeconfig::{CurrentContext, Files};
use serde_json::{Value, json};

/// kubectl's view of a file; `None` where it refuses it.
fn view(file: &Path) -> Option<Value> {
    let output = Command::new(kubectl())
        .args(["config", "view", "--raw", "--output=json"])
        .env_clear()
        .env("KUBECONFIG", file)
        .output()
        .unwrap();
    output
        .status
        .success()
        .then(|| serde_json::from_slice(&output.stdout).unwrap())
}

fn config(file: &Path, arguments: &[&str]) -> std::process::Output {
    Command::new(kubectl())
        .arg("config")
        .args(arguments)
        .env_clear()
        .env("KUBECONFIG", file)
        .output()
        .unwrap()
}

/// Takes the item called `name` out of a list of the view.
fn take(view: &mut Value, list: &str, name: &str) -> Option<Value> {
    let items = view[list].as_array_mut()?;
    let at = items.iter().position(|item| item["name"] == name)?;
    let item = items.remove(at);
    if items.is_empty() {
        view[list] = Value::Null;
    }
    Some(item)
}

#[test]
fn kubectl_sees_the_entry_and_everything_else_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for (name, text) in corpus() {
        let file = folder.path().join(&name);
        fs::write(&file, &text).unwrap();
        let Some(mut before) = view(&file) else {
            continue;
        };
        for list in ["clusters", "contexts", "users"] {
            if before[list].as_array().is_some_and(Vec::is_empty) {
                before[list] = Value::Null;
            }
        }
        let files = Files::from_env(Some(&file)).unwrap();
        files.add(&entry("demo"), CurrentContext::Keep).unwrap();

        let mut after = view(&file).unwrap_or_else(|| panic!("kubectl refuses {name} now"));
        let cluster = take(&mut after, "clusters", "demo").expect("the cluster");
        assert_eq!(
            cluster["cluster"],
            json!({
                "server": "https://127.0.0.1:6443",
                "certificate-authority-data": pem("CERTIFICATE", "authority"),
            }),
        );
        let context = take(&mut after, "contexts", "demo").expect("the context");
        assert_eq!(
            context["context"],
            json!({ "cluster": "demo", "user": "demo" })
        );
        let user = take(&mut after, "users", "demo").expect("the user");
        assert_eq!(
            user["user"],
            json!({
                "client-certificate-data": pem("CERTIFICATE", "client"),
                "client-key-data": pem("EC PRIVATE KEY", "no key at all"),
            }),
        );
        assert_eq!(after, before, "{name}");
        seen += 1;
    }
    assert!(
        seen > 25,
        "kubectl understood only {seen} files of the corpus"
    );
}

#[test]
fn what_kubectl_switched_and_rewrote_can_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in corpus() {
        let file = folder.path().join(&name);
        fs::write(&file, &text).unwrap();
        if view(&file).is_none() {
            continue;
        }
        let files = Files::from_env(Some(&file)).unwrap();
        files.add(&entry("demo"), CurrentContext::Keep).unwrap();
        let output = config(&file, &["use-context", "demo"]);
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(
            files.current_context().unwrap().as_deref(),
            Some("demo"),
            "{name}"
        );

        let removed = files.remove("demo").unwrap();
        assert!(removed.was_current);
        let after = view(&file).unwrap();
        assert_eq!(after["current-context"], "", "{name}");
        for list in ["clusters", "contexts", "users"] {
            let items = after[list].as_array().into_iter().flatten();
            assert!(items.clone().all(|item| item["name"] != "demo"), "{name}");
        }
    }
}

#[test]
fn contexts_are_those_of_kubectl() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in corpus() {
        let file = folder.path().join(&name);
        fs::write(&file, &text).unwrap();
        let output = config(&file, &["get-contexts", "--output=name"]);
        if !output.status.success() {
            continue;
        }
        let mut theirs: Vec<_> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        theirs.sort();
        let files = Files::from_env(Some(&file)).unwrap();
        let mut ours: Vec<_> = files
            .contexts()
            .unwrap()
            .into_iter()
            .map(|c| c.name)
            .collect();
        ours.sort();
        assert_eq!(ours, theirs, "{name}");
        let current = config(&file, &["current-context"]);
        let current = current.status.success().then(|| {
            String::from_utf8(current.stdout)
                .unwrap()
                .trim_end()
                .to_owned()
        });
        assert_eq!(files.current_context().unwrap(), current, "{name}");
    }
}

#[test]
fn a_rendered_entry_is_a_kubeconfig_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    fs::write(&file, entry("demo").render()).unwrap();
    let view = view(&file).unwrap();
    assert_eq!(view["current-context"], "demo");
    assert_eq!(
        view["clusters"][0]["cluster"]["server"],
        "https://127.0.0.1:6443"
    );
    assert_eq!(config(&file, &["current-context"]).stdout, b"demo\n");
}

/// kubectl rewrites the whole file each time: were we not kept out by its lock, we would undo what
/// it did. (The other way round there is no guarantee: `kubectl config` decides what to write
/// before it takes the lock.)
#[test]
fn nothing_that_kubectl_writes_is_lost() {
    const ROUNDS: usize = 15;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    fs::write(&file, "apiVersion: v1\nkind: Config\n").unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let (file, done) = (&file, &done);
            scope.spawn(move || {
                let files = Files::from_env(Some(file)).unwrap();
                let name = format!("ours-{writer}");
                while !done.load(Ordering::Relaxed) {
                    files.add(&entry(&name), CurrentContext::Keep).unwrap();
                    files.contexts().unwrap();
                    files.remove(&name).unwrap();
                }
            });
        }
        for round in 0..ROUNDS {
            let name = format!("theirs-{round}");
            // kubectl does not wait for the lock.
            while !config(&file, &["set-context", &name, "--cluster=x"])
                .status
                .success()
            {}
        }
        done.store(true, Ordering::Relaxed);
    });
    let contexts = Files::from_env(Some(&file)).unwrap().contexts().unwrap();
    let theirs = contexts
        .iter()
        .filter(|context| context.name.starts_with("theirs"))
        .count();
    assert_eq!(theirs, ROUNDS);
    assert!(!folder.path().join("config.lock").exists());
}
