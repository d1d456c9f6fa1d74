//! A difference in sentences for people.

use spec::{Role, Taint, TaintEffect};

use super::difference::{
    Addition, Cause, Difference, Field, Marks, Obstacle, Recreation, Removal, Why,
};
use super::lost::Losses;
use super::{ChangePlan, PlanItem};
use crate::host;

/// The plan as it is shown.
pub(super) fn plan(difference: &Difference, losses: &Losses) -> ChangePlan {
    let marked = difference.marked.iter().flat_map(marks);
    let added = difference.added.iter().map(addition);
    let removed = difference.removed.iter().map(|one| removal(one, losses));
    ChangePlan {
        at_once: marked.chain(added).chain(removed).collect(),
        recreated: difference
            .recreated
            .iter()
            .map(|one| recreation(one, losses))
            .collect(),
        impossible: difference.impossible.iter().map(obstacle).collect(),
        blocked: None,
    }
}

fn item(node: Option<&str>, what: String, effect: impl Into<String>) -> PlanItem {
    PlanItem {
        node: node.map(str::to_owned),
        what,
        effect: effect.into(),
        loses: Vec::new(),
    }
}

fn marks(marks: &Marks) -> Vec<PlanItem> {
    let node = Some(marks.node.as_str());
    let mut items = Vec::new();
    let mut labels: Vec<String> = marks
        .set_labels
        .iter()
        .map(|(key, value)| format!("label {key}={value}"))
        .collect();
    labels.extend(
        marks
            .drop_labels
            .iter()
            .map(|key| format!("no label {key}")),
    );
    if !labels.is_empty() {
        let effect = "It counts for pods that are placed from now on; running ones stay.";
        items.push(item(node, labels.join(", "), effect));
    }
    for taint in &marks.add_taints {
        items.push(item(
            node,
            format!("taint {}", words(taint)),
            tainted(taint),
        ));
    }
    for taint in &marks.drop_taints {
        let effect = "Pods that it kept away may be placed here from now on.";
        items.push(item(node, format!("no taint {}", words(taint)), effect));
    }
    items
}

/// A taint as `kubectl taint` takes it.
fn words(taint: &Taint) -> String {
    match taint.value.as_str() {
        "" => format!("{}:{}", taint.key, taint.effect),
        value => format!("{}={value}:{}", taint.key, taint.effect),
    }
}

fn tainted(taint: &Taint) -> &'static str {
    match taint.effect {
        TaintEffect::NoSchedule => {
            "New pods that don't tolerate it are placed elsewhere; running ones stay."
        }
        TaintEffect::PreferNoSchedule => {
            "New pods that don't tolerate it are placed elsewhere where that is possible."
        }
        TaintEffect::NoExecute => "Pods that don't tolerate it have to leave at once.",
    }
}

fn addition(addition: &Addition) -> PlanItem {
    let plan = &addition.plan;
    let cpus = plan
        .cpus
        .unwrap_or_else(|| plan.role.default_cpus().min(host::cpus()));
    let memory = plan.memory.unwrap_or_else(|| plan.role.default_memory());
    let cpus = if cpus == 1 {
        "1 CPU".to_owned()
    } else {
        format!("{cpus} CPUs")
    };
    let what = format!("{} with {cpus} and {memory} is added", role(plan.role));
    let effect = match addition.cause {
        Cause::Wanted => "It boots and joins while everything else goes on.",
        Cause::Missing => "It should be there and is not: it is made anew, with an empty disk.",
    };
    item(Some(&plan.name), what, effect)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::ControlPlane => "control plane",
        Role::Worker => "worker",
    }
}

fn removal(removal: &Removal, losses: &Losses) -> PlanItem {
    if removal.half_made {
        let effect = "A change that was interrupted left it; it never belonged to the cluster.";
        return item(Some(&removal.node), "worker is removed".into(), effect);
    }
    let effect = "Its pods move to other nodes, then it is deleted with its disk.";
    PlanItem {
        loses: losses.with(&removal.node),
        ..item(Some(&removal.node), "worker is removed".into(), effect)
    }
}

fn recreation(recreation: &Recreation, losses: &Losses) -> PlanItem {
    let fields = recreation.fields.iter().map(changed);
    let with_it = marks(&recreation.marks).into_iter().map(|item| item.what);
    let fields: Vec<String> = fields.chain(with_it).collect();
    let effect = "Its pods move to other nodes; then it is made again under the same name and \
                  address, with an empty disk. Images from archives are copied from other nodes.";
    PlanItem {
        loses: losses.with(&recreation.node),
        ..item(Some(&recreation.node), fields.join("; "), effect)
    }
}

fn changed(field: &Field) -> String {
    format!("{} {} → {}", field.name, field.before, field.after)
}

fn obstacle(obstacle: &Obstacle) -> PlanItem {
    let effect = match obstacle.why {
        Why::Addresses => {
            "Certificates and everything in the cluster use it from the first minute on: it takes \
             a new cluster."
        }
        Why::SetUp => "It is decided when Kubernetes is set up: it takes a new cluster.",
        Why::ControlPlane => {
            "The control plane holds the cluster's data and can't be made again: it takes a new \
             cluster."
        }
        Why::Version => "All nodes run the version of the control plane: it takes a new cluster.",
    };
    item(obstacle.node.as_deref(), changed(&obstacle.field), effect)
}
