//! Rows of pods.

use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateTerminated, ContainerStatus, Pod, PodCondition,
    PodSpec, PodStatus,
};

use super::rows::{Health, PodContainer, PodRow};
use super::scene::{self, SETTLED, Scene, created, is_system, millis, name, namespace, uid};
use super::words::{capitalised, ending, one_line, waiting};
use super::workloads;

/// Rows of all pods, unwell ones first.
pub(super) fn rows(scene: &Scene<'_>) -> Vec<PodRow> {
    let mut rows: Vec<PodRow> = Vec::with_capacity(scene.world.pods.len());
    rows.extend(scene.world.pods.iter().map(|pod| row(pod, scene)));
    rows.sort_unstable_by(|a, b| {
        (a.health, &a.namespace, &a.name).cmp(&(b.health, &b.namespace, &b.name))
    });
    rows
}

/// How a pod does, and why.
struct Verdict {
    health: Health,
    why: Option<String>,
}

impl Verdict {
    fn new(health: Health, why: impl Into<Option<String>>) -> Self {
        Self {
            health,
            why: why.into(),
        }
    }
}

fn row(pod: &Pod, scene: &Scene<'_>) -> PodRow {
    let look = Look::at(pod);
    let Verdict { health, why } = verdict(&look, scene);
    let containers = containers(&look);
    let meta = &pod.metadata;
    PodRow {
        uid: uid(meta).to_owned(),
        namespace: namespace(meta).to_owned(),
        name: name(meta).to_owned(),
        workload: scene.workload_of(pod).to_owned(),
        node: look.spec.and_then(|spec| spec.node_name.clone()),
        health,
        state: state(&look),
        ready: scene::number_of(containers.iter().filter(|it| !it.init && it.ready)),
        restarts: containers.iter().map(|container| container.restarts).sum(),
        containers,
        created: created(meta),
        why,
        address: look.status.and_then(|status| status.pod_ip.clone()),
        system: is_system(namespace(meta)),
    }
}

/// The parts of a pod that everything here looks at.
struct Look<'a> {
    pod: &'a Pod,
    spec: Option<&'a PodSpec>,
    status: Option<&'a PodStatus>,
}

impl<'a> Look<'a> {
    fn at(pod: &'a Pod) -> Self {
        Self {
            pod,
            spec: pod.spec.as_ref(),
            status: pod.status.as_ref(),
        }
    }

    fn phase(&self) -> &'a str {
        let phase = self.status.and_then(|status| status.phase.as_deref());
        phase.unwrap_or("Pending")
    }

    fn terminating(&self) -> bool {
        self.pod.metadata.deletion_timestamp.is_some()
    }

    fn inits(&self) -> impl Iterator<Item = &'a ContainerStatus> {
        let statuses = self.status.map(|status| &status.init_container_statuses);
        statuses.into_iter().flatten().flatten()
    }

    fn mains(&self) -> impl DoubleEndedIterator<Item = &'a ContainerStatus> {
        let statuses = self.status.map(|status| &status.container_statuses);
        statuses.into_iter().flatten().flatten()
    }

    fn condition(&self, kind: &str) -> Option<&'a PodCondition> {
        let conditions = self.status.map(|status| &status.conditions);
        let mut conditions = conditions.into_iter().flatten().flatten();
        conditions.find(|condition| condition.type_ == kind)
    }

    fn is_ready(&self) -> bool {
        self.condition("Ready")
            .is_some_and(|ready| ready.status == "True")
    }

    /// Whether an init container is one that goes on beside the others.
    fn is_sidecar(&self, name: &str) -> bool {
        let inits = self.spec.and_then(|spec| spec.init_containers.as_deref());
        let mut inits = inits.unwrap_or_default().iter();
        inits.any(|init| init.name == name && init.restart_policy.as_deref() == Some("Always"))
    }
}

/// The state as `kubectl get pods` shows it.
fn state(look: &Look<'_>) -> String {
    let Some(status) = look.status else {
        return "Pending".into();
    };
    let ended = matches!(look.phase(), "Succeeded" | "Failed");
    if look.terminating() && status.reason.as_deref() == Some("NodeLost") {
        return "Unknown".into();
    }
    if look.terminating() && !ended {
        return "Terminating".into();
    }
    let gated = look
        .condition("PodScheduled")
        .and_then(|it| it.reason.as_deref());
    if gated == Some("SchedulingGated") {
        return "SchedulingGated".into();
    }
    if let Some(init) = init_state(look) {
        return init;
    }
    let mut shown = status.reason.as_deref().unwrap_or(look.phase()).to_owned();
    let mut runs = false;
    for container in look.mains().rev() {
        let Some(state) = &container.state else {
            continue;
        };
        if let Some(reason) = waiting_reason(state) {
            reason.clone_into(&mut shown);
        } else if let Some(end) = &state.terminated {
            shown = match (end.reason.as_deref(), end.signal) {
                (Some(reason), _) if !reason.is_empty() => reason.to_owned(),
                (_, Some(signal)) if signal != 0 => format!("Signal:{signal}"),
                _ => format!("ExitCode:{}", end.exit_code),
            };
        } else if container.ready && state.running.is_some() {
            runs = true;
        }
    }
    if shown == "Completed" && runs {
        shown = if look.is_ready() {
            "Running"
        } else {
            "NotReady"
        }
        .into();
    }
    shown
}

/// The state while init containers run; none once they are through.
fn init_state(look: &Look<'_>) -> Option<String> {
    let all = look.spec.and_then(|spec| spec.init_containers.as_ref());
    let all = all.map_or(0, Vec::len);
    for (index, init) in look.inits().enumerate() {
        let state = init.state.as_ref();
        let end = state.and_then(|state| state.terminated.as_ref());
        if end.is_some_and(|end| end.exit_code == 0)
            || (look.is_sidecar(&init.name) && init.started == Some(true))
        {
            continue;
        }
        if let Some(end) = end {
            return Some(match end.reason.as_deref() {
                Some(reason) if !reason.is_empty() => format!("Init:{reason}"),
                _ => format!("Init:ExitCode:{}", end.exit_code),
            });
        }
        return Some(match state.and_then(waiting_reason) {
            Some(reason) if reason != "PodInitializing" => format!("Init:{reason}"),
            _ => format!("Init:{index}/{all}"),
        });
    }
    None
}

fn waiting_reason(state: &ContainerState) -> Option<&str> {
    let reason = state.waiting.as_ref()?.reason.as_deref()?;
    (!reason.is_empty()).then_some(reason)
}

fn verdict(look: &Look<'_>, scene: &Scene<'_>) -> Verdict {
    match look.phase() {
        "Succeeded" => return Verdict::new(Health::Stopped, None),
        "Failed" => return ended_badly(look, scene),
        _ => {}
    }
    if scene.stopped {
        return Verdict::new(Health::Stopped, None);
    }
    if scene.moment.ending {
        return Verdict::new(Health::Busy, None);
    }
    if look.terminating() {
        let held = look.pod.metadata.finalizers.as_deref().unwrap_or_default();
        let why = held
            .first()
            .map(|by| format!("waits for its finalizer {by}"));
        return Verdict::new(Health::Busy, why);
    }
    let node = look.spec.and_then(|spec| spec.node_name.as_deref());
    if let Some((health, why)) = node.and_then(|node| scene.down.get(node)) {
        return Verdict::new(*health, format!("its node {why}"));
    }
    if let Some(why) = broken_container(look, scene) {
        return Verdict::new(Health::Failed, why);
    }
    match (node, look.phase()) {
        (None, _) => unscheduled(look),
        (_, "Running") => running(look, scene),
        (_, "Unknown") => Verdict::new(Health::Unknown, None),
        _ => Verdict::new(Health::Busy, warning(look, scene, &[])),
    }
}

/// A pod that ended and did not succeed. Its controller has made another one in its place, but for
/// a job that gave up.
fn ended_badly(look: &Look<'_>, scene: &Scene<'_>) -> Verdict {
    let status = look.status;
    let reason = status.and_then(|status| status.reason.as_deref());
    let message = status.and_then(|status| status.message.as_deref());
    let end = look.inits().chain(look.mains()).find_map(|container| {
        let end = container.state.as_ref()?.terminated.as_ref()?;
        (end.exit_code != 0).then(|| ending(end))
    });
    let why = match (reason, message, end) {
        (Some(reason), Some(message), _) => Some(one_line(&format!("{reason}: {message}"))),
        (_, _, Some(end)) => Some(end),
        (reason, message, None) => message.or(reason).map(one_line),
    };
    let health = match scene::controller(&look.pod.metadata).map(|owner| owner.kind.as_str()) {
        None | Some("Node") => Health::Failed,
        Some("Job") if !workloads::is_complete(look.pod, scene) => Health::Failed,
        Some(_) => Health::Stopped,
    };
    Verdict::new(health, why)
}

/// The first container that does not come up by itself, and why.
fn broken_container(look: &Look<'_>, scene: &Scene<'_>) -> Option<String> {
    look.inits().chain(look.mains()).find_map(|container| {
        let state = container.state.as_ref()?;
        if let Some(wait) = &state.waiting {
            let last = container.last_state.as_ref();
            let last = last.and_then(|last| last.terminated.as_ref());
            return waiting(wait, &container.image, last);
        }
        // It will be started again: for a moment it looks as if it had just ended.
        let end = state.terminated.as_ref()?;
        failed_itself(end, look, scene).then(|| ending(end))
    })
}

/// Whether a container ended because of itself, and not because its node was stopped.
fn failed_itself(end: &ContainerStateTerminated, look: &Look<'_>, scene: &Scene<'_>) -> bool {
    let node = look.spec.and_then(|spec| spec.node_name.as_deref());
    let started = node.and_then(|node| scene.machine(node)?.started);
    let ended = end.finished_at.as_ref().map(|time| time.0);
    let before = ended
        .zip(started)
        .is_some_and(|(ended, started)| ended <= started);
    // Containers that were still there when a node was turned off.
    let unseen = end.exit_code == 255 && end.reason.as_deref() == Some("Unknown");
    end.exit_code != 0 && !before && !unseen
}

/// No node was found, or not looked for yet.
fn unscheduled(look: &Look<'_>) -> Verdict {
    let condition = look.condition("PodScheduled");
    let Some(condition) = condition.filter(|condition| condition.status == "False") else {
        return Verdict::new(Health::Busy, None);
    };
    let message = condition.message.as_deref().unwrap_or_default();
    if condition.reason.as_deref() == Some("SchedulingGated") {
        return Verdict::new(Health::Busy, one_line(message));
    }
    // What follows says why evicting others would not help either.
    let cause = message.split(" preemption:").next().unwrap_or(message);
    let cause = cause.trim().trim_end_matches('.');
    Verdict::new(
        Health::Failed,
        one_line(&format!("no node for it: {cause}")),
    )
}

fn running(look: &Look<'_>, scene: &Scene<'_>) -> Verdict {
    // Started again after a failure: it may well fail again.
    let restarted = look.mains().chain(look.inits()).find_map(|container| {
        let last = container.last_state.as_ref()?.terminated.as_ref()?;
        let began = began(container)?;
        (failed_itself(last, look, scene) && !scene.lasted(began, SETTLED)).then(|| ending(last))
    });
    if let Some(end) = restarted {
        return Verdict::new(Health::Degraded, format!("restarted: {end}"));
    }
    if look.is_ready() {
        return Verdict::new(Health::Healthy, None);
    }
    let why = warning(look, scene, &["Unhealthy", "FailedPostStartHook"]);
    // What does not run yet, or ends with its node, is on its way.
    let mut coming = look.mains().filter(|container| !container.ready);
    let settled =
        coming.all(|container| began(container).is_some_and(|began| scene.lasted(began, SETTLED)));
    if settled {
        let why = why.or_else(|| not_ready(look));
        Verdict::new(Health::Degraded, why)
    } else {
        Verdict::new(Health::Busy, why)
    }
}

/// When a container began to run.
fn began(container: &ContainerStatus) -> Option<i64> {
    let running = container.state.as_ref()?.running.as_ref()?;
    millis(running.started_at.as_ref())
}

/// Kubernetes' own sentence on what is not ready.
fn not_ready(look: &Look<'_>) -> Option<String> {
    let ready = look
        .condition("Ready")
        .filter(|ready| ready.status != "True")?;
    ready.message.as_deref().map(one_line)
}

/// The newest warning about a pod; of these reasons only, when some are given.
fn warning(look: &Look<'_>, scene: &Scene<'_>, reasons: &[&str]) -> Option<String> {
    let event = scene.warning(uid(&look.pod.metadata))?;
    let reason = event.reason.as_deref().unwrap_or_default();
    if !reasons.is_empty() && !reasons.contains(&reason) {
        return None;
    }
    let message = event.message.as_deref()?.trim().trim_end_matches(':');
    Some(one_line(message))
}

fn containers(look: &Look<'_>) -> Vec<PodContainer> {
    let Some(spec) = look.spec else {
        return Vec::new();
    };
    let inits = spec.init_containers.iter().flatten();
    let inits = inits.map(|container| {
        let status = look.inits().find(|status| status.name == container.name);
        one(container, status, !look.is_sidecar(&container.name))
    });
    let mains = spec.containers.iter().map(|container| {
        let status = look.mains().find(|status| status.name == container.name);
        one(container, status, false)
    });
    inits.chain(mains).collect()
}

fn one(container: &Container, status: Option<&ContainerStatus>, init: bool) -> PodContainer {
    let last = status.and_then(|status| status.last_state.as_ref()?.terminated.as_ref());
    PodContainer {
        name: container.name.clone(),
        image: container.image.clone().unwrap_or_default(),
        init,
        ready: status.is_some_and(|status| status.ready),
        restarts: status.map_or(0, |status| u32::try_from(status.restart_count).unwrap_or(0)),
        state: status
            .and_then(|status| status.state.as_ref())
            .map_or_else(|| "Waiting".into(), container_state),
        last: last.map(|end| capitalised(&ending(end))),
    }
}

fn container_state(state: &ContainerState) -> String {
    if state.running.is_some() {
        return "Running".into();
    }
    match (&state.terminated, waiting_reason(state)) {
        (Some(end), _) if end.exit_code == 0 => "Completed".into(),
        (Some(end), _) => format!("Ended with {}", end.exit_code),
        (None, Some(reason)) => format!("Waiting: {reason}"),
        (None, None) => "Waiting".into(),
    }
}
