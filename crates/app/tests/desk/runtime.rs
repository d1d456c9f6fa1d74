//! What the desk says of the `container` program and of the clusters that it runs, and what it costs.

use std::time::Duration;

use app::desk::{Desk, Event};
use app::place::Place;
use app::settings::Settings;
use app::snapshot::{ClusterState, OperationState, RuntimeState};
use container_script::{Act, Call, Script, Stand};
use engine::{ErrorCode, Health, Home};

use crate::bench::{Bench, PATIENCE, known, nodes, nodes_of, one_cluster, soon, stopped};

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_hangs_leaves_the_desk_usable() {
    let bench = Bench::new(&Script::hanging());
    let snapshot = soon("the snapshot", async { bench.desk.snapshot() }).await;
    assert_eq!(snapshot.runtime.state, RuntimeState::Checking);
    let id = soon("a start", async { bench.desk.cluster_start("dev") }).await;
    let mut settings = bench.desk.settings();
    settings.notify = false;
    soon("settings", async { bench.desk.settings_set(settings) })
        .await
        .unwrap();
    soon("a context", bench.desk.context_use("none"))
        .await
        .unwrap_err();
    bench.desk.operation_cancel(id).unwrap();
    // The call gets its time to end in order.
    let ended = bench.ended(id).await;
    assert_eq!(ended.state, OperationState::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_runtime_is_told_in_words() {
    let bench = Bench::new(&Script::hanging());
    let snapshot = bench
        .until("problem", |one| one.runtime.state == RuntimeState::Unusable)
        .await;
    let problem = snapshot.runtime.problem.clone().unwrap();
    assert_eq!(problem.code, ErrorCode::RuntimeHung);
    assert!(problem.hint.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_runtime_is_told_apart() {
    for (script, state) in [
        (Script::services_down("1.5.0"), RuntimeState::Stopped),
        (Script::garbage(), RuntimeState::Unusable),
        (Script::release("1.2.0"), RuntimeState::Unusable),
    ] {
        let bench = Bench::new(&script);
        let snapshot = bench
            .until("answer", |one| one.runtime.state != RuntimeState::Checking)
            .await;
        assert_eq!(snapshot.runtime.state, state);
        assert!(snapshot.runtime.problem.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_missing_is_looked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("container");
    let settings = Settings {
        container_path: Some(program.display().to_string()),
        ..Settings::default()
    };
    let place = Place::at(folder.path());
    settings.save(&place).unwrap();
    let desk = Desk::at(place, Home::at(folder.path().join("home"))).unwrap();
    let mut snapshots = desk.snapshots();
    snapshots
        .wait_for(|one| one.runtime.state == RuntimeState::Missing)
        .await
        .unwrap();
    // A window that is opened looks again, and so finds what was installed meanwhile.
    let stand = Stand::new(&stopped());
    std::os::unix::fs::symlink(stand.program(), &program).unwrap();
    desk.window_visible("main", true);
    let found = snapshots.wait_for(|one| one.runtime.state != RuntimeState::Missing);
    tokio::time::timeout(PATIENCE, found)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_clusters_are_listed_while_the_service_is_down() {
    let bench = Bench::new(&Script::services_down("1.5.0"));
    one_cluster(&bench);
    bench.desk.window_visible("main", true);
    let snapshot = bench.until("cluster", |one| !one.clusters.is_empty()).await;
    assert_eq!(snapshot.clusters[0].state, ClusterState::Stopped);
    assert_eq!(snapshot.clusters[0].nodes, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_measured_only_while_it_can_be_seen() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes("running")])
        .on(&["stats"], [Act::Stdout("[]".into())]);
    let bench = Bench::new(&script);
    one_cluster(&bench);
    let mut events = bench.desk.events();
    let mut measured = async |patience: Duration| {
        let usage = async {
            loop {
                if let Event::Usage(usage) = events.recv().await.unwrap() {
                    break usage;
                }
            }
        };
        tokio::time::timeout(patience, usage).await.is_ok()
    };
    bench.desk.window_visible("main", true);
    bench.desk.view_watch("main", Some("dev"));
    assert!(measured(PATIENCE).await);
    bench.desk.window_visible("main", false);
    // One may be under way.
    measured(Duration::from_secs(3)).await;
    assert!(!measured(Duration::from_secs(5)).await, "nobody looks");
    bench.desk.window_visible("main", true);
    assert!(measured(PATIENCE).await, "it is shown again");
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_beside_the_one_that_is_shown_are_asked_again_and_again() {
    let script = Script::healthy("1.5.0")
        .on(&["list"], [nodes_of(&["dev", "ci"], "running")])
        .on(&["stats"], [Act::Stdout("[]".into())]);
    let bench = Bench::new(&script);
    for cluster in ["dev", "ci"] {
        known(&bench, cluster);
    }
    bench.desk.window_visible("main", true);
    bench.desk.view_watch("main", Some("dev"));
    bench
        .until("word of the other", |one| {
            let other = one.clusters.iter().find(|one| one.name == "ci");
            other.is_some_and(|one| one.health == Health::Unknown)
        })
        .await;
    // Whether it comes back is told by asking again.
    let asked = || {
        let calls = bench.stand.calls();
        let other = |call: &&Call| {
            let words = &call.arguments;
            words[0] == "stats" && words.iter().any(|word| word == "ci-control-plane")
        };
        calls.iter().filter(other).count()
    };
    let before = asked();
    let end = std::time::Instant::now() + PATIENCE;
    while asked() < before + 1 {
        assert!(
            std::time::Instant::now() < end,
            "it was asked once and never again"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_cluster_costs_no_calls_while_nothing_is_seen() {
    let bench = Bench::new(&stopped());
    one_cluster(&bench);
    bench.until("cluster", |one| !one.clusters.is_empty()).await;
    // The first look may be followed by one more, for what the test itself wrote.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = bench.stand.calls().len();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(
        bench.stand.calls().len(),
        before,
        "it polls though nobody looks"
    );
}
