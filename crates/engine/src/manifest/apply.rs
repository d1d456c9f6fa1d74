//! Applying all objects in an order in which they can exist.

use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, Client};

use super::ManifestObject;
use super::read::Manifest;
use super::target::Kinds;
use crate::Operation;
use crate::error::Result;

/// Time that the server gets to serve a kind that was defined.
const DEFINITION: Duration = Duration::from_secs(30);

/// Applies all objects; gives each with what became of it, in the order of the text.
pub(super) async fn all(
    client: &Client,
    manifests: Vec<Manifest>,
    op: &Operation,
) -> Result<Vec<ManifestObject>> {
    let step = op.steps.begin("apply", None);
    let count = manifests.len();
    let mut applied: Vec<Option<ManifestObject>> = vec![None; count];
    let mut done = 0;
    for stage in [Stage::Namespaces, Stage::Definitions, Stage::Rest] {
        let ours: Vec<(usize, &Manifest)> = manifests
            .iter()
            .enumerate()
            .filter(|(_, manifest)| Stage::of(manifest) == stage)
            .collect();
        if ours.is_empty() {
            continue;
        }
        // Kinds that were just defined are known only now.
        let kinds = Kinds::discover(client, &manifests).await?;
        for (index, manifest) in &ours {
            step.progress(format!(
                "{done} of {count}: {}/{}",
                manifest.kind, manifest.name
            ));
            applied[*index] = Some(kinds.apply(manifest).await);
            done += 1;
        }
        if stage == Stage::Definitions {
            let names = ours.iter().map(|(_, manifest)| manifest.name.as_str());
            await_definitions(client, names).await;
        }
    }
    let applied: Vec<ManifestObject> = applied.into_iter().flatten().collect();
    let failed = applied
        .iter()
        .filter(|object| object.problem.is_some())
        .count();
    if failed == 0 {
        step.done();
    } else {
        step.done_with(format!("{failed} of {count} failed"));
    }
    Ok(applied)
}

/// Which objects come before which.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Namespaces,
    Definitions,
    Rest,
}

impl Stage {
    fn of(manifest: &Manifest) -> Self {
        if manifest.is_namespace() {
            Self::Namespaces
        } else if manifest.is_definition() {
            Self::Definitions
        } else {
            Self::Rest
        }
    }
}

/// Waits until kinds are served. One that is not in time fails with its objects.
async fn await_definitions<'a>(client: &Client, names: impl Iterator<Item = &'a str>) {
    let api = Api::<CustomResourceDefinition>::all(client.clone());
    let waits = names.map(|name| {
        let served = conditions::is_crd_established();
        await_condition(api.clone(), name, served)
    });
    if tokio::time::timeout(DEFINITION, join_all(waits))
        .await
        .is_err()
    {
        tracing::warn!("a kind is not served in time");
    }
}
