//! The program itself over a scripted `container`, with folders of its own.
#![allow(dead_code)] // each test program uses a part of it
#![allow(clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use container_script::{Act, Script, Stand};
use serde_json::{Value, json};

/// The program with a home and a `container` of its own.
pub(crate) struct Bench {
    pub(crate) stand: Stand,
    folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new(script: &Script) -> Self {
        Self {
            stand: Stand::new(script),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.path(".kube/config")
    }

    /// The program with nothing of this process's environment.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apple-k8s"));
        command
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.folder.path())
            .env("APPLE_K8S_HOME", self.path("home"))
            .env("APPLE_K8S_CONTAINER", self.stand.program())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Answer {
        Answer::of(self.command(line).output().expect("the program runs"))
    }

    /// Everything the engine remembers, as paths.
    pub(crate) fn remembered(&self) -> Vec<PathBuf> {
        let clusters = fs::read_dir(self.path("home/clusters"))
            .into_iter()
            .flatten();
        clusters
            .map(|entry| entry.expect("an entry").path())
            .collect()
    }

    /// A cluster as a completed creation leaves it.
    pub(crate) fn remember(&self, name: &str) {
        let folder = self.path("home/clusters").join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let cluster = spec::Cluster::simple(name, 1).expect("a cluster");
        fs::write(folder.join("cluster.yaml"), cluster.to_yaml()).expect("a file");
        fs::write(folder.join("kubeconfig"), kubeconfig()).expect("a file");
    }
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Standard output as JSON lines.
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        self.out.lines().map(parse).collect()
    }

    /// The last JSON line, of the type.
    pub(crate) fn last(&self, kind: &str) -> Value {
        let last = self
            .json()
            .pop()
            .unwrap_or_else(|| panic!("nothing on stdout: {self:?}"));
        assert_eq!(last["type"], kind, "{last}");
        last
    }
}

/// A node's container as `container list` tells of it.
pub(crate) fn node(cluster: &str, name: &str, role: &str, address: &str, state: &str) -> Value {
    json!({
        "id": name,
        "configuration": {
            "id": name,
            "image": {"reference": "docker.io/library/apple-k8s-node:v1.37.1",
                "descriptor": {"digest": "sha256:00"}},
            "labels": {
                "apple-k8s.dev/cluster": cluster, "apple-k8s.dev/role": role,
                "apple-k8s.dev/node-address": address, "apple-k8s.dev/creation": "any",
            },
            "resources": {"cpus": 2, "memoryInBytes": 2_147_483_648_u64},
            "publishedPorts": [{"hostAddress": "127.0.0.1", "hostPort": 16443,
                "containerPort": 6443, "count": 1, "proto": "tcp"}],
        },
        "status": {"state": state, "startedDate": "2026-01-01T10:00:00Z", "networks": [
            {"network": "default", "hostname": name, "ipv4Address": "192.168.64.9/24"}]}
    })
}

/// A control plane and a worker of the cluster `dev`.
pub(crate) fn two_nodes(state: &str) -> Act {
    let nodes = json!([
        node(
            "dev",
            "dev-control-plane",
            "control-plane",
            "172.30.0.2",
            state
        ),
        node("dev", "dev-worker", "worker", "172.30.0.3", state),
    ]);
    Act::Stdout(nodes.to_string())
}

/// A runtime where everything answers, without clusters.
pub(crate) fn healthy() -> Script {
    let labels = json!({
        "dev.apple-k8s.kubernetes-version": "v1.37.1", "dev.apple-k8s.node-contract": "1"
    });
    let platform = json!({"architecture": engine::architecture(), "os": "linux"});
    let image = json!([{
        "configuration": {"name": "docker.io/library/apple-k8s-node:v1.37.1",
            "descriptor": {"digest": "sha256:00", "mediaType": "x", "size": 1}},
        "id": "00",
        "variants": [{
            "config": {"architecture": engine::architecture(), "os": "linux",
                "config": {"Labels": labels}},
            "digest": "sha256:00", "size": 1, "platform": platform,
        }]
    }]);
    Script::healthy("1.5.0")
        .on(&["network", "list"], [Act::Stdout("[]".into())])
        .on(&["image", "inspect"], [Act::Stdout(image.to_string())])
}

/// A runtime where nodes of the cluster `dev` can be made; what they say is for the test to add.
pub(crate) fn fresh() -> Script {
    healthy()
        .times(1, &["list"], [Act::Stdout("[]".into())])
        .on(&["list"], [two_nodes("running")])
        .on(&["run"], [Act::Option("--name".into())])
        .on(&["delete"], [Act::LastWord])
        .on(&["logs"], [Act::Stdout("systemd says hello\n".into())])
}

/// One of the node's own steps, done.
pub(crate) fn step(phase: &str, elapsed: u64) -> Act {
    let line = |state: &str, elapsed: Option<u64>| json!({"event": "step", "phase": phase, "state": state, "elapsedMs": elapsed});
    Act::Stdout(format!(
        "{}\n{}\n",
        line("started", None),
        line("done", Some(elapsed))
    ))
}

/// One of the node's own steps, begun.
pub(crate) fn begun(phase: &str) -> Act {
    Act::Stdout(format!(
        "{}\n",
        json!({"event": "step", "phase": phase, "state": "started"})
    ))
}

/// The line by which a control plane lets workers in.
pub(crate) fn joinable() -> Act {
    Act::Stdout("{\"event\":\"joinable\",\"caCert\":\"PEM\"}\n".into())
}

/// The last line of a worker.
pub(crate) fn done() -> Act {
    Act::Stdout("{\"event\":\"done\"}\n".into())
}

/// The last line of a control plane.
pub(crate) fn admin() -> Act {
    Act::Stdout(format!(
        "{}\n",
        json!({"event": "done", "kubeconfig": kubeconfig()})
    ))
}

/// A runtime where the cluster `dev` can be created without a fault.
pub(crate) fn creatable() -> Script {
    let init = [
        Act::ReadLine,
        step("certificates", 120),
        joinable(),
        admin(),
    ];
    let join = [Act::ReadLine, Act::ReadLine, step("join", 80), done()];
    fresh()
        .on(&["exec", "init"], init)
        .on(&["exec", "join"], join)
}

/// Base64 of "-----BEGIN X-----\nAAAA\n-----END X-----\n" for X = CERTIFICATE and EC PRIVATE KEY.
const CERTIFICATE: &str =
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
/// The key that must never be seen in a log.
pub(crate) const KEY: &str =
    "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tCkFBQUEKLS0tLS1FTkQgRUMgUFJJVkFURSBLRVktLS0tLQo=";

fn kubeconfig() -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: k\n  cluster:\n    \
         server: https://172.30.0.2:6443\n    certificate-authority-data: {CERTIFICATE}\n\
         contexts:\n- name: c\n  context: {{cluster: k, user: u}}\ncurrent-context: c\n\
         users:\n- name: u\n  user:\n    client-certificate-data: {CERTIFICATE}\n    \
         client-key-data: {KEY}\n"
    )
}

/// A program on the bench's PATH that does nothing.
pub(crate) fn program(folder: &Path, name: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(folder).expect("a folder");
    let file = folder.join(name);
    fs::write(&file, "").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
}
