//! Images.

use serde::Serialize;
use serde_json::Value;

use super::{Descriptor, Platform};

/// An image as `image list` and `image inspect` show it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Image {
    pub(crate) configuration: ImageConfiguration,
    /// Digest without its algorithm.
    pub(crate) id: String,
    pub(crate) variants: Vec<Variant>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageConfiguration {
    pub(crate) creation_date: String,
    pub(crate) descriptor: Descriptor,
    /// Normalised reference.
    pub(crate) name: String,
}

/// The content for one platform.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Variant {
    /// The OCI image configuration as it is stored.
    pub(crate) config: Value,
    pub(crate) digest: String,
    pub(crate) platform: Platform,
    /// Bytes of all layers.
    pub(crate) size: u64,
}
