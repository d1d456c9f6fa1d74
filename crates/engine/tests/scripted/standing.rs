//! Clusters that are half made, half deleted, or of another home.

use std::fs;
use std::sync::Arc;

use container_script::{Act, Script};
use engine::{ClusterState, Error, ErrorCode, Operation, Steps};
use serde_json::json;
use spec::Cluster;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, admin, creatable, healthy, leave_behind, two_nodes};

fn none() -> Act {
    Act::Stdout("[]".into())
}

/// The state of the only cluster in a list.
async fn state(bench: &Bench) -> ClusterState {
    let clusters = bench.engine.clusters().await.unwrap();
    assert_eq!(clusters.len(), 1, "{clusters:?}");
    clusters[0].state
}

/// What every operation that needs the cluster says.
async fn refusals(bench: &Bench) -> Vec<Error> {
    let (engine, silent) = (&bench.engine, Operation::silent());
    let wanted = Cluster::simple("dev", 2).unwrap();
    let file = bench.kubeconfig();
    let images = ["web:1".to_owned()];
    vec![
        engine.start("dev", None, &silent).await.unwrap_err(),
        engine.stop("dev", &silent).await.unwrap_err(),
        engine.restart("dev", None, &silent).await.unwrap_err(),
        engine.kubeconfig("dev").await.unwrap_err(),
        engine
            .export_kubeconfig("dev", Some(&file), false)
            .await
            .unwrap_err(),
        engine
            .load_images("dev", &images, &[], &silent)
            .await
            .unwrap_err(),
        engine.images("dev").await.unwrap_err(),
        engine.plan_change("dev", &wanted).await.unwrap_err(),
    ]
}

#[tokio::test]
async fn a_cluster_of_another_home_is_left_alone() {
    let script = healthy().on(&["list"], [two_nodes("other", "running")]);
    for half_made in [false, true] {
        let bench = Bench::new(&script);
        if half_made {
            // A creation of the same name that was killed before it made anything.
            leave_behind(&bench, "killed");
        }
        assert_eq!(state(&bench).await, ClusterState::Foreign);
        let status = bench.engine.status("dev").await.unwrap();
        assert_eq!(status.members.len(), 2, "it may be looked at");
        let mut errors = refusals(&bench).await;
        let silent = Operation::silent();
        let delete = bench.engine.delete("dev", None, &silent).await;
        errors.push(delete.unwrap_err());
        for error in errors {
            assert_eq!(error.code, ErrorCode::ClusterForeign, "{error:?}");
            let hint = error.hint.unwrap();
            assert!(hint.contains("APPLE_K8S_HOME"), "{hint}");
            assert!(hint.contains("dev-control-plane dev-worker"), "{hint}");
        }
        assert_eq!(bench.changes(), [] as [String; 0]);
    }
}

#[tokio::test]
async fn what_a_killed_delete_left_is_said_by_all_and_deleted_by_the_next_creation() {
    let bench = Bench::new(&healthy().on(&["list"], [none()]));
    remember(&bench);
    let dir = bench.home().join("clusters/dev");
    fs::write(dir.join("deletion"), "").unwrap();

    assert_eq!(state(&bench).await, ClusterState::Incomplete);
    let mut errors = refusals(&bench).await;
    errors.push(bench.engine.status("dev").await.unwrap_err());
    errors.push(bench.engine.nodes(Some("dev")).await.unwrap_err());
    for error in errors {
        assert_eq!(error.code, ErrorCode::ClusterIncomplete, "{error:?}");
        assert!(error.message.contains("half deleted"), "{error}");
        let hint = error.hint.unwrap();
        assert!(hint.contains("apple-k8s delete cluster dev"), "{hint}");
    }

    // Read again after the deletion.
    let mut script = Script::new().times(1, &["list", "--all"], [none()]);
    script.rules.extend(creatable().rules);
    let bench = Bench::new(&script);
    remember(&bench);
    let dir = bench.home().join("clusters/dev");
    fs::write(dir.join("deletion"), "").unwrap();
    let old = bench.folder.path().join("old");
    fs::write(&old, "apiVersion: v1\nkind: Config\ncontexts:\n- name: apple-k8s-dev\n  context: {cluster: apple-k8s-dev, user: apple-k8s-dev}\n").unwrap();
    fs::write(dir.join("kubeconfig-files"), format!("{}\n", old.display())).unwrap();
    bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap();
    assert!(!dir.join("deletion").exists());
    let left = fs::read_to_string(old).unwrap();
    assert!(!left.contains("apple-k8s-dev"), "{left}");
}

#[tokio::test]
async fn a_creation_removes_nodes_that_a_killed_delete_left() {
    let mut script = Script::new().times(1, &["list", "--all"], [two_nodes("any", "running")]);
    script.rules.extend(creatable().rules);
    let bench = Bench::new(&script);
    remember(&bench);
    fs::write(bench.home().join("clusters/dev/deletion"), "").unwrap();
    bench
        .engine
        .create(bench.request(), &Operation::silent())
        .await
        .unwrap();
    let changes = bench.changes();
    assert!(changes[0].starts_with("delete"), "{changes:?}");
    assert!(changes[1].starts_with("run"), "{changes:?}");
}

#[tokio::test]
async fn a_cluster_that_lost_its_nodes_is_no_free_name() {
    let bench = Bench::new(&healthy().on(&["list"], [none()]));
    remember(&bench);
    let silent = Operation::silent();
    let error = bench.engine.create(bench.request(), &silent).await;
    let error = error.unwrap_err();
    assert_eq!(error.code, ErrorCode::ClusterIncomplete);
    assert!(error.message.contains("lost its nodes"), "{error}");
    assert_eq!(bench.remembered(), ["dev"]);
}

#[tokio::test]
async fn a_delete_that_is_cut_short_is_remembered() {
    let script = healthy()
        .on(&["list"], [two_nodes("any", "running")])
        .on(&["delete"], [Act::Mark, Act::Hang]);
    let bench = Bench::new(&script);
    remember(&bench);
    let op = Operation {
        steps: Steps::silent(),
        cancel: CancellationToken::new(),
    };
    let (cancel, stand) = (op.cancel.clone(), Arc::clone(&bench.stand));
    tokio::task::spawn_blocking(move || {
        stand.wait_for_mark();
        cancel.cancel();
    });
    let error = bench.engine.delete("dev", None, &op).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Cancelled);
    let stand = Arc::clone(&bench.stand);
    let gone = tokio::task::spawn_blocking(move || stand.wait_until_gone());
    gone.await.unwrap();
    assert_eq!(state(&bench).await, ClusterState::Incomplete);
}

#[tokio::test]
async fn every_file_that_a_cluster_was_exported_to_is_cleaned() {
    let script = healthy()
        .on(&["list"], [two_nodes("any", "running")])
        .on(&["delete"], [Act::LastWord]);
    let bench = Bench::new(&script);
    remember(&bench);
    let files = ["one", "two"].map(|name| bench.folder.path().join(name));
    let has_entry =
        |file| fs::read_to_string(file).is_ok_and(|text: String| text.contains("apple-k8s-dev"));
    for file in &files {
        let exported = bench.engine.export_kubeconfig("dev", Some(file), false);
        exported.await.unwrap();
        assert!(has_entry(file));
    }
    let own = bench.kubeconfig();
    let deleted = bench
        .engine
        .delete("dev", Some(&own), &Operation::silent())
        .await
        .unwrap();
    assert!(files.iter().all(|file| !has_entry(file)));
    assert_eq!(deleted.kubeconfigs.len(), 2, "{deleted:?}");
}

/// What a completed creation leaves of the cluster `dev`.
fn remember(bench: &Bench) {
    let dir = bench.home().join("clusters/dev");
    fs::create_dir_all(&dir).unwrap();
    let cluster = Cluster::simple("dev", 1).unwrap();
    fs::write(dir.join("cluster.yaml"), cluster.to_yaml()).unwrap();
    let Act::Stdout(done) = admin() else {
        unreachable!("it says something")
    };
    let done: serde_json::Value = serde_json::from_str(&done).unwrap();
    assert_eq!(done["event"], json!("done"));
    let kubeconfig = done["kubeconfig"].as_str().unwrap();
    fs::write(dir.join("kubeconfig"), kubeconfig).unwrap();
}
