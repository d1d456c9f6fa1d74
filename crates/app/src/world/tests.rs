//! Facts and what they make of the snapshot.

use engine::{ErrorCode, Step, StepState};

use super::*;
use crate::snapshot::Context;

fn found(name: &str, state: ClusterState, started: Option<i64>) -> Found {
    Found {
        name: name.into(),
        state,
        nodes: 2,
        context: format!("apple-k8s-{name}"),
        server: None,
        started,
    }
}

fn ready() -> Fact {
    Fact::Runtime(Runtime {
        state: RuntimeState::Ready,
        program: None,
        version: None,
        problem: None,
    })
}

fn world(clusters: Vec<Found>) -> World {
    let mut world = World::new(Memory::default());
    world.take(ready(), 0);
    world.take(Fact::Clusters(clusters), 0);
    world
}

fn well() -> Wellness {
    Wellness {
        answers: true,
        ready_nodes: Some(2),
        version: Some("v1.37.1".into()),
        ..Wellness::default()
    }
}

fn begin(world: &mut World, kind: OperationKind, cluster: &str, now: i64) -> u64 {
    let id = world.number();
    let began = operation(id, kind, Some(cluster.into()), None, now);
    world.take(Fact::Began(began), now);
    id
}

fn step(phase: &str, state: StepState) -> Step {
    Step {
        phase: phase.into(),
        node: Some("dev-control-plane".into()),
        state,
        detail: None,
        percent: None,
        at_ms: 0,
        took_ms: None,
    }
}

#[test]
fn the_revision_grows_only_with_what_is_seen() {
    let mut world = world(vec![]);
    let before = world.snapshot().revision;
    assert!(!world.take(ready(), 1));
    assert_eq!(world.snapshot().revision, before);
    assert!(world.take(
        Fact::Notice {
            warning: false,
            text: "hello".into()
        },
        1
    ));
    assert_eq!(world.snapshot().revision, before + 1);
}

#[test]
fn percent_never_falls_and_is_a_hundred_only_at_the_end() {
    let mut world = world(vec![]);
    let id = begin(&mut world, OperationKind::Create, "dev", 0);
    let mut last = 0;
    for (phase, state) in [
        ("preflight", StepState::Done),
        ("run", StepState::Started),
        ("run", StepState::Done),
        ("api", StepState::Started),
        ("certificates", StepState::Started),
        ("api", StepState::Done),
        ("boot", StepState::Started),
        ("ready", StepState::Started),
        ("ready", StepState::Done),
    ] {
        world.take(Fact::Step(id, step(phase, state)), 0);
        let percent = world.snapshot().operations[0].percent;
        assert!(percent >= last && percent < 100, "{phase}: {percent}");
        last = percent;
    }
    world.take(Fact::Ended(id, Ending::Done(None)), 5_000);
    let ended = &world.snapshot().operations[0];
    assert_eq!((ended.percent, ended.state), (100, OperationState::Done));
}

#[test]
fn the_same_work_says_how_long_it_took_last_time() {
    let mut world = world(vec![]);
    let id = begin(&mut world, OperationKind::Start, "dev", 1_000);
    assert_eq!(world.snapshot().operations[0].last_took_ms, None);
    world.take(Fact::Ended(id, Ending::Done(None)), 5_000);
    begin(&mut world, OperationKind::Start, "dev", 9_000);
    assert_eq!(world.snapshot().operations[1].last_took_ms, Some(4_000));
    begin(&mut world, OperationKind::Start, "ci", 9_000);
    assert_eq!(world.snapshot().operations[2].last_took_ms, None);
}

#[test]
fn a_failed_or_cancelled_work_teaches_no_duration() {
    let mut world = world(vec![]);
    let id = begin(&mut world, OperationKind::Create, "dev", 0);
    world.take(Fact::Cancelling(id), 1);
    assert!(!world.snapshot().operations[0].cancellable);
    world.take(Fact::Ended(id, Ending::Cancelled), 2);
    let ended = &world.snapshot().operations[0];
    assert_eq!(
        ended.outcome.as_deref(),
        Some("Cancelled. Everything made for “dev” was removed.")
    );
    assert!(world.memory().took.is_empty());
}

#[test]
fn a_cluster_is_busy_while_worked_on_and_only_then() {
    let mut world = world(vec![found("dev", ClusterState::Stopped, None)]);
    assert_eq!(world.snapshot().clusters[0].health, Health::Stopped);
    let id = begin(&mut world, OperationKind::Start, "dev", 0);
    assert_eq!(world.snapshot().clusters[0].health, Health::Busy);
    world.take(Fact::Ended(id, Ending::Done(None)), 1);
    assert_eq!(world.snapshot().clusters[0].health, Health::Stopped);
}

#[test]
fn an_api_that_is_silent_for_half_a_minute_has_failed() {
    let mut world = world(vec![found("dev", ClusterState::Running, Some(1))]);
    world.take(Fact::Wellness("dev".into(), well()), 0);
    assert_eq!(world.snapshot().clusters[0].health, Health::Healthy);
    let silent = || Fact::Wellness("dev".into(), Wellness::default());
    world.take(silent(), 1_000);
    assert_eq!(world.snapshot().clusters[0].health, Health::Unknown);
    let seen = vec![found("dev", ClusterState::Running, Some(1))];
    world.take(Fact::Clusters(seen), 60_000);
    let health = world.snapshot().clusters[0].health;
    assert_eq!(health, Health::Unknown, "nobody asked it again");
    world.take(silent(), 61_000);
    assert_eq!(world.snapshot().clusters[0].health, Health::Failed);
    let shown = &world.snapshot().clusters[0];
    assert_eq!(shown.version.as_deref(), Some("v1.37.1"), "still true");
    world.take(Fact::Wellness("dev".into(), well()), 62_000);
    assert_eq!(world.snapshot().clusters[0].health, Health::Healthy);
}

#[test]
fn what_was_said_of_an_earlier_run_is_forgotten() {
    let mut world = world(vec![found("dev", ClusterState::Running, Some(1))]);
    let unwell = Wellness {
        why: Some("dev-worker not ready".into()),
        ..well()
    };
    world.take(Fact::Wellness("dev".into(), unwell), 0);
    assert_eq!(world.snapshot().clusters[0].health, Health::Degraded);
    world.take(
        Fact::Clusters(vec![found("dev", ClusterState::Running, Some(2))]),
        1,
    );
    assert_eq!(world.snapshot().clusters[0].health, Health::Healthy);
    assert_eq!(world.snapshot().clusters[0].version, None);
}

#[test]
fn a_stopped_service_stops_every_cluster_in_the_list() {
    let mut world = world(vec![found("dev", ClusterState::Running, Some(1))]);
    world.take(
        Fact::Runtime(Runtime {
            state: RuntimeState::Stopped,
            program: None,
            version: None,
            problem: None,
        }),
        1,
    );
    assert_eq!(world.snapshot().clusters[0].state, ClusterState::Stopped);
}

#[test]
fn a_runtime_that_hangs_makes_running_clusters_unknown() {
    let mut world = world(vec![found("dev", ClusterState::Running, Some(1))]);
    world.take(
        Fact::Runtime(Runtime {
            state: RuntimeState::Unusable,
            program: None,
            version: None,
            problem: Some(Failure {
                code: ErrorCode::RuntimeHung,
                message: "no answer".into(),
                hint: None,
                detail: None,
                logs: None,
            }),
        }),
        1,
    );
    assert_eq!(world.snapshot().clusters[0].health, Health::Unknown);
}

#[test]
fn the_last_run_is_remembered_when_a_cluster_stops() {
    let mut world = world(vec![found("dev", ClusterState::Running, Some(1))]);
    world.take(
        Fact::Clusters(vec![found("dev", ClusterState::Stopped, None)]),
        77,
    );
    assert_eq!(world.snapshot().clusters[0].last_run, Some(77));
    world.take(Fact::Clusters(vec![]), 78);
    assert!(
        world.memory().last_run.is_empty(),
        "a deleted cluster has no last run"
    );
}

#[test]
fn other_programs_work_comes_and_goes_with_their_locks() {
    let mut world = world(vec![found("dev", ClusterState::Stopped, None)]);
    let work = || {
        Fact::Elsewhere(vec![Elsewhere {
            cluster: "dev".into(),
            kind: OperationKind::Start,
            since: 5,
        }])
    };
    world.take(work(), 6);
    let revision = world.snapshot().revision;
    world.take(work(), 7);
    assert_eq!(world.snapshot().revision, revision, "the same work");
    assert_eq!(world.snapshot().clusters[0].health, Health::Busy);
    assert!(world.snapshot().operations[0].elsewhere);
    world.take(Fact::Elsewhere(vec![]), 8);
    assert!(world.snapshot().operations.is_empty());
}

#[test]
fn the_subject_is_the_one_with_work_else_the_one_used_last() {
    let mut world = world(vec![
        found("a", ClusterState::Stopped, None),
        found("b", ClusterState::Running, Some(1)),
    ]);
    assert_eq!(world.snapshot().subject.as_deref(), Some("b"), "it runs");
    world.take(Fact::Used("a".into()), 0);
    assert_eq!(world.snapshot().subject.as_deref(), Some("a"));
    let id = begin(&mut world, OperationKind::Create, "new", 0);
    assert_eq!(world.snapshot().subject.as_deref(), Some("new"));
    world.take(Fact::Ended(id, Ending::Cancelled), 1);
    assert_eq!(
        world.snapshot().subject.as_deref(),
        Some("b"),
        "what was used last is gone"
    );
}

#[test]
fn contexts_are_ours_first_and_know_their_cluster() {
    let mut world = world(vec![found("dev", ClusterState::Running, Some(1))]);
    let entry = |name: &str| Context {
        name: name.into(),
        cluster: None,
        file: "config".into(),
    };
    let contexts = Contexts {
        current: Some("prod".into()),
        entries: vec![entry("prod"), entry("apple-k8s-dev"), entry("aks")],
        ..Contexts::default()
    };
    world.take(Fact::Contexts(contexts), 0);
    let entries = &world.snapshot().contexts.entries;
    let names: Vec<&str> = entries.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["apple-k8s-dev", "aks", "prod"]);
    assert_eq!(entries[0].cluster.as_deref(), Some("dev"));
    world.take(Fact::Clusters(vec![]), 1);
    let entries = &world.snapshot().contexts.entries;
    assert!(entries.iter().all(|one| one.cluster.is_none()));
}

#[test]
fn the_oldest_ends_leave_the_list_and_work_never_does() {
    let mut world = world(vec![]);
    let working = begin(&mut world, OperationKind::Create, "dev", 0);
    for _ in 0..30 {
        let id = begin(&mut world, OperationKind::Load, "dev", 0);
        world.take(Fact::Ended(id, Ending::Done(None)), 0);
    }
    let operations = &world.snapshot().operations;
    assert_eq!(operations.len(), MOST_ENDED + 1);
    assert_eq!(operations.first().map(|one| one.id), Some(working));
    world.take(Fact::Dismissed(working), 0);
    assert!(
        world
            .snapshot()
            .operations
            .iter()
            .any(|one| one.id == working)
    );
    let last = world.snapshot().operations.last().unwrap().id;
    world.take(Fact::Dismissed(last), 0);
    assert!(world.snapshot().operations.iter().all(|one| one.id != last));
}
