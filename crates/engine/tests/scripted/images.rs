//! Which images nodes are made of.

use container_script::{Act, Script};
use engine::{Engine, Error, ErrorCode, Operation};
use spec::Cluster;

use crate::bench::{Bench, creatable, healthy, image_of};

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

/// Refused before anything is made, with these words.
async fn refused(bench: &Bench, cluster: Cluster, code: ErrorCode, words: &[&str]) {
    let error = create(bench, cluster).await.unwrap_err();
    assert_eq!(error.code, code, "{error:?}");
    for word in words {
        assert!(error.message.contains(word), "{word}: {error}");
    }
    assert!(error.hint.is_some(), "no way out of {error}");
    assert_eq!(bench.changes(), [] as [String; 0]);
    assert_eq!(bench.remembered(), [] as [String; 0]);
}

#[tokio::test]
async fn nodes_of_two_versions_are_refused() {
    let script = healthy().on(&["list"], [Act::Stdout("[]".into())]);
    let mut two = Script::new().on(
        &["image", "inspect", "apple-k8s-node:old"],
        [image_of("v1.36.3", "1")],
    );
    two.rules.extend(script.rules);
    let bench = Bench::new(&two);
    let nodes = "  nodes:\n  - role: control-plane\n    image: apple-k8s-node:new\n  - role: worker\n    image: apple-k8s-node:old\n";
    let words = ["dev-worker", "apple-k8s-node:old", "v1.36.3", "v1.37.1"];
    refused(&bench, cluster(nodes), ErrorCode::ConfigInvalid, &words).await;

    let one = "  kubernetesVersion: v1.37.1\n  nodes:\n  - role: control-plane\n    image: apple-k8s-node:old\n";
    let words = [
        "dev-control-plane",
        "kubernetesVersion",
        "v1.36.3",
        "v1.37.1",
    ];
    refused(&bench, cluster(one), ErrorCode::ConfigInvalid, &words).await;
}

#[tokio::test]
async fn an_image_of_another_generation_is_refused() {
    let mut script = Script::new().on(
        &["image", "inspect", "apple-k8s-node:next"],
        [image_of("v1.37.1", "2")],
    );
    script.rules.extend(healthy().rules);
    let script = script.on(&["list"], [Act::Stdout("[]".into())]);
    let bench = Bench::new(&script);
    let nodes =
        "  nodes:\n  - role: control-plane\n  - role: worker\n    image: apple-k8s-node:next\n";
    let words = ["apple-k8s-node:next", "another generation", "2, not 1"];
    refused(&bench, cluster(nodes), ErrorCode::ImageInvalid, &words).await;
}

/// Files of kind often name its published images. Whether `container` has one or not: what to write
/// instead is said.
#[tokio::test]
async fn an_image_of_kind_is_refused_with_what_to_write_instead() {
    let digest = "0123456789abcdef".repeat(4);
    let name = &format!("docker.io/kindest/node:v1.36.3@sha256:{digest}");
    let Act::Stdout(ours) = image_of("v1.36.3", "1") else {
        unreachable!("it is a text");
    };
    let unlabelled = Act::Stdout(ours.replace("dev.apple-k8s.", "io.x-k8s.kind."));
    let theirs = Script::new().on(&["image", "inspect", name], [unlabelled]);
    let missing = Script::new().failing(
        &["image", "inspect", name],
        &format!("image not found: {name}"),
    );
    for (mut script, code) in [
        (theirs, ErrorCode::ImageInvalid),
        (missing, ErrorCode::ImageMissing),
    ] {
        script.rules.extend(healthy().rules);
        let bench = Bench::new(&script.on(&["list"], [Act::Stdout("[]".into())]));
        let text = format!(
            "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{{image: '{name}'}}]\n"
        );
        let parsed = Cluster::parse(text, "kind.yaml", &std::env::temp_dir()).unwrap();
        let error = create(&bench, parsed.cluster).await.unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        let hint = error.hint.expect("a hint");
        for word in [
            "remove `image`",
            "image: apple-k8s-node:v1.36.3",
            "build node-image --kubernetes-version v1.36.3",
        ] {
            assert!(hint.contains(word), "{word}: {hint}");
        }
        assert_eq!(bench.changes(), [] as [String; 0]);
    }
}
