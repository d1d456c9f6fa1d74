use super::*;
use crate::observe::rows::{Health, WorkloadRow};

const TEMPLATE: &str = "template";

fn spec(replicas: u32) -> Value {
    json!({"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, TEMPLATE: {"spec": {
        "containers": [{"name": "main", "image": "shop:2.1", "env": [{"name": "KEY", "value": "secret"}]},
                       {"name": "side", "image": "side:1"}, {"name": "same", "image": "side:1"}]}}})
}

fn meta(uid: &str) -> Value {
    json!({"name": uid.trim_start_matches("uid-"), "namespace": "shop", "uid": uid, "generation": 2,
           "creationTimestamp": LONG_AGO})
}

fn deployment(replicas: u32, status: &Value) -> Value {
    let mut all =
        json!({"observedGeneration": 2, "replicas": replicas, "updatedReplicas": replicas});
    merge(&mut all, status);
    json!({"metadata": meta("uid-web"), "spec": spec(replicas), "status": all})
}

/// A pod of the deployment, by way of its replica set.
fn of_deployment(pod: Value) -> Value {
    owned(pod, "ReplicaSet", "uid-rs")
}

fn replica_set() -> Value {
    owned(
        json!({"metadata": meta("uid-rs"), "spec": spec(2)}),
        "Deployment",
        "uid-web",
    )
}

fn row(deployment: Value, pods: Vec<Value>) -> WorkloadRow {
    let mut world = world();
    world.deployments = kind(&[deployment]);
    world.replica_sets = kind(&[replica_set()]);
    let pods: Vec<Value> = pods.into_iter().map(of_deployment).collect();
    world.pods = kind(&pods);
    let mut rows = view(&world).workloads;
    assert_eq!(
        rows.len(),
        1,
        "its replica set and its pods are no rows of their own"
    );
    rows.remove(0)
}

fn told(row: &WorkloadRow) -> (Health, u32, u32, Option<&str>) {
    (row.health, row.ready, row.desired, row.why.as_deref())
}

fn crashed(name: &str) -> Value {
    let end = json!({"exitCode": 137, "reason": "OOMKilled", "finishedAt": NOW});
    unready(name, "Running", &crashing(&end))
}

#[test]
fn a_deployment_does_as_its_pods_do() {
    let well = row(
        deployment(2, &json!({"readyReplicas": 2})),
        vec![pod("a", &json!({})), pod("b", &json!({}))],
    );
    assert_eq!(told(&well), (Health::Healthy, 2, 2, None));
    assert_eq!(well.images, ["shop:2.1", "side:1"]);
    assert_eq!(
        (well.kind.as_str(), well.name.as_str()),
        ("Deployment", "web")
    );

    let why = Some("CrashLoopBackOff: out of memory (137)");
    let part = row(
        deployment(2, &json!({"readyReplicas": 1})),
        vec![pod("a", &json!({})), crashed("b")],
    );
    assert_eq!(told(&part), (Health::Degraded, 1, 2, why));
    assert_eq!(part.restarts, 6);
    let all = row(deployment(2, &json!({})), vec![crashed("a"), crashed("b")]);
    assert_eq!(told(&all), (Health::Failed, 0, 2, why));
    assert_eq!(all.restarts, 12);
}

#[test]
fn a_deployment_on_its_way_is_busy() {
    let state = json!({"waiting": {"reason": "ContainerCreating"}});
    let coming = unready("a", "Pending", &container(&state, &json!({}), 0, false));
    assert_eq!(
        told(&row(deployment(1, &json!({})), vec![coming])),
        (Health::Busy, 0, 1, None)
    );
    // Ready by the old specification.
    let unseen = json!({"readyReplicas": 1, "observedGeneration": 1});
    assert_eq!(
        row(deployment(1, &unseen), vec![pod("a", &json!({}))]).health,
        Health::Busy
    );
    let old = json!({"readyReplicas": 1, "updatedReplicas": 0});
    assert_eq!(
        row(deployment(1, &old), vec![pod("a", &json!({}))]).health,
        Health::Busy
    );
    // Pods of the earlier specification are still there.
    let more = json!({"readyReplicas": 1, "replicas": 2});
    assert_eq!(
        row(deployment(1, &more), vec![pod("a", &json!({}))]).health,
        Health::Busy
    );
}

#[test]
fn a_rollout_that_fails_degrades_what_still_works() {
    let rolling = json!({"readyReplicas": 1, "replicas": 2, "updatedReplicas": 1});
    let row = row(
        deployment(1, &rolling),
        vec![pod("old", &json!({})), crashed("new")],
    );
    assert_eq!(row.health, Health::Degraded);
}

#[test]
fn a_deployment_that_may_not_make_pods_says_so() {
    let says = "pods \"web-1\" is forbidden: exceeded quota: few";
    let refused = json!({"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True",
        "reason": "FailedCreate", "message": says}]});
    assert_eq!(
        told(&row(deployment(1, &refused), vec![])),
        (Health::Failed, 0, 1, Some(says))
    );
}

#[test]
fn scaled_to_zero_is_stopped() {
    assert_eq!(
        told(&row(deployment(0, &json!({})), vec![])),
        (Health::Stopped, 0, 0, None)
    );
    // While its last pod goes it is not.
    let mut going = pod("a", &json!({}));
    going["metadata"]["deletionTimestamp"] = json!(NOW);
    assert_eq!(
        row(deployment(0, &json!({"replicas": 1})), vec![going]).health,
        Health::Busy
    );
}

#[test]
fn evicted_pods_that_were_replaced_do_not_count() {
    let mut evicted = unready("old", "Failed", &json!({}));
    merge(
        &mut evicted["status"],
        &json!({"reason": "Evicted", "containerStatuses": []}),
    );
    let row = row(
        deployment(1, &json!({"readyReplicas": 1})),
        vec![pod("new", &json!({})), evicted],
    );
    assert_eq!(told(&row), (Health::Healthy, 1, 1, None));
}

#[test]
fn stateful_and_daemon_sets_are_judged_alike() {
    let mut world = world();
    world.stateful_sets = kind(&[json!({"metadata": meta("uid-db"), "spec": {"replicas": 2,
        "serviceName": "db", "selector": {}, TEMPLATE: spec(1)[TEMPLATE]},
        "status": {"observedGeneration": 2, "replicas": 2, "readyReplicas": 1,
                   "updateRevision": "a", "currentRevision": "a"}})]);
    world.daemon_sets = kind(&[
        json!({"metadata": meta("uid-agent"), "spec": {"selector": {}, TEMPLATE: spec(1)[TEMPLATE]},
        "status": {"observedGeneration": 2, "currentNumberScheduled": 2, "desiredNumberScheduled": 2,
                   "numberMisscheduled": 0, "numberReady": 2, "updatedNumberScheduled": 2}}),
    ]);
    world.pods = kind(&[
        owned(crashed("db-0"), "StatefulSet", "uid-db"),
        owned(pod("agent-1", &json!({})), "DaemonSet", "uid-agent"),
    ]);
    let rows = view(&world).workloads;
    let why = Some("CrashLoopBackOff: out of memory (137)");
    assert_eq!(
        (rows[0].kind.as_str(), told(&rows[0])),
        ("StatefulSet", (Health::Degraded, 1, 2, why))
    );
    assert_eq!(
        (rows[1].kind.as_str(), told(&rows[1])),
        ("DaemonSet", (Health::Healthy, 2, 2, None))
    );
}

fn job(uid: &str, status: &Value) -> Value {
    json!({"metadata": meta(uid), "spec": {"completions": 3, TEMPLATE: spec(1)[TEMPLATE]}, "status": status})
}

fn failed_job(uid: &str) -> Value {
    job(
        uid,
        &json!({"failed": 1, "conditions": [{"type": "Failed", "status": "True",
        "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}]}),
    )
}

#[test]
fn jobs_are_told_by_their_completions() {
    let mut world = world();
    world.jobs = kind(&[
        job(
            "uid-done",
            &json!({"succeeded": 3, "conditions": [{"type": "Complete", "status": "True"}]}),
        ),
        job("uid-runs", &json!({"active": 1, "succeeded": 1})),
        failed_job("uid-gaveup"),
    ]);
    let end = container(
        &json!({"terminated": {"exitCode": 5, "reason": "Error"}}),
        &json!({}),
        0,
        false,
    );
    world.pods = kind(&[
        owned(unready("gaveup-1", "Failed", &end), "Job", "uid-gaveup"),
        // A try that failed before the one that succeeded.
        owned(unready("done-1", "Failed", &end), "Job", "uid-done"),
        owned(pod("runs-1", &json!({})), "Job", "uid-runs"),
    ]);
    let view = view(&world);
    let rows: Vec<_> = view
        .workloads
        .iter()
        .map(|row| (row.name.as_str(), told(row)))
        .collect();
    assert_eq!(
        rows,
        [
            ("gaveup", (Health::Failed, 0, 3, Some("exit code 5"))),
            ("runs", (Health::Busy, 1, 3, None)),
            ("done", (Health::Stopped, 3, 3, None)),
        ]
    );
    let done = view
        .pods
        .iter()
        .find(|pod| pod.name == "done-1")
        .expect("there");
    assert_eq!(done.health, Health::Stopped);
}

#[test]
fn jobs_of_a_cron_job_are_its_runs() {
    let cron = |suspend: bool| {
        json!({"metadata": meta("uid-nightly"), "spec": {"schedule": "0 3 * * *",
        "suspend": suspend, "jobTemplate": {"spec": {TEMPLATE: spec(1)[TEMPLATE]}}}, "status": {}})
    };
    let mut world = world();
    let mut old = owned(
        job(
            "uid-run1",
            &json!({"conditions": [{"type": "Complete", "status": "True"}]}),
        ),
        "CronJob",
        "uid-nightly",
    );
    old["metadata"]["creationTimestamp"] = json!("2026-11-22T03:00:00Z");
    world.jobs = kind(&[old, owned(failed_job("uid-run2"), "CronJob", "uid-nightly")]);
    world.cron_jobs = kind(&[cron(false)]);
    let end = container(
        &json!({"terminated": {"exitCode": 5, "reason": "Error"}}),
        &json!({}),
        0,
        false,
    );
    world.pods = kind(&[owned(unready("run2-1", "Failed", &end), "Job", "uid-run2")]);
    let rows = view(&world).workloads;
    assert_eq!(rows.len(), 1);
    let why = Some("its last run failed: exit code 5");
    assert_eq!(
        (rows[0].kind.as_str(), told(&rows[0])),
        ("CronJob", (Health::Degraded, 0, 0, why))
    );
    world.cron_jobs = kind(&[cron(true)]);
    assert_eq!(view(&world).workloads[0].health, Health::Stopped);
}

#[test]
fn what_nothing_known_keeps_is_a_workload_itself() {
    let mut world = world();
    let mut stray = pod("static", &json!({}));
    stray["metadata"]["namespace"] = json!("kube-system");
    world.pods = kind(&[
        crashed("alone"),
        owned(stray, "Node", "dev-worker"),
        owned(pod("ring-1", &json!({})), "Ring", "uid-ring"),
        owned(crashed("ring-2"), "Ring", "uid-ring"),
    ]);
    let rows = view(&world).workloads;
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.kind.as_str(),
                row.name.as_str(),
                row.health,
                row.ready,
                row.desired,
                row.system,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("Pod", "alone", Health::Failed, 0, 1, false),
            ("Ring", "uid-ring", Health::Degraded, 1, 2, false),
            ("Pod", "static", Health::Healthy, 1, 1, true),
        ]
    );
}

#[test]
fn in_a_stopped_cluster_nothing_is_wrong() {
    let mut world = world();
    world.deployments = kind(&[deployment(2, &json!({}))]);
    world.pods = kind(&[crashed("alone")]);
    let view = built(&world, &machines_that(&["stopped", "stopped"])).view;
    assert!(
        view.workloads
            .iter()
            .all(|row| row.health == Health::Stopped && row.why.is_none())
    );
    assert!(view.problems.is_empty(), "{:?}", view.problems);
}
