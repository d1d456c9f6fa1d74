//! Where objects go: the kinds that a cluster knows, and what an object would become there.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams, ValidationDirective};
use kube::core::GroupVersionKind;
use kube::discovery::{ApiCapabilities, ApiResource, Discovery, Scope};
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

use super::read::Manifest;
use super::{ManifestChange, ManifestObject, PATIENCE, reason};
use crate::error::{Error, ErrorCode, Result};

/// Under this name the server remembers which fields we set.
const MANAGER: &str = "apple-k8s";

/// The kinds and namespaces of a cluster, and those that the manifests themselves bring along.
pub(super) struct Kinds {
    client: Client,
    discovery: Discovery,
    namespaces: BTreeSet<String>,
    made_here: BTreeSet<String>,
    defined_here: Vec<GroupVersionKind>,
}

/// What an object becomes by applying it.
pub(super) struct Outcome {
    pub(super) change: ManifestChange,
    pub(super) note: Option<String>,
}

impl Kinds {
    /// Asks a cluster for all that it knows.
    pub(super) async fn discover(client: &Client, manifests: &[Manifest]) -> Result<Self> {
        let silent = |why: String| {
            Error::new(ErrorCode::NotReady, "the cluster's API does not answer").detail(why)
        };
        let all = ListParams::default();
        let ask = async {
            let spaces = Api::<Namespace>::all(client.clone());
            let discovery = Discovery::new(client.clone()).run_aggregated();
            futures::try_join!(discovery, spaces.list(&all))
        };
        let (discovery, spaces) = tokio::time::timeout(PATIENCE, ask)
            .await
            .map_err(|_| silent(format!("nothing came within {} s", PATIENCE.as_secs())))?
            .map_err(|error| silent(error.to_string()))?;
        let coming = manifests.iter().filter(|one| one.is_namespace());
        Ok(Self {
            client: client.clone(),
            discovery,
            namespaces: spaces.into_iter().map(|one| one.name_any()).collect(),
            made_here: coming.map(|one| one.name.clone()).collect(),
            defined_here: manifests.iter().flat_map(Manifest::defines).collect(),
        })
    }

    /// What applying an object would do.
    pub(super) async fn preview(&self, manifest: &Manifest) -> ManifestObject {
        let mut object = ManifestObject::of(manifest);
        let Some((resource, capabilities)) = self.resolve(manifest) else {
            object.namespace.clone_from(&manifest.namespace);
            if self.defined_here.contains(&manifest.of_kind()) {
                object.note = Some("Its kind is defined here too, and comes first.".into());
                return object;
            }
            return object.problem(unknown(manifest));
        };
        object.namespace = namespace(manifest, &capabilities);
        if let Some(namespace) = &object.namespace
            && !self.namespaces.contains(namespace)
        {
            if self.made_here.contains(namespace) {
                object.note = Some("Its namespace is made here too, and comes first.".into());
                return object;
            }
            let problem = format!("the namespace \"{namespace}\" does not exist");
            return object.problem(problem);
        }
        let api = self.api(&resource, object.namespace.as_deref());
        match apply(&api, manifest, true).await {
            Ok(outcome) => ManifestObject {
                change: outcome.change,
                note: outcome.note,
                ..object
            },
            Err(error) => object.problem(reason(&error)),
        }
    }

    /// Applies an object.
    pub(super) async fn apply(&self, manifest: &Manifest) -> ManifestObject {
        let mut object = ManifestObject::of(manifest);
        let Some((resource, capabilities)) = self.resolve(manifest) else {
            object.namespace.clone_from(&manifest.namespace);
            return object.problem(unknown(manifest));
        };
        object.namespace = namespace(manifest, &capabilities);
        let api = self.api(&resource, object.namespace.as_deref());
        match apply(&api, manifest, false).await {
            Ok(outcome) => ManifestObject {
                change: outcome.change,
                note: outcome.note,
                ..object
            },
            Err(error) => object.problem(reason(&error)),
        }
    }

    /// Whether the cluster lists a kind.
    pub(super) fn know(&self, kind: &GroupVersionKind) -> bool {
        self.discovery.resolve_gvk(kind).is_some()
    }

    fn resolve(&self, manifest: &Manifest) -> Option<(ApiResource, ApiCapabilities)> {
        self.discovery.resolve_gvk(&manifest.of_kind())
    }

    fn api(&self, resource: &ApiResource, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, resource),
            None => Api::all_with(self.client.clone(), resource),
        }
    }
}

fn unknown(manifest: &Manifest) -> String {
    format!(
        "the cluster knows no kind {} in {}",
        manifest.kind, manifest.api_version
    )
}

fn namespace(manifest: &Manifest, capabilities: &ApiCapabilities) -> Option<String> {
    let named = || {
        manifest
            .namespace
            .clone()
            .unwrap_or_else(|| "default".into())
    };
    (capabilities.scope == Scope::Namespaced).then(named)
}

/// Applies an object, or only rehearses it, and compares it with what was there. Fields that
/// somebody else set are taken over: whoever applies a manifest wants what it says.
async fn apply(
    api: &Api<DynamicObject>,
    manifest: &Manifest,
    rehearse: bool,
) -> kube::Result<Outcome> {
    let name = &manifest.name;
    let before = api.get_opt(name).await?;
    let parameters = PatchParams {
        dry_run: rehearse,
        field_validation: Some(ValidationDirective::Strict),
        ..PatchParams::apply(MANAGER)
    };
    let patch = Patch::Apply(&manifest.value);
    let (after, note) = match api.patch(name, &parameters, &patch).await {
        Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "Conflict" => {
            let after = api.patch(name, &parameters.force(), &patch).await?;
            (after, Some(takes_over(&status.message)))
        }
        outcome => (outcome?, None),
    };
    let change = match &before {
        None => ManifestChange::New,
        Some(before) if content(before) == content(&after) => ManifestChange::Unchanged,
        Some(_) => ManifestChange::Changed,
    };
    Ok(Outcome { change, note })
}

/// What a conflict means: `conflict with "kubectl": .spec.replicas`, with one or several others.
fn takes_over(conflict: &str) -> String {
    let mut others: Vec<&str> = conflict
        .split("with \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    others.sort_unstable();
    others.dedup();
    if others.is_empty() {
        return "Takes over fields that somebody else set.".into();
    }
    format!("Takes over fields that {} set.", others.join(" and "))
}

/// An object without what the server keeps for itself.
fn content(object: &DynamicObject) -> Option<Value> {
    let mut value = serde_json::to_value(object).ok()?;
    let metadata = value.get_mut("metadata")?.as_object_mut()?;
    for own in ["managedFields", "resourceVersion", "generation"] {
        metadata.remove(own);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_conflict_names_the_others() {
        let one = "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using apps/v1: .spec.replicas";
        assert_eq!(
            takes_over(one),
            "Takes over fields that kubectl-client-side-apply set."
        );
        let two = "Apply failed with 2 conflicts: conflicts with \"helm\":\n- .spec.a\nconflicts with \"hpa\":\n- .spec.b";
        assert_eq!(takes_over(two), "Takes over fields that helm and hpa set.");
    }

    #[test]
    fn only_what_a_person_wrote_counts_as_a_change() {
        let object = |version: &str, data: &str| -> DynamicObject {
            serde_json::from_value(json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "a", "resourceVersion": version, "managedFields": []},
                "data": {"k": data}}))
            .expect("an object")
        };
        assert_eq!(content(&object("1", "x")), content(&object("2", "x")));
        assert_ne!(content(&object("1", "x")), content(&object("1", "y")));
    }
}
