//! A cluster that goes with its guard.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use serde_json::Value;

use crate::{Call, User};

/// Kubernetes of the node image under test.
const VERSION: &str = "v1.37.1";

/// The node image under test; `APPLE_K8S_TEST_IMAGE` names another one.
pub fn node_image() -> String {
    std::env::var("APPLE_K8S_TEST_IMAGE").unwrap_or_else(|_| format!("apple-k8s-node:{VERSION}"))
}

/// A cluster by name, made or to be made; deleted when dropped.
#[derive(Debug)]
pub struct Cluster<'u> {
    user: &'u User,
    name: String,
}

impl<'u> Cluster<'u> {
    /// A name that no other cluster has. Nothing is made yet.
    pub fn reserve(user: &'u User, what: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test-{what}-{}-{number}", std::process::id());
        Self { user, name }
    }

    /// A cluster by the name that its own file says; another one of that name may be in the way.
    pub fn named(user: &'u User, name: &str) -> Self {
        let name = name.to_owned();
        Self { user, name }
    }

    /// A cluster made from a Cluster YAML, in which `NAME` stands for its name.
    ///
    /// # Panics
    /// When it can't be made.
    #[track_caller]
    pub fn from_yaml(user: &'u User, what: &str, yaml: &str) -> Self {
        let cluster = Self::reserve(user, what);
        let file = cluster.write_yaml(yaml);
        cluster
            .create(["--config", file.to_str().expect("a path")])
            .ok();
        cluster
    }

    /// Writes a Cluster YAML, in which `NAME` stands for the name, and gives its path.
    pub fn write_yaml(&self, yaml: &str) -> PathBuf {
        self.user.file(
            &format!("{}.yaml", self.name),
            yaml.replace("NAME", &self.name),
        )
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its user.
    pub fn user(&self) -> &'u User {
        self.user
    }

    /// Its context in kubeconfig files.
    pub fn context(&self) -> String {
        format!("apple-k8s-{}", self.name)
    }

    /// Name of its control plane.
    pub fn control_plane(&self) -> String {
        format!("{}-control-plane", self.name)
    }

    /// Name of its first, second, … worker.
    pub fn worker(&self, number: usize) -> String {
        match number {
            1 => format!("{}-worker", self.name),
            _ => format!("{}-worker{number}", self.name),
        }
    }

    /// `apple-k8s create cluster NAME …`
    pub fn create<'a>(&self, options: impl IntoIterator<Item = &'a str>) -> Call {
        self.call(["create", "cluster"])
            .args(["--name", &self.name])
            .args(options)
    }

    /// `apple-k8s delete cluster NAME`
    pub fn delete(&self) -> Call {
        self.call(["delete", "cluster"]).arg(&self.name)
    }

    /// `apple-k8s …` for commands that take the name apart from these words.
    pub fn call<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Call {
        self.user.apple_k8s(words)
    }

    /// `kubectl --context … …`
    pub fn kubectl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Call {
        self.user
            .kubectl(["--context", &self.context()])
            .args(arguments)
    }

    /// Applies manifests.
    #[track_caller]
    pub fn apply(&self, manifests: &str) {
        self.kubectl(["apply", "--filename", "-"])
            .input(manifests)
            .ok();
    }

    /// Runs a script of busybox's shell in a pod, at `POD` or `POD -c CONTAINER`.
    #[track_caller]
    pub fn sh(&self, pod: &str, script: &str) -> String {
        self.kubectl(["exec"])
            .args(pod.split(' '))
            .args(["--", "sh", "-c", script])
            .ok()
            .word()
    }

    /// Waits for a condition of objects, as `kubectl wait` does: by a watch.
    #[track_caller]
    pub fn wait(&self, condition: &str, objects: &str) {
        self.kubectl(["wait", &format!("--for={condition}"), "--timeout=120s"])
            .args(objects.split(' '))
            .seconds(150)
            .ok();
    }

    /// Waits until a workload is rolled out.
    #[track_caller]
    pub fn rollout(&self, workload: &str) {
        self.kubectl(["rollout", "status", "--timeout=120s", workload])
            .seconds(150)
            .ok();
    }

    /// A field of an object, by a JSON path.
    #[track_caller]
    pub fn field(&self, object: &str, path: &str) -> String {
        self.kubectl(["get"])
            .args(object.split(' '))
            .args(["--output", &format!("jsonpath={{{path}}}")])
            .ok()
            .word()
    }

    /// Runs a program in a node.
    pub fn in_node<'a>(&self, node: &str, words: impl IntoIterator<Item = &'a str>) -> Call {
        self.user.container(["exec", node]).args(words)
    }

    /// The nodes, as `apple-k8s get nodes` tells.
    #[track_caller]
    pub fn nodes(&self) -> Vec<Value> {
        let output = self
            .call(["get", "nodes", "--output", "json"])
            .args(["--name", &self.name])
            .ok();
        let lines = output.json_lines();
        let nodes = lines
            .last()
            .and_then(|line| line["nodes"].as_array().cloned());
        nodes.unwrap_or_else(|| panic!("no nodes\n{}", output.report()))
    }

    /// The address that a node's container has now.
    #[track_caller]
    pub fn container_address(&self, node: &str) -> Ipv4Addr {
        let nodes = self.nodes();
        let found = nodes.iter().find(|one| one["name"] == node);
        found
            .and_then(|one| one["containerAddress"].as_str()?.parse().ok())
            .unwrap_or_else(|| panic!("{node} has no container address: {nodes:?}"))
    }

    /// Keeps the logs of its nodes in a folder that outlives the test.
    fn keep_logs(&self) {
        let folder = std::env::temp_dir()
            .join("apple-k8s-system-tests")
            .join(&self.name);
        let call = self
            .call(["export", "logs"])
            .arg(&folder)
            .args(["--name", &self.name]);
        if call.run().success() {
            eprintln!("logs of {}: {}", self.name, folder.display());
        }
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.keep_logs();
        }
        let outcome = self.delete().run();
        let fine = outcome.success() || thread::panicking();
        assert!(
            fine,
            "{} could not be deleted\n{}",
            self.name,
            outcome.report()
        );
    }
}
