//! Kubernetes manifests before they are applied.

use serde::Serialize;
use ts_rs::TS;

/// What applying manifests would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ManifestPreview {
    /// The objects.
    pub objects: Vec<ManifestObject>,
    /// What is wrong with the text as a whole.
    pub problems: Vec<String>,
}

/// An object in manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ManifestObject {
    /// Its kind.
    pub kind: String,
    /// Its API version.
    pub api_version: String,
    /// Its namespace; none for objects of the whole cluster.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What applying does to it.
    pub change: ManifestChange,
    /// Why it can't be applied.
    pub problem: Option<String>,
}

/// What applying does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ManifestChange {
    /// Makes it.
    New,
    /// Changes it.
    Changed,
    /// Nothing.
    Unchanged,
}
