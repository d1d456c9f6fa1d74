//! What is wrong, the worst first, with where to look.

use std::collections::HashMap;

use super::rows::{Health, NodeRow, Problem, VolumeRow, WorkloadRow};
use super::services::Told;
use super::workloads::Tally;

/// Everything that fails, once: what merely follows from another problem is left out.
pub(super) fn list(
    nodes: &[NodeRow],
    workloads: &[WorkloadRow],
    services: &[Told],
    volumes: &[VolumeRow],
    tallies: &HashMap<&str, Tally<'_>>,
) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    problems.extend(nodes.iter().filter(|row| is_bad(row.health)).map(node));
    let bad = workloads.iter().filter(|row| is_bad(row.health));
    problems.extend(bad.map(|row| workload(row, tallies.get(row.uid.as_str()))));
    let bad = services
        .iter()
        .filter(|it| is_bad(it.row.health) && !it.told_elsewhere);
    problems.extend(bad.map(service));
    problems.extend(volumes.iter().filter(|row| is_bad(row.health)).map(volume));
    // Stable: nodes come before what runs on them.
    problems.sort_by_key(|problem| problem.health);
    problems
}

fn is_bad(health: Health) -> bool {
    matches!(health, Health::Failed | Health::Degraded)
}

fn node(row: &NodeRow) -> Problem {
    let state = row.state.to_lowercase();
    Problem {
        health: row.health,
        kind: "Node".into(),
        namespace: None,
        name: row.name.clone(),
        uid: row.name.clone(),
        what: match &row.why {
            Some(why) if row.state == "Ready" => why.clone(),
            Some(why) => format!("{state}: {why}"),
            None => state,
        },
        pod: None,
    }
}

fn workload(row: &WorkloadRow, tally: Option<&Tally<'_>>) -> Problem {
    let pod = tally
        .and_then(|tally| tally.worst)
        .map(|pod| pod.name.clone());
    let mut what = row.why.clone().unwrap_or_else(|| {
        if row.desired > 0 {
            format!("{} of {} ready", row.ready, row.desired)
        } else {
            "it does not work".into()
        }
    });
    if row.restarts > 0 {
        let word = if row.restarts == 1 {
            "restart"
        } else {
            "restarts"
        };
        what = format!("{what}, {} {word}", row.restarts);
    }
    Problem {
        health: row.health,
        kind: row.kind.clone(),
        namespace: Some(row.namespace.clone()),
        name: row.name.clone(),
        uid: row.uid.clone(),
        what,
        pod,
    }
}

fn service(Told { row, .. }: &Told) -> Problem {
    Problem {
        health: row.health,
        kind: "Service".into(),
        namespace: Some(row.namespace.clone()),
        name: row.name.clone(),
        uid: row.uid.clone(),
        what: "no ready backends".into(),
        pod: None,
    }
}

fn volume(row: &VolumeRow) -> Problem {
    Problem {
        health: row.health,
        kind: "PersistentVolumeClaim".into(),
        namespace: Some(row.namespace.clone()),
        name: row.name.clone(),
        uid: row.uid.clone(),
        what: row.why.clone().unwrap_or_else(|| row.state.to_lowercase()),
        pod: row.used_by.first().cloned(),
    }
}
