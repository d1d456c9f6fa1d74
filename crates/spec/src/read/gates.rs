//! kind's `featureGates` and `runtimeConfig`: as patches of the configurations that kubeadm is given.

use serde_json::{Value, json};

use super::{Item, Problems};

/// Patches that turn features on or off in all components, as kind does.
pub(super) fn features(item: &Item<'_>, problems: &mut Problems) -> Vec<String> {
    let gates: Vec<(String, bool)> = named(item, problems)
        .into_iter()
        .filter_map(|(name, item)| Some((name, item.flag(problems)?)))
        .collect();
    if gates.is_empty() {
        return Vec::new();
    }
    let words = gates.iter().map(|(name, on)| format!("{name}={on}"));
    let argument = argument("feature-gates", words);
    let map: Value = gates.into_iter().collect();
    vec![
        patch(&json!({
            "kind": "ClusterConfiguration", "apiServer": argument, "controllerManager": argument,
            "scheduler": argument,
        })),
        patch(&json!({"kind": "KubeletConfiguration", "featureGates": map})),
        patch(&json!({"kind": "KubeProxyConfiguration", "featureGates": map})),
    ]
}

/// Patches that turn API groups and versions on or off.
pub(super) fn runtime(item: &Item<'_>, problems: &mut Problems) -> Vec<String> {
    let words: Vec<String> = named(item, problems)
        .into_iter()
        .filter_map(|(name, item)| Some(format!("{name}={}", item.text(problems)?)))
        .collect();
    if words.is_empty() {
        return Vec::new();
    }
    let argument = argument("runtime-config", words.into_iter());
    vec![patch(
        &json!({"kind": "ClusterConfiguration", "apiServer": argument}),
    )]
}

/// The entries, whose names become words of one argument.
fn named<'a>(item: &Item<'a>, problems: &mut Problems) -> Vec<(String, Item<'a>)> {
    let mut pairs = item.pairs(problems);
    pairs.retain(|(name, item)| {
        let fits = !name.is_empty() && !name.contains([',', '=', ' ']);
        if !fits {
            let error = item.error(format!("{name:?} can't be a name here"));
            problems.error(error.at_key());
        }
        fits
    });
    pairs
}

fn argument(name: &str, words: impl Iterator<Item = String>) -> Value {
    let words: Vec<String> = words.collect();
    json!({"extraArgs": [{"name": name, "value": words.join(",")}]})
}

/// JSON is YAML, and says what is text without more ado.
fn patch(document: &Value) -> String {
    document.to_string()
}
