//! Rows of services, with where this machine reaches them.

use std::collections::{BTreeMap, HashMap, HashSet};

use k8s_openapi::api::core::v1::{Pod, Service, ServicePort as Port, ServiceSpec};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};

use super::rows::{Health, PodRow, ServicePort, ServiceRow};
use super::scene::{Scene, created, is_system, name, namespace, uid};

/// Names the service that a slice belongs to.
const SERVICE: &str = "kubernetes.io/service-name";

/// A service with what its pods say of it.
pub(super) struct Told {
    pub(super) row: ServiceRow,
    /// Whether what is wrong is told by a workload already.
    pub(super) told_elsewhere: bool,
}

/// Rows of all services, unwell ones first.
pub(super) fn rows(scene: &Scene<'_>, pods: &[PodRow]) -> Vec<Told> {
    let mut slices: HashMap<(&str, &str), Vec<&EndpointSlice>> = HashMap::new();
    for slice in scene.world.slices.iter() {
        let labels = slice.metadata.labels.as_ref();
        if let Some(service) = labels.and_then(|labels| labels.get(SERVICE)) {
            let key = (namespace(&slice.metadata), service.as_str());
            slices.entry(key).or_default().push(slice);
        }
    }
    let health: HashMap<&str, Health> = pods
        .iter()
        .map(|pod| (pod.uid.as_str(), pod.health))
        .collect();
    let labelled = Labelled::of(scene.world.pods.iter(), &health);
    let mut rows: Vec<Told> = scene
        .world
        .services
        .iter()
        .map(|service| {
            let key = (namespace(&service.metadata), name(&service.metadata));
            let slices = slices.get(&key).map_or(&[][..], Vec::as_slice);
            row(service, slices, &labelled, scene)
        })
        .collect();
    rows.sort_unstable_by(|Told { row: a, .. }, Told { row: b, .. }| {
        (a.health, &a.namespace, &a.name).cmp(&(b.health, &b.namespace, &b.name))
    });
    rows
}

fn row(
    service: &Service,
    slices: &[&EndpointSlice],
    labelled: &Labelled<'_>,
    scene: &Scene<'_>,
) -> Told {
    let meta = &service.metadata;
    let spec = service.spec.as_ref();
    let address = spec.and_then(|spec| spec.cluster_ip.as_deref());
    let headless = address == Some("None");
    let kind = match spec.and_then(|spec| spec.type_.as_deref()) {
        Some("ClusterIP") | None if headless => "Headless",
        Some(kind) => kind,
        None => "ClusterIP",
    };
    let selector = spec
        .and_then(|spec| spec.selector.as_ref())
        .filter(|it| !it.is_empty());
    let backends = (selector.is_some() || !slices.is_empty()).then(|| ready(slices));
    let (health, told_elsewhere) = match (backends, selector) {
        _ if scene.stopped => (Health::Stopped, false),
        (Some(0), Some(selector)) => without_backends(labelled.worst(namespace(meta), selector)),
        (Some(0), None) => (Health::Degraded, false),
        _ => (Health::Healthy, false),
    };
    let system =
        is_system(namespace(meta)) || (namespace(meta) == "default" && name(meta) == "kubernetes");
    let row = ServiceRow {
        uid: uid(meta).to_owned(),
        namespace: namespace(meta).to_owned(),
        name: name(meta).to_owned(),
        kind: kind.to_owned(),
        health,
        cluster_address: address
            .filter(|address| !headless && !address.is_empty())
            .map(str::to_owned),
        ports: spec
            .map(|spec| ports(spec, slices, scene))
            .unwrap_or_default(),
        backends,
        created: created(meta),
        system,
    };
    Told {
        row,
        told_elsewhere,
    }
}

/// Endpoints that are ready; one that has addresses of two families is one.
fn ready(slices: &[&EndpointSlice]) -> u32 {
    let mut seen: HashSet<&str> = HashSet::new();
    for endpoint in slices
        .iter()
        .flat_map(|slice| slice.endpoints.iter().flatten())
    {
        if is_ready(endpoint) {
            let target = endpoint
                .target_ref
                .as_ref()
                .and_then(|target| target.uid.as_deref());
            let address = endpoint.addresses.first().map(String::as_str);
            if let Some(identity) = target.or(address) {
                seen.insert(identity);
            }
        }
    }
    u32::try_from(seen.len()).unwrap_or(u32::MAX)
}

fn is_ready(endpoint: &Endpoint) -> bool {
    let conditions = endpoint.conditions.as_ref();
    conditions.and_then(|conditions| conditions.ready) != Some(false)
}

/// How a service does that has no backends, by its pods; and whether they tell it already.
fn without_backends(worst: Option<Health>) -> (Health, bool) {
    match worst {
        Some(Health::Busy | Health::Healthy) => (Health::Busy, true),
        Some(Health::Unknown) => (Health::Unknown, true),
        Some(Health::Failed | Health::Degraded) => (Health::Degraded, true),
        Some(Health::Stopped) | None => (Health::Degraded, false),
    }
}

/// A namespace, a label's key and its value.
type Label<'a> = (&'a str, &'a str, &'a str);

/// Pods by each of their labels, with how they do.
struct Labelled<'a> {
    pods: HashMap<Label<'a>, Vec<(&'a Pod, Health)>>,
}

impl<'a> Labelled<'a> {
    fn of(pods: impl Iterator<Item = &'a Pod>, health: &HashMap<&str, Health>) -> Self {
        let mut labelled: HashMap<_, Vec<_>> = HashMap::new();
        for pod in pods {
            let Some(health) = health.get(uid(&pod.metadata)) else {
                continue;
            };
            for (key, value) in pod.metadata.labels.iter().flatten() {
                let place = (namespace(&pod.metadata), key.as_str(), value.as_str());
                labelled.entry(place).or_default().push((pod, *health));
            }
        }
        Self { pods: labelled }
    }

    /// The worst of the pods that a selector selects.
    fn worst(&self, namespace: &str, selector: &BTreeMap<String, String>) -> Option<Health> {
        // The rarest label leaves the fewest to look at.
        let with = selector.iter().map(|(key, value)| {
            let found = self.pods.get(&(namespace, key.as_str(), value.as_str()));
            found.map_or(&[][..], Vec::as_slice)
        });
        let few = with.min_by_key(|pods| pods.len())?;
        let selected = few.iter().filter(|(pod, _)| {
            let labels = pod.metadata.labels.as_ref();
            selector
                .iter()
                .all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
        });
        selected.map(|(_, health)| *health).min()
    }
}

fn ports(spec: &ServiceSpec, slices: &[&EndpointSlice], scene: &Scene<'_>) -> Vec<ServicePort> {
    let ports = spec.ports.as_deref().unwrap_or_default();
    ports
        .iter()
        .map(|port| ServicePort {
            name: port.name.clone(),
            port: number(Some(port.port)).unwrap_or_default(),
            protocol: port.protocol.clone().unwrap_or_else(|| "TCP".into()),
            node_port: number(port.node_port).filter(|port| *port > 0),
            reachable: reachable(port, slices, scene),
        })
        .collect()
}

fn number(port: Option<i32>) -> Option<u16> {
    port.and_then(|port| u16::try_from(port).ok())
}

/// Where this machine reaches a port of a service: through its node port on a published port of
/// any node, or through a published port of the node that a backend itself listens on.
fn reachable(port: &Port, slices: &[&EndpointSlice], scene: &Scene<'_>) -> Option<String> {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    let running = || scene.machines.iter().filter(|machine| machine.running);
    if let Some(node_port) = number(port.node_port).filter(|port| *port > 0)
        && let Some(found) = running().find_map(|machine| machine.reach(node_port, protocol))
    {
        return Some(found);
    }
    if !running().any(|machine| !machine.published.is_empty()) {
        return None;
    }
    slices.iter().find_map(|slice| {
        let name = port.name.as_deref().unwrap_or_default();
        let mut inside = slice.ports.iter().flatten();
        let inside = inside.find(|it| it.name.as_deref().unwrap_or_default() == name)?;
        let inside = number(inside.port)?;
        let mut endpoints = slice.endpoints.iter().flatten().filter(|it| is_ready(it));
        endpoints.find_map(|endpoint| backend(endpoint, inside, protocol, scene))
    })
}

/// Where this machine reaches one backend of a service.
fn backend(endpoint: &Endpoint, inside: u16, protocol: &str, scene: &Scene<'_>) -> Option<String> {
    // A backend on the node's own network, such as the API server.
    let at_node = scene
        .machines
        .iter()
        .find(|machine| machine.running && endpoint.addresses.contains(&machine.address));
    if let Some(machine) = at_node {
        return machine.reach(inside, protocol);
    }
    let target = endpoint.target_ref.as_ref()?.uid.as_deref()?;
    let spec = scene.world.pods.get(target)?.spec.as_ref()?;
    let machine = scene.machine(spec.node_name.as_deref()?)?;
    let mut ports = spec
        .containers
        .iter()
        .flat_map(|container| container.ports.iter().flatten());
    let host = ports.find_map(|port| {
        let same = number(Some(port.container_port)) == Some(inside)
            && port.protocol.as_deref().unwrap_or("TCP") == protocol;
        number(port.host_port).filter(|host| same && *host > 0)
    })?;
    machine.reach(host, protocol)
}
