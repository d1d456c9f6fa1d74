//! Applying all objects in an order in which they can exist.

use std::time::{Duration, Instant};

use futures::future::join_all;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::GroupVersionKind;
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
    let mut defined = Vec::new();
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
        let kinds = kinds(client, &manifests, &defined).await?;
        for (index, manifest) in &ours {
            step.progress(format!(
                "{done} of {count}: {}/{}",
                manifest.kind, manifest.name
            ));
            applied[*index] = Some(kinds.apply(manifest).await);
            done += 1;
        }
        if stage == Stage::Definitions {
            let taken = ours.iter().filter(|(index, _)| {
                let object = applied[*index].as_ref();
                object.is_some_and(|object| object.problem.is_none())
            });
            let taken: Vec<&Manifest> = taken.map(|(_, manifest)| *manifest).collect();
            await_definitions(client, taken.iter().map(|manifest| &*manifest.name)).await;
            defined = taken.into_iter().flat_map(Manifest::defines).collect();
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

/// The kinds of a cluster, with those that were just defined: a definition is established a moment
/// before the server lists its kind. Nothing tells of that moment, so it is asked again.
async fn kinds(
    client: &Client,
    manifests: &[Manifest],
    defined: &[GroupVersionKind],
) -> Result<Kinds> {
    let end = Instant::now() + DEFINITION;
    let mut pause = Duration::from_millis(20);
    loop {
        let kinds = Kinds::discover(client, manifests).await?;
        if defined.iter().all(|kind| kinds.know(kind)) {
            return Ok(kinds);
        }
        if Instant::now() > end {
            tracing::warn!("a kind is not listed in time");
            return Ok(kinds);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
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
