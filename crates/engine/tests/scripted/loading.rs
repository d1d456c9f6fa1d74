//! Images into nodes: how far each node is, what they run on, and from node to node.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use container_script::{Act, Script};
use engine::{ErrorCode, Operation, Step, StepState, Steps};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, leave_behind, two_nodes};

const SHOP: &str = "docker.io/library/shop:2.1";

/// An operation that keeps its steps.
fn watched() -> (Operation, Arc<Mutex<Vec<Step>>>) {
    let seen: Arc<Mutex<Vec<Step>>> = Arc::default();
    let sink = Arc::clone(&seen);
    let op = Operation {
        steps: Steps::new(move |step| sink.lock().unwrap().push(step)),
        cancel: CancellationToken::new(),
    };
    (op, seen)
}

/// An archive with a layer of so many bytes.
fn archive(bench: &Bench, layer: usize) -> PathBuf {
    let config = format!(r#"{{"architecture":"{}"}}"#, engine::architecture());
    let manifest = r#"[{"Config":"c.json","RepoTags":["shop:2.1"],"Layers":["layer.tar"]}]"#;
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in [
        ("manifest.json", manifest.as_bytes()),
        ("c.json", config.as_bytes()),
        ("layer.tar", &vec![7; layer]),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content).unwrap();
    }
    let path = bench.folder.path().join("shop.tar");
    std::fs::write(&path, tar.into_inner().unwrap()).unwrap();
    path
}

fn listed(images: &serde_json::Value) -> Act {
    Act::Stdout(json!({"images": images}).to_string())
}

fn nodes() -> Script {
    Script::healthy("1.5.0").on(&["list"], [two_nodes("any", "running")])
}

#[tokio::test]
async fn each_node_says_in_percent_how_far_it_is() {
    let script = nodes()
        .on(&["exec", "import"], [Act::Echo])
        .on(&["exec", "images"], [listed(&json!([]))]);
    let bench = Bench::new(&script);
    leave_behind(&bench, "any");
    let file = archive(&bench, 8 << 20);
    let (op, seen) = watched();
    bench
        .engine
        .load_archives("dev", &[file], &[], &op)
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    for node in ["dev-control-plane", "dev-worker"] {
        let own = seen
            .iter()
            .filter(|step| step.node.as_deref() == Some(node));
        let own: Vec<&Step> = own.filter(|step| step.phase == "load").collect();
        let percent: Vec<u8> = own.iter().filter_map(|step| step.percent).collect();
        assert!(percent.len() >= 5, "{node}: {percent:?}");
        assert!(percent.is_sorted_by(|a, b| a < b), "{node}: {percent:?}");
        assert!(percent.iter().all(|percent| *percent < 100));
        let detail = own.iter().find_map(|step| step.detail.as_deref());
        assert_eq!(detail, Some("1 of 8 Mi"));
        assert_eq!(own.last().unwrap().state, StepState::Done);
    }
}

#[tokio::test]
async fn images_say_what_they_run_on() {
    let of = |id: &str, architecture: &str| {
        json!({"status": {"id": id},
            "info": {"imageSpec": {"os": "linux", "architecture": architecture}}})
    };
    let told = json!([of("sha256:aa", "amd64"), of("sha256:bb", "arm64")]);
    let images = json!([
        {"id": "sha256:aa", "repoTags": [SHOP], "size": "5"},
        {"id": "sha256:bb", "repoTags": ["docker.io/library/other:1"], "size": "7"}
    ]);
    let script = nodes()
        .on(
            &["exec", "dev-control-plane", "inspecti"],
            [Act::Stdout(told.to_string())],
        )
        .failing(&["exec", "inspecti"], "no such image")
        .on(&["exec", "images"], [listed(&images)]);
    let bench = Bench::new(&script);
    leave_behind(&bench, "any");
    let nodes = bench.engine.images("dev").await.unwrap();
    let platforms = |at: usize| -> Vec<Option<&str>> {
        let images = nodes[at].images.iter();
        images.map(|image| image.platform.as_deref()).collect()
    };
    assert_eq!(platforms(0), [Some("linux/amd64"), Some("linux/arm64")]);
    // A node that does not tell has its images all the same.
    assert_eq!(platforms(1), [None, None]);
}

#[tokio::test]
async fn an_image_goes_from_node_to_node() {
    let shop = json!([{"id": "sha256:aa", "repoTags": [SHOP]}]);
    let script = nodes()
        .on(
            &["exec", "dev-control-plane", "export", SHOP],
            [Act::Stdout("layers of shop\n".into())],
        )
        .on(&["exec", "dev-worker", "import"], [Act::ReadLine])
        .on(&["exec", "dev-control-plane", "images"], [listed(&shop)])
        .on(&["exec", "images"], [listed(&json!([]))]);
    let bench = Bench::new(&script);
    leave_behind(&bench, "any");
    let op = Operation::silent();
    let spread = bench.engine.spread_image("dev", "shop:2.1", &op).await;
    let spread = spread.unwrap();
    assert_eq!(spread.loaded, ["dev-worker"]);
    assert_eq!(spread.present, ["dev-control-plane"]);
    assert_eq!(bench.stand.lines(), ["layers of shop"]);
    let missing = bench.engine.spread_image("dev", "web:1", &op).await;
    assert_eq!(missing.unwrap_err().code, ErrorCode::ImageMissing);
}

#[tokio::test]
async fn a_node_that_can_not_give_is_no_success() {
    let shop = json!([{"id": "sha256:aa", "repoTags": [SHOP]}]);
    let script = nodes()
        .failing(&["exec", "export"], "content is gone")
        .on(&["exec", "import"], [Act::Echo])
        .on(&["exec", "dev-control-plane", "images"], [listed(&shop)])
        .on(&["exec", "images"], [listed(&json!([]))]);
    let bench = Bench::new(&script);
    leave_behind(&bench, "any");
    let op = Operation::silent();
    let error = bench.engine.spread_image("dev", SHOP, &op).await;
    assert!(error.unwrap_err().to_string().contains("content is gone"));
}

#[tokio::test]
async fn a_node_that_refuses_ends_the_load_at_once() {
    let script = nodes()
        .failing(&["exec", "import"], "unexpected media type")
        .on(&["exec", "images"], [listed(&json!([]))]);
    let bench = Bench::new(&script);
    leave_behind(&bench, "any");
    // More than any pipe on the way holds.
    let files = [archive(&bench, 16 << 20)];
    let op = Operation::silent();
    let load = bench.engine.load_archives("dev", &files, &[], &op);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), load).await;
    let error = ended.expect("it hangs").unwrap_err();
    assert_eq!(error.code, ErrorCode::ImageInvalid);
    assert!(error.to_string().contains("did not take the image"));
}
