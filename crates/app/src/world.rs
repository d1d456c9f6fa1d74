//! The reducer: facts go in, the snapshot comes out. No input, no output, no clock of its own.

use std::collections::BTreeMap;

use engine::Health;

use crate::memory::{Memory, duration_key};
use crate::progress;
use crate::snapshot::{
    Cluster, ClusterState, Contexts, Failure, Notice, Operation, OperationKind, OperationState,
    Runtime, RuntimeState, Snapshot, Usage,
};

/// Operations that have ended and are still shown.
const MOST_ENDED: usize = 20;
/// An API that is asked for this time, in milliseconds, and never answers has failed.
const SILENCE: i64 = 30_000;

/// Something that came to be known.
#[derive(Debug)]
pub(crate) enum Fact {
    /// How the runtime stands.
    Runtime(Runtime),
    /// The clusters there are.
    Clusters(Vec<Found>),
    /// How one does by what Kubernetes says.
    Wellness(String, Wellness),
    /// What one uses; none when it was not measured.
    Usage(String, Option<Usage>),
    /// An operation began, or waits to begin.
    Began(Operation),
    /// It works now.
    Running(u64),
    /// It came to a step.
    Step(u64, engine::Step),
    /// It is being cancelled.
    Cancelling(u64),
    /// It ended.
    Ended(u64, Ending),
    /// A person has seen its end.
    Dismissed(u64),
    /// What other programs do now.
    Elsewhere(Vec<Elsewhere>),
    /// The contexts there are; whether this app switched the current one.
    Contexts(Contexts),
    /// Whether the app quits when its operations have ended.
    Leaving(bool),
    /// Something to tell once.
    Notice { warning: bool, text: String },
    /// A person has seen a notice.
    NoticeSeen(u64),
    /// A person works with this cluster.
    Used(String),
}

/// A cluster as the runtime tells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) state: ClusterState,
    pub(crate) nodes: u32,
    pub(crate) context: String,
    pub(crate) server: Option<String>,
    pub(crate) started: Option<i64>,
}

/// How a running cluster does.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Wellness {
    /// Whether its API answers.
    pub(crate) answers: bool,
    /// Nodes that are ready.
    pub(crate) ready_nodes: Option<u32>,
    /// Kubernetes version.
    pub(crate) version: Option<String>,
    /// The worst thing wrong with its own parts.
    pub(crate) why: Option<String>,
    /// Problems of all kinds.
    pub(crate) problems: u32,
}

/// How an operation ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Well, with a word about it.
    Done(Option<String>),
    /// Not well.
    Failed(Failure),
    /// As asked.
    Cancelled,
}

/// Work of another program on a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    pub(crate) cluster: String,
    pub(crate) kind: OperationKind,
    pub(crate) since: i64,
}

/// All that is known.
#[derive(Debug)]
pub(crate) struct World {
    snapshot: Snapshot,
    found: BTreeMap<String, Found>,
    wellness: BTreeMap<String, Known>,
    usage: BTreeMap<String, Usage>,
    memory: Memory,
    next: u64,
}

/// How a cluster does, and for how long it says nothing.
#[derive(Debug, Default)]
struct Known {
    now: Wellness,
    silent: Option<Silence>,
}

/// When an API first did not answer, and when it last did not.
#[derive(Debug, Clone, Copy)]
struct Silence {
    since: i64,
    asked: i64,
}

impl World {
    pub(crate) fn new(memory: Memory) -> Self {
        Self {
            snapshot: Snapshot {
                revision: 0,
                runtime: Runtime {
                    state: RuntimeState::Checking,
                    program: None,
                    version: None,
                    problem: None,
                },
                clusters: Vec::new(),
                subject: None,
                operations: Vec::new(),
                contexts: Contexts::default(),
                leaving: false,
                notices: Vec::new(),
            },
            found: BTreeMap::new(),
            wellness: BTreeMap::new(),
            usage: BTreeMap::new(),
            memory,
            next: 1,
        }
    }

    /// A number that nothing else has.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// What is remembered between runs.
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Takes a fact in; says whether anything that is shown changed.
    pub(crate) fn take(&mut self, fact: Fact, now: i64) -> bool {
        let before = self.snapshot.clone();
        self.apply(fact, now);
        self.settle();
        if self.snapshot == before {
            return false;
        }
        self.snapshot.revision += 1;
        true
    }

    fn apply(&mut self, fact: Fact, now: i64) {
        match fact {
            Fact::Runtime(runtime) => self.snapshot.runtime = runtime,
            Fact::Clusters(found) => self.clusters(found, now),
            Fact::Wellness(cluster, wellness) => self.wellness(cluster, wellness, now),
            Fact::Usage(cluster, Some(usage)) => {
                self.usage.insert(cluster, usage);
            }
            Fact::Usage(cluster, None) => {
                self.usage.remove(&cluster);
            }
            Fact::Began(operation) => self.began(operation),
            Fact::Running(id) => self.change(id, |one| {
                if one.state == OperationState::Waiting {
                    one.state = OperationState::Running;
                    one.started = now;
                }
            }),
            Fact::Step(id, step) => self.change(id, |one| came_to(one, step)),
            Fact::Cancelling(id) => self.change(id, |one| {
                if !one.state.is_over() {
                    one.state = OperationState::Cancelling;
                    one.cancellable = false;
                }
            }),
            Fact::Ended(id, ending) => self.ended(id, ending, now),
            Fact::Dismissed(id) => self
                .snapshot
                .operations
                .retain(|one| one.id != id || !one.state.is_over()),
            Fact::Elsewhere(works) => self.elsewhere(works),
            Fact::Contexts(contexts) => self.snapshot.contexts = contexts,
            Fact::Leaving(leaving) => self.snapshot.leaving = leaving,
            Fact::Notice { warning, text } => {
                let id = self.number();
                self.snapshot.notices.push(Notice {
                    id,
                    at: now,
                    warning,
                    text,
                });
            }
            Fact::NoticeSeen(id) => self.snapshot.notices.retain(|notice| notice.id != id),
            Fact::Used(cluster) => self.memory.used = Some(cluster),
        }
    }

    fn clusters(&mut self, found: Vec<Found>, now: i64) {
        let runs =
            |state: ClusterState| matches!(state, ClusterState::Running | ClusterState::Partial);
        let found: BTreeMap<String, Found> = found
            .into_iter()
            .map(|one| (one.name.clone(), one))
            .collect();
        for (name, before) in &self.found {
            let after = found.get(name);
            if after.is_none() {
                self.memory.last_run.remove(name);
            } else if runs(before.state) && !after.is_some_and(|one| runs(one.state)) {
                self.memory.last_run.insert(name.clone(), now);
            }
        }
        // What was said of an earlier run says nothing of this one.
        let same_run = |name: &String| {
            let (before, after) = (self.found.get(name), found.get(name));
            after.is_some_and(|one| runs(one.state))
                && before.map(|one| one.started) == after.map(|one| one.started)
        };
        self.wellness.retain(|name, _| same_run(name));
        self.usage.retain(|name, _| same_run(name));
        self.found = found;
    }

    fn wellness(&mut self, cluster: String, wellness: Wellness, now: i64) {
        let known = self.wellness.entry(cluster).or_default();
        known.silent = (!wellness.answers).then(|| Silence {
            since: known.silent.map_or(now, |silence| silence.since),
            asked: now,
        });
        if wellness.answers {
            known.now = wellness;
        } else {
            // Its version is still true.
            known.now = Wellness {
                version: known.now.version.take().or(wellness.version.clone()),
                ..wellness
            };
        }
    }

    fn began(&mut self, mut operation: Operation) {
        let key = duration_key(operation.kind, operation.cluster.as_deref());
        operation.last_took_ms = self.memory.took.get(&key).copied();
        let progress = progress::progress(operation.kind, &[]);
        operation.stage = progress.stage;
        operation.stages = progress.stages;
        progress.name.clone_into(&mut operation.stage_name);
        if let Some(cluster) = &operation.cluster {
            self.memory.used = Some(cluster.clone());
        }
        self.snapshot.operations.push(operation);
    }

    fn change(&mut self, id: u64, change: impl FnOnce(&mut Operation)) {
        let known = self.snapshot.operations.iter_mut().find(|one| one.id == id);
        if let Some(operation) = known {
            change(operation);
        }
    }

    fn ended(&mut self, id: u64, ending: Ending, now: i64) {
        let mut took = None;
        self.change(id, |one| {
            one.ended = Some(now);
            one.cancellable = false;
            match ending {
                Ending::Done(outcome) => {
                    one.state = OperationState::Done;
                    one.percent = 100;
                    one.stage = one.stages;
                    one.outcome = outcome;
                    took = Some((one.kind, one.cluster.clone(), now - one.started));
                }
                Ending::Failed(failure) => {
                    one.state = OperationState::Failed;
                    one.failure = Some(failure);
                }
                Ending::Cancelled => {
                    one.state = OperationState::Cancelled;
                    one.outcome = Some(cancelled(one));
                }
            }
        });
        if let Some((kind, cluster, took)) = took {
            let took = u64::try_from(took).unwrap_or_default();
            let key = duration_key(kind, cluster.as_deref());
            self.memory.took.insert(key, took);
        }
        let ended = self
            .snapshot
            .operations
            .iter()
            .filter(|one| one.state.is_over());
        if let Some(oldest) = ended
            .clone()
            .count()
            .checked_sub(MOST_ENDED + 1)
            .and_then(|_| ended.map(|one| one.id).min())
        {
            self.snapshot.operations.retain(|one| one.id != oldest);
        }
    }

    /// Works of other programs come and go with their locks; their ends are not known.
    fn elsewhere(&mut self, works: Vec<Elsewhere>) {
        let is_same = |one: &Operation, work: &Elsewhere| {
            one.cluster.as_ref() == Some(&work.cluster) && one.kind == work.kind
        };
        self.snapshot
            .operations
            .retain(|one| !one.elsewhere || works.iter().any(|work| is_same(one, work)));
        for work in works {
            let known = self
                .snapshot
                .operations
                .iter()
                .any(|one| one.elsewhere && is_same(one, &work));
            if known {
                continue;
            }
            let id = self.number();
            self.snapshot.operations.push(Operation {
                cancellable: false,
                elsewhere: true,
                ..operation(id, work.kind, Some(work.cluster), None, work.since)
            });
        }
    }

    /// Draws from what is known what is shown.
    fn settle(&mut self) {
        let clusters: Vec<Cluster> = self.found.values().map(|one| self.shown(one)).collect();
        self.snapshot.clusters = clusters;
        self.snapshot.subject = self.subject();
        let found = &self.found;
        let contexts = &mut self.snapshot.contexts.entries;
        for context in contexts.iter_mut() {
            let ours = found.values().find(|one| one.context == context.name);
            context.cluster = ours.map(|one| one.name.clone());
        }
        contexts.sort_by(|a, b| {
            (a.cluster.is_none(), a.cluster.as_ref().unwrap_or(&a.name))
                .cmp(&(b.cluster.is_none(), b.cluster.as_ref().unwrap_or(&b.name)))
        });
    }

    fn shown(&self, found: &Found) -> Cluster {
        let busy = self
            .snapshot
            .operations
            .iter()
            .any(|one| !one.state.is_over() && one.cluster.as_ref() == Some(&found.name));
        let runtime = self.snapshot.runtime.state;
        // With its service down, no node runs, whatever was seen before.
        let state = match found.state {
            ClusterState::Incomplete => ClusterState::Incomplete,
            _ if runtime == RuntimeState::Stopped => ClusterState::Stopped,
            state => state,
        };
        let runs = matches!(state, ClusterState::Running | ClusterState::Partial);
        let known = self.wellness.get(&found.name).filter(|_| runs);
        let (health, why) = health(state, known, found);
        let unsure = runs && !matches!(runtime, RuntimeState::Ready | RuntimeState::Checking);
        Cluster {
            name: found.name.clone(),
            health: if busy {
                Health::Busy
            } else if unsure {
                Health::Unknown
            } else {
                health
            },
            state,
            why: why.filter(|_| !busy && !unsure),
            problems: known.map_or(0, |known| known.now.problems),
            nodes: found.nodes,
            ready_nodes: known.and_then(|known| known.now.ready_nodes),
            version: known.and_then(|known| known.now.version.clone()),
            context: found.context.clone(),
            server: found.server.clone(),
            started: found.started.filter(|_| runs),
            last_run: self
                .memory
                .last_run
                .get(&found.name)
                .copied()
                .filter(|_| !runs),
            usage: self.usage.get(&found.name).copied().filter(|_| runs),
        }
    }

    /// The cluster with work, else the one used last, else the first that runs, else the first.
    fn subject(&self) -> Option<String> {
        let used = self.memory.used.as_ref();
        let works: Vec<&String> = self
            .snapshot
            .operations
            .iter()
            .filter(|one| !one.state.is_over())
            .filter_map(|one| one.cluster.as_ref())
            .collect();
        let busy = works
            .iter()
            .find(|name| Some(**name) == used)
            .or(works.first());
        let running = || {
            self.found
                .values()
                .find(|one| one.state == ClusterState::Running)
        };
        busy.copied()
            .or_else(|| used.filter(|name| self.found.contains_key(*name)))
            .or_else(|| {
                running()
                    .or(self.found.values().next())
                    .map(|one| &one.name)
            })
            .cloned()
    }
}

/// An operation that has not come anywhere yet.
pub(crate) fn operation(
    id: u64,
    kind: OperationKind,
    cluster: Option<String>,
    subject: Option<String>,
    started: i64,
) -> Operation {
    Operation {
        id,
        kind,
        cluster,
        subject,
        started,
        ended: None,
        stage: 1,
        stages: 1,
        stage_name: String::new(),
        percent: 0,
        last_took_ms: None,
        state: OperationState::Running,
        cancellable: true,
        elsewhere: false,
        steps: Vec::new(),
        failure: None,
        outcome: None,
    }
}

fn came_to(operation: &mut Operation, step: engine::Step) {
    progress::remember(&mut operation.steps, step);
    let now = progress::progress(operation.kind, &operation.steps);
    operation.stage = operation.stage.max(now.stage);
    if operation.stage == now.stage {
        now.name.clone_into(&mut operation.stage_name);
    }
    operation.stages = now.stages;
    operation.percent = operation.percent.max(now.percent);
}

fn cancelled(operation: &Operation) -> String {
    match (operation.kind, &operation.cluster) {
        (OperationKind::Create, Some(cluster)) => {
            format!("Cancelled. Everything made for “{cluster}” was removed.")
        }
        _ => "Cancelled.".into(),
    }
}

fn health(state: ClusterState, known: Option<&Known>, found: &Found) -> (Health, Option<String>) {
    match state {
        ClusterState::Stopped => return (Health::Stopped, None),
        ClusterState::Incomplete => {
            return (Health::Failed, Some("Its creation did not end".into()));
        }
        ClusterState::Partial => {
            let why = known.and_then(|known| known.now.why.clone());
            return (
                Health::Degraded,
                why.or_else(|| Some("Not all of its nodes run".into())),
            );
        }
        ClusterState::Running => {}
    }
    let Some(known) = known else {
        return (Health::Healthy, None);
    };
    if let Some(silence) = known.silent {
        // Not by the clock alone: since then it may have come back without being asked.
        let health = if silence.asked - silence.since >= SILENCE {
            Health::Failed
        } else {
            Health::Unknown
        };
        return (health, Some("Its API does not answer".into()));
    }
    let unready = known
        .now
        .ready_nodes
        .is_some_and(|ready| ready < found.nodes);
    if unready || known.now.why.is_some() {
        return (Health::Degraded, known.now.why.clone());
    }
    (Health::Healthy, None)
}

#[cfg(test)]
mod tests;
