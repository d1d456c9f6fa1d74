//! Rows of workloads, with what is wrong told from their pods.

use std::collections::{BTreeMap, HashMap, HashSet};

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::rows::{Health, PodRow, WorkloadRow};
use super::scene::{Scene, controller, count, created, is_system, name, namespace, number_of, uid};
use super::words::one_line;

/// The pods of one workload, taken together.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    pods: u32,
    restarts: u32,
    /// Pods of which all containers are ready.
    running: u32,
    /// The pod that tells most of what is wrong, when one is not well.
    pub(super) worst: Option<&'a PodRow>,
}

impl<'a> Tally<'a> {
    /// All workloads' pods, by the workload's uid.
    pub(super) fn of_all(pods: &'a [PodRow]) -> HashMap<&'a str, Self> {
        let mut tallies: HashMap<&str, Self> = HashMap::new();
        for pod in pods {
            tallies.entry(&pod.workload).or_default().add(pod);
        }
        tallies
    }

    fn add(&mut self, pod: &'a PodRow) {
        self.pods += 1;
        self.restarts += pod.restarts;
        let mains = pod.containers.iter().filter(|container| !container.init);
        if pod.ready > 0 && pod.ready == number_of(mains) {
            self.running += 1;
        }
        let rank = |pod: &PodRow| (pod.health, pod.why.is_none());
        let unwell = !matches!(pod.health, Health::Healthy | Health::Stopped);
        if unwell && self.worst.is_none_or(|worst| rank(pod) < rank(worst)) {
            self.worst = Some(pod);
        }
    }

    /// A pod that does not work.
    fn trouble(&self) -> Option<&'a PodRow> {
        self.worst
            .filter(|pod| matches!(pod.health, Health::Failed | Health::Degraded))
    }
}

/// Why a pod is not well, or else its state.
fn reason(pod: &PodRow) -> String {
    pod.why.clone().unwrap_or_else(|| pod.state.clone())
}

/// Rows of all workloads, unwell ones first.
pub(super) fn rows(scene: &Scene<'_>, tallies: &HashMap<&str, Tally<'_>>) -> Vec<WorkloadRow> {
    let world = scene.world;
    let none = Tally::default();
    let tally = |meta: &ObjectMeta| tallies.get(uid(meta)).unwrap_or(&none);
    let mut rows: Vec<WorkloadRow> = Vec::new();
    rows.extend(
        world
            .deployments
            .iter()
            .map(|it| deployment(it, tally(&it.metadata))),
    );
    rows.extend(
        world
            .stateful_sets
            .iter()
            .map(|it| stateful_set(it, tally(&it.metadata))),
    );
    rows.extend(
        world
            .daemon_sets
            .iter()
            .map(|it| daemon_set(it, tally(&it.metadata))),
    );
    let alone = world
        .replica_sets
        .iter()
        .filter(|it| controller(&it.metadata).is_none());
    rows.extend(alone.map(|it| replica_set(it, tally(&it.metadata))));
    let alone = world
        .jobs
        .iter()
        .filter(|it| controller(&it.metadata).is_none());
    rows.extend(alone.map(|it| job(it, tally(&it.metadata))));
    let last_runs = last_runs(scene);
    rows.extend(world.cron_jobs.iter().map(|it| {
        let last = last_runs.get(uid(&it.metadata)).copied();
        cron_job(it, last, tally(&it.metadata))
    }));
    let known: HashSet<&str> = rows.iter().map(|row| row.uid.as_str()).collect();
    let mut others: HashMap<&str, &Pod> = HashMap::new();
    for it in world.pods.iter() {
        let workload = scene.workload_of(it);
        if !known.contains(workload) {
            others.insert(workload, it);
        }
    }
    let others: Vec<WorkloadRow> = others
        .into_iter()
        .map(|(workload, it)| pods_alone(workload, it, tallies.get(workload).unwrap_or(&none)))
        .collect();
    rows.extend(others);
    if scene.stopped {
        for row in &mut rows {
            (row.health, row.why) = (Health::Stopped, None);
        }
    }
    rows.sort_unstable_by(|a, b| {
        (a.health, &a.namespace, &a.name, &a.kind).cmp(&(b.health, &b.namespace, &b.name, &b.kind))
    });
    rows
}

/// A row without what its kind says.
fn blank(kind: &str, meta: &ObjectMeta, pod: Option<&PodSpec>, tally: &Tally<'_>) -> WorkloadRow {
    WorkloadRow {
        uid: uid(meta).to_owned(),
        namespace: namespace(meta).to_owned(),
        name: name(meta).to_owned(),
        kind: kind.to_owned(),
        health: Health::Unknown,
        ready: 0,
        desired: 0,
        restarts: tally.restarts,
        created: created(meta),
        why: None,
        images: pod.map(images).unwrap_or_default(),
        labels: meta.labels.clone().unwrap_or_default(),
        system: is_system(namespace(meta)),
    }
}

fn images(pod: &PodSpec) -> Vec<String> {
    let inits = pod.init_containers.iter().flatten();
    let all = pod.containers.iter().chain(inits);
    let mut images: Vec<String> = Vec::new();
    for image in all.filter_map(|container| container.image.as_ref()) {
        if !images.contains(image) {
            images.push(image.clone());
        }
    }
    images
}

/// What a controller says of its replicas.
struct Replicas {
    ready: u32,
    desired: u32,
    /// Whether all of them are as the newest specification wants.
    current: bool,
    /// Why the controller itself can't go on.
    stuck: Option<String>,
}

impl Replicas {
    fn judge(self, mut row: WorkloadRow, meta: &ObjectMeta, tally: &Tally<'_>) -> WorkloadRow {
        (row.ready, row.desired) = (self.ready, self.desired);
        let part = if self.ready > 0 {
            Health::Degraded
        } else {
            Health::Failed
        };
        (row.health, row.why) = if meta.deletion_timestamp.is_some() {
            (Health::Busy, Some("terminating".to_owned()))
        } else if self.desired == 0 && tally.pods == 0 {
            (Health::Stopped, None)
        } else if let Some(pod) = tally.trouble() {
            (part, Some(reason(pod)))
        } else if let Some(stuck) = self.stuck {
            (part, Some(stuck))
        } else if let Some(pod) = tally.worst.filter(|pod| pod.health == Health::Unknown) {
            (Health::Unknown, Some(reason(pod)))
        } else if self.ready >= self.desired && self.current {
            (Health::Healthy, None)
        } else {
            (Health::Busy, tally.worst.and_then(|pod| pod.why.clone()))
        };
        row
    }
}

fn deployment(it: &Deployment, tally: &Tally<'_>) -> WorkloadRow {
    let (spec, status) = (&it.spec, it.status.as_ref());
    let pod = spec.template.spec.as_ref();
    let desired = count(Some(spec.replicas.unwrap_or(1)));
    let conditions = status
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default();
    let stuck = conditions.iter().find(|condition| {
        let failure = condition.type_.as_deref() == Some("ReplicaFailure")
            && condition.status.as_deref() == Some("True");
        failure || condition.reason.as_deref() == Some("ProgressDeadlineExceeded")
    });
    let replicas = Replicas {
        ready: count(status.and_then(|status| status.ready_replicas)),
        desired,
        current: seen(
            &it.metadata,
            status.and_then(|status| status.observed_generation),
        ) && count(status.and_then(|status| status.updated_replicas)) >= desired
            && count(status.and_then(|status| status.replicas)) <= desired,
        stuck: stuck.and_then(|condition| condition.message.as_deref().map(one_line)),
    };
    replicas.judge(
        blank("Deployment", &it.metadata, pod, tally),
        &it.metadata,
        tally,
    )
}

fn stateful_set(it: &StatefulSet, tally: &Tally<'_>) -> WorkloadRow {
    let (spec, status) = (&it.spec, it.status.as_ref());
    let pod = spec.template.spec.as_ref();
    let desired = count(Some(spec.replicas.unwrap_or(1)));
    let replicas = Replicas {
        ready: count(status.and_then(|status| status.ready_replicas)),
        desired,
        current: seen(
            &it.metadata,
            status.and_then(|status| status.observed_generation),
        ) && status.is_some_and(|status| {
            // Waits for its owner when the strategy is OnDelete: then they may differ.
            status.update_revision == status.current_revision
                || count(status.updated_replicas) >= desired
        }),
        stuck: None,
    };
    replicas.judge(
        blank("StatefulSet", &it.metadata, pod, tally),
        &it.metadata,
        tally,
    )
}

fn daemon_set(it: &DaemonSet, tally: &Tally<'_>) -> WorkloadRow {
    let status = it.status.as_ref();
    let pod = it.spec.template.spec.as_ref();
    let desired = status.map_or(0, |status| count(Some(status.desired_number_scheduled)));
    let replicas = Replicas {
        ready: status.map_or(0, |status| count(Some(status.number_ready))),
        desired,
        current: seen(
            &it.metadata,
            status.and_then(|status| status.observed_generation),
        ) && count(status.and_then(|status| status.updated_number_scheduled)) >= desired,
        stuck: None,
    };
    replicas.judge(
        blank("DaemonSet", &it.metadata, pod, tally),
        &it.metadata,
        tally,
    )
}

fn replica_set(it: &ReplicaSet, tally: &Tally<'_>) -> WorkloadRow {
    let (spec, status) = (&it.spec, it.status.as_ref());
    let pod = spec
        .template
        .as_ref()
        .and_then(|template| template.spec.as_ref());
    let replicas = Replicas {
        ready: count(status.and_then(|status| status.ready_replicas)),
        desired: count(Some(spec.replicas.unwrap_or(1))),
        current: seen(
            &it.metadata,
            status.and_then(|status| status.observed_generation),
        ),
        stuck: None,
    };
    replicas.judge(
        blank("ReplicaSet", &it.metadata, pod, tally),
        &it.metadata,
        tally,
    )
}

/// Whether the controller has seen the newest specification.
fn seen(meta: &ObjectMeta, observed: Option<i64>) -> bool {
    observed.unwrap_or_default() >= meta.generation.unwrap_or_default()
}

/// How a job stands.
struct JobVerdict {
    health: Health,
    why: Option<String>,
}

fn job_verdict(it: &Job) -> Option<JobVerdict> {
    let status = it.status.as_ref();
    let conditions = status
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default();
    let is = |kind: &str| {
        let mut conditions = conditions.iter();
        conditions.find(|condition| condition.type_ == kind && condition.status == "True")
    };
    if let Some(failed) = is("Failed").or_else(|| is("FailureTarget")) {
        let reason = failed.reason.as_deref().unwrap_or("Failed");
        let message = failed.message.as_deref().unwrap_or_default();
        return Some(JobVerdict {
            health: Health::Failed,
            why: Some(one_line(&format!("{reason}: {message}"))),
        });
    }
    let over = is("Complete").is_some() || is("Suspended").is_some();
    over.then_some(JobVerdict {
        health: Health::Stopped,
        why: None,
    })
}

/// Whether a pod is one of a job that got done what it should.
pub(super) fn is_complete(pod: &Pod, scene: &Scene<'_>) -> bool {
    let job = controller(&pod.metadata).and_then(|owner| scene.world.jobs.get(&owner.uid));
    job.and_then(job_verdict)
        .is_some_and(|verdict| verdict.health == Health::Stopped)
}

fn job(it: &Job, tally: &Tally<'_>) -> WorkloadRow {
    let (spec, status) = (it.spec.as_ref(), it.status.as_ref());
    let pod = spec.and_then(|spec| spec.template.spec.as_ref());
    let mut row = blank("Job", &it.metadata, pod, tally);
    row.ready = count(status.and_then(|status| status.succeeded));
    row.desired = spec.map_or(1, |spec| count(Some(spec.completions.unwrap_or(1))));
    let JobVerdict { health, why } = job_verdict(it).unwrap_or_else(|| match tally.trouble() {
        Some(pod) => JobVerdict {
            health: Health::Degraded,
            why: Some(reason(pod)),
        },
        None => JobVerdict {
            health: Health::Busy,
            why: tally.worst.and_then(|pod| pod.why.clone()),
        },
    });
    // The end of a job that failed is told best by its pod.
    let told = tally.trouble().filter(|_| health == Health::Failed);
    (row.health, row.why) = (health, told.map(reason).or(why));
    row
}

/// The newest job of each cron job, by the cron job's uid.
fn last_runs<'a>(scene: &Scene<'a>) -> HashMap<&'a str, &'a Job> {
    let mut last: HashMap<&str, &Job> = HashMap::new();
    for job in scene.world.jobs.iter() {
        let Some(owner) = controller(&job.metadata).filter(|owner| owner.kind == "CronJob") else {
            continue;
        };
        let newest = last.entry(&owner.uid).or_insert(job);
        if newest.metadata.creation_timestamp < job.metadata.creation_timestamp {
            *newest = job;
        }
    }
    last
}

fn cron_job(it: &CronJob, last: Option<&Job>, tally: &Tally<'_>) -> WorkloadRow {
    let job = it.spec.job_template.spec.as_ref();
    let pod = job.and_then(|job| job.template.spec.as_ref());
    let mut row = blank("CronJob", &it.metadata, pod, tally);
    let active = it
        .status
        .as_ref()
        .and_then(|status| status.active.as_deref());
    row.desired = u32::try_from(active.unwrap_or_default().len()).unwrap_or(0);
    row.ready = row.desired.min(tally.running);
    let failed = last
        .and_then(job_verdict)
        .filter(|verdict| verdict.health == Health::Failed);
    (row.health, row.why) = if it.spec.suspend == Some(true) {
        (Health::Stopped, Some("suspended".to_owned()))
    } else if let Some(failed) = failed {
        let pod = tally.trouble().map(reason).or(failed.why);
        let why = pod.map(|why| format!("its last run failed: {why}"));
        (Health::Degraded, why)
    } else if let Some(pod) = tally.trouble().filter(|_| row.desired > 0) {
        (Health::Degraded, Some(reason(pod)))
    } else {
        (Health::Healthy, None)
    };
    row
}

/// A pod that nothing known keeps, or pods of a controller that is not watched.
fn pods_alone(workload: &str, it: &Pod, tally: &Tally<'_>) -> WorkloadRow {
    let spec = it.spec.as_ref();
    let owner = controller(&it.metadata).filter(|owner| owner.uid == workload);
    let owner = owner.filter(|owner| owner.kind != "Node");
    let kind = owner.map_or("Pod", |owner| owner.kind.as_str());
    let mut row = blank(kind, &it.metadata, spec, tally);
    workload.clone_into(&mut row.uid);
    if let Some(owner) = owner {
        owner.name.clone_into(&mut row.name);
        row.labels = BTreeMap::new();
    }
    (row.ready, row.desired) = (tally.running, tally.pods);
    (row.health, row.why) = match tally.worst {
        Some(pod) => {
            let part = pod.health == Health::Failed && tally.running > 0;
            let health = if part { Health::Degraded } else { pod.health };
            let why = match pod.health {
                Health::Busy => pod.why.clone(),
                _ => Some(reason(pod)),
            };
            (health, why)
        }
        None if tally.running > 0 => (Health::Healthy, None),
        None => (Health::Stopped, None),
    };
    row
}
