//! What the app sees of a real cluster: rows by watches, usage, logs; and how it goes on while the
//! cluster is stopped, started and deleted.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

mod observed;

use std::time::{Duration, Instant};

use engine::{ClusterView, Engine, Health, Home};
use observed::{Seen, logs, usage};
use system_tests::{BuiltImage, Checks, Cluster, Programs, User, free_port, http_get_until};

const SOON: Duration = Duration::from_secs(1);

#[test]
fn a_cluster_is_seen_as_it_is() {
    let user = User::new();
    let published = free_port();
    let yaml = include_str!("observed/cluster.yaml").replace("PUBLISHED", &published.to_string());
    let cluster = Cluster::from_yaml(&user, "seen", &yaml);
    let _image = BuiltImage::busybox(&user, "system-test:1");
    cluster
        .call(["load", "image", "system-test:1", "--name", cluster.name()])
        .ok();
    let container = container::Container::at(&Programs::get().container);
    let engine = Engine::new(container, Home::at(user.home()));
    let mut seen = Seen::of(&engine, &cluster);

    let mut checks = Checks::new();
    checks.check("both nodes are Ready, with what the runtime knows", || {
        nodes(&mut seen, &cluster, published);
    });
    checks.check("what kubectl does is seen within a second", || {
        at_once(&mut seen, &cluster);
    });
    checks.check("a deployment becomes ready, its service is reached", || {
        web(&mut seen, &cluster, published);
    });
    checks.check(
        "crashes, memory that ran out and missing images say why",
        || {
            trouble(&mut seen, &cluster);
        },
    );
    checks.check("a volume is seen with its node and its pod", || {
        volume(&mut seen, &cluster);
    });
    checks.check("usage is what the node's own counters say", || {
        usage::of_a_burner(&seen, &engine, &cluster);
    });
    checks.check("the log of a pod is followed to its end", || {
        logs::of_a_pod(&seen, &engine, &cluster);
    });
    checks.check(
        "the journal of a node is followed, and nothing of it stays",
        || {
            logs::of_a_node(&seen, &engine, &cluster);
        },
    );
    checks.check(
        "a node that is stopped behind the engine's back is seen",
        || {
            stopped_node(&mut seen, &cluster);
        },
    );
    checks.check("a stop and a start are seen, and all comes back", || {
        stop_and_start(&mut seen, &cluster);
    });
    checks.check("watches end when nobody looks", || {
        dropped(&seen, &engine, &cluster);
    });
    checks.check("the end of a cluster is seen", || {
        deleted(&mut seen, &cluster);
    });
    checks.finish();
}

fn nodes(seen: &mut Seen, cluster: &Cluster<'_>, published: u16) {
    let view = seen.until("two Ready nodes", 20, |view| {
        let ready = view.nodes.iter().filter(|node| node.state == "Ready");
        ready.count() == 2 && view.version.is_some() && view.stale.is_none()
    });
    assert_eq!(view.version.as_deref(), Some("v1.37.1"));
    let name = cluster.control_plane();
    let plane = view
        .nodes
        .iter()
        .find(|node| node.name == name)
        .expect("it");
    assert_eq!(plane.role, "control-plane");
    assert_eq!(plane.version.as_deref(), Some("v1.37.1"));
    let address = cluster.container_address(&name).to_string();
    assert_eq!(plane.container_address.as_deref(), Some(address.as_str()));
    let port = format!("127.0.0.1:{published} → 30080/tcp");
    assert!(plane.ports.contains(&port), "{:?}", plane.ports);
    assert!(plane.conditions.iter().all(|condition| condition.good));
    assert!(plane.pods >= 4, "etcd and its neighbours: {}", plane.pods);
}

/// Shows: the time from the end of a command to the view that has its effect.
fn at_once(seen: &mut Seen, cluster: &Cluster<'_>) {
    let mut slowest = Duration::ZERO;
    for replicas in ["0", "3", "0"] {
        if slowest == Duration::ZERO {
            cluster.apply(include_str!("observed/web.yaml"));
        }
        let scale = format!("--replicas={replicas}");
        cluster.kubectl(["scale", "deployment/web", &scale]).ok();
        let done = Instant::now();
        seen.until("the new number of replicas", 10, |view| {
            workload(view, "web").is_some_and(|row| row.desired.to_string() == replicas)
        });
        slowest = slowest.max(done.elapsed());
    }
    assert!(slowest < SOON, "{slowest:?}");
}

fn web(seen: &mut Seen, cluster: &Cluster<'_>, published: u16) {
    cluster
        .kubectl(["scale", "deployment/web", "--replicas=2"])
        .ok();
    let view = seen.until("the deployment and its service", 30, |view| {
        let service = view.services.iter().find(|row| row.name == "web");
        workload(view, "web").is_some_and(|row| row.health == Health::Healthy && row.ready == 2)
            && service.is_some_and(|row| row.backends == Some(2))
    });
    let service = view
        .services
        .iter()
        .find(|row| row.name == "web")
        .expect("it");
    let reachable = format!("127.0.0.1:{published}");
    assert_eq!(
        service.ports[0].reachable.as_deref(),
        Some(reachable.as_str())
    );
    assert_eq!(
        http_get_until(&reachable, Duration::from_secs(10)).trim(),
        "here"
    );
    let api = view
        .services
        .iter()
        .find(|row| row.name == "kubernetes")
        .expect("it");
    let address = api.ports[0]
        .reachable
        .as_deref()
        .expect("the API is published");
    assert!(
        cluster
            .user()
            .kubeconfig_text()
            .is_some_and(|text| text.contains(address))
    );
    assert!(!view.problems.iter().any(|problem| problem.name == "web"));
}

fn trouble(seen: &mut Seen, cluster: &Cluster<'_>) {
    cluster.apply(include_str!("observed/trouble.yaml"));
    let view = seen.until("everything that is wrong", 60, |view| {
        let why = |name: &str, text: &str| {
            let row = workload(view, name);
            row.is_some_and(|row| row.why.as_deref().is_some_and(|why| why.contains(text)))
        };
        why("crash", "CrashLoopBackOff: exit code 3: no DSN")
            && why("hungry", "out of memory (137)")
            && why("absent", "ErrImageNeverPull: nowhere:1 is not on its node")
            && why("huge", "Insufficient memory")
            && view.events.iter().any(|event| {
                event.warning && event.reason == "BackOff" && event.object.starts_with("Pod/crash-")
            })
    });
    let problem = view.problems.iter().find(|problem| problem.name == "crash");
    let problem = problem.expect("a problem");
    assert_eq!(
        (problem.kind.as_str(), problem.health),
        ("Deployment", Health::Failed)
    );
    let pod = problem.pod.as_deref().expect("a pod to look at");
    let row = view
        .pods
        .iter()
        .find(|row| row.name == pod)
        .expect("its row");
    assert_eq!(row.workload, problem.uid);
    assert!(
        row.containers[0]
            .last
            .as_deref()
            .is_some_and(|last| last.starts_with("Exit code 3"))
    );
    assert!(
        !view
            .problems
            .iter()
            .any(|problem| problem.kind == "Service"),
        "told by its pods"
    );
    // Unwell ones come first.
    assert_eq!(view.workloads[0].health, Health::Failed);
    cluster
        .kubectl(["delete", "--wait=false", "--filename", "-"])
        .input(include_str!("observed/trouble.yaml"))
        .ok();
    seen.until("no problem", 30, |view| view.problems.is_empty());
}

fn volume(seen: &mut Seen, cluster: &Cluster<'_>) {
    cluster.apply(include_str!("observed/volume.yaml"));
    let view = seen.until("a bound volume and a finished job", 40, |view| {
        let bound = view
            .volumes
            .iter()
            .any(|row| row.state == "Bound" && !row.used_by.is_empty());
        let job = workload(view, "once").is_some_and(|row| row.health == Health::Stopped);
        let pod = view
            .pods
            .iter()
            .any(|pod| pod.name == "writer" && pod.ready == 1);
        bound && job && pod
    });
    let row = &view.volumes[0];
    assert_eq!(
        (row.name.as_str(), row.health, row.bytes),
        ("data", Health::Healthy, Some(16 << 20))
    );
    assert_eq!(row.used_by, ["writer"]);
    let writer = view
        .pods
        .iter()
        .find(|pod| pod.name == "writer")
        .expect("it");
    assert_eq!(row.node, writer.node);
}

fn stopped_node(seen: &mut Seen, cluster: &Cluster<'_>) {
    let worker = cluster.worker(1);
    cluster
        .user()
        .container(["stop", "--time", "5", &worker])
        .ok();
    let view = seen.until("a stopped worker", 20, |view| {
        view.nodes
            .iter()
            .any(|node| node.name == worker && node.state == "Stopped")
    });
    assert_eq!(view.nodes[0].name, worker, "unwell ones come first");
    assert_eq!(view.nodes[0].health, Health::Failed);
    assert_eq!(view.stale, None, "the API answers");
    let problem = &view.problems[0];
    assert_eq!(
        (problem.kind.as_str(), problem.name.as_str()),
        ("Node", worker.as_str())
    );
    let mut there = view
        .pods
        .iter()
        .filter(|pod| pod.node.as_deref() == Some(&worker));
    let running = there
        .find(|pod| pod.name.starts_with("kube-proxy-"))
        .expect("it");
    assert_eq!(running.health, Health::Unknown, "{running:?}");
    cluster.call(["start", "cluster", cluster.name()]).ok();
    seen.until("the worker back", 30, |view| {
        view.nodes.iter().all(|node| node.state == "Ready")
    });
}

fn stop_and_start(seen: &mut Seen, cluster: &Cluster<'_>) {
    let before = seen.now();
    cluster.call(["stop", "cluster", cluster.name()]).ok();
    let done = Instant::now();
    let view = seen.until("a stopped cluster", 10, |view| {
        view.stale.as_deref() == Some("the cluster is stopped")
    });
    assert!(done.elapsed() < SOON, "{:?}", done.elapsed());
    assert!(view.nodes.iter().all(|node| node.health == Health::Stopped));
    assert!(view.problems.is_empty(), "{:?}", view.problems);
    assert_eq!(view.workloads.len(), before.workloads.len(), "rows stay");
    assert!(view.as_of.is_some(), "since when they are old is told");

    cluster.call(["start", "cluster", cluster.name()]).ok();
    let done = Instant::now();
    let view = seen.until("the cluster as it was", 30, |view| {
        let ready = view.nodes.iter().all(|node| node.state == "Ready");
        let web = workload(view, "web").is_some_and(|row| row.health == Health::Healthy);
        view.stale.is_none() && ready && web && view.problems.is_empty()
    });
    eprintln!(
        "    as it was {:.1} s after the start",
        done.elapsed().as_secs_f64()
    );
    for node in &view.nodes {
        let address = cluster.container_address(&node.name).to_string();
        assert_eq!(node.container_address.as_deref(), Some(address.as_str()));
    }
}

/// Shows: who looks away costs nothing.
fn dropped(seen: &Seen, engine: &Engine, cluster: &Cluster<'_>) {
    let port = seen.api_port(cluster);
    let before = observed::connections(port);
    let other = Seen::of(engine, cluster);
    let opened = Instant::now();
    while observed::connections(port) < before + 10 {
        assert!(
            opened.elapsed() < Duration::from_secs(5),
            "it is not connected"
        );
    }
    let _runtime = other.look_away();
    let dropped = Instant::now();
    while observed::connections(port) > before {
        assert!(dropped.elapsed() < SOON, "watches go on");
    }
}

fn deleted(seen: &mut Seen, cluster: &Cluster<'_>) {
    cluster.delete().ok();
    let done = Instant::now();
    let view = seen.until("no cluster", 10, |view| {
        view.stale.as_deref() == Some("the cluster does not exist any more")
    });
    assert!(done.elapsed() < SOON, "{:?}", done.elapsed());
    assert!(
        view.nodes.is_empty() && view.pods.is_empty(),
        "nothing of it is shown"
    );
}

fn workload<'a>(view: &'a ClusterView, name: &str) -> Option<&'a engine::WorkloadRow> {
    view.workloads.iter().find(|row| row.name == name)
}
