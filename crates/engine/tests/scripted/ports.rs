//! The ports of this machine that clusters take, and how the API is reached through its own.

use std::fs;

use engine::{Engine, Operation};

use crate::bench::{Bench, creatable};

#[tokio::test]
async fn an_api_that_is_open_to_other_machines_is_reached_by_its_certificate() {
    let bench = Bench::new(&creatable());
    let mut request = bench.request();
    request.cluster.networking.api_server_address = "0.0.0.0".parse().unwrap();
    let created = Engine::create(&bench.engine, request, &Operation::silent())
        .await
        .unwrap();
    let run = bench.changes().join("\n");
    let port = run.split("--publish 0.0.0.0:").nth(1).unwrap();
    let port = port.split(':').next().unwrap();
    assert_eq!(created.server, format!("https://127.0.0.1:{port}"));
    let kubeconfig = fs::read_to_string(bench.kubeconfig()).unwrap();
    assert!(kubeconfig.contains(&created.server), "{kubeconfig}");
}
