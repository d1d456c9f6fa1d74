//! Two clusters at once, and what every command says as JSON.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

mod parts;

use std::collections::BTreeSet;
use std::fs;
use std::thread;

use parts::network;
use serde_json::Value;
use system_tests::{BuiltImage, Checks, Cluster, NodeTraces, Output, User};

/// A kubeconfig that was there before, as people write them.
const OLD: &str = "\
# mine, do not touch
apiVersion: v1
kind: Config
current-context: 'work'   # the real one
contexts:
- {name: work, context: {cluster: work, user: me}}
clusters:
- name: work
  cluster:
    server: https://127.0.0.1:1
users:
- name: me
  user: {token: \"abc\"}
";

#[test]
fn two_clusters_side_by_side() {
    let user = User::new();
    fs::write(user.kubeconfig(), OLD).expect("a file");
    let one = Cluster::reserve(&user, "one");
    let two = Cluster::reserve(&user, "two");
    let created = thread::scope(|scope| {
        let first = scope.spawn(|| one.create(["--workers", "1", "--output", "json"]).ok());
        let second = scope.spawn(|| two.create(["--workers", "1", "--output", "json"]).ok());
        [
            first.join().expect("created"),
            second.join().expect("created"),
        ]
    });

    let mut checks = Checks::new();
    checks.check("creation as JSON: steps, then the result", || {
        for output in &created {
            let result = result_after_steps(output);
            assert_eq!(result["kubernetesVersion"], "v1.37.1");
        }
    });
    checks.check("each has its own port and kubeconfig entry", || {
        own_ports(&created, &one, &two);
    });
    checks.check("each sees its own nodes only", || {
        for cluster in [&one, &two] {
            let nodes = cluster
                .kubectl(["get", "nodes", "--output", "name"])
                .ok()
                .word();
            let own = [cluster.control_plane(), cluster.worker(1)];
            let own = own.map(|name| format!("node/{name}"));
            assert_eq!(nodes.split_whitespace().collect::<Vec<_>>(), own);
        }
    });
    checks.check(
        "in each, pods reach each other across nodes, by the same addresses as in the other",
        || own_network(&user, &[&one, &two]),
    );
    checks.check("kubeconfig edits keep what was there", || {
        let text = user.kubeconfig_text().expect("there");
        for line in OLD.lines() {
            assert!(text.contains(line), "{line:?} is gone from\n{text}");
        }
        let current = user.kubectl(["config", "current-context"]).ok().word();
        assert_eq!(current, "work", "the current context changed");
    });
    checks.check("every command speaks JSON", || json_of_all(&one));
    checks.check("deleting one leaves the other as it is", || {
        let traces = NodeTraces::of(&one);
        let exported = user.folder().join("exported");
        let context = one.context();
        let has_entry = || {
            let text = fs::read_to_string(&exported).unwrap_or_default();
            text.contains(&context)
        };
        assert!(has_entry(), "it was exported there before");
        one.delete().ok();
        assert!(
            !has_entry(),
            "a file that it was exported to still names it"
        );
        traces.assert_gone(&user);
        assert_eq!(two.kubectl(["get", "--raw", "/readyz"]).ok().word(), "ok");
        let contexts = user
            .kubectl(["config", "get-contexts", "--output", "name"])
            .ok()
            .text();
        let contexts: BTreeSet<&str> = contexts.lines().collect();
        assert_eq!(contexts, BTreeSet::from(["work", &two.context()]));
    });
    checks.check(
        "deleting both gives the kubeconfig back to the byte",
        || {
            let traces = NodeTraces::of(&two);
            let deleted = two
                .call(["delete", "clusters", two.name(), "--output", "json"])
                .ok();
            let result = result_after_steps(&deleted);
            assert_eq!(result["deleted"][0]["existed"], true);
            traces.assert_gone(&user);
            assert_eq!(user.kubeconfig_text().as_deref(), Some(OLD));
            user.assert_no_files();
        },
    );
    checks.finish();
}

/// A page on every node, reached by every kind of Service.
const PAGES: &str = include_str!("parts/pages.yaml");

/// Shows: two clusters with the same subnets, which they have unless asked for others, do not meet.
fn own_network(user: &User, clusters: &[&Cluster<'_>; 2]) {
    let _image = BuiltImage::busybox(user, "system-test:1");
    for cluster in clusters {
        let load = ["load", "image", "system-test:1", "--name", cluster.name()];
        cluster.call(load).ok();
        cluster.apply(PAGES);
    }
    for cluster in clusters {
        cluster.rollout("daemonset/page");
        network::pod_to_pod(cluster);
        network::service(cluster);
    }
    let subnets = clusters.map(|cluster| cluster.field("nodes", ".items[*].spec.podCIDR"));
    // Which subnet a worker gets depends on when it was first seen.
    let shared = subnets[0].split_whitespace();
    let shared = shared.filter(|subnet| subnets[1].split_whitespace().any(|one| one == *subnet));
    assert_ne!(shared.count(), 0, "this shows nothing: {subnets:?}");
}

fn own_ports(created: &[Output], one: &Cluster<'_>, two: &Cluster<'_>) {
    let results: Vec<Value> = created.iter().map(result_after_steps).collect();
    assert_ne!(results[0]["server"], results[1]["server"]);
    for (result, cluster) in results.iter().zip([one, two]) {
        assert_eq!(result["context"], cluster.context().as_str());
        let path = format!(
            "{{.clusters[?(@.name==\"{}\")].cluster.server}}",
            cluster.context()
        );
        let view = ["config", "view", "--output", &format!("jsonpath={path}")];
        assert_eq!(
            cluster.user().kubectl(view).ok().word(),
            result["server"].as_str().expect("a text")
        );
    }
}

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: applied}\n";

/// Shows: every command's `--output json` is JSON lines, steps first, the result last. That there is
/// none but these, and those that make and delete clusters, is for the command line's own tests.
fn json_of_all(cluster: &Cluster<'_>) {
    let (user, name) = (cluster.user(), cluster.name());
    let _image = BuiltImage::busybox(user, "system-test:1");
    let saved = user.folder().join("saved.tar");
    let saved = saved.to_str().expect("a path");
    user.container(["image", "save", "system-test:1", "--output", saved])
        .ok();
    let (logs, config) = (user.folder().join("logs"), user.folder().join("exported"));
    let (logs, config) = (
        logs.to_str().expect("a path"),
        config.to_str().expect("a path"),
    );
    let manifests = user.file("manifests.yaml", NAMESPACE);
    let manifests = manifests.to_str().expect("a path");
    let same = user.home().join(format!("clusters/{name}/cluster.yaml"));
    let same = same.to_str().expect("a path");
    let commands: [(&[&str], &str); 19] = [
        (&["version"], "version"),
        (&["exit-codes"], "exitCodes"),
        (&["completion", "bash"], "script"),
        (&["doctor"], "checks"),
        (&["uninstall", "--dry-run"], "kept"),
        (
            &["apply", "manifests", manifests, "--name", name],
            "objects",
        ),
        (&["apply", "cluster", name, "--config", same], "marked"),
        (&["get", "clusters"], "clusters"),
        (&["get", "nodes", name], "nodes"),
        (&["get", "images", name], "nodes"),
        (&["get", "kubeconfig", name], "kubeconfig"),
        (&["status", name], "name"),
        (
            &["load", "image", "system-test:1", "--name", name],
            "images",
        ),
        (&["load", "image-archive", saved, "--name", name], "images"),
        (
            &["export", "kubeconfig", name, "--kubeconfig", config],
            "context",
        ),
        (&["export", "logs", logs, "--name", name], "logs"),
        (&["stop", "cluster", name], "state"),
        (&["start", "cluster", name], "state"),
        (&["restart", "cluster", name], "state"),
    ];
    for (words, field) in commands {
        let output = user
            .apple_k8s(words.iter().copied())
            .args(["--output", "json"])
            .ok();
        let result = result_after_steps(&output);
        let found = result
            .get(field)
            .or_else(|| result["clusters"][0].get(field));
        assert!(found.is_some(), "no {field}\n{}", output.report());
    }
    let missing = user
        .apple_k8s(["status", "nobody", "--output", "json"])
        .run()
        .fails(40);
    let error = missing.json_lines().pop().expect("a line");
    assert_eq!(
        (&error["type"], &error["code"]),
        (&"error".into(), &"ClusterNotFound".into())
    );
    let misuse = user
        .apple_k8s(["get", "nonsense", "--output", "json"])
        .run()
        .fails(2);
    assert_eq!(misuse.json_lines().pop().expect("a line")["code"], "Usage");
    assert!(
        fs::exists(format!("{logs}/{}/kubelet.log", cluster.control_plane())).expect("readable")
    );
    // `delete` must find this one too: it is noted with the cluster.
    assert!(
        fs::read_to_string(config)
            .expect("written")
            .contains(&cluster.context())
    );
}

/// The last line, after lines that are steps or warnings.
#[track_caller]
fn result_after_steps(output: &Output) -> Value {
    let mut lines = output.json_lines();
    let last = lines
        .pop()
        .unwrap_or_else(|| panic!("no lines\n{}", output.report()));
    assert_eq!(last["type"], "result", "{}", output.report());
    for line in lines {
        match line["type"].as_str() {
            Some("step") => {
                assert!(
                    line["phase"].is_string() && line["state"].is_string(),
                    "{line}"
                );
                assert!(line["atMs"].is_u64(), "{line}");
            }
            Some("warning") => assert!(line["message"].is_string(), "{line}"),
            _ => panic!("{line} before the result\n{}", output.report()),
        }
    }
    last
}
