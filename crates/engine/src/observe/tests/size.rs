//! A large cluster must be cheap to look at.

use std::time::Instant;

use super::*;

/// 50 nodes, 2,000 pods of 200 deployments, 200 services and 5,000 events.
fn large() -> World {
    let pods: Vec<Value> = (0..2000)
        .map(|number| {
            let name = format!("web-{}-7c9d8f6b5d-{number}", number % 200);
            let mut pod = match number % 40 {
                0 => {
                    let end = json!({"exitCode": 137, "reason": "OOMKilled", "finishedAt": NOW});
                    unready(&name, "Running", &crashing(&end))
                }
                _ => pod(&name, &json!({})),
            };
            pod["spec"]["nodeName"] = json!(format!("dev-worker{}", number % 50));
            pod["metadata"]["labels"] = json!({"app": format!("web-{}", number % 200)});
            owned(pod, "ReplicaSet", &format!("uid-rs-{}", number % 200))
        })
        .collect();
    let nodes: Vec<Value> = (0..50)
        .map(|number| ready_node(&format!("dev-worker{number}")))
        .collect();
    let each = |make: fn(usize) -> Value| (0..200).map(make).collect::<Vec<Value>>();
    let deployments = each(|number| {
        json!({"metadata": {"name": format!("web-{number}"), "namespace": "shop", "uid": format!("uid-web-{number}")},
            "spec": {"replicas": 10, "selector": {}, "template": {"spec": {"containers": [
                {"name": "main", "image": "shop:2.1"}]}}}, "status": {"replicas": 10, "readyReplicas": 10}})
    });
    let replica_sets = each(|number| {
        let set = json!({"metadata": {"name": format!("web-{number}-7c9d8f6b5d"), "namespace": "shop",
            "uid": format!("uid-rs-{number}")}, "spec": {"selector": {}}});
        owned(set, "Deployment", &format!("uid-web-{number}"))
    });
    let services = each(|number| {
        json!({"metadata": {"name": format!("web-{number}"), "namespace": "shop", "uid": format!("uid-s-{number}")},
            "spec": {"clusterIP": "10.96.0.9", "selector": {"app": format!("web-{number}")}, "ports": [{"port": 80}]}})
    });
    let events: Vec<Value> = (0..5000)
        .map(|number| {
            let uid = format!("uid-web-{}-7c9d8f6b5d-{}", number % 200, number % 2000);
            warning(
                "Pod",
                &uid,
                "BackOff",
                "Back-off restarting failed container",
                &format!("2026-11-23T08:{:02}:00Z", number % 60),
            )
        })
        .collect();
    World {
        nodes: kind(&nodes),
        pods: kind(&pods),
        deployments: kind(&deployments),
        replica_sets: kind(&replica_sets),
        services: kind(&services),
        events: kind(&events),
        ..World::default()
    }
}

/// `cargo test --release -p engine size -- --nocapture` tells the time; 20 ms is the aim. Debug
/// builds are about ten times slower, and machines under load some times more.
#[test]
fn fifty_nodes_and_two_thousand_pods_are_cheap() {
    let world = large();
    let machines = machines();
    let mut times: Vec<u128> = (0..20)
        .map(|_| {
            let began = Instant::now();
            let view = built(&world, &machines).view;
            let took = began.elapsed().as_micros();
            assert_eq!((view.pods.len(), view.workloads.len()), (2000, 200));
            took
        })
        .collect();
    times.sort_unstable();
    let (best, median) = (times[0], times[10]);
    eprintln!("a view of 50 nodes and 2,000 pods: {median} µs, at best {best} µs");
    let limit = if cfg!(debug_assertions) {
        400_000
    } else {
        20_000
    };
    assert!(best < limit, "{best} µs");
}
