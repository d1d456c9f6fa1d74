//! Which images nodes are made of.

use engine::{Engine, Error, Operation};
use spec::Cluster;

use crate::bench::{Bench, creatable};

/// The cluster that this YAML describes below its `spec`.
fn cluster(spec: &str) -> Cluster {
    let text = format!(
        "apiVersion: apple-k8s.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: dev\nspec:\n{spec}"
    );
    let folder = std::env::temp_dir();
    Cluster::parse(text, "test", &folder).unwrap().cluster
}

async fn create(bench: &Bench, cluster: Cluster) -> Result<engine::Created, Error> {
    let mut request = bench.request();
    request.cluster = cluster;
    Engine::create(&bench.engine, request, &Operation::silent()).await
}

/// The image of each node that was run, in order of their names.
fn run_images(bench: &Bench) -> Vec<String> {
    let mut calls: Vec<String> = bench.changes();
    calls.retain(|call| call.starts_with("run"));
    calls.sort_by_key(|call| call.split("--name ").nth(1).map(str::to_owned));
    calls
        .iter()
        .map(|call| call.rsplit(' ').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_node_without_an_image_has_that_of_the_control_plane() {
    let bench = Bench::new(&creatable());
    let wanted =
        "  nodes:\n  - role: control-plane\n    image: apple-k8s-node:mine\n  - role: worker\n";
    create(&bench, cluster(wanted)).await.unwrap();
    assert_eq!(
        run_images(&bench),
        ["apple-k8s-node:mine", "apple-k8s-node:mine"]
    );

    let bench = Bench::new(&creatable());
    let with_version = format!("  kubernetesVersion: v1.37.1\n{wanted}");
    create(&bench, cluster(&with_version)).await.unwrap();
    assert_eq!(
        run_images(&bench),
        ["apple-k8s-node:mine", "apple-k8s-node:v1.37.1"],
        "a version that is asked for counts for all that name no image"
    );
}
