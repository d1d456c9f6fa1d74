//! How far an operation is: a pure function of its steps.

use std::collections::BTreeSet;

use engine::{Step, StepState};

use crate::snapshot::OperationKind;

/// A part of an operation that a person can tell from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stage {
    name: &'static str,
    /// Its share of the whole, in percent.
    weight: u32,
    /// The phases that it consists of. An empty list takes every phase that no other stage has.
    phases: &'static [&'static str],
}

const fn stage(name: &'static str, weight: u32, phases: &'static [&'static str]) -> Stage {
    Stage {
        name,
        weight,
        phases,
    }
}

/// Phases of a node until it can do something: also a worker's wait for the control plane, which
/// begins early.
const BOOT: &[&str] = &[
    "run",
    "boot",
    "network",
    "containerd",
    "wait-for-control-plane",
];
const JOIN: &[&str] = &[
    "join-preflight",
    "discovery",
    "kubelet-credentials",
    "kubelet-start",
    "node-registered",
    "join",
];
const CONTROL_PLANE: &[&str] = &[
    "certificates",
    "kubeconfigs",
    "etcd-manifest",
    "control-plane-manifests",
    "kubelet",
    "api",
    "open-for-workers",
];

const CREATE: &[Stage] = &[
    stage("Check", 2, &["preflight"]),
    // Also every step of the image's build.
    stage("Image", 3, &[]),
    stage("Boot", 15, BOOT),
    stage("Control plane", 40, CONTROL_PLANE),
    stage("Join", 15, JOIN),
    stage("Network and storage", 15, &["add-ons", "dns"]),
    stage("Ready", 10, &["ready"]),
];
const START: &[Stage] = &[
    stage("Boot", 20, &["run"]),
    stage("Network", 20, &[]),
    stage("Ready", 60, &["dns", "ready"]),
];
const STOP: &[Stage] = &[stage("Stop", 100, &[])];
const RESTART: &[Stage] = &[
    stage("Stop", 30, &["stop"]),
    stage("Boot", 10, &["run"]),
    stage("Network", 20, &[]),
    stage("Ready", 40, &["dns", "ready"]),
];
const DELETE: &[Stage] = &[stage("Delete nodes", 100, &[])];
const CHANGE: &[Stage] = &[
    stage("Check", 5, &["preflight"]),
    stage("Nodes leave", 30, &["cordon", "drain", "leave", "remove"]),
    stage("Boot", 20, BOOT),
    stage("Join", 20, JOIN),
    // Also images that new nodes get.
    stage("Change", 15, &[]),
    stage("Ready", 10, &["dns", "ready"]),
];
const LOAD: &[Stage] = &[
    stage("Check archive", 20, &["check-archive", "save-image"]),
    stage("Load", 80, &[]),
];
const APPLY: &[Stage] = &[stage("Apply", 100, &[])];
const EXPORT: &[Stage] = &[stage("Collect logs", 100, &[])];
const BUILD: &[Stage] = &[stage("Node image", 100, &[])];
const FIX: &[Stage] = &[stage("Repair", 100, &[])];

/// Steps of a build that are not cached; used for a share, not for a promise.
const BUILD_STEPS: usize = 18;

fn stages(kind: OperationKind) -> &'static [Stage] {
    match kind {
        OperationKind::Create => CREATE,
        OperationKind::Start => START,
        OperationKind::Stop => STOP,
        OperationKind::Restart => RESTART,
        OperationKind::Delete => DELETE,
        OperationKind::Change => CHANGE,
        OperationKind::Load => LOAD,
        OperationKind::Apply => APPLY,
        OperationKind::ExportLogs => EXPORT,
        OperationKind::BuildImage => BUILD,
        OperationKind::Fix => FIX,
    }
}

/// How far an operation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The stage it is in, from 1.
    pub stage: u32,
    /// Number of stages.
    pub stages: u32,
    /// Name of the stage.
    pub name: &'static str,
    /// Percent, at most 99: only the end is 100.
    pub percent: u8,
}

/// How far an operation is that has come to these steps (the newest state of each).
pub fn progress(kind: OperationKind, steps: &[Step]) -> Progress {
    let stages = stages(kind);
    let counts: Vec<Count> = (0..stages.len())
        .map(|index| Count::of(stages, index, kind, steps))
        .collect();
    let open = counts.iter().position(|count| count.ended < count.seen);
    let latest = counts.iter().rposition(|count| count.seen > 0);
    let current = open.or(latest).unwrap_or(0);
    let done: u32 = stages
        .iter()
        .zip(&counts)
        .enumerate()
        .map(|(index, (stage, count))| {
            if count.seen == 0 {
                // A stage that others have overtaken without a step was not needed.
                if index < current { stage.weight } else { 0 }
            } else {
                stage.weight * (count.ended * 100 + count.part)
                    / (count.expected.max(count.seen) * 100)
            }
        })
        .sum();
    Progress {
        stage: number(current) + 1,
        stages: number(stages.len()),
        name: stages[current].name,
        percent: u8::try_from(done.min(99)).unwrap_or(99),
    }
}

/// Steps of one stage.
struct Count {
    seen: u32,
    ended: u32,
    /// Of those that have not ended, how far they are: percent, added up.
    part: u32,
    expected: u32,
}

impl Count {
    fn of(stages: &[Stage], index: usize, kind: OperationKind, steps: &[Step]) -> Self {
        let mine: Vec<&Step> = steps
            .iter()
            .filter(|step| place(stages, &step.phase) == index)
            .collect();
        let ended = mine
            .iter()
            .filter(|step| matches!(step.state, StepState::Done))
            .count();
        let open = mine
            .iter()
            .filter(|step| !matches!(step.state, StepState::Done));
        let part = open.filter_map(|step| step.percent).map(u32::from).sum();
        let nodes: BTreeSet<&str> = steps
            .iter()
            .filter_map(|step| step.node.as_deref())
            .collect();
        let phases = stages[index].phases.len();
        // A stage whose phases are known ends with the last of them on a node.
        let expected = match kind {
            OperationKind::BuildImage => BUILD_STEPS,
            _ if phases > 0 && nodes.len() == 1 => phases.min(mine.len() + 2),
            _ => mine.len(),
        };
        Self {
            seen: number(mine.len()),
            ended: number(ended),
            part,
            expected: number(expected),
        }
    }
}

/// The stage that a phase belongs to.
fn place(stages: &[Stage], phase: &str) -> usize {
    let named = stages
        .iter()
        .position(|stage| stage.phases.contains(&phase));
    let any = stages.iter().position(|stage| stage.phases.is_empty());
    named.or(any).unwrap_or(0)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Keeps the newest state of each phase on each node, in the order in which they began.
pub fn remember(steps: &mut Vec<Step>, step: Step) {
    let same = |known: &&mut Step| known.phase == step.phase && known.node == step.node;
    match steps.iter_mut().find(same) {
        Some(known) => {
            let detail = step.detail.clone().or_else(|| known.detail.take());
            *known = Step { detail, ..step };
        }
        None => steps.push(step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(phase: &str, node: Option<&str>, state: StepState) -> Step {
        Step {
            phase: phase.into(),
            node: node.map(str::to_owned),
            state,
            detail: None,
            percent: None,
            at_ms: 0,
            took_ms: None,
        }
    }

    /// A creation of two nodes, in the order in which its steps really come.
    fn creation() -> Vec<Step> {
        use StepState::{Done, Started};
        let (plane, worker) = (Some("dev-control-plane"), Some("dev-worker"));
        vec![
            step("preflight", None, Started),
            step("preflight", None, Done),
            step("run", plane, Started),
            step("run", worker, Started),
            step("run", worker, Done),
            step("run", plane, Done),
            step("boot", plane, Started),
            step("boot", worker, Started),
            step("boot", plane, Done),
            step("boot", worker, Done),
            step("wait-for-control-plane", worker, Started),
            step("certificates", plane, Started),
            step("certificates", plane, Done),
            step("api", plane, Started),
            step("api", plane, Done),
            step("open-for-workers", plane, Done),
            step("wait-for-control-plane", worker, Done),
            step("join", worker, Started),
            step("add-ons", plane, Started),
            step("add-ons", plane, Done),
            step("ready", plane, Started),
            step("dns", None, Started),
            step("join", worker, Done),
            step("ready", worker, Started),
            step("ready", plane, Done),
            step("dns", None, Done),
            step("ready", worker, Done),
        ]
    }

    #[test]
    fn a_creation_goes_through_its_seven_stages() {
        let mut steps = Vec::new();
        let mut names = Vec::new();
        for step in creation() {
            remember(&mut steps, step);
            let now = progress(OperationKind::Create, &steps);
            assert_eq!(now.stages, 7);
            assert!(now.percent < 100, "only the end is 100");
            names.push(now.name);
        }
        for name in ["Check", "Boot", "Control plane", "Join", "Ready"] {
            assert!(names.contains(&name), "{name} in {names:?}");
        }
        let last = progress(OperationKind::Create, &steps);
        assert!(last.percent >= 95, "{last:?}");
    }

    #[test]
    fn nothing_seen_is_the_first_stage_at_zero() {
        let now = progress(OperationKind::Start, &[]);
        assert_eq!((now.stage, now.stages, now.percent), (1, 3, 0));
    }

    #[test]
    fn the_weights_of_each_kind_are_a_hundred() {
        for kind in OperationKind::ALL {
            let sum: u32 = stages(kind).iter().map(|stage| stage.weight).sum();
            assert_eq!(sum, 100, "{kind:?}");
        }
    }

    #[test]
    fn a_step_keeps_its_detail_when_it_ends_without_one() {
        let mut steps = Vec::new();
        let mut first = step("load", Some("a"), StepState::Progress);
        first.detail = Some("12 of 40 Mi".into());
        remember(&mut steps, first);
        remember(&mut steps, step("load", Some("a"), StepState::Done));
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].detail.as_deref(), Some("12 of 40 Mi"));
    }

    #[test]
    fn what_nodes_have_received_counts_before_they_are_done() {
        let mut steps = vec![
            step("check-archive", None, StepState::Done),
            step("load", Some("a"), StepState::Progress),
            step("load", Some("b"), StepState::Progress),
        ];
        let percent = |steps: &[Step]| progress(OperationKind::Load, steps).percent;
        assert_eq!(percent(&steps), 20);
        steps[1].percent = Some(50);
        assert_eq!(percent(&steps), 40);
        steps[2].state = StepState::Done;
        assert_eq!(percent(&steps), 80);
    }
}
