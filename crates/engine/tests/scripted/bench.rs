//! An engine over a scripted `container`, and the scripts that tests begin with.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use container::Container;
use container_script::{Act, Script, Stand};
use engine::{CreateRequest, Engine, Home};
use serde_json::{Value, json};
use spec::Cluster;

pub(crate) const JOINABLE: &str = "{\"event\":\"joinable\",\"caCert\":\"PEM\"}\n";
pub(crate) const DONE: &str = "{\"event\":\"done\"}\n";

/// An engine over a script, with folders of its own.
pub(crate) struct Bench {
    pub(crate) stand: Arc<Stand>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) engine: Engine,
}

impl Bench {
    pub(crate) fn new(script: &Script) -> Self {
        let stand = Arc::new(Stand::new(script));
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        let engine = Engine::new(Container::at(stand.program()), home);
        Self {
            stand,
            folder,
            engine,
        }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    pub(crate) fn request(&self) -> CreateRequest {
        CreateRequest {
            cluster: Cluster::simple("dev", 1).unwrap(),
            wait: None,
            retain: false,
            kubeconfig: Some(self.kubeconfig()),
            set_context: false,
        }
    }

    /// Calls that change something, as words.
    pub(crate) fn changes(&self) -> Vec<String> {
        let reading = [
            "--version",
            "--help",
            "status",
            "list",
            "inspect",
            "logs",
            "/usr/local/bin/crictl",
        ];
        self.stand
            .calls()
            .into_iter()
            .map(|call| call.arguments.join(" "))
            .filter(|call| {
                !reading
                    .iter()
                    .any(|word| call.split(' ').any(|w| w == *word))
            })
            .collect()
    }

    /// Waits until no call lives any more. Calls that were dropped are ended by tasks of the runtime,
    /// which must not be kept from it.
    pub(crate) async fn wait_until_gone(&self) {
        let stand = Arc::clone(&self.stand);
        let gone = tokio::task::spawn_blocking(move || stand.wait_until_gone());
        gone.await.unwrap();
    }

    pub(crate) fn remembered(&self) -> Vec<String> {
        let clusters = fs::read_dir(self.home().join("clusters"))
            .into_iter()
            .flatten();
        clusters
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

pub(crate) fn node(name: &str, role: &str, address: &str, creation: &str, state: &str) -> Value {
    json!({
        "id": name,
        "configuration": {
            "id": name,
            "image": {"reference": "apple-k8s-node", "descriptor": {"digest": "sha256:00"}},
            "labels": {
                "apple-k8s.dev/cluster": "dev", "apple-k8s.dev/role": role,
                "apple-k8s.dev/node-address": address, "apple-k8s.dev/creation": creation,
            },
            "publishedPorts": [{"hostAddress": "127.0.0.1", "hostPort": 16443,
                "containerPort": 6443, "count": 1, "proto": "tcp"}],
        },
        "status": {"state": state, "startedDate": "2026-01-01T10:00:00Z", "networks": [
            {"network": "default", "hostname": name, "ipv4Address": "192.168.64.9/24"}]}
    })
}

pub(crate) fn two_nodes(creation: &str, state: &str) -> Act {
    let nodes = json!([
        node(
            "dev-control-plane",
            "control-plane",
            "172.30.0.2",
            creation,
            state
        ),
        node("dev-worker", "worker", "172.30.0.3", creation, state),
    ]);
    Act::Stdout(nodes.to_string())
}

pub(crate) fn image() -> Act {
    image_of("v1.37.1", "1")
}

/// A node image that holds this Kubernetes and speaks this generation of the contract.
pub(crate) fn image_of(version: &str, contract: &str) -> Act {
    let labels = json!({
        "dev.apple-k8s.kubernetes-version": version, "dev.apple-k8s.node-contract": contract
    });
    let image = json!([{
        "configuration": {"name": "docker.io/library/apple-k8s-node:v1.37.1",
            "descriptor": {"digest": "sha256:00", "mediaType": "x", "size": 1}},
        "id": "00",
        "variants": [{
            "config": {"architecture": engine::architecture(), "os": "linux",
                "config": {"Labels": labels}},
            "digest": "sha256:00", "size": 1,
            "platform": {"architecture": engine::architecture(), "os": "linux"},
        }]
    }]);
    Act::Stdout(image.to_string())
}

/// A host where everything answers; `nodes` is how the list goes on once nodes were run.
pub(crate) fn healthy() -> Script {
    Script::healthy("1.5.0")
        .on(&["network", "list"], [Act::Stdout("[]".into())])
        .on(&["image", "inspect"], [image()])
}

pub(crate) fn fresh() -> Script {
    healthy()
        .times(1, &["list"], [Act::Stdout("[]".into())])
        .on(&["list"], [two_nodes("any", "running")])
        .on(&["run"], [Act::Option("--name".into())])
        .on(&["delete"], [Act::LastWord])
        .on(&["logs"], [Act::Stdout("systemd says hello\n".into())])
}

/// As [`fresh`]; the nodes do their part, too, so that a creation succeeds.
pub(crate) fn creatable() -> Script {
    fresh()
        .on(
            &["exec", "init"],
            [Act::ReadLine, Act::Stdout(JOINABLE.into()), admin()],
        )
        .on(
            &["exec", "join"],
            [Act::ReadLine, Act::ReadLine, Act::Stdout(DONE.into())],
        )
}

pub(crate) fn admin() -> Act {
    let pem = |word: &str| {
        use base64::Engine as _;
        let text = format!("-----BEGIN {word}-----\nAAAA\n-----END {word}-----\n");
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let (certificate, key) = (pem("CERTIFICATE"), pem("EC PRIVATE KEY"));
    let yaml = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: k\n  cluster:\n    server: https://172.30.0.2:6443\n    certificate-authority-data: {certificate}\ncontexts:\n- name: c\n  context: {{cluster: k, user: u}}\ncurrent-context: c\nusers:\n- name: u\n  user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}\n"
    );
    Act::Stdout(format!(
        "{}\n",
        json!({"event": "done", "kubeconfig": yaml})
    ))
}

pub(crate) fn leave_behind(bench: &Bench, creation: &str) {
    let dir = bench.home().join("clusters/dev");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("creation"), creation).unwrap();
}
