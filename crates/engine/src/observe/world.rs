//! The objects of a cluster that views are built from, as the watches tell them.

use std::collections::HashMap;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    Container, Event, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodSpec, Service,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::watcher;
use kube::{Resource, ResourceExt};

/// All objects of one kind by their uid.
#[derive(Debug)]
pub(super) struct Kind<K> {
    objects: HashMap<String, K>,
    /// A list that is being read; it replaces the objects when it is complete.
    listing: HashMap<String, K>,
    /// Whether a whole list was read since the last [`Kind::unlist`].
    listed: bool,
}

impl<K> Default for Kind<K> {
    fn default() -> Self {
        Self {
            objects: HashMap::new(),
            listing: HashMap::new(),
            listed: false,
        }
    }
}

impl<K: Resource> Kind<K> {
    /// Takes in what a watch told.
    pub(super) fn take(&mut self, event: watcher::Event<K>) {
        match event {
            watcher::Event::Init => self.listing.clear(),
            watcher::Event::InitApply(object) => {
                self.listing.insert(key(&object), object);
            }
            watcher::Event::InitDone => {
                self.objects = std::mem::take(&mut self.listing);
                self.listed = true;
            }
            watcher::Event::Apply(object) => {
                self.objects.insert(key(&object), object);
            }
            watcher::Event::Delete(object) => {
                self.objects.remove(&key(&object));
            }
        }
    }

    /// All objects, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &K> {
        self.objects.values()
    }

    pub(super) fn get(&self, uid: &str) -> Option<&K> {
        self.objects.get(uid)
    }

    /// Whether anything is known of this kind, from now or from before.
    pub(super) fn is_known(&self) -> bool {
        self.listed || !self.objects.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    #[cfg(test)]
    pub(super) fn of(objects: impl IntoIterator<Item = K>) -> Self {
        let mut kind = Self::default();
        for object in objects {
            kind.take(watcher::Event::Apply(object));
        }
        kind.listed = true;
        kind
    }
}

fn key<K: Resource>(object: &K) -> String {
    object.meta().uid.clone().unwrap_or_else(|| {
        // Every stored object has a uid; events of an API that sends none are told by their name.
        format!(
            "{}/{}",
            object.namespace().unwrap_or_default(),
            object.name_any()
        )
    })
}

/// Everything that is watched.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) nodes: Kind<Node>,
    pub(super) pods: Kind<Pod>,
    pub(super) deployments: Kind<Deployment>,
    pub(super) replica_sets: Kind<ReplicaSet>,
    pub(super) stateful_sets: Kind<StatefulSet>,
    pub(super) daemon_sets: Kind<DaemonSet>,
    pub(super) jobs: Kind<Job>,
    pub(super) cron_jobs: Kind<CronJob>,
    pub(super) services: Kind<Service>,
    pub(super) slices: Kind<EndpointSlice>,
    pub(super) events: Kind<Event>,
    pub(super) claims: Kind<PersistentVolumeClaim>,
    pub(super) volumes: Kind<PersistentVolume>,
}

impl World {
    /// Whether every kind was listed in whole.
    pub(super) fn listed(&self) -> bool {
        self.nodes.listed
            && self.pods.listed
            && self.deployments.listed
            && self.replica_sets.listed
            && self.stateful_sets.listed
            && self.daemon_sets.listed
            && self.jobs.listed
            && self.cron_jobs.listed
            && self.services.listed
            && self.slices.listed
            && self.events.listed
            && self.claims.listed
            && self.volumes.listed
    }

    /// All kinds must be listed anew; what is known stays until then.
    pub(super) fn unlist(&mut self) {
        self.nodes.listed = false;
        self.pods.listed = false;
        self.deployments.listed = false;
        self.replica_sets.listed = false;
        self.stateful_sets.listed = false;
        self.daemon_sets.listed = false;
        self.jobs.listed = false;
        self.cron_jobs.listed = false;
        self.services.listed = false;
        self.slices.listed = false;
        self.events.listed = false;
        self.claims.listed = false;
        self.volumes.listed = false;
    }
}

/// What is kept of an object: views need little of it, and environments may hold secrets.
pub(super) trait Slim: Resource {
    /// The pod it makes, or is.
    fn pod(&mut self) -> Option<&mut PodSpec> {
        None
    }

    /// Drops what no view shows.
    fn slim(&mut self) {
        let meta = self.meta_mut();
        meta.managed_fields = None;
        if let Some(notes) = &mut meta.annotations {
            notes.retain(|key, _| key == SELECTED_NODE);
        }
        if let Some(pod) = self.pod() {
            slim_pod(pod);
        }
    }
}

/// The node that the scheduler chose for a claim's data.
pub(super) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

impl Slim for Pod {
    fn pod(&mut self) -> Option<&mut PodSpec> {
        self.spec.as_mut()
    }
}

impl Slim for Deployment {
    fn pod(&mut self) -> Option<&mut PodSpec> {
        self.spec.template.spec.as_mut()
    }
}

impl Slim for StatefulSet {
    fn pod(&mut self) -> Option<&mut PodSpec> {
        self.spec.template.spec.as_mut()
    }
}

impl Slim for DaemonSet {
    fn pod(&mut self) -> Option<&mut PodSpec> {
        self.spec.template.spec.as_mut()
    }
}

impl Slim for ReplicaSet {
    fn pod(&mut self) -> Option<&mut PodSpec> {
        self.spec.template.as_mut()?.spec.as_mut()
    }
}

impl Slim for Job {
    fn pod(&mut self) -> Option<&mut PodSpec> {
        self.spec.as_mut()?.template.spec.as_mut()
    }
}

impl Slim for CronJob {
    fn pod(&mut self) -> Option<&mut PodSpec> {
        let job = self.spec.job_template.spec.as_mut()?;
        job.template.spec.as_mut()
    }
}

impl Slim for Node {}
impl Slim for Service {}
impl Slim for EndpointSlice {}
impl Slim for Event {}
impl Slim for PersistentVolumeClaim {}
impl Slim for PersistentVolume {}

/// Keeps of a pod's specification where it runs, what its containers are, their ports and the
/// claims it mounts.
fn slim_pod(spec: &mut PodSpec) {
    for container in &mut spec.containers {
        slim_container(container);
    }
    for container in spec.init_containers.iter_mut().flatten() {
        slim_container(container);
    }
    if let Some(volumes) = &mut spec.volumes {
        volumes.retain(|volume| volume.persistent_volume_claim.is_some());
    }
    spec.affinity = None;
    spec.tolerations = None;
}

fn slim_container(container: &mut Container) {
    let whole = std::mem::take(container);
    *container = Container {
        name: whole.name,
        image: whole.image,
        ports: whole.ports,
        restart_policy: whole.restart_policy,
        ..Container::default()
    };
}
