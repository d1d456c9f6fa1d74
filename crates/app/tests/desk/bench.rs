//! A desk over a scripted `container`, in folders of its own.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app::desk::Desk;
use app::place::Place;
use app::settings::Settings;
use app::snapshot::{Operation, Snapshot};
use container_script::{Act, Script, Stand};
use engine::Home;
use serde_json::{Value, json};

/// Longer than anything takes; a desk that hangs fails by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Bench {
    pub(crate) stand: Stand,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) desk: Arc<Desk>,
}

impl Bench {
    pub(crate) fn new(script: &Script) -> Self {
        let stand = Stand::new(script);
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            container_path: Some(stand.program().display().to_string()),
            kubeconfig: Some(folder.path().join("config").display().to_string()),
            ..Settings::default()
        };
        let place = Place::at(folder.path().join("app"));
        settings.save(&place).unwrap();
        let desk = Desk::at(place, Home::at(folder.path().join("home"))).unwrap();
        Self {
            stand,
            folder,
            desk,
        }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Waits for a snapshot.
    pub(crate) async fn until(
        &self,
        what: &str,
        wanted: impl Fn(&Snapshot) -> bool,
    ) -> Arc<Snapshot> {
        let mut snapshots = self.desk.snapshots();
        let coming = snapshots.wait_for(|one| wanted(one));
        let Ok(snapshot) = tokio::time::timeout(PATIENCE, coming).await else {
            panic!("no {what}: {:#?}", self.desk.snapshot());
        };
        Arc::clone(&snapshot.unwrap())
    }

    /// Waits for an operation's end.
    pub(crate) async fn ended(&self, id: u64) -> Operation {
        let snapshot = self
            .until("end", |snapshot| {
                let known = snapshot.operations.iter().find(|one| one.id == id);
                known.is_some_and(|one| one.state.is_over())
            })
            .await;
        let ended = snapshot.operations.iter().find(|one| one.id == id);
        ended.unwrap().clone()
    }
}

/// What a person waits for must come before they wonder.
pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let Ok(answer) = tokio::time::timeout(Duration::from_secs(2), work).await else {
        panic!("{what} hangs");
    };
    answer
}

pub(crate) fn nodes(state: &str) -> Act {
    nodes_of(&["dev"], state)
}

/// The nodes of clusters with one node each.
pub(crate) fn nodes_of(clusters: &[&str], state: &str) -> Act {
    let nodes: Vec<Value> = clusters.iter().map(|name| node(name, state)).collect();
    Act::Stdout(json!(nodes).to_string())
}

fn node(cluster: &str, state: &str) -> Value {
    let name = format!("{cluster}-control-plane");
    json!({
        "id": name,
        "configuration": {
            "id": name,
            "image": {"reference": "apple-k8s-node", "descriptor": {"digest": "sha256:00"}},
            "labels": {
                "apple-k8s.dev/cluster": cluster, "apple-k8s.dev/role": "control-plane",
                "apple-k8s.dev/node-address": "172.30.0.2", "apple-k8s.dev/creation": "x",
            },
            "publishedPorts": [{"hostAddress": "127.0.0.1", "hostPort": 16443,
                "containerPort": 6443, "count": 1, "proto": "tcp"}],
        },
        "status": {"state": state, "startedDate": "2026-01-01T10:00:00Z", "networks": []}
    })
}

pub(crate) fn one_cluster(bench: &Bench) {
    known(bench, "dev");
}

/// A cluster is remembered in the engine's home. Its API can't be asked.
pub(crate) fn known(bench: &Bench, cluster: &str) {
    let folder = bench.folder.path().join("home/clusters").join(cluster);
    std::fs::create_dir_all(&folder).unwrap();
    let yaml = spec::Cluster::simple(cluster, 0).unwrap().to_yaml();
    std::fs::write(folder.join("cluster.yaml"), yaml).unwrap();
    let kubeconfig = "apiVersion: v1\nkind: Config\n";
    std::fs::write(folder.join("kubeconfig"), kubeconfig).unwrap();
}

pub(crate) fn stopped() -> Script {
    Script::healthy("1.5.0").on(&["list"], [nodes("stopped")])
}
