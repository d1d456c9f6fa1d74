//! Logs and diagnostics that leave the app.

use app::snapshot::OperationState;
use app::wire::RevealTarget;
use container_script::{Act, Script};
use engine::ErrorCode;

use crate::bench::{Bench, nodes, one_cluster, stopped};

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_exported_to_a_new_folder_also_while_something_hangs() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes("running")])
        .on(&["stop"], [Act::Mark, Act::Hang])
        .on(&["logs"], [Act::Stdout("it boots\n".into())])
        .on(&["exec"], [Act::Stdout("it works\n".into())]);
    let bench = Bench::new(&script);
    one_cluster(&bench);
    let stop = bench.desk.cluster_stop("dev");
    bench.stand.wait_for_mark();
    let parent = bench.folder.path().join("mine");
    std::fs::create_dir(&parent).unwrap();
    let reveal = |operation: u64| bench.desk.reveal(RevealTarget::Exported { operation });
    for name in ["dev-logs", "dev-logs-2"] {
        let folder = parent.join(name);
        let id = bench.desk.logs_export("dev", parent.clone()).await.unwrap();
        let ended = bench.ended(id).await;
        let outcome = format!("The logs of “dev” are in {}.", folder.display());
        assert_eq!(ended.outcome, Some(outcome), "{:?}", ended.failure);
        let read = |file: &str| {
            let file = folder.join("dev-control-plane").join(file);
            std::fs::read_to_string(file).unwrap()
        };
        assert_eq!(read("serial.log"), "it boots\n");
        assert_eq!(read("kubelet.log"), "it works\n");
        assert_eq!(reveal(id).unwrap(), folder);
        std::fs::rename(&folder, parent.join("moved")).unwrap();
        assert!(reveal(id).unwrap_err().hint.is_some(), "it is gone");
        std::fs::rename(parent.join("moved"), &folder).unwrap();
    }
    let working = bench.desk.snapshot();
    let state = working.operations.iter().find(|one| one.id == stop);
    assert_eq!(state.unwrap().state, OperationState::Running);
    assert_eq!(reveal(stop).unwrap_err().code, ErrorCode::Usage);
    let outside = bench.desk.logs_export("../dev", parent.clone()).await;
    assert_eq!(outside.unwrap_err().code, ErrorCode::Usage);
    assert_eq!(std::fs::read_dir(&parent).unwrap().count(), 2);
    bench.desk.wind_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_does_not_come_to_its_end_leaves_no_folder() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes("stopped")])
        .on(&["logs"], [Act::Mark, Act::Hang]);
    let bench = Bench::new(&script);
    one_cluster(&bench);
    let parent = bench.folder.path().join("mine");
    let missing = bench.desk.logs_export("dev", parent.clone()).await;
    assert!(missing.unwrap_err().hint.is_some());
    assert!(!parent.exists(), "a folder that was not chosen is not made");
    std::fs::create_dir(&parent).unwrap();
    let cancelled = bench.desk.logs_export("dev", parent.clone()).await.unwrap();
    bench.stand.wait_for_mark();
    bench.desk.operation_cancel(cancelled).unwrap();
    assert_eq!(
        bench.ended(cancelled).await.state,
        OperationState::Cancelled
    );
    let failed = bench.desk.logs_export("other", parent.clone()).await;
    let failure = bench.ended(failed.unwrap()).await.failure.unwrap();
    assert_eq!(failure.code, ErrorCode::ClusterNotFound);
    assert_eq!(std::fs::read_dir(&parent).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bundle_has_no_secret_of_any_file() {
    let bench = Bench::new(&stopped());
    one_cluster(&bench);
    let yaml = "metadata:\n  name: dev\n  token: very-secret-token\n";
    let saved = bench.folder.path().join("home/clusters/dev/cluster.yaml");
    std::fs::write(saved, yaml).unwrap();
    std::fs::create_dir_all(bench.desk.place().logs()).unwrap();
    std::fs::write(
        bench.desk.place().logs().join("app.2026-01-01.log"),
        "said: abcdef.0123456789abcdef and client-key-data: S0VZS0VZS0VZ\n",
    )
    .unwrap();
    let files = bench.desk.diagnostics().await;
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert!(names.contains(&"clusters/dev.yaml"), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("logs/")));
    for file in &files {
        for secret in ["very-secret-token", "0123456789abcdef", "S0VZS0VZS0VZ"] {
            assert!(!file.text.contains(secret), "{}: {}", file.name, file.text);
        }
        assert!(!file.name.contains("kubeconfig"), "{}", file.name);
    }
    assert!(files.iter().map(|file| file.redactions).sum::<u32>() >= 3);
    let path = bench.folder.path().join("bundle.tar.gz");
    bench.desk.diagnostics_write(path.clone()).await.unwrap();
    assert!(path.metadata().unwrap().len() > 100);
}
