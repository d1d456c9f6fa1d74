use super::*;
use crate::observe::rows::{Health, PodRow};

fn row(pod: Value) -> PodRow {
    row_among(pod, &[])
}

fn row_among(pod: Value, events: &[Value]) -> PodRow {
    let mut world = world();
    world.pods = kind(&[pod]);
    world.events = kind(events);
    view(&world).pods.remove(0)
}

fn told(row: &PodRow) -> (Health, &str, Option<&str>) {
    (row.health, row.state.as_str(), row.why.as_deref())
}

#[test]
fn a_pod_that_runs_is_well() {
    let row = row(pod("web", &json!({})));
    assert_eq!(told(&row), (Health::Healthy, "Running", None));
    assert_eq!((row.ready, row.containers.len()), (1, 1));
    assert_eq!(row.node.as_deref(), Some("dev-worker"));
    assert_eq!(row.address.as_deref(), Some("10.244.1.7"));
    assert_eq!(row.workload, row.uid);
    assert!(!row.system);
    assert_eq!(row.containers[0].state, "Running");
    assert_eq!(row.containers[0].last, None);
}

#[test]
fn a_crash_loop_says_why() {
    let end = json!({"exitCode": 137, "reason": "OOMKilled", "finishedAt": NOW});
    let row = row(unready("cart-0", "Running", &crashing(&end)));
    let why = "CrashLoopBackOff: out of memory (137)";
    assert_eq!(told(&row), (Health::Failed, "CrashLoopBackOff", Some(why)));
    assert_eq!(row.restarts, 6);
    assert_eq!(row.containers[0].state, "Waiting: CrashLoopBackOff");
    assert_eq!(
        row.containers[0].last.as_deref(),
        Some("Out of memory (137)")
    );
}

#[test]
fn last_words_of_a_crash_are_told() {
    let end =
        json!({"exitCode": 1, "reason": "Error", "message": "boot\nno DSN\n", "finishedAt": NOW});
    let row = row(unready("cart-0", "Running", &crashing(&end)));
    assert_eq!(
        row.why.as_deref(),
        Some("CrashLoopBackOff: exit code 1: no DSN")
    );
}

#[test]
fn between_two_crashes_it_is_not_well_either() {
    let end = json!({"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": NOW}});
    let ended = row(unready(
        "a",
        "Running",
        &container(&end, &json!({}), 2, false),
    ));
    assert_eq!(told(&ended), (Health::Failed, "Error", Some("exit code 1")));
    assert_eq!(ended.containers[0].state, "Ended with 1");
    // Started again two seconds ago: without a probe it is ready at once.
    let again = container(
        &json!({"running": {"startedAt": "2026-11-23T08:59:58Z"}}),
        &end,
        3,
        true,
    );
    let mut world = world();
    world.pods = kind(&[pod("a", &json!({"containerStatuses": [again]}))]);
    let built = built(&world, &machines());
    let why = Some("restarted: exit code 1");
    assert_eq!(
        told(&built.view.pods[0]),
        (Health::Degraded, "Running", why)
    );
    // 30 s after its start it counts as settled, and the view is made again then.
    assert_eq!(built.again, Some(millis("2026-11-23T09:00:28Z")));
    let later = built_at(&world, &machines(), "2026-11-23T09:00:28Z");
    assert_eq!(
        told(&later.view.pods[0]),
        (Health::Healthy, "Running", None)
    );
    assert_eq!(later.again, None);
}

#[test]
fn what_ended_with_its_node_did_not_fail() {
    let state = json!({"running": {"startedAt": "2026-11-23T08:59:58Z"}});
    for (code, reason, ended) in [
        (137, "Error", "2026-11-23T05:59:59Z"),
        (255, "Unknown", "2026-11-23T06:00:01Z"),
    ] {
        let last = json!({"terminated": {"exitCode": code, "reason": reason, "finishedAt": ended}});
        let status = json!({"containerStatuses": [container(&state, &last, 1, true)]});
        assert_eq!(row(pod("a", &status)).health, Health::Healthy, "{code}");
        let coming = container(&last, &json!({}), 1, false);
        assert_eq!(
            row(unready("a", "Running", &coming)).health,
            Health::Busy,
            "{code}"
        );
    }
}

#[test]
fn images_that_are_missing_are_told() {
    let wait = |reason: &str, message: &str| {
        let state = json!({"waiting": {"reason": reason, "message": message}});
        row(unready(
            "a",
            "Pending",
            &container(&state, &json!({}), 0, false),
        ))
    };
    let never = wait(
        "ErrImageNeverPull",
        "Container image \"shop:2.1\" is not present",
    );
    let why = "ErrImageNeverPull: shop:2.1 is not on its node, and may not be pulled";
    assert_eq!(
        told(&never),
        (Health::Failed, "ErrImageNeverPull", Some(why))
    );
    let off = wait(
        "ImagePullBackOff",
        "Back-off pulling image: dial tcp: no such host",
    );
    let why = "ImagePullBackOff: shop:2.1: its registry can't be reached";
    assert_eq!(told(&off), (Health::Failed, "ImagePullBackOff", Some(why)));
    let coming = wait("ContainerCreating", "");
    assert_eq!(told(&coming), (Health::Busy, "ContainerCreating", None));
}

#[test]
fn a_pod_without_a_node_says_what_the_scheduler_says() {
    let mut pending = pod(
        "huge",
        &json!({"phase": "Pending", "containerStatuses": [], "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message":
             "0/2 nodes are available: 2 Insufficient memory. preemption: 0/2 nodes are available: \
              2 No preemption victims found for incoming pod."}]}),
    );
    pending["spec"]
        .as_object_mut()
        .expect("a spec")
        .remove("nodeName");
    let why = "no node for it: 0/2 nodes are available: 2 Insufficient memory";
    assert_eq!(
        told(&row(pending.clone())),
        (Health::Failed, "Pending", Some(why))
    );
    pending["status"]["conditions"] = json!([]);
    assert_eq!(told(&row(pending)), (Health::Busy, "Pending", None));
}

#[test]
fn a_failed_probe_is_told_once_the_container_should_be_up() {
    let says = "Readiness probe failed: HTTP probe failed with statuscode: 503";
    let events = [
        warning(
            "Pod",
            "uid-web",
            "Unhealthy",
            "Readiness probe failed: older",
            LONG_AGO,
        ),
        warning("Pod", "uid-web", "Unhealthy", says, NOW),
    ];
    let runs = |since: &str| {
        container(
            &json!({"running": {"startedAt": since}}),
            &json!({}),
            0,
            false,
        )
    };
    let up = row_among(unready("web", "Running", &runs(LONG_AGO)), &events);
    assert_eq!(told(&up), (Health::Degraded, "Running", Some(says)));
    let coming = row_among(
        unready("web", "Running", &runs("2026-11-23T08:59:50Z")),
        &events,
    );
    assert_eq!(told(&coming), (Health::Busy, "Running", Some(says)));
    let silent = row_among(unready("web", "Running", &runs(LONG_AGO)), &[]);
    assert_eq!(
        silent.why.as_deref(),
        Some("containers with unready status: [main]")
    );
}

#[test]
fn what_a_pod_waits_for_is_told() {
    let event = warning(
        "Pod",
        "uid-web",
        "FailedMount",
        "MountVolume.SetUp failed for volume \"key\" : secret \"key\" not found",
        NOW,
    );
    let state = json!({"waiting": {"reason": "ContainerCreating"}});
    let row = row_among(
        unready("web", "Pending", &container(&state, &json!({}), 0, false)),
        &[event],
    );
    assert_eq!(row.health, Health::Busy);
    assert!(
        row.why
            .expect("a reason")
            .contains("secret \"key\" not found")
    );
}

#[test]
fn init_containers_come_first() {
    let mut failing = unready("a", "Pending", &json!({}));
    failing["spec"]["initContainers"] = json!([{"name": "prepare", "image": "tool:1"},
        {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}]);
    let wait = json!({"waiting": {"reason": "PodInitializing"}});
    failing["status"]["containerStatuses"] = json!([container(&wait, &json!({}), 0, false)]);
    let init = |state: &Value, last: &Value| {
        let mut init = container(state, last, 2, false);
        merge(&mut init, &json!({"name": "prepare", "image": "tool:1"}));
        init
    };
    let end = json!({"terminated": {"exitCode": 2, "reason": "Error", "finishedAt": NOW}});
    failing["status"]["initContainerStatuses"] = json!([init(
        &json!({"waiting": {"reason": "CrashLoopBackOff"}}),
        &end
    )]);
    let failed = row(failing.clone());
    let why = Some("CrashLoopBackOff: exit code 2");
    assert_eq!(
        told(&failed),
        (Health::Failed, "Init:CrashLoopBackOff", why)
    );
    assert!(failed.containers[0].init, "it ends before the others start");
    assert!(
        !failed.containers[1].init,
        "a sidecar goes on beside the others"
    );
    failing["status"]["initContainerStatuses"] =
        json!([init(&json!({"running": {"startedAt": NOW}}), &json!({}))]);
    assert_eq!(told(&row(failing)), (Health::Busy, "Init:0/2", None));
}

#[test]
fn ends_are_told_apart() {
    let end = |code: u32, reason: &str| {
        container(
            &json!({"terminated": {"exitCode": code, "reason": reason}}),
            &json!({}),
            0,
            false,
        )
    };
    let done = row(unready("once", "Succeeded", &end(0, "Completed")));
    assert_eq!(told(&done), (Health::Stopped, "Completed", None));
    let failed = row(unready("once", "Failed", &end(5, "Error")));
    assert_eq!(
        told(&failed),
        (Health::Failed, "Error", Some("exit code 5"))
    );
    let mut evicted = unready("web-1", "Failed", &end(137, "Error"));
    merge(
        &mut evicted["status"],
        &json!({"reason": "Evicted", "containerStatuses": [],
        "message": "The node was low on resource: memory."}),
    );
    let why = Some("Evicted: The node was low on resource: memory.");
    assert_eq!(
        told(&row(evicted.clone())),
        (Health::Failed, "Evicted", why)
    );
    // Its controller has made another one.
    let replaced = row(owned(evicted, "ReplicaSet", "uid-rs"));
    assert_eq!(told(&replaced), (Health::Stopped, "Evicted", why));
}

#[test]
fn a_pod_that_goes_is_busy() {
    let mut going = pod("web", &json!({}));
    going["metadata"]["deletionTimestamp"] = json!(NOW);
    assert_eq!(
        told(&row(going.clone())),
        (Health::Busy, "Terminating", None)
    );
    going["metadata"]["finalizers"] = json!(["example.com/held"]);
    let why = Some("waits for its finalizer example.com/held");
    assert_eq!(told(&row(going)), (Health::Busy, "Terminating", why));
}

#[test]
fn pods_of_a_node_that_is_down_are_unknown() {
    let mut world = world();
    world.pods = kind(&[pod("web", &json!({}))]);
    let row = &built(&world, &machines_that(&["running", "stopped"]))
        .view
        .pods[0];
    let why = Some("its node is stopped");
    assert_eq!(told(row), (Health::Unknown, "Running", why));
    let stopped = &built(&world, &machines_that(&["stopped", "stopped"]))
        .view
        .pods[0];
    assert_eq!(told(stopped), (Health::Stopped, "Running", None));
}

#[test]
fn unwell_pods_come_first() {
    let mut world = world();
    let end = json!({"exitCode": 1, "finishedAt": NOW});
    world.pods = kind(&[
        pod("a", &json!({})),
        unready("z", "Running", &crashing(&end)),
        unready(
            "m",
            "Succeeded",
            &container(
                &json!({"terminated": {"exitCode": 0}}),
                &json!({}),
                0,
                false,
            ),
        ),
    ]);
    let names: Vec<String> = view(&world).pods.into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["z", "a", "m"]);
}
