//! Rows of claims of storage and the volumes behind them.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

use super::quantity;
use super::rows::{Health, VolumeRow};
use super::scene::{Scene, created, name, namespace, uid};
use super::words::one_line;
use super::world::SELECTED_NODE;

/// Rows of all claims, unwell ones first.
pub(super) fn rows(scene: &Scene<'_>) -> Vec<VolumeRow> {
    let users = users(scene);
    let volumes: HashMap<&str, &PersistentVolume> = scene
        .world
        .volumes
        .iter()
        .map(|volume| (name(&volume.metadata), volume))
        .collect();
    let mut rows: Vec<VolumeRow> = scene
        .world
        .claims
        .iter()
        .map(|claim| {
            let key = (namespace(&claim.metadata), name(&claim.metadata));
            let used_by = users.get(&key).cloned().unwrap_or_default();
            let volume = claim
                .spec
                .as_ref()
                .and_then(|spec| spec.volume_name.as_deref());
            let volume = volume.and_then(|volume| volumes.get(volume)).copied();
            row(claim, volume, used_by, scene)
        })
        .collect();
    rows.sort_unstable_by(|a, b| {
        (a.health, &a.namespace, &a.name).cmp(&(b.health, &b.namespace, &b.name))
    });
    rows
}

/// Pods that have not ended, by the claims they mount.
fn users<'a>(scene: &Scene<'a>) -> HashMap<(&'a str, &'a str), Vec<String>> {
    let mut users: HashMap<(&str, &str), Vec<String>> = HashMap::new();
    for pod in scene.world.pods.iter() {
        let phase = pod
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref());
        if matches!(phase, Some("Succeeded" | "Failed")) {
            continue;
        }
        let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref());
        for volume in volumes.unwrap_or_default() {
            if let Some(claim) = &volume.persistent_volume_claim {
                let key = (namespace(&pod.metadata), claim.claim_name.as_str());
                users
                    .entry(key)
                    .or_default()
                    .push(name(&pod.metadata).to_owned());
            }
        }
    }
    for pods in users.values_mut() {
        pods.sort_unstable();
        pods.dedup();
    }
    users
}

fn row(
    claim: &PersistentVolumeClaim,
    volume: Option<&PersistentVolume>,
    used_by: Vec<String>,
    scene: &Scene<'_>,
) -> VolumeRow {
    let meta = &claim.metadata;
    let spec = claim.spec.as_ref();
    let phase = claim
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    let phase = phase.unwrap_or("Pending");
    let (health, why) = verdict(claim, phase, !used_by.is_empty(), scene);
    let requests = spec.and_then(|spec| spec.resources.as_ref()?.requests.as_ref());
    let selected = meta
        .annotations
        .as_ref()
        .and_then(|notes| notes.get(SELECTED_NODE));
    VolumeRow {
        uid: uid(meta).to_owned(),
        namespace: namespace(meta).to_owned(),
        name: name(meta).to_owned(),
        volume: spec
            .and_then(|spec| spec.volume_name.clone())
            .filter(|volume| !volume.is_empty()),
        class: spec.and_then(|spec| spec.storage_class_name.clone()),
        bytes: requests
            .and_then(|requests| requests.get("storage"))
            .and_then(|size| quantity::bytes(&size.0)),
        health,
        state: phase.to_owned(),
        why,
        node: volume.and_then(node_of).or_else(|| selected.cloned()),
        used_by,
        created: created(meta),
    }
}

fn verdict(
    claim: &PersistentVolumeClaim,
    phase: &str,
    used: bool,
    scene: &Scene<'_>,
) -> (Health, Option<String>) {
    match phase {
        _ if scene.stopped => (Health::Stopped, None),
        _ if claim.metadata.deletion_timestamp.is_some() => {
            let why = used.then(|| "goes when no pod uses it any more".to_owned());
            (Health::Busy, why)
        }
        "Bound" => (Health::Healthy, None),
        "Lost" => {
            let why = "its volume does not exist any more".to_owned();
            (Health::Failed, Some(why))
        }
        _ => match scene.warning(uid(&claim.metadata)) {
            Some(event) => (Health::Failed, event.message.as_deref().map(one_line)),
            None if used => (Health::Busy, None),
            // Made when a pod is placed, on that pod's node.
            None => (Health::Stopped, Some("no pod uses it yet".to_owned())),
        },
    }
}

/// The only node that can mount a volume.
fn node_of(volume: &PersistentVolume) -> Option<String> {
    let affinity = volume.spec.as_ref()?.node_affinity.as_ref()?;
    let terms = &affinity.required.as_ref()?.node_selector_terms;
    let mut rules = terms
        .iter()
        .flat_map(|term| term.match_expressions.iter().flatten());
    let rule = rules.find(|rule| rule.key == "kubernetes.io/hostname" && rule.operator == "In")?;
    match rule.values.as_deref() {
        Some([only]) => Some(only.clone()),
        _ => None,
    }
}
